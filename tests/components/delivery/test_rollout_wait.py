"""Waiting for a deployment, against an ECS that answers as a script says."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.core import aws_clients
from components.delivery import rollout_wait
from components.delivery.rollout import RolloutProvider
from components.delivery.rollout_wait import RolloutError, wait

OLD, NEW = (f"arn:aws:ecs:us-east-1:123456789012:task-definition/prod-api:{number}" for number in (1, 2))
REVISION = "arn:aws:ecs:us-east-1:123456789012:service-revision/main/api/"
NOW = datetime.now(UTC) + timedelta(seconds=1)
BEFORE = NOW - timedelta(hours=1)

PROPS = {
    "region": "us-east-1",
    "cluster": "main",
    "service": "api",
    "task_definition": NEW,
    "digest": "sha256:2",
    "container": "api",
    "log_group": "/prod/api",
    "alarms": ["prod-api-errors"],
    "time_limit": 3,
}


def _deployment(number: str, definition: str, state: str = "IN_PROGRESS", created: datetime = NOW) -> dict[str, Any]:
    return {
        "id": f"ecs-svc/{number}",
        "status": "PRIMARY",
        "taskDefinition": definition,
        "rolloutState": state,
        "createdAt": created,
        "runningCount": 1,
        "desiredCount": 2,
    }


def _told(number: str, status: str, created: datetime = NOW, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "serviceDeploymentArn": f"arn:aws:ecs:us-east-1:123456789012:service-deployment/main/api/{number}",
        "targetServiceRevisionArn": f"{REVISION}{number}",
        "status": status,
        "createdAt": created,
        **more,
    }


Look = tuple[dict[str, Any], list[dict[str, Any]]]


class Ecs:
    """ECS: the primary deployment and the service deployments, as they are from one look to the next."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)
        self.events = ["an event."]
        self.definitions = {"1": OLD, "2": NEW, "3": NEW}
        self.deployed: list[str] = []

    def describe_services(self, **_: object) -> dict[str, Any]:
        primary = self.looks[0][0]
        if len(self.looks) > 1:  # each look ends with this call
            self.looks.pop(0)
        events = [{"message": f"(service api) {text}"} for text in self.events]
        return {"services": [{"status": "ACTIVE", "deployments": [primary], "events": events}]}

    def list_service_deployments(self, **_: object) -> dict[str, Any]:
        return {"serviceDeployments": self.looks[0][1]}

    def describe_service_deployments(self, serviceDeploymentArns: Sequence[str]) -> dict[str, Any]:
        found = [one for one in self.looks[0][1] if one["serviceDeploymentArn"] in serviceDeploymentArns]
        return {"serviceDeployments": found}

    def describe_service_revisions(self, serviceRevisionArns: Sequence[str]) -> dict[str, Any]:
        revisions = [
            {"serviceRevisionArn": arn, "taskDefinition": self.definitions[arn.rsplit("/", 1)[-1]]}
            for arn in serviceRevisionArns
        ]
        return {"serviceRevisions": revisions}

    def list_tasks(self, **_: object) -> dict[str, Any]:
        return {"taskArns": []}

    def update_service(self, taskDefinition: str, **_: object) -> dict[str, Any]:
        self.deployed.append(taskDefinition)
        primary = _deployment("3", taskDefinition)
        self.looks = [(primary, [_told("3", "SUCCESSFUL")])]
        return {"service": {"deployments": [primary]}}


class CloudWatch:
    """CloudWatch: which alarms are on."""

    def __init__(self) -> None:
        self.on: list[dict[str, Any]] = []

    def describe_alarms(self, **_: object) -> dict[str, Any]:
        return {"MetricAlarms": self.on}


@pytest.fixture
def cloudwatch() -> CloudWatch:
    return CloudWatch()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch, cloudwatch: CloudWatch) -> Iterator[Any]:
    """Wait with an ECS of the test's own, a second a look and without sleeping."""

    def run(ecs: Ecs, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any property
        monkeypatch.setattr(aws_clients, "client", lambda service, _: cloudwatch if service == "cloudwatch" else ecs)
        monkeypatch.setattr(rollout_wait, "poll", lambda limit: iter(range(int(limit))))
        return wait({**PROPS, **changed})

    yield run


def test_a_bake_is_no_end(waiting: Any) -> None:  # noqa: ANN401 - a fixture
    # The tasks run, so that the service says COMPLETED while both releases stand beside each other.
    running = _deployment("2", NEW, "COMPLETED")
    ecs = Ecs(
        (running, []),
        (running, [_told("2", "IN_PROGRESS", lifecycleStage="BAKE_TIME")]),
        (running, [_told("2", "IN_PROGRESS", lifecycleStage="CLEAN_UP")]),
        (running, [_told("2", "SUCCESSFUL")]),
    )
    assert waiting(ecs, time_limit=4)["deployment"] == "ecs-svc/2"
    assert len(ecs.looks) == 1, "it was looked at until the end"


def test_how_far_it_is_is_told_with_its_part_of_the_requests(waiting: Any, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ANN401
    target = {"requestedProductionTrafficWeight": 10.0}
    told = _told("2", "IN_PROGRESS", lifecycleStage="PRODUCTION_TRAFFIC_SHIFT", targetServiceRevision=target)
    with pytest.raises(RolloutError):
        waiting(Ecs((_deployment("2", NEW), [told])), time_limit=31)
    assert capsys.readouterr().out == (
        "api: 1 of 2 tasks of prod-api:2 run and get 10 % of the requests (production traffic shift) after 30 s\n"
    )


def test_a_deployment_that_is_not_listed_yet_is_waited_for_and_not_made_again(waiting: Any) -> None:  # noqa: ANN401
    primary, first = _deployment("2", NEW), _told("1", "SUCCESSFUL", BEFORE)
    ecs = Ecs((primary, [first]), (primary, [first]), (primary, [first, _told("2", "SUCCESSFUL")]))
    assert waiting(ecs)["deployment"] == "ecs-svc/2"
    assert ecs.deployed == []


def test_what_an_interrupted_run_began_is_waited_for(waiting: Any) -> None:  # noqa: ANN401 - a fixture
    primary = _deployment("2", NEW, created=BEFORE)
    ecs = Ecs((primary, [_told("2", "IN_PROGRESS", BEFORE)]), (primary, [_told("2", "SUCCESSFUL", BEFORE)]))
    waiting(ecs)
    assert ecs.deployed == [], "one deployment in all"


@pytest.mark.parametrize("quick", [False, True])
def test_other_settings_of_the_same_revision_that_ecs_went_back_from_are_a_failure(waiting: Any, quick: bool) -> None:  # noqa: ANN401
    # The primary is ECS's way back, which runs the revision that is wanted.
    before, back = _told("1", "SUCCESSFUL", BEFORE), _deployment("9", NEW, "COMPLETED")
    ecs = Ecs((back, [_told("2", "ROLLBACK_SUCCESSFUL"), before]))
    if not quick:
        ecs.looks.insert(0, (_deployment("2", NEW), [_told("2", "IN_PROGRESS"), before]))
    with pytest.raises(RolloutError, match="api doesn't run prod-api:2: ECS rolled the deployment back"):
        waiting(ecs)


def test_settings_that_ecs_went_back_from_in_an_earlier_run_are_not_taken_for_those_that_run(waiting: Any) -> None:  # noqa: ANN401
    failed = [_told("2", "ROLLBACK_SUCCESSFUL", BEFORE), _told("1", "SUCCESSFUL", BEFORE)]
    ecs = Ecs((_deployment("9", NEW, "COMPLETED", BEFORE), failed))
    with pytest.raises(RolloutError) as refused:
        waiting(ecs)
    assert str(refused.value) == (
        "api runs prod-api:2 with the settings before: ECS went back to them, since the deployment with those of now "
        "failed. Run refresh, so that the difference shows, and up again"
    )
    assert ecs.deployed == []


def test_the_deployment_that_mends_settings_is_waited_for_before_ecs_lists_it(waiting: Any) -> None:  # noqa: ANN401
    failed, mended = _told("2", "ROLLBACK_SUCCESSFUL", BEFORE), _deployment("3", NEW)
    ecs = Ecs((mended, [failed]), (mended, [failed]), (mended, [_told("3", "SUCCESSFUL"), failed]))
    assert waiting(ecs)["deployment"] == "ecs-svc/3"


def test_what_ended_badly_in_an_earlier_run_is_deployed_again(waiting: Any) -> None:  # noqa: ANN401 - a fixture
    ecs = Ecs((_deployment("1", OLD, "COMPLETED", BEFORE), [_told("2", "ROLLBACK_SUCCESSFUL", BEFORE)]))
    assert waiting(ecs)["deployment"] == "ecs-svc/3"
    assert ecs.deployed == [NEW]


def test_a_rollback_is_told_when_it_is_done_with_the_alarm_by_name(waiting: Any) -> None:  # noqa: ANN401 - a fixture
    primary = _deployment("1", OLD, "COMPLETED", BEFORE)
    ended = _told(
        "2",
        "ROLLBACK_SUCCESSFUL",
        statusReason="Service deployment rolled back because of an alarm.",
        alarms={"triggeredAlarmNames": ["prod-api-errors"]},
    )
    rolling = _told("2", "ROLLBACK_IN_PROGRESS")
    ecs = Ecs((primary, [rolling]), (primary, [rolling]), (primary, [ended]))
    with pytest.raises(RolloutError) as failed:
        waiting(ecs)
    assert str(failed.value) == (
        "api doesn't run prod-api:2: ECS rolled the deployment back. The alarm prod-api-errors went off. ECS says: "
        "Service deployment rolled back because of an alarm. (service api) an event. \n"
        "prod-api:1 serves. Mend the release and run up again, or go back."
    )
    assert ecs.deployed == []


def test_what_ecs_says_of_the_deployment_is_told_before_what_it_says_of_the_rollback(waiting: Any) -> None:  # noqa: ANN401
    ecs = Ecs((_deployment("1", OLD, "COMPLETED", BEFORE), [_told("2", "ROLLBACK_IN_PROGRESS")]))
    ecs.looks.append((ecs.looks[0][0], [_told("2", "ROLLBACK_SUCCESSFUL")]))
    ecs.events = [
        "has reached a steady state.",
        "(deployment ecs-svc/1) deployment completed.",
        "rolling back to deployment ecs-svc/1.",
        "(deployment ecs-svc/2) deployment failed: alarm detected.",
        "(deployment ecs-svc/22) deployment completed.",
    ]
    with pytest.raises(RolloutError) as failed:
        waiting(ecs)
    assert (
        "ECS says: (service api) (deployment ecs-svc/2) deployment failed: alarm detected. (service api) has reached a "
        "steady state. (service api) (deployment ecs-svc/1) deployment completed. "
    ) in str(failed.value)


@pytest.mark.parametrize(
    ("status", "what"),
    [
        ("STOPPED", "ECS stopped the deployment"),
        ("ROLLBACK_FAILED", "the deployment failed, and ECS couldn't roll it back"),
    ],
)
def test_every_bad_end_is_told(waiting: Any, status: str, what: str) -> None:  # noqa: ANN401 - a fixture
    with pytest.raises(RolloutError, match=f"api doesn't run prod-api:2: {what}"):
        waiting(Ecs((_deployment("2", NEW, "FAILED"), [_told("2", status)])))


def test_a_deployment_that_hangs_ends_at_its_time_limit(waiting: Any) -> None:  # noqa: ANN401 - a fixture
    with pytest.raises(RolloutError, match="api doesn't run prod-api:2: it hasn't ended after 3 seconds"):
        waiting(Ecs((_deployment("2", NEW), [_told("2", "IN_PROGRESS")])))


def test_a_deployment_that_another_has_taken_the_place_of_is_no_success(waiting: Any) -> None:  # noqa: ANN401
    ecs = Ecs((_deployment("2", NEW), []), (_deployment("4", OLD), [_told("2", "SUCCESSFUL")]))
    with pytest.raises(RolloutError, match="another deployment has taken its place"):
        waiting(ecs)


def test_what_ecs_has_forgotten_is_known_by_the_service_itself(waiting: Any) -> None:  # noqa: ANN401 - a fixture
    ecs = Ecs((_deployment("2", NEW, "COMPLETED", BEFORE), []))
    assert waiting(ecs, time_limit=100)["deployment"] == "ecs-svc/2"


def test_an_alarm_that_went_off_during_the_deployment_is_no_reason_to_warn(
    waiting: Any,  # noqa: ANN401 - a fixture
    cloudwatch: CloudWatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    alarm = {"AlarmName": "prod-api-errors", "StateReason": "5 of 100", "StateUpdatedTimestamp": NOW}
    cloudwatch.on = [{**alarm, "StateTransitionedTimestamp": NOW + timedelta(seconds=5)}]
    waiting(Ecs((_deployment("2", NEW), [_told("2", "SUCCESSFUL")])))
    assert capsys.readouterr().out == ""
    cloudwatch.on = [{**alarm, "StateTransitionedTimestamp": BEFORE}]
    waiting(Ecs((_deployment("2", NEW), [_told("2", "SUCCESSFUL")])))
    assert capsys.readouterr().out == (
        "warning: api: the alarm prod-api-errors is on (5 of 100). ECS watches no alarm during a deployment that "
        "begins so: only failing health checks roll this one back\n"
    )


def test_only_a_preview_of_another_revision_asks_for_alarms(
    monkeypatch: pytest.MonkeyPatch, cloudwatch: CloudWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pulumi.runtime import rpc

    monkeypatch.setattr(aws_clients, "client", lambda *_: cloudwatch)
    cloudwatch.on = [{"AlarmName": "prod-api-errors", "StateReason": "5 of 100"}]
    provider = RolloutProvider()
    assert not provider.diff("api", PROPS, PROPS).changes
    assert provider.diff("api", PROPS, {**PROPS, "task_definition": OLD}).changes
    assert provider.diff("api", PROPS, {**PROPS, "settings": "others"}).changes, "ECS deploys it anew for them too"
    assert capsys.readouterr().out == ""
    assert provider.diff("api", PROPS, {**PROPS, "task_definition": rpc.UNKNOWN}).changes
    assert "the alarm prod-api-errors is on (5 of 100)" in capsys.readouterr().out
