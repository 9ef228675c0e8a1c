"""What services follow when they grow and shrink, and who publishes it."""

import json
from typing import Any

from stacks.systems import SYSTEMS
from stacks.systems.spec import Role
from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import pages


def _policies(standing: Standing) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the scaling policies of each service by what they are called after it."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    scaling = standing.client("application-autoscaling")
    for policy in pages(scaling, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs"):
        service = policy["ResourceId"].rpartition("/")[2]
        role = policy["PolicyName"].removeprefix(f"{service}-scaling-").partition("-")[0]
        found.setdefault(service, {})[role] = policy["TargetTrackingScalingPolicyConfiguration"]
    return found


def _metrics(policy: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, str]]]:
    metrics = policy["CustomizedMetricSpecification"]["Metrics"]
    return {
        metric["Id"]: (
            metric["MetricStat"]["Metric"]["Namespace"],
            metric["MetricStat"]["Metric"]["MetricName"],
            {item["Name"]: item["Value"] for item in metric["MetricStat"]["Metric"]["Dimensions"]},
        )
        for metric in metrics
        if "MetricStat" in metric
    }


def test_workers_of_production_follow_their_queue_and_everything_else_its_own_load(bring_up: Any) -> None:  # noqa: ANN401
    prod = bring_up("prod")
    policies = _policies(prod)
    for system in SYSTEMS:
        for name, service in every(system.services.items()):
            expected = {"backlog", "busy"} if service.role is Role.WORKER else {"cpu", "memory"}
            assert set(policies[f"{system.name}-{name}"]) == expected, name

    running = ("ECS/ContainerInsights", "RunningTaskCount")
    cluster = prod.client("ecs").describe_clusters(clusters=["alicerce-prod"], include=["SETTINGS"])["clusters"][0]
    assert {setting["name"]: setting["value"] for setting in cluster["settings"]}["containerInsights"] != "disabled"

    own = policies["aprendeai-worker"]["backlog"]
    assert own["TargetValue"] == 4, "120 s accepted / 30 s a job"
    broker = {"Broker": prod.client("mq").list_brokers()["BrokerSummaries"][0]["BrokerName"]}
    assert _metrics(own) == {
        "ready": ("AWS/AmazonMQ", "MessageReadyCount", broker),
        "unacknowledged": ("AWS/AmazonMQ", "MessageUnacknowledgedCount", broker),
        "running": (*running, {"ClusterName": "alicerce-prod", "ServiceName": "aprendeai-worker"}),
    }
    own = policies["equivalence-worker"]["backlog"]
    assert own["TargetValue"] == 6, "60 s accepted / 10 s a job"
    queue = {"System": "equivalence", "Environment": "prod", "Queue": "default"}
    assert _metrics(own) == {
        "unfinished": ("Alicerce/Queues", "UnfinishedJobs", queue),
        "running": (*running, {"ClusterName": "alicerce-prod", "ServiceName": "equivalence-worker"}),
    }


def test_the_numbers_of_rq_are_published_every_minute_and_of_nothing_else(standing: Standing) -> None:
    scheduler = standing.client("scheduler")
    (schedule,) = pages(scheduler, "list_schedules", "Schedules")
    full = scheduler.get_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    assert (full["ScheduleExpression"], full["State"]) == ("rate(1 minute)", "ENABLED")
    function = standing.client("lambda").get_function_configuration(FunctionName=full["Target"]["Arn"])
    assert function["FunctionName"] == standing.stack.outputs()["equivalence"]["queueDepth"]
    assert "queueDepth" not in standing.stack.outputs()["aprendeai"], "RabbitMQ's numbers are Amazon MQ's own"
    variables = function["Environment"]["Variables"]
    assert variables["QUEUES"] == "default"
    assert variables["REDIS_SECRET_ARN"] == standing.stack.outputs()["equivalence"]["secrets"]["REDIS_URL"]


def test_what_publishes_the_numbers_runs_from_its_archive_and_shows_no_value(bring_up: Any) -> None:  # noqa: ANN401
    staging = bring_up("staging")
    own = staging.stack.outputs()["equivalence"]
    manager, secret = staging.client("secretsmanager"), own["secrets"]["REDIS_URL"]
    before = manager.get_secret_value(SecretId=secret)["VersionId"]
    # No name of AWS's is looked up: the emulated account has no Redis anyway.
    put = manager.put_secret_value(SecretId=secret, SecretString="rediss://equivalence:planted-password@localhost:1/0")
    try:
        answer = staging.client("lambda").invoke(FunctionName=own["queueDepth"])["Payload"].read().decode()
    finally:
        manager.update_secret_version_stage(
            SecretId=secret,
            VersionStage="AWSCURRENT",
            MoveToVersionId=before,
            RemoveFromVersionId=put["VersionId"],
        )
    assert json.loads(answer)["errorMessage"] == "localhost:1: listing the queues failed: ConnectionError"
    assert "planted-password" not in answer
    assert not staging.client("cloudwatch").list_metrics(Namespace="Alicerce/Queues")["Metrics"]
