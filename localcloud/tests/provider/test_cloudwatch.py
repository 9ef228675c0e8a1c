"""CloudWatch: metric alarms, composite alarms and dashboards."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


def _alarm(**changes: object) -> dict[str, Any]:
    return {
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 2,
        "metricName": "CPUUtilization",
        "namespace": "AWS/ECS",
        "period": 60,
        "statistic": "Average",
        "threshold": 80,
        "dimensions": {"ClusterName": "main", "ServiceName": "api"},
        "alarmActions": [TOPIC],
        "alarmDescription": "busy",
        "tags": {"System": "a"},
        **changes,
    }


def test_a_metric_alarm_changes_in_place_and_keeps_its_state(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        alarm = aws.client("cloudwatch").describe_alarms(AlarmNames=[id])["MetricAlarms"][0]
        assert alarm["StateValue"] == "INSUFFICIENT_DATA"
        assert alarm["Threshold"] == 90.5

    life = crud(
        ALARM,
        _alarm(),
        {"threshold": 90.5, "treatMissingData": "notBreaching", "okActions": [TOPIC], "tags": {"System": "b"}},
        default_tags={"Environment": "test"},
        look=look,
    )
    assert life.id.startswith("thing-")
    assert life.created["arn"] == f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{life.id}"
    assert life.created["tagsAll"] == {"System": "a", "Environment": "test"}


def test_an_alarm_on_an_expression(crud: Callable[..., Any]) -> None:
    metric = {
        "metricName": "HTTPCode_Target_5XX_Count",
        "namespace": "AWS/ApplicationELB",
        "period": 60,
        "stat": "Sum",
        "dimensions": {"LoadBalancer": "app/main/1"},
    }
    crud(
        ALARM,
        {
            "name": "errors",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 3,
            "datapointsToAlarm": 2,
            "threshold": 0.01,
            "metricQueries": [
                {"id": "errors", "metric": metric},
                {"id": "all", "metric": {**metric, "metricName": "RequestCount"}},
                {"id": "rate", "expression": "errors / all", "label": "error rate", "returnData": True},
            ],
        },
        {"threshold": 0.05},
    )


def test_metric_and_expression_exclude_each_other(driver: Callable[..., Any]) -> None:
    answer = driver().checked(ALARM, _alarm(metricQueries=[{"id": "a", "expression": "1"}]))
    assert "metricName can't be given together with metricQueries" in [item.reason for item in answer.failures]


def test_a_composite_alarm_is_no_metric_alarm(
    crud: Callable[..., Any], driver: Callable[..., Any], aws: Session
) -> None:
    drive = driver()
    inputs = drive.check(ALARM, _alarm(name="busy"))
    id, state = drive.create(ALARM, inputs)

    def look(composite: str, _: dict[str, Any]) -> None:
        cloudwatch = aws.client("cloudwatch")
        assert [one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]] == ["busy"]
        assert cloudwatch.describe_alarms()["CompositeAlarms"] == []
        with pytest.raises(ProviderError, match=r"composite alarm\(s\) depending on it"):
            drive.delete(ALARM, id, state, inputs)

    crud(
        COMPOSITE,
        {"alarmName": "page", "alarmRule": 'ALARM("busy")', "alarmActions": [TOPIC], "tags": {"a": "b"}},
        {"alarmRule": 'ALARM("busy") AND NOT OK("busy")', "alarmDescription": "wake up"},
        look=look,
    )
    with pytest.raises(ProviderError, match="alarms \\[gone\\] in the alarm rule do not exist"):
        drive.create(COMPOSITE, drive.check(COMPOSITE, {"alarmName": "x", "alarmRule": 'ALARM("gone")'}))


def test_a_dashboard_is_compared_by_meaning(crud: Callable[..., Any], driver: Callable[..., Any]) -> None:
    body = {"widgets": [{"type": "text", "properties": {"markdown": "a"}}]}
    life = crud(
        DASHBOARD,
        {"dashboardName": "main", "dashboardBody": json.dumps(body)},
        {"dashboardBody": json.dumps({"widgets": []})},
    )
    assert life.created["dashboardArn"] == "arn:aws:cloudwatch::123456789012:dashboard/main"
    drive = driver()
    old = {"dashboardName": "main", "dashboardBody": json.dumps(body)}
    new = {**old, "dashboardBody": json.dumps(body, indent=2)}
    assert not drive.diff(DASHBOARD, "main", old, old, new).changes
