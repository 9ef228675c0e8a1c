"""What autoscaling asks Application Auto Scaling and CloudWatch for."""

from typing import Any

import pytest

from components.services.autoscaling import Autoscaling, AutoscalingArgs, Scaling
from components.services.backlog import AcceptedLatency
from components.services.queue_metrics import QueueMetrics, rabbitmq_metrics, rq_metrics
from tests.components.recording import TAGS, Recorded, Recording, record
from tests.every import every

_LATENCY = AcceptedLatency(seconds=60, job_seconds=5, concurrency=2)
_RQ = rq_metrics("equivalence", "prod", "default")
_RABBITMQ = rabbitmq_metrics("broker-0badcafe", "aprendeai", None)


def _args(queue: QueueMetrics | None = None, **scaling: Any) -> AutoscalingArgs:  # noqa: ANN401 - Scaling checks them
    values: dict[str, Any] = {"minimum": 1, "maximum": 10, "latency": _LATENCY if queue else None, **scaling}
    return AutoscalingArgs(
        cluster_name="alicerce-prod", service_name="worker", scaling=Scaling(**values), queue=queue, tags=TAGS
    )


def _built(queue: QueueMetrics | None = None, **scaling: Any) -> Recording:  # noqa: ANN401 - Scaling checks them
    return record(lambda: Autoscaling("worker-scaling", _args(queue, **scaling)))


def _policies(recording: Recording) -> dict[str, Recorded]:
    return {
        policy.name.removeprefix("worker-scaling-"): policy
        for policy in recording.of("aws:appautoscaling/policy:Policy")
    }


def _tracking(policy: Recorded) -> dict[str, Any]:
    return dict(policy.inputs["targetTrackingScalingPolicyConfiguration"])


def _queries(policy: Recorded) -> dict[str, Any]:
    queries = _tracking(policy)["customizedMetricSpecification"]["metrics"]
    return {query["id"]: query for query in queries}


def _read(query: dict[str, Any]) -> tuple[str, str, dict[str, str], str]:
    metric = query["metricStat"]["metric"]
    dimensions = {item["name"]: item["value"] for item in metric["dimensions"]}
    return metric["namespace"], metric["metricName"], dimensions, query["metricStat"]["stat"]


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        (
            {"minimum": 0},
            "minimum=0 without a latency: only a queue tells that a first task is needed; keep one task",
        ),
        (
            {"minimum": 3, "maximum": 2},
            "minimum=3, maximum=2: a service runs 0 or more tasks at the least, and at the most at least one and no "
            "fewer than that",
        ),
    ],
)
def test_a_scaling_that_can_not_be_meant_is_refused(scaling: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**scaling)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("queue", "latency", "message"),
    [
        (
            _RQ,
            None,
            "scaling.latency is None and queue isn't: a backlog needs its metrics and what is accepted",
        ),
        (
            None,
            _LATENCY,
            "queue is None and scaling.latency isn't: a backlog needs its metrics and what is accepted",
        ),
    ],
)
def test_half_of_what_a_backlog_needs_is_refused(
    queue: QueueMetrics | None, latency: AcceptedLatency | None, message: str
) -> None:
    with pytest.raises(ValueError) as refused:
        _args(queue, latency=latency)
    assert str(refused.value) == message


def test_a_service_without_a_queue_follows_cpu_and_memory() -> None:
    policies = _policies(_built())
    assert {
        role: (
            _tracking(policy)["predefinedMetricSpecification"]["predefinedMetricType"],
            _tracking(policy)["targetValue"],
        )
        for role, policy in policies.items()
    } == {"cpu": ("ECSServiceAverageCPUUtilization", 60), "memory": ("ECSServiceAverageMemoryUtilization", 75)}


@pytest.mark.parametrize("queue", [_RQ, _RABBITMQ], ids=["rq", "rabbitmq"])
def test_a_service_with_a_queue_follows_the_queue_alone(queue: QueueMetrics) -> None:
    assert set(_policies(_built(queue))) == {"backlog", "busy"}, "a busy processor says nothing of who waits"


def test_the_backlog_of_rq_is_the_functions_metric_for_each_running_task() -> None:
    policy = _policies(_built(_RQ))["backlog"]
    assert _tracking(policy)["targetValue"] == 24, "60 s accepted / 5 s a job * 2 at once"
    queries = _queries(policy)
    dimensions = {"System": "equivalence", "Environment": "prod", "Queue": "default"}
    assert _read(queries["unfinished"]) == ("Alicerce/Queues", "UnfinishedJobs", dimensions, "Average")
    assert _read(queries["running"]) == (
        "ECS/ContainerInsights",
        "RunningTaskCount",
        {"ClusterName": "alicerce-prod", "ServiceName": "worker"},
        "Average",
    )
    assert queries["backlog"]["expression"] == "(unfinished) / (running * (FILL(unfinished, -1) >= 0))"


def test_the_backlog_of_all_rq_queues_is_the_metric_without_a_queue() -> None:
    queries = _queries(_policies(_built(rq_metrics("equivalence", "prod", None)))["backlog"])
    assert _read(queries["unfinished"])[2] == {"System": "equivalence", "Environment": "prod"}


def test_the_backlog_of_rabbitmq_is_what_is_ready_and_what_is_unacknowledged() -> None:
    queries = _queries(_policies(_built(_RABBITMQ))["backlog"])
    broker = {"Broker": "broker-0badcafe"}
    assert _read(queries["ready"]) == ("AWS/AmazonMQ", "MessageReadyCount", broker, "Average")
    assert _read(queries["unacknowledged"]) == ("AWS/AmazonMQ", "MessageUnacknowledgedCount", broker, "Average")
    assert queries["backlog"]["expression"] == (
        "(ready + unacknowledged) / (running * (FILL(ready, -1) >= 0) * (FILL(unacknowledged, -1) >= 0))"
    )


def test_a_named_queue_of_rabbitmq_is_told_apart_by_its_virtual_host() -> None:
    queries = _queries(_policies(_built(rabbitmq_metrics("broker-0badcafe", "aprendeai", "jobs")))["backlog"])
    assert _read(queries["ready"])[2] == {"Broker": "broker-0badcafe", "VirtualHost": "aprendeai", "Queue": "jobs"}


@pytest.mark.parametrize(("queue", "started"), [(_RQ, "started"), (_RABBITMQ, "unacknowledged")])
def test_the_share_of_tasks_that_work_can_only_keep_tasks(queue: QueueMetrics, started: str) -> None:
    policy = _policies(_built(queue))["busy"]
    queries = _queries(policy)
    assert set(queries) == {started, "running", "taken", "busy"}
    assert queries["taken"]["expression"] == f"100 * {started} / (running * 2 * (FILL({started}, -1) >= 0))"
    assert queries["busy"]["expression"] == "IF(taken > 100, 100, taken)"
    assert _tracking(policy)["targetValue"] == 100, "a metric that stays at or below its target adds no task"


@pytest.mark.parametrize("queue", [_RQ, _RABBITMQ], ids=["rq", "rabbitmq"])
def test_policies_are_of_the_form_that_the_official_provider_and_aws_take(queue: QueueMetrics) -> None:
    """Each query has a statistic or an expression, and exactly one of them is what the policy follows.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingMetricDataQuery.html
    """
    for policy in every(_policies(_built(queue)).values()):
        specification = _tracking(policy)["customizedMetricSpecification"]
        assert set(specification) == {"metrics"}, "with metrics, the provider refuses every other member"
        for query in every(specification["metrics"]):
            assert ("expression" in query) != ("metricStat" in query)
            assert query["id"][0].islower()
            assert len(query.get("expression", "")) <= 2047
        assert sum(query["returnData"] for query in specification["metrics"]) == 1
        assert "predefinedMetricSpecification" not in _tracking(policy)


def test_tasks_are_added_again_only_when_those_added_can_be_seen() -> None:
    tracking = _tracking(_policies(_built(_RQ))["backlog"])
    assert (tracking["scaleOutCooldown"], tracking["scaleInCooldown"]) == (180, 300)


def test_only_a_service_that_may_have_no_task_has_something_that_starts_the_first() -> None:
    recording = _built(_RQ)
    assert "first" not in _policies(recording)
    assert not recording.of("aws:cloudwatch/metricAlarm:MetricAlarm")


def test_the_first_tasks_are_started_by_an_alarm_on_jobs_without_tasks() -> None:
    recording = _built(_RABBITMQ, minimum=0, maximum=3)
    steps = _policies(recording)["first"].inputs["stepScalingPolicyConfiguration"]
    assert steps["adjustmentType"] == "ChangeInCapacity", "setting the capacity could take tasks away"
    assert [
        (step["metricIntervalLowerBound"], step.get("metricIntervalUpperBound"), step["scalingAdjustment"])
        for step in steps["stepAdjustments"]
    ] == [("0", "24", 1), ("24", "48", 2), ("48", None, 3)]
    alarm = recording.named("worker-scaling-first-alarm").inputs
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
    assert (alarm["datapointsToAlarm"], alarm["evaluationPeriods"]) == (3, 3)
    queries = {query["id"]: query for query in alarm["metricQueries"]}
    assert queries["waiting"]["expression"] == "(ready + unacknowledged) - 1000000 * FILL(running, 0)"
    assert [name for name, query in queries.items() if query.get("returnData")] == ["waiting"]
    assert {query["metric"]["period"] for query in queries.values() if "metric" in query} == {60}
    assert alarm["alarmActions"] == [f"arn:aws:test:us-east-1:123456789012:{_policies(recording)['first'].name}"], (
        "CloudWatch.15: each alarm has an action"
    )
    assert alarm["tags"]["System"] == "aprendeai"
