"""What a release runs once before its services: the database migration, as a task of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.compute.container import Container
from components.compute.task import Task, TaskArgs
from components.core.checks import InvalidValue
from components.core.endpoint import Endpoint
from components.core.naming import component_tags
from components.core.placement import Placement
from components.delivery.migration_run import MigrationRun, MigrationRunArgs
from components.network.client_security_group import client_security_group
from components.network.connection import Connection, ConnectionArgs


@dataclass(frozen=True, kw_only=True)
class MigrationArgs:
    """What a migration needs."""

    family: str
    """Name of its task definition."""
    container: Container
    """What it runs, from the release's own image, each of which is migrated once; its command is the migration."""
    log_group_name: str
    """Physical name of its log group."""
    placement: Placement
    """Where it runs."""
    cluster_name: pulumi.Input[str]
    """The cluster to run it on."""
    database: Endpoint
    """The database that it changes."""
    database_identifier: pulumi.Input[str]
    """The RDS instance that this is."""
    system: str
    """The system, for messages."""
    snapshot: bool
    """Whether a snapshot of the database is taken before."""
    enabled: bool = True
    """False leaves the migration out and goes on; it is run when this is true again."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be done before it may run: the database accepts its login."""

    def __post_init__(self) -> None:
        """Refuse a migration that wouldn't do anything.

        Raises:
            ValueError: when the container has no command.
        """
        if not self.container.command:
            raise InvalidValue(
                "MigrationArgs.container.command", [], "a command", "give the one that migrates the database"
            )


class Migration(pulumi.ComponentResource):
    """A release's migration: a task definition of its own, and its run before anything of the release changes.

    Guarantees: it runs the very image that the services of the release run, reaches only the database and HTTPS, reads
    no more secrets than it names, and has ended well when `run` is there.
    """

    task_definition_arn: pulumi.Output[str]
    """The revision that runs it."""
    security_group_id: pulumi.Output[str]
    """The group that its task has."""
    run: MigrationRun
    """Its run, for what has to wait for it."""

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Migration", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.placement.tags, "migration")

        group, rules = client_security_group(
            name, vpc_id=args.placement.vpc_id, title=args.family, stores={}, tags=tags, opts=child
        )
        database = Connection(
            f"{name}-database",
            ConnectionArgs(
                source_security_group_id=group.id,
                target=args.database,
                description=f"{args.family} to the database",
                tags=tags,
            ),
            child,
        )
        task = Task(
            name,
            TaskArgs(
                family=args.family,
                container=args.container,
                log_group_name=args.log_group_name,
                placement=args.placement,
            ),
            child,
        )
        self.run = MigrationRun(
            f"{name}-run",
            MigrationRunArgs(
                system=args.system,
                region=args.placement.region,
                digest=args.container.image.digest,
                family=args.family,
                task_definition_arn=task.task_definition_arn,
                container_name=args.container.name,
                log_group_name=task.log_group_name,
                cluster_name=args.cluster_name,
                subnet_ids=args.placement.private_subnet_ids,
                security_group_id=group.id,
                database_identifier=args.database_identifier,
                snapshot=args.snapshot,
                enabled=args.enabled,
                tags=tags,
            ),
            # A task that can reach neither registry nor database would only fail.
            pulumi.ResourceOptions(parent=self, depends_on=[*rules, database, *args.after]),
        )

        self.task_definition_arn = task.task_definition_arn
        self.security_group_id = group.id
        self.register_outputs(
            {"task_definition_arn": self.task_definition_arn, "security_group_id": self.security_group_id}
        )
