"""When a deployment's alarms go off, and when they don't."""

from typing import Any

import pytest

from components.delivery.deployment_alarms import DeploymentAlarms, DeploymentAlarmsArgs, WatchedTargets
from tests.components.recording import ACCOUNT, TAGS, Recorded, record
from tests.every import every

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:notifications"
BLUE = WatchedTargets(load_balancer="app/public/1", target_group="targetgroup/blue/2")
GREEN = WatchedTargets(load_balancer="app/public/1", target_group="targetgroup/green/3")


def _args(**overrides: object) -> DeploymentAlarmsArgs:
    values: dict[str, Any] = {
        "title": "prod-aprendeai-api",
        "targets": {"public-targets": BLUE, "public-alternate": GREEN},
        "latency_seconds": 55,
        "topic_arn": TOPIC,
        "tags": TAGS,
        **overrides,
    }
    return DeploymentAlarmsArgs(**values)


def _alarms(**overrides: object) -> dict[str, Recorded]:
    recorded = record(lambda: DeploymentAlarms("api-alarms", _args(**overrides)))
    return {one.inputs["name"]: one for one in recorded.of("aws:cloudwatch/metricAlarm:MetricAlarm")}


def test_a_service_has_an_alarm_for_errors_and_one_for_latency() -> None:
    alarms = _alarms()
    assert set(alarms) == {"prod-aprendeai-api-errors", "prod-aprendeai-api-latency"}
    for alarm in every(alarms.values()):
        inputs = alarm.inputs
        assert inputs["alarmActions"] == inputs["okActions"] == [TOPIC], "CloudWatch.15: somebody has to hear it"
        assert inputs["tags"]["Component"] == "deployment-alarms"
        assert inputs["treatMissingData"] == "notBreaching", "no requests are no errors"
        assert inputs["comparisonOperator"] == "GreaterThanThreshold"
        assert (inputs["datapointsToAlarm"], inputs["evaluationPeriods"]) == (2, 5), (
            "the newest minutes may not be there yet, and count as good"
        )


def test_each_target_group_is_judged_by_itself_and_only_with_enough_requests() -> None:
    queries = {query["id"]: query for query in _alarms()["prod-aprendeai-api-errors"].inputs["metricQueries"]}
    assert queries["worst"]["expression"] == (
        "MAX([FILL(IF(requests_public_targets >= 20, "
        "100 * FILL(errors_public_targets, 0) / requests_public_targets, 0), 0), "
        "FILL(IF(requests_public_alternate >= 20, "
        "100 * FILL(errors_public_alternate, 0) / requests_public_alternate, 0), 0)])"
    ), "a canary that fails every request is a tenth of all of them"
    assert [query["id"] for query in queries.values() if query.get("returnData")] == ["worst"]
    errors = queries["errors_public_alternate"]["metric"]
    assert (errors["metricName"], errors["stat"]) == ("HTTPCode_Target_5XX_Count", "Sum")
    assert errors["dimensions"] == {"LoadBalancer": "app/public/1", "TargetGroup": "targetgroup/green/3"}


def test_latency_is_that_of_the_slowest_twentieth() -> None:
    alarm = _alarms(targets={"public-targets": BLUE})["prod-aprendeai-api-latency"].inputs
    queries = {query["id"]: query for query in alarm["metricQueries"]}
    assert queries["worst"]["expression"] == ("FILL(IF(requests_public_targets >= 20, latency_public_targets, 0), 0)")
    assert queries["latency_public_targets"]["metric"]["stat"] == "p95"
    assert alarm["threshold"] == 55


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"targets": {}},
            "DeploymentAlarmsArgs.targets is []; allowed: one to 5 target groups; an alarm takes ten metrics, two for "
            "each",
        ),
        (
            {"latency_seconds": 0},
            "DeploymentAlarmsArgs.latency_seconds is 0; allowed: more than 0; give seconds",
        ),
    ],
)
def test_what_cloudwatch_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message
