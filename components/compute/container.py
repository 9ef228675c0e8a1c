"""A container as a task definition describes it: its image, its variables, its health, and what it may write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.compute.fargate import TaskSize
from components.compute.release_image import ReleaseImage
from components.core.checks import InvalidValue, check_between

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
    """How ECS tells that a container is healthy."""

    command: Sequence[str]
    """What runs inside the container, first word `CMD` or `CMD-SHELL`; exit code 0 means healthy."""
    start_period: int = 60
    """Seconds after the start in which failures don't count, 0 to 300: as long as the application takes to start."""

    def __post_init__(self) -> None:
        """Refuse what ECS refuses.

        Raises:
            ValueError: naming the value and its range.
        """
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
        check_between("HealthCheck.start_period", self.start_period, 0, 300, "give the seconds that a start takes")
        if not self.command or self.command[0] not in ("CMD", "CMD-SHELL"):
            raise InvalidValue(
                "HealthCheck.command", list(self.command), "a command after CMD or CMD-SHELL", "begin with one of them"
            )


def process_lives(pattern: str) -> str:
    """Return a shell command that succeeds while a process other than the init process has a command line that fits.

    The init process is PID 1 and has the whole command in its own arguments, whether the command lives or not.

    Args:
        pattern: a basic regular expression that doesn't fit itself, such as `[n]ode`.
    """
    return f"grep -aqs '{pattern}' /proc/[2-9]*/cmdline /proc/1[0-9]*/cmdline"


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a task runs."""

    name: str
    """Name of the container, and of the port on it."""
    image: ReleaseImage
    """Its image."""
    size: TaskSize
    """CPU and memory of the task, which has no other container."""
    command: Sequence[str] = ()
    """Replaces the image's own command."""
    port: int | None = None
    """Where it listens, if it does."""
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Plain variables."""
    secrets: Mapping[str, SecretVariable] = field(default_factory=dict)
    """Variables from Secrets Manager."""
    user: str = "1000:1000"
    """Numeric `uid` or `uid:gid`; never root."""
    writable_paths: Sequence[str] = ("/tmp",)
    """Where it may write, in memory; the rest of its file system is read-only."""
    writable_mib: int = 128
    """How much each of those paths holds at most; counts as the task's memory."""
    execute_command: bool = False
    """Whether ECS Exec may open a shell in it (needs a writable root file system)."""

    def __post_init__(self) -> None:
        """Refuse what our standard refuses, before anything is created.

        Raises:
            ValueError: naming the value, what is allowed and the way out.
        """
        if self.user.split(":")[0] in ("0", "root", ""):
            raise InvalidValue(
                "Container.user", self.user, "any user but root", "give the numeric user of the image, such as 1000"
            )
        if both := sorted(self.environment.keys() & self.secrets.keys()):
            raise InvalidValue("Container.environment", both, "variables that secrets doesn't have", "give each once")
        for variable in self.environment:
            if any(word in variable.upper() for word in _SECRET_WORDS):
                raise InvalidValue(
                    "Container.environment",
                    variable,
                    "variables whose names don't say that they are secrets: everyone may read a task definition",
                    "give it in secrets",
                )


def container_definition(
    container: Container,
    *,
    health_check: HealthCheck | None,
    stop_timeout: int,
    log_group_name: pulumi.Input[str],
    region: str,
) -> dict[str, Any]:
    """Return a container as a task definition holds it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html

    Args:
        container: the container.
        health_check: how ECS tells that it is healthy; None for a one-off task.
        stop_timeout: seconds between SIGTERM and SIGKILL.
        log_group_name: where its log goes.
        region: where the log group is.
    """
    definition: dict[str, Any] = {
        "name": container.name,
        "image": container.image.url,
        "essential": True,
        "user": container.user,
        "readonlyRootFilesystem": not container.execute_command,
        "stopTimeout": stop_timeout,
        # Sorted, so that the order in which a program names its variables is no change.
        "environment": [{"name": key, "value": container.environment[key]} for key in sorted(container.environment)],
        "secrets": [{"name": key, "valueFrom": container.secrets[key].value_from} for key in sorted(container.secrets)],
        "linuxParameters": {
            # A process of its own as PID 1 reaps children and passes SIGTERM on.
            "initProcessEnabled": True,
            "capabilities": {"drop": ["ALL"]},
            # An empty bind mount belongs to root, so that a user that isn't root couldn't write there. Fargate mounts
            # tmpfs since January 2026, and that anyone may write to:
            # https://aws.amazon.com/about-aws/whats-new/2026/01/amazon-ecs-tmpfs-mounts-aws-fargate-managed-instances/
            "tmpfs": [
                {"containerPath": path, "size": container.writable_mib, "mountOptions": ["rw", "nosuid", "nodev"]}
                for path in container.writable_paths
            ],
        },
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": log_group_name,
                "awslogs-region": region,
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
    if container.command:
        definition["command"] = list(container.command)
    if container.port is not None:
        # The name is how Service Connect refers to the port.
        definition["portMappings"] = [
            {
                "name": container.name,
                "containerPort": container.port,
                "hostPort": container.port,
                "protocol": "tcp",
                "appProtocol": "http",
            }
        ]
    else:
        definition["portMappings"] = []
    if health_check is not None:
        definition["healthCheck"] = {
            "command": list(health_check.command),
            "interval": 15,
            "timeout": 5,
            "retries": 4,
            "startPeriod": health_check.start_period,
        }
    return definition
