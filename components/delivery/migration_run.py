"""The run of a release's migration: a resource that stops the deployment when the migration fails.

A dynamic provider: Pulumi runs it in a process of its own, with the credentials that the AWS provider has.
https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi import dynamic

from components.compute.stopped_task import last_lines, looks, quoted, reason
from components.core import aws_clients
from components.core.checks import check_between
from components.core.naming import Tags

#: How many snapshots made before migrations are kept of a database.
_SNAPSHOTS_KEPT = 3
#: The tag that tells those snapshots from a person's own.
_SNAPSHOT_TAG = "BeforeMigration"
#: How many migrated images are remembered.
_REMEMBERED = 100


class MigrationError(Exception):
    """A migration failed, or couldn't be run; what depends on it is left alone."""


class MigrationRunProvider(dynamic.ResourceProvider):
    """Run a migration once for each image, find an interrupted one again, and never run one in a preview."""

    #: Nothing secret is captured, so that the state stays readable.
    serialize_as_secret_always = False

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Take the stack's credentials, as the AWS provider does."""
        aws_clients.configure(req.config.get)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Tell whether there is anything to do: another image, or one whose migration was left out before."""
        # In a preview a digest that isn't known yet is the SDK's marker, which equals no digest.
        another = news.get("digest") != olds.get("digest")
        left_out = bool(news.get("enabled")) and news.get("digest") not in _remembered(olds, news)
        return dynamic.DiffResult(changes=another or left_out)

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Run the first migration."""
        return dynamic.CreateResult(id_=props["family"], outs=run(props, {}))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Run another image's migration, unless it was run before."""
        return dynamic.UpdateResult(outs=run(_news, _remembered(_olds, _news)))


@dataclass(frozen=True, kw_only=True)
class MigrationRunArgs:
    """What to run, and where."""

    system: str
    """The system, for messages."""
    region: str
    """Where it runs."""
    digest: pulumi.Input[str]
    """Digest of the release's image: each is migrated once."""
    family: str
    """Family of the migration's task definition."""
    task_definition_arn: pulumi.Input[str]
    """The revision to run."""
    container_name: str
    """Name of its container."""
    log_group_name: pulumi.Input[str]
    """Its log group."""
    cluster_name: pulumi.Input[str]
    """The cluster to run it on."""
    subnet_ids: pulumi.Input[list[str]]
    """Private subnets to run it in."""
    security_group_id: pulumi.Input[str]
    """The group that reaches the database."""
    database_identifier: pulumi.Input[str]
    """The RDS instance that it changes."""
    snapshot: bool
    """Whether a snapshot of the database is taken before."""
    enabled: bool
    """False leaves the migration out and goes on; it is run when this is true again."""
    tags: Tags
    """Tags of the snapshot."""
    time_limit_seconds: int = 1800
    """After which a migration is stopped and counts as failed."""

    def __post_init__(self) -> None:
        """Refuse a time limit that is none.

        Raises:
            ValueError: naming the value and its range.
        """
        check_between(
            "MigrationRunArgs.time_limit_seconds",
            self.time_limit_seconds,
            10,
            86400,
            "give the seconds that the longest migration may take",
        )


class MigrationRun(dynamic.Resource, module="alicerce", name="MigrationRun"):
    """A migration, run to its end before anything that depends on this resource changes.

    Guarantees: it runs once for each image and database, never in a preview; a run that was interrupted is found again
    and waited for; of two at once one waits for the other; a failed one fails the update with the task's own last
    words; going back to an image that was migrated before runs nothing.
    """

    outcome: pulumi.Output[str]
    """`migrated`, `skipped` (the image was migrated before) or `disabled`."""
    migrated: pulumi.Output[dict[str, dict[str, str]]]
    """What is remembered of images that were migrated here, by digest."""
    task_arn: pulumi.Output[str | None]
    """The task that migrated the current image, if one ran."""

    def __init__(self, name: str, args: MigrationRunArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            MigrationRunProvider(),
            name,
            {
                "system": args.system,
                "region": args.region,
                "digest": args.digest,
                "family": args.family,
                "task_definition": args.task_definition_arn,
                "container": args.container_name,
                "log_group": args.log_group_name,
                "cluster": args.cluster_name,
                "subnets": args.subnet_ids,
                "security_group": args.security_group_id,
                "database": args.database_identifier,
                "snapshot": args.snapshot,
                "enabled": args.enabled,
                "tags": dict(args.tags),
                "time_limit": args.time_limit_seconds,
                "outcome": None,
                "migrated": None,
                "task_arn": None,
            },
            opts,
        )


def run(props: Mapping[str, Any], migrated: Mapping[str, Any]) -> dict[str, Any]:
    """Migrate, or find that there is nothing to migrate; return the resource's new state.

    Args:
        props: the resource's inputs.
        migrated: what is remembered of images that were migrated before, by digest.

    Raises:
        MigrationError: when the task didn't end well within its time.
    """
    digest, system = props["digest"], props["system"]
    state = {key: value for key, value in props.items() if key != dynamic.dynamic.PROVIDER_KEY}
    if digest in migrated:
        _say(f"{system}: the image {_short(digest)} was migrated on {migrated[digest]['finished']}; nothing to run")
        return {**state, "migrated": dict(migrated), "outcome": "skipped", "task_arn": None}
    if not props["enabled"]:
        _say(f"{system}: {system}:migrate is false; the migration of {_short(digest)} is left out")
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
    lines = last_lines(logs, props["log_group"], props["container"], arn)
    code = next((c.get("exitCode") for c in ended["containers"] if c["name"] == props["container"]), None)
    if code != 0:
        raise MigrationError(
            f"the migration of {system} to {_short(digest)} failed: {reason(ended, props['container'])}. "
            f"No service of {system} was changed. {quoted(lines)}\n"
            f"Mend the image and name its tag in {system}:release, or leave the migration out: "
            f"pulumi config set {system}:migrate false"
        )
    for line in lines:
        _say(f"{system} migration: {line}")
    remembered = {**migrated, digest: {"task": arn, "finished": datetime.now(UTC).isoformat(timespec="seconds")}}
    kept = dict(list(remembered.items())[-_REMEMBERED:])
    return {**state, "migrated": kept, "outcome": "migrated", "task_arn": arn}


def _remembered(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was migrated before in this very database: a replaced one is empty, whatever its predecessor had."""
    return (olds.get("migrated") or {}) if olds.get("database") == news.get("database") else {}


def _started_by(props: Mapping[str, Any]) -> str:
    """Return by which name a run is found again: one image's migration of one database.

    36 characters: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    digest = hashlib.sha256(f"{props['digest']} {props['database']}".encode()).hexdigest()
    return f"migration/{digest[:26]}"


def _tasks(ecs: Any, props: Mapping[str, Any], status: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a boto3 client
    arns = ecs.list_tasks(cluster=props["cluster"], family=props["family"], desiredStatus=status)["taskArns"]
    return list(ecs.describe_tasks(cluster=props["cluster"], tasks=arns)["tasks"]) if arns else []


def _find(ecs: Any, props: Mapping[str, Any]) -> dict[str, Any] | None:  # noqa: ANN401 - a boto3 client
    """Find the run that an interrupted `up` started: still running, or ended well with nobody to note it."""
    own = _started_by(props)
    for task in _tasks(ecs, props, "RUNNING"):
        if task.get("startedBy") == own:
            return task
    for task in _tasks(ecs, props, "STOPPED"):  # ECS tells of stopped tasks for an hour
        codes = [container.get("exitCode") for container in task["containers"]]
        if task.get("startedBy") == own and codes == [0]:
            return task
    return None


def _await_others(ecs: Any, props: Mapping[str, Any], limit: float) -> None:  # noqa: ANN401 - a boto3 client
    others: list[dict[str, Any]] = []
    for gone in looks(limit):
        others = _tasks(ecs, props, "RUNNING")
        if not others:
            return
        if gone < 1:
            _say(f"{props['system']}: waiting for another migration, {others[0]['taskArn']}")
    raise MigrationError(
        f"another migration of {props['system']} still runs after {limit:.0f} seconds: {others[0]['taskArn']}. "
        "Stop it, or wait for it, and run up again"
    )


def _start(ecs: Any, props: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a boto3 client
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
    _say(f"{props['system']}: migrating to {_short(props['digest'])} in {answer['tasks'][0]['taskArn']}")
    return dict(answer["tasks"][0])


def _await_end(
    ecs: Any,  # noqa: ANN401 - a boto3 client
    props: Mapping[str, Any],
    arn: str,
    limit: float,
) -> dict[str, Any]:
    """Wait for STOPPED: a short task may go from PENDING to STOPPED without ever being seen RUNNING."""
    for _ in looks(limit):
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


def _snapshot(rds: Any, props: Mapping[str, Any], limit: float) -> None:  # noqa: ANN401 - a boto3 client
    """Take a snapshot of the database, wait for it, and let the oldest of its kind go."""
    instance = props["database"]
    name = f"{instance}-before-{_started_by(props)[-12:]}"
    existing = rds.describe_db_snapshots(DBInstanceIdentifier=instance, SnapshotType="manual")["DBSnapshots"]
    if name not in {snapshot["DBSnapshotIdentifier"] for snapshot in existing}:
        _say(f"{props['system']}: taking the snapshot {name}")
        rds.create_db_snapshot(
            DBInstanceIdentifier=instance,
            DBSnapshotIdentifier=name,
            Tags=[{"Key": key, "Value": value} for key, value in {**props["tags"], _SNAPSHOT_TAG: "true"}.items()],
        )
    for _ in looks(limit):
        taken = rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]
        if taken["Status"] == "available":
            break
        if taken["Status"] == "failed":
            raise MigrationError(f"the snapshot {name} failed. Nothing was migrated; look at RDS and run up again")
    else:
        raise MigrationError(
            f"the snapshot {name} isn't there after {limit:.0f} seconds. Nothing was migrated; run up again"
        )
    ours = [
        snapshot
        for snapshot in rds.describe_db_snapshots(DBInstanceIdentifier=instance, SnapshotType="manual")["DBSnapshots"]
        if any(tag["Key"] == _SNAPSHOT_TAG for tag in snapshot.get("TagList", ()))
    ]
    ours.sort(key=lambda snapshot: str(snapshot.get("SnapshotCreateTime")), reverse=True)
    for snapshot in ours[_SNAPSHOTS_KEPT:]:
        rds.delete_db_snapshot(DBSnapshotIdentifier=snapshot["DBSnapshotIdentifier"])


def _short(digest: str) -> str:
    return digest[:19]


def _say(text: str) -> None:
    """Tell the person who watches: the engine shows what a provider prints."""
    print(text, flush=True)
