"""What a release runs once before its services: the database migration, as a task of its own."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.connection import allow
from components.naming import Tags, component_tags
from components.service import Store
from components.task import Task, TaskArgs


@dataclass(frozen=True, kw_only=True)
class MigrationArgs:
    """What a migration needs."""

    task: TaskArgs
    """What it runs, from the release's own image; its command is the migration."""
    vpc_id: pulumi.Input[str]
    """The network that it runs in."""
    database: Store
    """The database that it changes."""
    tags: Tags
    """Tags of every child."""

    def __post_init__(self) -> None:
        """Refuse a migration that wouldn't do anything.

        Raises:
            ValueError: when the task has no command.
        """
        if not self.task.command:
            raise ValueError("task.command is empty: give the command that migrates the database")


class Migration(pulumi.ComponentResource):
    """The task definition of a release's migration, with a security group that reaches only the database and HTTPS.

    Guarantees: it runs the very image that the services of the release run, with no more secrets than it names.
    It is defined here and started by hand (`docs/deploy.md`): nothing runs it by itself yet.
    """

    task_definition_arn: pulumi.Output[str]
    """The revision to run."""
    security_group_id: pulumi.Output[str]
    """The group that its task needs."""

    def __init__(self, name: str, args: MigrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Migration", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.tags, "migration")

        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            description=f"Migration task {args.task.family}",
            vpc_id=args.vpc_id,
            tags={**tags, "Name": args.task.family},
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="HTTPS to AWS: image, secrets, log",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            tags=tags,
            opts=child,
        )
        allow(
            f"{name}-database",
            source_security_group_id=group.id,
            target_security_group_id=args.database.security_group_id,
            port=args.database.port,
            description=f"{args.task.family} to the database",
            tags=tags,
            opts=child,
        )
        task = Task(name, args.task, child)

        self.task_definition_arn = task.task_definition_arn
        self.security_group_id = group.id
        self.register_outputs(
            {"task_definition_arn": self.task_definition_arn, "security_group_id": self.security_group_id}
        )
