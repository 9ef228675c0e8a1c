"""Application Auto Scaling: targets, policies and scheduled actions of an ECS service."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

TARGET = "aws:appautoscaling/target:Target"
POLICY = "aws:appautoscaling/policy:Policy"
ACTION = "aws:appautoscaling/scheduledAction:ScheduledAction"

PLACE = {
    "serviceNamespace": "ecs",
    "resourceId": "service/main/api",
    "scalableDimension": "ecs:service:DesiredCount",
}


@pytest.fixture
def service(aws: Session) -> None:
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="api", containerDefinitions=[{"name": "api", "image": "api", "memory": 128}])
    ecs.create_service(cluster="main", serviceName="api", taskDefinition="api", desiredCount=0)


@pytest.fixture
def target(service: None, aws: Session) -> None:
    aws.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=PLACE["resourceId"],
        ScalableDimension=PLACE["scalableDimension"],
        MinCapacity=1,
        MaxCapacity=4,
    )


def test_a_target_keeps_its_tags_and_suspension(crud: Callable[..., Any], service: None) -> None:
    life = crud(
        TARGET,
        {**PLACE, "minCapacity": 1, "maxCapacity": 4, "tags": {"System": "a"}},
        {"maxCapacity": 8, "suspendedState": {"dynamicScalingInSuspended": True}, "tags": {"System": "b"}},
        default_tags={"Environment": "test"},
    )
    assert life.id == PLACE["resourceId"]
    assert life.created["tagsAll"] == {"System": "a", "Environment": "test"}
    assert "AWSServiceRoleForApplicationAutoScaling_ECSService" in life.created["roleArn"]


def test_a_target_needs_a_service_that_is_there(driver: Callable[..., Any], service: None) -> None:
    drive = driver()
    inputs = {**PLACE, "resourceId": "service/main/none", "minCapacity": 1, "maxCapacity": 2}
    with pytest.raises(ProviderError, match="ValidationException: ECS service doesn't exist: service/main/none"):
        drive.create(TARGET, drive.check(TARGET, inputs))
    with pytest.raises(ProviderError, match="Maximum capacity cannot be less than minimum capacity"):
        drive.create(TARGET, drive.check(TARGET, {**PLACE, "minCapacity": 3, "maxCapacity": 2}))


def test_a_policy_watches_its_own_metric(crud: Callable[..., Any], target: None, aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        assert {alarm["MetricName"] for alarm in alarms} == {"MemoryUtilization"}
        assert {alarm["Threshold"] for alarm in alarms} == {60.0, 54.0}, "the change leaves no old alarm behind"

    life = crud(
        POLICY,
        {
            **PLACE,
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 70,
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageMemoryUtilization"},
                "scaleInCooldown": 300,
                "scaleOutCooldown": 60,
            },
        },
        {
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 60,
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageMemoryUtilization"},
                "scaleInCooldown": 300,
                "scaleOutCooldown": 60,
            }
        },
        look=look,
    )
    assert life.created["name"].startswith("thing-")
    assert len(life.created["alarmArns"]) == 2
    assert life.created["arn"] == life.updated["arn"]


def test_a_policy_follows_a_sum_of_metrics(crud: Callable[..., Any], target: None, aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        alarm = aws.client("cloudwatch").describe_alarms()["MetricAlarms"][0]
        assert [query["Id"] for query in alarm["Metrics"]] == ["ready", "tasks", "per_task"]

    metric = {
        "id": "ready",
        "metricStat": {
            "metric": {
                "namespace": "Queues",
                "metricName": "Ready",
                "dimensions": [{"name": "Queue", "value": "jobs"}],
            },
            "stat": "Maximum",
        },
        "returnData": False,
    }
    crud(
        POLICY,
        {
            **PLACE,
            "name": "backlog",
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 2.5,
                "customizedMetricSpecification": {
                    "metrics": [
                        metric,
                        {**metric, "id": "tasks"},
                        {"id": "per_task", "expression": "ready / tasks", "label": "jobs a task", "returnData": True},
                    ]
                },
            },
        },
        look=look,
    )


_QUERY = {
    "id": "jobs",
    "metricStat": {"metric": {"namespace": "Queues", "metricName": "Jobs"}, "stat": "Average"},
    "returnData": False,
}
_RATIO = {"id": "ratio", "expression": "jobs / 2", "returnData": True}


def _tracking(*metrics: dict[str, Any], **more: str) -> dict[str, Any]:
    return {
        **PLACE,
        "name": "backlog",
        "policyType": "TargetTrackingScaling",
        "targetTrackingScalingPolicyConfiguration": {
            "targetValue": 2,
            "customizedMetricSpecification": {"metrics": list(metrics), **more},
        },
    }


def test_the_queries_of_a_policy_have_no_order(driver: Callable[..., Any], target: None) -> None:
    drive = driver()
    inputs = drive.check(POLICY, _tracking(_QUERY, _RATIO))
    id, state = drive.create(POLICY, inputs)
    turned = drive.check(POLICY, _tracking(_RATIO, _QUERY), inputs)
    assert not drive.diff(POLICY, id, state, inputs, turned).changes


def test_queries_exclude_the_members_of_a_single_metric(driver: Callable[..., Any]) -> None:
    answer = driver().checked(POLICY, _tracking(_QUERY, _RATIO, statistic="Average"))
    assert [(item.property, item.reason) for item in answer.failures] == [
        (
            "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.statistic",
            "statistic can't be given together with metrics",
        )
    ]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ([{**_QUERY, "expression": "jobs / 2"}, _RATIO], "Either Expression or MetricStat must be specified"),
        ([{"id": "jobs", "returnData": False}, _RATIO], "Either Expression or MetricStat must be specified"),
        ([_QUERY, {**_RATIO, "returnData": False}], "Exactly one of the metrics must have ReturnData set to true"),
        ([{**_QUERY, "returnData": True}, _RATIO], "Exactly one of the metrics must have ReturnData set to true"),
    ],
)
def test_queries_that_give_no_one_series_are_refused(
    driver: Callable[..., Any], target: None, metrics: list[dict[str, Any]], message: str
) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=message):
        drive.create(POLICY, drive.check(POLICY, _tracking(*metrics)))


def test_steps_have_open_ends(crud: Callable[..., Any], target: None) -> None:
    crud(
        POLICY,
        {
            **PLACE,
            "name": "steps",
            "stepScalingPolicyConfiguration": {
                "adjustmentType": "ChangeInCapacity",
                "cooldown": 60,
                "metricAggregationType": "Maximum",
                "stepAdjustments": [
                    {"metricIntervalLowerBound": "0", "metricIntervalUpperBound": "10", "scalingAdjustment": 1},
                    {"metricIntervalLowerBound": "10", "scalingAdjustment": 3},
                ],
            },
        },
    )


def test_a_schedule_changes_in_place(crud: Callable[..., Any], target: None) -> None:
    life = crud(
        ACTION,
        {
            **PLACE,
            "name": "night",
            "schedule": "cron(0 20 * * ? *)",
            "timezone": "America/Sao_Paulo",
            "scalableTargetAction": {"minCapacity": 0, "maxCapacity": 0},
        },
        {"schedule": "cron(0 21 * * ? *)"},
    )
    assert life.id == "night-ecs-service/main/api"


def test_a_policy_needs_a_target_and_goes_with_it(driver: Callable[..., Any], service: None, aws: Session) -> None:
    drive = driver()
    inputs = drive.check(
        POLICY,
        {
            **PLACE,
            "name": "cpu",
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": {
                "targetValue": 70,
                "predefinedMetricSpecification": {"predefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        },
    )
    with pytest.raises(ProviderError, match="ObjectNotFoundException: No scalable target found"):
        drive.create(POLICY, inputs)
    wanted = drive.check(TARGET, {**PLACE, "minCapacity": 1, "maxCapacity": 2})
    target_id, target_state = drive.create(TARGET, wanted)
    id, state = drive.create(POLICY, inputs)
    drive.delete(TARGET, target_id, target_state, wanted)
    assert drive.read(POLICY, id, state, inputs)[0] == ""
    assert aws.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    drive.delete(POLICY, id, state, inputs)
