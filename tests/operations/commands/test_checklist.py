"""`checklist` on a stack that is up: its evidence, and what makes it fail."""

from datetime import timedelta
from typing import Any

import pytest

from operations.account.account import Account
from operations.commands import checklist
from operations.state import stack
from tests.operations.place import Place, outputs_of


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
    digest = place.short_digest("aprendeai-api", "v1.1.0")
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
    digest = place.short_digest("aprendeai-api", "v1.1.0")
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
