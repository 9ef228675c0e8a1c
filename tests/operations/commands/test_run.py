"""`run` on a stack that is up."""

import pytest

from operations.commands import run
from tests.operations.place import CLUSTER, Place


def test_run_hands_on_lines_and_exit_code_and_logs_show_them(place: Place) -> None:
    log = ["--env", "LOCALCLOUD_EXIT_CODE=3", "--env", "LOCALCLOUD_LOG=one\ntwo"]
    ran = place("run", *log, "aprendeai", "api", "--", "npx", "prisma", "migrate", "status")
    assert (ran.code, ran.out, ran.err) == (3, "one\ntwo\n", "")
    ecs = place.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, startedBy="operations/run", desiredStatus="STOPPED")["taskArns"]
    task = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"][0]
    assert task["overrides"]["containerOverrides"][0]["command"] == ["npx", "prisma", "migrate", "status"]
    assert task["taskDefinitionArn"] == place.service("aprendeai-api")["taskDefinition"]
    shown = place("logs", "aprendeai-api").out.splitlines()
    assert [line.split(" ", 2)[2] for line in shown] == ["one", "two"]
    assert shown[0].split()[1] == arns[0].rsplit("/", 1)[-1][:8]


def test_run_tells_why_a_task_never_started(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_LATE_PAUSE", 0.0)
    ran = place("run", "--env", "LOCALCLOUD_STOP_REASON=CannotPullContainerError: gone", "aprendeai-api", "--", "true")
    assert ran.code == 1
    assert ran.err.startswith("error: the task arn:aws:ecs:us-east-1:123456789012:task/alicerce-local/")
    assert ran.err.endswith(" ended without running the command: CannotPullContainerError: gone\n")


def test_run_stops_its_task_when_it_is_interrupted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_follow", interrupted)
    ran = place("run", "--env", "LOCALCLOUD_RUN_SECONDS=forever", "equivalence-worker", "--", "sleep", "9")
    assert ran.code == 130
    left = place.client("ecs").list_tasks(cluster=CLUSTER, startedBy="operations/run", desiredStatus="RUNNING")
    assert left["taskArns"] == []
