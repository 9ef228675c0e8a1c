"""Running a migration once as a task on ECS: the snapshot before, the task, and its end."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from components.compute.stopped_task import last_log_lines, quote_log, stop_reason
from components.core import aws_clients
from components.core.aws_clients import Client
from components.core.dynamic_provider import state_of
from components.core.polling import poll, report

#: How many snapshots made before migrations are kept of a database.
_SNAPSHOTS_KEPT = 3
#: The tag of those snapshots; a person's own don't have it.
_SNAPSHOT_TAG = "BeforeMigration"
#: How many migrated images are remembered.
_REMEMBERED = 100


class MigrationError(Exception):
    """A migration failed, or couldn't be run; what depends on it is left alone."""


def run(props: Mapping[str, Any], migrated: Mapping[str, Any]) -> dict[str, Any]:
    """Migrate, or find that there is nothing to migrate; return the resource's new state.

    Args:
        props: the resource's inputs.
        migrated: what is remembered of images that were migrated before, by digest.

    Raises:
        MigrationError: when the task didn't end well within its time.
    """
    digest, system = props["digest"], props["system"]
    state = state_of(props)
    if digest in migrated:
        report(f"{system}: the image {_short(digest)} was migrated on {migrated[digest]['finished']}; nothing to run")
        return {**state, "migrated": dict(migrated), "outcome": "skipped", "task_arn": None}
    if not props["enabled"]:
        report(f"{system}: {system}:migrate is false; the migration of {_short(digest)} is left out")
        return {**state, "migrated": dict(migrated), "outcome": "disabled", "task_arn": None}
    ecs = aws_clients.client("ecs", props["region"])
    logs = aws_clients.client("logs", props["region"])
    limit = float(props["time_limit"])
    task = _find(ecs, props)
    if task is None:
        _await_others(ecs, props, limit)
        if props["snapshot"]:
            _snapshot(aws_clients.client("rds", props["region"]), props, limit)
        task = _start(ecs, props)
    arn = str(task["taskArn"])
    ended = _await_end(ecs, props, arn, limit)
    lines = last_log_lines(logs, props["log_group"], props["container"], arn)
    code = next((c.get("exitCode") for c in ended["containers"] if c["name"] == props["container"]), None)
    if code != 0:
        raise MigrationError(
            f"the migration of {system} to {_short(digest)} failed: {stop_reason(ended, props['container'])}. "
            f"No service of {system} was changed. {quote_log(lines)}\n"
            f"Mend the image and name its tag in {system}:release, or leave the migration out: "
            f"pulumi config set {system}:migrate false"
        )
    for line in lines:
        report(f"{system} migration: {line}")
    remembered = {**migrated, digest: {"task": arn, "finished": datetime.now(UTC).isoformat(timespec="seconds")}}
    kept = dict(list(remembered.items())[-_REMEMBERED:])
    return {**state, "migrated": kept, "outcome": "migrated", "task_arn": arn}


def _started_by(props: Mapping[str, Any]) -> str:
    """Return by which name a run is found again: one image's migration of one database.

    36 characters: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    digest = hashlib.sha256(f"{props['digest']} {props['database']}".encode()).hexdigest()
    return f"migration/{digest[:26]}"


def _tasks(ecs: Client, props: Mapping[str, Any], status: str) -> list[dict[str, Any]]:
    arns = ecs.list_tasks(cluster=props["cluster"], family=props["family"], desiredStatus=status)["taskArns"]
    return list(ecs.describe_tasks(cluster=props["cluster"], tasks=arns)["tasks"]) if arns else []


def _find(ecs: Client, props: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find the run that an interrupted `up` started: still running, or ended well with nobody to note it."""
    own = _started_by(props)
    for task in _tasks(ecs, props, "RUNNING"):
        if task.get("startedBy") == own:
            return task
    for task in _tasks(ecs, props, "STOPPED"):  # ECS lists stopped tasks for an hour
        codes = [container.get("exitCode") for container in task["containers"]]
        if task.get("startedBy") == own and codes == [0]:
            return task
    return None


def _await_others(ecs: Client, props: Mapping[str, Any], limit: float) -> None:
    others: list[dict[str, Any]] = []
    for elapsed in poll(limit):
        others = _tasks(ecs, props, "RUNNING")
        if not others:
            return
        if elapsed < 1:
            report(f"{props['system']}: waiting for another migration, {others[0]['taskArn']}")
    raise MigrationError(
        f"another migration of {props['system']} still runs after {limit:.0f} seconds: {others[0]['taskArn']}. "
        "Stop it, or wait for it, and run up again"
    )


def _start(ecs: Client, props: Mapping[str, Any]) -> dict[str, Any]:
    own = _started_by(props)
    attempts = sum(task.get("startedBy") == own for task in _tasks(ecs, props, "STOPPED"))
    answer = ecs.run_task(
        cluster=props["cluster"],
        taskDefinition=props["task_definition"],
        launchType="FARGATE",
        count=1,
        startedBy=own,
        # Two runs at the same moment ask for the same task, and ECS starts one:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
        clientToken=hashlib.sha256(f"{own} {props['task_definition']} {attempts}".encode()).hexdigest(),
        propagateTags="TASK_DEFINITION",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list(props["subnets"]),
                "securityGroups": [props["security_group"]],
                "assignPublicIp": "DISABLED",
            }
        },
    )
    if not answer["tasks"]:
        reasons = ", ".join(str(failure.get("reason")) for failure in answer["failures"]) or "no reason given"
        raise MigrationError(
            f"ECS didn't start the migration of {props['system']}: {reasons}. No service of it was changed"
        )
    report(f"{props['system']}: migrating to {_short(props['digest'])} in {answer['tasks'][0]['taskArn']}")
    return dict(answer["tasks"][0])


def _await_end(
    ecs: Client,
    props: Mapping[str, Any],
    arn: str,
    limit: float,
) -> dict[str, Any]:
    """Wait for STOPPED: a short task may go from PENDING to STOPPED without ever being seen RUNNING."""
    for _ in poll(limit):
        found = ecs.describe_tasks(cluster=props["cluster"], tasks=[arn])["tasks"]
        if not found:
            raise MigrationError(f"ECS knows nothing of the migration's task {arn} any more; run up again")
        if found[0]["lastStatus"] == "STOPPED":
            return dict(found[0])
    ecs.stop_task(cluster=props["cluster"], task=arn, reason=f"migration took longer than {limit:.0f} seconds")
    raise MigrationError(
        f"the migration of {props['system']} took longer than {limit:.0f} seconds and was stopped. No service of it "
        f"was changed. Look at what it did ({props['log_group']}) before you run up again"
    )


def _snapshot(rds: Client, props: Mapping[str, Any], limit: float) -> None:
    """Take a snapshot of the database, wait for it, and let the oldest of its kind go."""
    instance = props["database"]
    name = f"{instance}-before-{_started_by(props)[-12:]}"
    existing = rds.describe_db_snapshots(DBInstanceIdentifier=instance, SnapshotType="manual")["DBSnapshots"]
    if name not in {snapshot["DBSnapshotIdentifier"] for snapshot in existing}:
        report(f"{props['system']}: taking the snapshot {name}")
        rds.create_db_snapshot(
            DBInstanceIdentifier=instance,
            DBSnapshotIdentifier=name,
            Tags=[{"Key": key, "Value": value} for key, value in {**props["tags"], _SNAPSHOT_TAG: "true"}.items()],
        )
    for _ in poll(limit):
        taken = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
        if taken["Status"] == "available":
            break
        if taken["Status"] == "failed":
            raise MigrationError(f"the snapshot {name} failed. Nothing was migrated; look at RDS and run up again")
    else:
        raise MigrationError(
            f"the snapshot {name} isn't there after {limit:.0f} seconds. Nothing was migrated; run up again"
        )
    made_before = [
        snapshot
        for snapshot in rds.describe_db_snapshots(DBInstanceIdentifier=instance, SnapshotType="manual")["DBSnapshots"]
        if any(tag["Key"] == _SNAPSHOT_TAG for tag in snapshot.get("TagList", ()))
    ]
    made_before.sort(key=lambda snapshot: str(snapshot.get("SnapshotCreateTime")), reverse=True)
    for snapshot in made_before[_SNAPSHOTS_KEPT:]:
        rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot["DBSnapshotIdentifier"])


def _short(digest: str) -> str:
    return digest[:19]
