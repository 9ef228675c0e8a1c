"""A task definition with its roles and its log: what a service runs, and what a one-off command runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.compute.fargate import TaskSize
from components.compute.release_image import ReleaseImage
from components.core.iam import allow, arn, document, read_secrets, trust, write_log
from components.core.naming import Tags, component_tags
from components.observability.log_group import LogGroup, LogGroupArgs

#: The longest that Fargate waits between SIGTERM and SIGKILL, in seconds.
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
LONGEST_STOP_TIMEOUT = 120

#: What a variable's name must not hold when its value stands in plain text in a task definition (ECS.8).
_SECRET_WORDS = ("PASSWORD", "PASS", "SECRET", "TOKEN", "SALT", "PRIVATE_KEY", "API_KEY", "DSN", "CREDENTIAL")


@dataclass(frozen=True, kw_only=True)
class SecretVariable:
    """A variable whose value ECS reads from Secrets Manager when a task starts."""

    arn: pulumi.Input[str]
    """The secret, which the execution role may read."""
    value_from: pulumi.Input[str]
    """The secret with its version, `<arn>:::<version-id>`, so that another value is another revision."""


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """How ECS tells that a container is well; times in seconds."""

    command: Sequence[str]
    """What runs inside the container, first word `CMD` or `CMD-SHELL`; 0 means well."""
    start_period: int = 60
    """How long failures don't count after the start, 0 to 300; fits the boot."""

    def __post_init__(self) -> None:
        """Refuse what ECS refuses.

        Raises:
            ValueError: naming the value and its range.
        """
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
        if not 0 <= self.start_period <= 300:
            raise ValueError(f"start_period={self.start_period}: a container health check's start_period is 0 to 300")
        if not self.command or self.command[0] not in ("CMD", "CMD-SHELL"):
            raise ValueError(f"command={list(self.command)}: a health check's command begins with CMD or CMD-SHELL")


def process_lives(pattern: str) -> str:
    """Return a shell command that succeeds while a process other than the init process has a command line that fits.

    The init process is PID 1 and has the whole command in its own arguments, whether the command lives or not.

    Args:
        pattern: a basic regular expression that doesn't fit itself, such as `[n]ode`.
    """
    return f"grep -aqs '{pattern}' /proc/[2-9]*/cmdline /proc/1[0-9]*/cmdline"


@dataclass(frozen=True, kw_only=True)
class TaskArgs:
    """What a task definition needs."""

    family: str
    """Name of the task definition, the same for all its revisions."""
    container_name: str
    """Name of its one container and of the port on it."""
    image: ReleaseImage
    """What it runs; the execution role may pull from its repository."""
    size: TaskSize
    """CPU and memory."""
    log_group_name: str
    """Physical name of the task's log group."""
    log_retention_days: int
    """How long its lines are kept."""
    kms_key_arn: pulumi.Input[str]
    """The key of its log and its secrets."""
    region: str
    """Where it runs."""
    account_id: str
    """Whose tasks may assume its roles."""
    tags: Tags
    """Tags of every child."""
    command: Sequence[str] = ()
    """Replaces the image's own command."""
    port: int | None = None
    """Where it listens, if it does."""
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Plain variables."""
    secrets: Mapping[str, SecretVariable] = field(default_factory=dict)
    """Variables from Secrets Manager."""
    health_check: HealthCheck | None = None
    """How ECS tells that it is well; none for a one-off task."""
    user: str = "1000:1000"
    """Numeric `uid` or `uid:gid`; never root."""
    writable_paths: Sequence[str] = ("/tmp",)
    """Where it may write, in memory; the rest of its file system is read-only."""
    writable_mib: int = 128
    """How much each of those paths holds at most; counts as the task's memory."""
    stop_timeout: int = 30
    """Seconds between SIGTERM and SIGKILL, 2 to 120."""
    execute_command: bool = False
    """Whether ECS Exec may open a shell in it (needs a writable root file system)."""

    def __post_init__(self) -> None:
        """Refuse what ECS or our standard refuses, before anything is created.

        Raises:
            ValueError: naming the value, what is allowed and the way out.
        """
        if not 2 <= self.stop_timeout <= LONGEST_STOP_TIMEOUT:
            raise ValueError(
                f"stop_timeout={self.stop_timeout}: Fargate waits 2 to {LONGEST_STOP_TIMEOUT} seconds between SIGTERM "
                "and SIGKILL; split longer work into smaller pieces"
            )
        if self.user.split(":")[0] in ("0", "root", ""):
            raise ValueError(
                f"user={self.user!r}: containers don't run as root; give the numeric user of the image, such as 1000"
            )
        if both := sorted(self.environment.keys() & self.secrets.keys()):
            raise ValueError(f"environment and secrets both hold {', '.join(both)}: a variable has one value")
        for variable in self.environment:
            if any(word in variable.upper() for word in _SECRET_WORDS):
                raise ValueError(
                    f"environment holds {variable}, whose name says that it is a secret: plain variables stand in the "
                    "task definition for everyone to read; give it in secrets"
                )


class Task(pulumi.ComponentResource):
    """A Fargate task definition with one container, an execution role, a task role and a log group.

    Guarantees: the root file system is read-only but for the declared paths (ECS.5), the user isn't root (ECS.20),
    no capability is kept (ECS.4), the execution role pulls its one repository, writes its one log group and reads
    exactly its own secrets, the task role can do nothing, and no value of a secret stands in the definition (ECS.8).
    """

    task_definition_arn: pulumi.Output[str]
    """ARN of this revision of the task definition."""
    container_name: str
    """Name of the container inside the task."""
    log_group_name: pulumi.Output[str]
    """Name of the log group."""

    def __init__(self, name: str, args: TaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Task", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.tags, args.tags.get("Component", "task"))
        self.container_name = args.container_name

        log = LogGroup(
            f"{name}-log",
            LogGroupArgs(
                log_group_name=args.log_group_name,
                retention_days=args.log_retention_days,
                kms_key_arn=args.kms_key_arn,
                tags=tags,
            ),
            child,
        )
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        assumed_by_tasks = json.dumps(
            trust("ecs-tasks.amazonaws.com", args.account_id, arn("ecs", args.region, args.account_id, "*"))
        )
        execution = aws.iam.Role(
            f"{name}-execution",
            description=f"Starts tasks of {args.family}: pulls its image, reads its secrets, writes its log",
            assume_role_policy=assumed_by_tasks,
            tags=tags,
            opts=child,
        )
        permissions = aws.iam.RolePolicy(
            f"{name}-execution",
            role=execution.name,
            policy=pulumi.Output.json_dumps(_execution_policy(args, log.arn)),
            opts=child,
        )
        task_role = aws.iam.Role(
            f"{name}-task",
            description=f"What the code of {args.family} may do in AWS",
            assume_role_policy=assumed_by_tasks,
            tags=tags,
            opts=child,
        )
        if args.execute_command:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html (ECS Exec permissions)
            aws.iam.RolePolicy(
                f"{name}-exec",
                role=task_role.name,
                policy=pulumi.Output.json_dumps(_exec_policy(args.kms_key_arn)),
                opts=child,
            )
        definition = aws.ecs.TaskDefinition(
            f"{name}-definition",
            family=args.family,
            cpu=str(args.size.cpu),
            memory=str(args.size.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform={"operating_system_family": "LINUX", "cpu_architecture": args.image.architecture.value},
            execution_role_arn=execution.arn,
            task_role_arn=task_role.arn,
            container_definitions=_container_definitions(args, log.log_group_name),
            # A replaced revision stays registered: going back to it needs it.
            skip_destroy=True,
            tags=tags,
            opts=pulumi.ResourceOptions.merge(
                # A task started before its execution role can read the secrets fails, so the policy comes first.
                pulumi.ResourceOptions(depends_on=[permissions]),
                child,
            ),
        )

        self.task_definition_arn = definition.arn
        self.log_group_name = log.log_group_name
        self.register_outputs({"task_definition_arn": self.task_definition_arn, "log_group_name": self.log_group_name})


def _execution_policy(args: TaskArgs, log_arn: pulumi.Output[str]) -> dict[str, Any]:
    return document(
        # This action takes no resource:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        allow("ecr:GetAuthorizationToken", "*", sid="Login"),
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            args.image.repository_arn,
            sid="Pull",
        ),
        write_log(log_arn),
        *read_secrets([variable.arn for variable in args.secrets.values()], args.kms_key_arn, args.region),
    )


def _exec_policy(kms_key_arn: pulumi.Input[str]) -> dict[str, Any]:
    # The actions of ssmmessages take no resource:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagegatewayservice.html
    channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    return document(
        allow([f"ssmmessages:{action}" for action in channels], "*", sid="OpenSession"),
        allow("kms:Decrypt", kms_key_arn, sid="EncryptSession"),
    )


def _container_definitions(args: TaskArgs, log_group_name: pulumi.Output[str]) -> pulumi.Output[str]:
    container: dict[str, Any] = {
        "name": args.container_name,
        "image": args.image.url,
        "essential": True,
        "user": args.user,
        "readonlyRootFilesystem": not args.execute_command,
        "stopTimeout": args.stop_timeout,
        # Sorted, so that the order in which a program names its variables is no change.
        "environment": [{"name": key, "value": args.environment[key]} for key in sorted(args.environment)],
        "secrets": [{"name": key, "valueFrom": args.secrets[key].value_from} for key in sorted(args.secrets)],
        "linuxParameters": {
            # A process of its own as PID 1 reaps children and passes SIGTERM on.
            "initProcessEnabled": True,
            "capabilities": {"drop": ["ALL"]},
            # An empty bind mount belongs to root, so that a user that isn't root couldn't write there. Fargate mounts
            # tmpfs since January 2026, and that anyone may write to:
            # https://aws.amazon.com/about-aws/whats-new/2026/01/amazon-ecs-tmpfs-mounts-aws-fargate-managed-instances/
            "tmpfs": [
                {"containerPath": path, "size": args.writable_mib, "mountOptions": ["rw", "nosuid", "nodev"]}
                for path in args.writable_paths
            ],
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group_name,
                "awslogs-region": args.region,
                "awslogs-stream-prefix": "task",
                # A log that can't be delivered must not stop the application:
                # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
                "mode": "non-blocking",
                "max-buffer-size": "25m",
            },
        },
        "mountPoints": [],
        "volumesFrom": [],
        "systemControls": [],
    }
    if args.command:
        container["command"] = list(args.command)
    if args.port is not None:
        # The name is how Service Connect refers to the port.
        container["portMappings"] = [
            {
                "name": args.container_name,
                "containerPort": args.port,
                "hostPort": args.port,
                "protocol": "tcp",
                "appProtocol": "http",
            }
        ]
    else:
        container["portMappings"] = []
    if args.health_check is not None:
        container["healthCheck"] = {
            "command": list(args.health_check.command),
            "interval": 15,
            "timeout": 5,
            "retries": 4,
            "startPeriod": args.health_check.start_period,
        }
    return pulumi.Output.json_dumps([container])
