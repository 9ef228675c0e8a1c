"""How a release comes to a web service's traffic, and what takes it back."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import stacks.systems
from localcloud.engine import Result
from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from tests.every import every
from tests.stacks.conftest import Account, started, succeed

SERVICE, CLUSTER = "equivalence-api", "alicerce-staging"
CANARY = {"api": {"deployment": "canary", "bakeMinutes": 5, "canaryPercent": 10}}
BLUE_GREEN = {"api": {"deployment": "blue_green", "bakeMinutes": 5}}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account with staging up in it, changed by one test after the other."""
    with started(tmp_path_factory.mktemp("strategies")) as account:
        succeed(account.stack("staging").up())
        yield account


def _up(account: Account, services: dict[str, Any] | None = None, release: str = "v1.0.0", **more: Any) -> Result:  # noqa: ANN401
    return account.stack("staging", _config(services, release, **more)).up()


def _config(services: dict[str, Any] | None, release: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any config
    return {"equivalence:release": release, **({"equivalence:services": services} if services else {}), **more}


def _telling(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """Have equivalence's API tell the emulator how its tasks end."""
    api = replace(EQUIVALENCE.services["api"], environment=environment)
    told = replace(EQUIVALENCE, services={**EQUIVALENCE.services, "api": api})
    monkeypatch.setattr(stacks.systems, "SYSTEMS", (APRENDEAI, told))


def _service(account: Account) -> dict[str, Any]:
    ecs = account.client("ecs")
    return dict(ecs.describe_services(cluster=CLUSTER, services=[SERVICE])["services"][0])


def _weights(account: Account) -> dict[str, int]:
    """Return the weight of each target group in the rules that lead to the API, and its targets' number by group."""
    elb = account.client("elbv2")
    found: dict[str, int] = {}
    for balancer in _service(account)["loadBalancers"]:
        rule = balancer["advancedConfiguration"]["productionListenerRule"]
        (action,) = elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
        found |= {one["TargetGroupArn"]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}
    return found


def _served(account: Account) -> bool:
    """Tell whether each target group that gets requests has a task, and no other has one."""
    elb = account.client("elbv2")
    targets = {
        group: len(elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"])
        for group in _weights(account)
    }
    return all(bool(weight) == bool(targets[group]) for group, weight in every(_weights(account).items()))


def _changes(result: Result) -> list[tuple[str, str, str]]:
    return sorted((step.op, step.type, step.name) for step in result.changes)


def _said(result: Result) -> str:
    return "\n".join(diagnostic.message for diagnostic in result.diagnostics)


def test_another_strategy_changes_the_service_in_place_and_restarts_nothing(account: Account) -> None:
    before = _service(account)
    for services in (CANARY, BLUE_GREEN, None):
        result = succeed(_up(account, services))
        assert _changes(result) == [("update", "aws:ecs/service:Service", f"{SERVICE}-service")]
    after = _service(account)
    assert after["createdAt"] == before["createdAt"]
    assert [one["id"] for one in after["deployments"]] == [one["id"] for one in before["deployments"]]


def test_a_canary_moves_the_weights_and_the_program_leaves_them_alone(account: Account) -> None:
    before = _weights(account)
    succeed(_up(account, CANARY, "v1.1.0"))
    moved = _weights(account)
    assert sorted(moved.values()) == [0, 100]
    assert moved != before
    assert _served(account)
    deployment = _service(account)["deploymentConfiguration"]
    assert (deployment["strategy"], deployment["bakeTimeInMinutes"]) == ("CANARY", 5)
    assert deployment["canaryConfiguration"] == {"canaryPercent": 10.0, "canaryBakeTimeInMinutes": 5}

    stack = account.stack("staging", _config(CANARY, "v1.1.0"))
    assert _changes(succeed(stack.up())) == []
    succeed(stack.refresh())
    assert _changes(succeed(stack.up())) == []
    assert _weights(account) == moved, "weights that are put back send requests to a group without tasks"


def test_another_host_of_a_canary_changes_the_rule_and_not_its_weights(account: Account) -> None:
    succeed(_up(account, CANARY, "v1.1.0"))
    before = _weights(account)
    host = {"equivalence:API_URL": "https://other.staging.equivalence.app"}
    result = succeed(_up(account, CANARY, "v1.1.0", **host))
    assert ("update", "aws:lb/listenerRule:ListenerRule", f"{SERVICE}-public-host-rule") in _changes(result)
    assert _served(account)
    assert _served(account) and set(_weights(account)) == set(before)
    succeed(_up(account, CANARY, "v1.1.0"))


def test_back_from_a_canary_to_rolling_no_request_is_lost(account: Account) -> None:
    succeed(_up(account, CANARY, "v1.1.0"))
    before = _weights(account)
    succeed(_up(account, None, "v1.1.0"))
    succeed(_up(account, None, "v1.0.0"))
    assert _weights(account) == before, "rolling tasks go where the requests go"
    assert _served(account)


@pytest.mark.parametrize("services", [None, BLUE_GREEN, CANARY], ids=["rolling", "blue_green", "canary"])
def test_a_release_that_sets_an_alarm_off_is_rolled_back_by_name(
    account: Account, monkeypatch: pytest.MonkeyPatch, services: dict[str, Any] | None
) -> None:
    succeed(_up(account, services))
    serving = _service(account)["taskDefinition"]
    outputs = account.stack("staging").outputs()["equivalence"]
    _telling(monkeypatch, LOCALCLOUD_ALARM="errors")
    result = _up(account, services, "v1.1.0")
    message = "\n".join(result.errors)
    assert result.exit_code != 0
    assert f"{SERVICE} doesn't run staging-{SERVICE}:" in message
    assert "ECS rolled the deployment back. The alarm staging-equivalence-api-errors went off." in message
    assert "deployment failed: alarm detected." in message
    assert f"{serving.rsplit('/', 1)[-1]} serves." in message
    assert _service(account)["taskDefinition"] == serving
    assert _served(account)
    assert account.stack("staging").outputs()["equivalence"]["taskDefinitions"] == outputs["taskDefinitions"]

    assert _up(account, services, "v1.1.0").exit_code != 0, "the next `up` tries again, and is as honest"
    monkeypatch.undo()
    succeed(_up(account, services, "v1.1.0"))
    assert _service(account)["taskDefinition"] != serving
    assert _served(account)
    succeed(_up(account))


def test_a_canary_that_crashes_never_gets_a_request(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    succeed(_up(account, CANARY))
    weights, serving = _weights(account), _service(account)["taskDefinition"]
    _telling(monkeypatch, LOCALCLOUD_EXIT_CODE="1", LOCALCLOUD_LOG="ModuleNotFoundError: app.main")
    message = "\n".join(_up(account, CANARY, "v1.1.0").errors)
    assert "exit code 1" in message
    assert "ModuleNotFoundError: app.main" in message
    assert (_weights(account), _service(account)["taskDefinition"]) == (weights, serving)
    monkeypatch.undo()
    succeed(_up(account))


def test_an_alarm_that_is_on_is_named_before_the_deployment_that_it_does_not_protect(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    name = "staging-equivalence-api-latency"
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="one in twenty takes 40 s")
    warning = (
        f"warning: {SERVICE}: the alarm {name} is on (one in twenty takes 40 s). ECS watches no alarm during a "
        "deployment that begins so: only failing health checks roll this one back"
    )
    release = account.stack("staging", _config(None, "v1.1.0"))
    assert warning in _said(succeed(release.preview())), "a person wants to know before"
    assert warning in _said(succeed(release.up()))
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="well again")
    assert "warning" not in _said(succeed(_up(account)))


def test_both_load_balancers_of_a_service_shift_its_traffic(account: Account) -> None:
    admin: Any = {"alicerce:adminCidrs": ["10.200.0.0/24"]}
    result = succeed(_up(account, CANARY, **admin))
    assert ("update", "pulumi-python:dynamic/alicerce:Rollout", f"{SERVICE}-rollout") in _changes(result)
    (deployment,) = _service(account)["deployments"]
    assert deployment["rolloutState"] == "COMPLETED", "another load balancer is another deployment, to be waited for"
    before = _weights(account)
    assert len(before) == 4
    succeed(_up(account, CANARY, "v1.1.0", **admin))
    after = _weights(account)
    assert {group for group in after if after[group] == 100} == {group for group in before if before[group] == 0}
    assert _served(account)
