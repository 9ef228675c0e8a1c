"""The commands on a stack that is up: what they show, what they refuse, and their exit codes."""

import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations import checklist, completeness, history, logs, preview, stack, tasks
from operations.account import Account
from operations.history import Release
from operations.images import Registry
from operations.revisions import SecretReference
from tests.operations.conftest import Place, outputs_of, release

CLUSTER = "localcloud"


def service(place: Place, name: str) -> dict[str, Any]:
    found: dict[str, Any] = place.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"][0]
    return found


def short(place: Place, image: str, tag: str) -> str:
    found = place.client("ecr").describe_images(repositoryName=f"local/{image}", imageIds=[{"imageTag": tag}])
    return str(found["imageDetails"][0]["imageDigest"])[:19]


# --- status ----------------------------------------------------------------------------------------------------------


def test_status_of_a_stack_that_is_as_it_should_be(place: Place) -> None:
    ran = place("status")
    assert (ran.code, ran.err) == (0, "")
    line = next(line for line in ran.out.splitlines() if line.startswith("aprendeai-api"))
    digest = short(place, "aprendeai-api", "v1.1.0")
    assert line.split()[:7] == ["aprendeai-api", "1", "of", "1", "v1.1.0", "2", digest]
    assert "completed" in line
    assert "1 healthy" in line
    assert "alarms: 0 of 6 on" in ran.out
    assert ran.out.endswith("✓ stack local is as it should be\n")


def test_status_of_a_deployment_that_was_rolled_back(place: Place) -> None:
    ecs = place.client("ecs")
    good = service(place, "equivalence-worker")["taskDefinition"]
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
    now = service(place, "aprendeai-ai")["taskDefinition"]
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


def test_a_stack_of_another_account_is_told(place: Place) -> None:
    ran = place("status", "--region", "eu-west-1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: there is no cluster 'alicerce-local' in eu-west-1: this isn't the account or the region that stack "
        "'local' is in\n"
    )


def test_without_a_region_nothing_is_asked(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert place("status").err == "error: no region is set: give --region, or set AWS_REGION\n"


def test_an_account_that_doesnt_answer_is_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ran = place("status")
    assert ran.code == 1
    assert ran.err == 'error: AWS can\'t be asked: Could not connect to the endpoint URL: "http://127.0.0.1:9/"\n'


def test_what_aws_refuses_is_one_line(place: Place) -> None:
    logs_client = place.client("logs")
    logs_client.delete_log_group(logGroupName="/local/aprendeai/ai")
    try:
        assert place("logs", "aprendeai-ai").err == (
            "error: AWS refused FilterLogEvents: ResourceNotFoundException: The specified log group does not exist.\n"
        )
    finally:
        logs_client.create_log_group(logGroupName="/local/aprendeai/ai")


# --- releases and rollback -------------------------------------------------------------------------------------------


def test_releases_tell_what_ran_with_migration_and_outcome(place: Place) -> None:
    ran = place("releases", "aprendeai")
    assert ran.code == 0
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[0] == ["aprendeai"]
    assert [line[0] for line in lines[2:] if line[0].startswith("v")] == ["v1.1.0", "v1.0.0"]
    first = lines[2]
    assert first[4:7] == ["migration", "2", short(place, "aprendeai-api", "v1.1.0")]
    assert first[7] == "migrated"
    outcomes = {line[0]: line[3] for line in lines[3:7]}
    assert outcomes == dict.fromkeys(("ai", "api", "frontend", "worker"), "completed")


def test_releases_of_a_system_that_isnt_there(place: Place) -> None:
    ran = place("releases", "aprendizagem")
    assert (ran.code, ran.err) == (
        1,
        "error: stack 'local' has no system 'aprendizagem'; it has: aprendeai, equivalence\n",
    )


def test_rollback_names_the_last_good_release_in_config_and_previews(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    before = place.config.read_text()
    ran = place("rollback", "aprendeai")
    try:
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("aprendeai:release is v1.0.0 now, and was v1.1.0; it first ran ")
        assert ran.out.endswith("Nothing was deployed. Go back by running up for stack 'local'\n")
        preview = capfd.readouterr().out
        assert "aprendeai-worker-definition  to replace" in preview
        assert "equivalence-worker-definition" not in preview
        assert place.config.read_text() == before.replace("aprendeai:release: v1.1.0", "aprendeai:release: v1.0.0")
        assert "# The local cloud" in place.config.read_text(), "comments stay"
        assert service(place, "aprendeai-api")["taskDefinition"].endswith(":2"), "nothing was deployed"
        again = place("rollback", "aprendeai")
        assert again.err == (
            "error: aprendeai ran no good release before v1.0.0 in stack 'local' (none is known). Nothing was changed\n"
        ), "a rollback after a rollback doesn't go forth again"
    finally:
        release(place, "v1.1.0")


def test_a_preview_that_fails_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "show", lambda *_: 1)
    ran = place("rollback", "aprendeai", "--to", "v1.0.0")
    release(place, "v1.1.0")
    assert (ran.code, ran.err) == (1, "error: the preview failed; aprendeai:release stays v1.0.0\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["equivalence"], "equivalence ran no good release before v1.0.0 in stack 'local' (none is known)"),
        (["aprendeai", "--to", "v9"], "aprendeai never ran v9; it ran: v1.0.0, v1.1.0"),
        (["aprendeai", "--to", "v1.1.0"], "aprendeai:release is v1.1.0 already; nothing was changed"),
    ],
)
def test_rollback_refuses_what_never_ran(place: Place, arguments: list[str], message: str) -> None:
    before = place.config.read_text()
    ran = place("rollback", *arguments)
    assert ran.code == 1
    assert ran.err.startswith(f"error: {message}")
    assert place.config.read_text() == before


def test_rollback_refuses_a_release_whose_image_is_gone(place: Place) -> None:
    ecr, before = place.client("ecr"), place.config.read_text()
    digest = short(place, "aprendeai-worker", "v1.0.0")
    where = {"repositoryName": "local/aprendeai-worker", "imageIds": [{"imageTag": "v1.0.0"}]}
    image = ecr.batch_get_image(**where)["images"][0]
    ecr.batch_delete_image(**where)
    try:
        ran = place("rollback", "aprendeai")
        assert ran.code == 1
        assert ran.err == (
            "error: aprendeai can't go back to v1.0.0, which isn't complete:\n"
            f"  worker: the image {digest} isn't in local/aprendeai-worker any more\n"
            "Nothing was changed. See what there is: python -m operations releases --stack local aprendeai; then name "
            "one: python -m operations rollback aprendeai --stack local --to <tag>\n"
        )
        assert place.config.read_text() == before
    finally:
        ecr.put_image(repositoryName="local/aprendeai-worker", imageManifest=image["imageManifest"], imageTag="v1.0.0")


def test_rollback_refuses_a_release_whose_secret_is_gone(place: Place) -> None:
    manager, before = place.client("secretsmanager"), place.config.read_text()
    arn = next(s["ARN"] for s in manager.list_secrets()["SecretList"] if s["Name"].startswith("aprendeai-jwt"))
    manager.delete_secret(SecretId=arn)
    try:
        ran = place("rollback", "aprendeai")
        assert ran.code == 1
        assert "  api: the secret of JWT_SECRET isn't there any more\n" in ran.err
        assert place.config.read_text() == before
    finally:
        manager.restore_secret(SecretId=arn)


def test_a_version_that_is_gone_is_named(place: Place) -> None:
    arn = place.client("secretsmanager").list_secrets()["SecretList"][0]["ARN"]
    gone = SecretReference(variable="JWT_SECRET", arn=arn, version="00000000-0000-0000-0000-000000000000")
    assert completeness.missing_versions(Account.open(), [gone]) == [
        "version 00000000-0000-0000-0000-000000000000 of JWT_SECRET isn't there any more"
    ]


def test_rollback_refuses_to_run_an_older_migration_on_a_newer_schema(place: Place) -> None:
    text = place.state().read_text()
    state = json.loads(text)
    for resource in state["deployment"]["resources"]:
        if resource["urn"].endswith("::aprendeai-migration-run"):
            migrated = resource["outputs"]["migrated"]
            del migrated[next(iter(migrated))]
    place.state().write_text(json.dumps(state))
    try:
        ran = place("rollback", "aprendeai")
        assert ran.code == 1
        assert (
            "  migration: the stack's state doesn't remember it, so that `up` would run this older release's migration "
            "on what a newer one left; `up` leaves it out where migrate is false\n"
        ) in ran.err
        assert "not remembered: failed, or left out" in place("releases", "aprendeai").out
    finally:
        place.state().write_text(text)


def test_an_image_that_lost_its_tag_makes_a_release_incomplete(place: Place) -> None:
    class Untagged(Registry):
        def tags(self, image: object) -> tuple[str, ...]:
            return ("other",)

    account, found = Account.open(), Registry(Account.open())

    known = stack.read("local", place.root)
    newest: Release = history.of_system(account, known, known.system("equivalence"), found)[-1]
    missing = completeness.missing_of(account, Untagged(account), newest, "v1.0.0", migrates=True)
    digest = short(place, "equivalence-api", "v1.0.0")
    assert f"worker: v1.0.0 isn't a tag of the image {digest} in local/equivalence-api any more" in missing
    missing = completeness.missing_of(account, Untagged(account), newest, None, migrates=True)
    assert f"worker: the image {digest} has no tag that the others have too" in missing


# --- run, logs, shell ------------------------------------------------------------------------------------------------


def test_run_hands_on_lines_and_exit_code_and_logs_show_them(place: Place) -> None:
    log = ["--env", "LOCALCLOUD_EXIT_CODE=3", "--env", "LOCALCLOUD_LOG=one\ntwo"]
    ran = place("run", *log, "aprendeai", "api", "--", "npx", "prisma", "migrate", "status")
    assert (ran.code, ran.out, ran.err) == (3, "one\ntwo\n", "")
    ecs = place.client("ecs")
    arns = ecs.list_tasks(cluster=CLUSTER, startedBy="operations/run", desiredStatus="STOPPED")["taskArns"]
    task = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"][0]
    assert task["overrides"]["containerOverrides"][0]["command"] == ["npx", "prisma", "migrate", "status"]
    assert task["taskDefinitionArn"] == service(place, "aprendeai-api")["taskDefinition"]
    shown = place("logs", "aprendeai-api").out.splitlines()
    assert [line.split(" ", 2)[2] for line in shown] == ["one", "two"]
    assert shown[0].split()[1] == arns[0].rsplit("/", 1)[-1][:8]


def test_run_tells_why_a_task_never_started(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "_LATE_PAUSE", 0.0)
    ran = place("run", "--env", "LOCALCLOUD_STOP_REASON=CannotPullContainerError: gone", "aprendeai-api", "--", "true")
    assert ran.code == 1
    assert ran.err.startswith("error: the task arn:aws:ecs:us-east-1:123456789012:task/alicerce-local/")
    assert ran.err.endswith(" ended without running the command: CannotPullContainerError: gone\n")


def test_run_stops_its_task_when_it_is_interrupted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tasks, "_follow", interrupted)
    ran = place("run", "--env", "LOCALCLOUD_RUN_SECONDS=forever", "equivalence-worker", "--", "sleep", "9")
    assert ran.code == 130
    left = place.client("ecs").list_tasks(cluster=CLUSTER, startedBy="operations/run", desiredStatus="RUNNING")
    assert left["taskArns"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "aprendeai-api"],
            "say what to run: python -m operations run aprendeai-api -- npx prisma migrate status",
        ),
        (["run", "--env", "NAME", "aprendeai-api", "--", "true"], "--env 'NAME': give NAME=VALUE"),
        (
            ["run", "aprendeai", "web", "--", "true"],
            "stack 'local' has no service 'aprendeai-web'; it has: aprendeai-ai, aprendeai-api, aprendeai-frontend, "
            "aprendeai-worker, equivalence-api, equivalence-worker",
        ),
        (
            ["logs", "aprendeai-api", "--since", "yesterday"],
            "--since 'yesterday': give a number with s, m, h or d behind it, such as 10m",
        ),
        (
            ["shell", "aprendeai-api"],
            "aprendeai-api takes no shell: ECS Exec is off in stack 'local', since it needs a root file system that "
            "can be written to. Run a command beside it: python -m operations run aprendeai-api --stack local -- "
            "<command>; or turn it on: execute_command=True in the stack's profile (stacks/), and up",
        ),
    ],
)
def test_what_cant_be_done_is_said(place: Place, arguments: list[str], message: str) -> None:
    ran = place(*arguments)
    assert (ran.code, ran.out, ran.err) == (1, "", f"error: {message}\n")


def test_a_service_that_isnt_there_is_told(place: Place) -> None:
    def edit(resources: list[dict[str, Any]]) -> None:
        outputs_of(resources)["equivalence"]["services"]["ghost"] = "equivalence-ghost"

    with place.another("edited", edit):
        ran = place("logs", "--stack", "edited", "equivalence-ghost")
    assert ran.err == "error: the service equivalence-ghost isn't there; run up for stack 'edited' again\n"


def test_logs_look_back_as_far_as_they_are_told() -> None:
    assert logs.since("90s") == timedelta(seconds=90)
    assert logs.since("2h") == timedelta(hours=2)
    assert logs.since("1d") == timedelta(days=1)


def test_logs_that_are_followed_show_each_line_once() -> None:
    stamp = int(datetime.now(UTC).timestamp() * 1000)
    event = {"logStreamName": "task/api/0123456789", "timestamp": stamp}
    rounds = iter([["a"], ["a", "b"], ["a", "b", "c"]])

    class Pages:
        def paginate(self, **_: object) -> list[dict[str, Any]]:
            return [{"events": [{**event, "eventId": one, "message": one} for one in next(rounds)]}]

    class Logs:
        def get_paginator(self, _: str) -> Pages:
            return Pages()

    pauses: list[float] = []
    shown = logs._lines(Logs(), "/log", datetime.now(UTC) - timedelta(minutes=1), True, pauses.append)
    assert [line.split()[-1] for line in itertools.islice(shown, 3)] == ["a", "b", "c"]
    assert len(pauses) == 2


def test_shell_goes_through_the_cli_and_its_plugin(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ecs = place.client("ecs")
    ecs.update_service(cluster=CLUSTER, service="aprendeai-ai", enableExecuteCommand=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        (tmp_path / "aws").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexit 7\n')
        (tmp_path / "aws").chmod(0o755)
        assert place("shell", "aprendeai-ai").err == (
            "error: there is no 'session-manager-plugin' on the PATH, which ECS Exec needs: "
            "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html\n"
        )
        (tmp_path / "session-manager-plugin").symlink_to("aws")
        assert place("shell", "aprendeai-ai").code == 7
        asked = (tmp_path / "asked").read_text()
        assert asked.startswith("ecs execute-command --region us-east-1 --cluster alicerce-local --task arn:")
        assert asked.endswith("--container ai --interactive --command /bin/sh\n")
    finally:
        ecs.update_service(cluster=CLUSTER, service="aprendeai-ai", enableExecuteCommand=False)


# --- checklist -------------------------------------------------------------------------------------------------------


def checked(place: Place, *arguments: str) -> dict[tuple[str, str], tuple[str, str]]:
    account = Account.open()

    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    found = stack.read(options.get("--stack", "local"), place.root)
    return {
        (check.system, check.item): (check.outcome.value[1], check.evidence)
        for check in checklist.run(account, found, place.root, options.get("--staging", "staging"))
    }


def test_the_checklist_gives_evidence_and_is_red_without_staging(place: Place) -> None:
    ran = place("checklist")
    assert ran.code == 1
    assert ran.out.splitlines()[-1] == "10 passed, 2 not checked"
    found = checked(place)
    digest = short(place, "aprendeai-api", "v1.1.0")
    assert found["aprendeai", "secrets in the manager, and used"] == (
        "passed",
        "9 secrets in Secrets Manager; 5 task definitions name 7 versions of them, which are all there",
    )
    outcome, evidence = found["aprendeai", "recent database backup"]
    assert outcome == "passed"
    assert evidence.startswith("aprendeai-database-")
    assert evidence.endswith("kept for 1 days")
    outcome, evidence = found["aprendeai", "migration run in local"]
    assert outcome == "passed"
    assert evidence.startswith(f"v1.1.0 ({digest}) was migrated in local on ")
    assert found["aprendeai", "migration run in staging"] == (
        "not checked",
        f"there is no stack 'staging' in {place.account.home}. Bring it up first: python -m localcloud up --stack "
        "staging. Where staging is reached, look yourself: python -m operations releases --stack staging aprendeai",
    )
    assert found["aprendeai", "workers running"] == ("passed", "aprendeai-worker: 1 of 1 tasks run")
    assert found["aprendeai", "alarms active"] == ("passed", "4 alarms are there, act, and are off")


def test_the_checklist_is_red_without_alarms(place: Place) -> None:
    def edit(resources: list[dict[str, Any]]) -> None:
        resources[:] = [one for one in resources if one["type"] != "aws:cloudwatch/metricAlarm:MetricAlarm"]

    with place.another("unwatched", edit):
        assert checked(place, "--stack", "unwatched")["aprendeai", "alarms active"] == (
            "failed",
            "none defined: the stack has no alarm that watches aprendeai",
        )


def test_the_checklist_compares_with_what_staging_migrated(place: Place) -> None:
    def edit(resources: list[dict[str, Any]]) -> None:
        for resource in resources:
            if resource["urn"].endswith("::aprendeai-migration-run"):
                resource["outputs"]["migrated"].pop(resource["outputs"]["digest"])

    with place.another("staging", edit):
        found = checked(place)
    digest = short(place, "aprendeai-api", "v1.1.0")
    assert found["aprendeai", "migration run in staging"] == (
        "failed",
        f"the migration of v1.1.0 ({digest}) was never run in staging",
    )
    assert found["equivalence", "migration run in staging"][0] == "passed"


def test_the_checklist_is_green_when_alarms_are_active(place: Place) -> None:
    cloudwatch = place.client("cloudwatch")

    def alarm(name: str, actions: list[str]) -> None:
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="Errors",
            Namespace="Test",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=actions,
        )

    def edit(resources: list[dict[str, Any]]) -> None:
        resources.append({"type": "aws:cloudwatch/metricAlarm:MetricAlarm", "id": "errors", "urn": ""})

    topic = place.client("sns").list_topics()["Topics"][0]["TopicArn"]
    try:
        with place.another("watched", edit):
            alarm("errors", [topic])
            ran = place("checklist", "--stack", "watched", "--staging", "watched")
            assert (ran.code, ran.out.splitlines()[-1]) == (0, "12 passed")
            assert place("status", "--stack", "watched").code == 0
            cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="5 errors")
            assert checked(place, "--stack", "watched")["aprendeai", "alarms active"] == (
                "failed",
                "errors is on: 5 errors",
            )
            assert place("status", "--stack", "watched").out.endswith("✗ alarm errors is on: 5 errors\n")
            alarm("errors", [])
            assert checked(place, "--stack", "watched")["aprendeai", "alarms active"] == (
                "failed",
                "errors does nothing when it goes off",
            )
    finally:
        cloudwatch.delete_alarms(AlarmNames=["errors"])


def test_the_checklist_names_what_is_missing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def edit(resources: list[dict[str, Any]]) -> None:
        outputs = outputs_of(resources)
        outputs["equivalence"]["secrets"]["UNUSED"] = "arn:aws:secretsmanager:us-east-1:123456789012:secret:unused"
        outputs["equivalence"]["services"]["worker"] = "equivalence-ghost"
        outputs["aprendeai"] |= {"services": {}, "taskDefinitions": {}, "release": None, "database": "nowhere:5432"}
        outputs["aprendeai"].pop("migration")
        resources[:] = [one for one in resources if not one["urn"].endswith("::aprendeai-migration-run")]

    monkeypatch.setattr(checklist, "_BACKUP_AGE", timedelta(hours=-1))
    with place.another("edited", edit):
        found = checked(place, "--stack", "edited")
        assert place("releases", "--stack", "edited", "aprendeai").out == "aprendeai\nno release yet\n"
    assert found["equivalence", "secrets in the manager, and used"] == (
        "failed",
        "equivalence-ghost isn't there; UNUSED is read by no task definition",
    )
    assert found["equivalence", "workers running"] == ("failed", "equivalence-ghost isn't there")
    assert found["equivalence", "recent database backup"][1].endswith("; that is more than -1 hours ago")
    nothing = ("failed", "aprendeai has no release yet: nothing of it runs")
    for item in ("secrets in the manager, and used", "migration run in edited", "workers running"):
        assert found["aprendeai", item] == nothing
    assert found["aprendeai", "recent database backup"] == ("failed", "no database listens at nowhere")


def test_the_checklist_asks_for_backups(place: Place) -> None:
    rds = place.client("rds")
    name = next(
        instance["DBInstanceIdentifier"]
        for instance in rds.describe_db_instances()["DBInstances"]
        if instance["DBInstanceIdentifier"].startswith("equivalence")
    )
    rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=0, ApplyImmediately=True)
    try:
        assert checked(place)["equivalence", "recent database backup"] == (
            "failed",
            f"{name}: automated backups are off",
        )
    finally:
        rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=1, ApplyImmediately=True)


# --- as a person runs it ---------------------------------------------------------------------------------------------


def test_all_of_it_runs_through_the_local_cloud(place: Place) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "localcloud", "exec", "--", "python", "-m", "operations", "status"],
        cwd=place.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("✓ stack local is as it should be\n")


def test_no_value_of_a_secret_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    client = Account.client

    def watched(self: Account, name: str, *more: str) -> Any:  # noqa: ANN401 - a boto3 client
        made = client(self, name, *more)
        made.meta.events.register("before-call.*.*", lambda model, **_: asked.append(model.name))
        return made

    monkeypatch.setattr(Account, "client", watched)
    for command in (["status"], ["releases"], ["checklist"], ["rollback", "equivalence"]):
        place(*command)
    assert "ListSecretVersionIds" in asked
    assert not {"GetSecretValue", "BatchGetSecretValue"} & set(asked), "versions are looked up, values are nobody's"
