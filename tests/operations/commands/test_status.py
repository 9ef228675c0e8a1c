"""`status` on a stack that is up."""

from typing import Any

import pytest

from operations.account.account import Account
from tests.operations.place import CLUSTER, Place, outputs_of


def test_status_of_a_stack_that_is_as_it_should_be(place: Place) -> None:
    ran = place("status")
    assert (ran.code, ran.err) == (0, "")
    line = next(line for line in ran.out.splitlines() if line.startswith("aprendeai-api"))
    digest = place.short_digest("aprendeai-api", "v1.1.0")
    assert line.split()[:7] == ["aprendeai-api", "1", "of", "1", "v1.1.0", "2", digest]
    assert "completed" in line
    assert "1 healthy" in line
    assert "alarms: 0 of 6 on" in ran.out
    assert ran.out.endswith("✓ stack local is as it should be\n")


def test_status_of_a_deployment_that_was_rolled_back(place: Place) -> None:
    ecs = place.client("ecs")
    good = place.service("equivalence-worker")["taskDefinition"]
    definition = ecs.describe_task_definition(taskDefinition=good)["taskDefinition"]
    broken = {key: definition[key] for key in ("family", "cpu", "memory", "networkMode", "requiresCompatibilities")}
    broken |= {key: definition[key] for key in ("executionRoleArn", "taskRoleArn", "containerDefinitions")}
    broken["containerDefinitions"][0]["environment"].append({"name": "LOCALCLOUD_EXIT_CODE", "value": "1"})
    arn = ecs.register_task_definition(**broken)["taskDefinition"]["taskDefinitionArn"]
    ecs.update_service(cluster=CLUSTER, service="equivalence-worker", taskDefinition=arn)
    try:
        ran = place("status")
        assert ran.code == 1
        assert ran.out.splitlines()[-1] == (
            "✗ equivalence-worker: the last deployment of revision 2: rolled back "
            "(Service deployment rolled back because the circuit breaker threshold was exceeded.)"
        )
        shown = place("releases", "equivalence").out
        assert "rolled back" in shown
    finally:
        ecs.deregister_task_definition(taskDefinition=arn)
        ecs.update_service(cluster=CLUSTER, service="equivalence-worker", taskDefinition=good, forceNewDeployment=True)
    assert place("status").code == 0


def test_status_names_what_runs_and_what_the_stack_says(place: Place) -> None:
    ecs = place.client("ecs")
    now = place.service("aprendeai-ai")["taskDefinition"]
    ecs.update_service(cluster=CLUSTER, service="aprendeai-ai", taskDefinition="local-aprendeai-ai:1")
    try:
        ran = place("status")
        assert ran.code == 1
        assert ran.out.splitlines()[-1] == (
            "✗ aprendeai-ai: runs v1.0.0 as revision 1, and the stack's outputs say v1.1.0 as revision 2: the last "
            "`up` didn't end well, or somebody changed the service"
        )
    finally:
        ecs.update_service(cluster=CLUSTER, service="aprendeai-ai", taskDefinition=now)


def test_status_of_what_is_missing_or_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    class Balancers:
        def describe_target_health(self, TargetGroupArn: str) -> dict[str, Any]:
            states = [("healthy", None), ("unhealthy", "Target.Timeout")]
            return {"TargetHealthDescriptions": [{"TargetHealth": {"State": s, "Reason": r}} for s, r in states]}

    client = Account.client
    monkeypatch.setattr(
        Account, "client", lambda self, name, *more: Balancers() if name == "elbv2" else client(self, name, *more)
    )

    def edit(resources: list[dict[str, Any]]) -> None:
        outputs_of(resources)["equivalence"]["services"]["ghost"] = "equivalence-ghost"
        resources.append({"type": "aws:cloudwatch/metricAlarm:MetricAlarm", "id": "gone", "inputs": {}})

    with place.another("edited", edit):
        ran = place("status", "--stack", "edited")
    assert ran.code == 1
    problems = [line for line in ran.out.splitlines() if line.startswith("✗")]
    assert "✗ equivalence-api: 2 of 4 targets fail: unhealthy: Target.Timeout" in problems, "in both target groups"
    assert "✗ equivalence-ghost: it isn't there; run up again" in problems
    assert "✗ alarm gone isn't there; run up again" in problems
