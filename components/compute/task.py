"""A task definition with its roles and its log: what a service runs, and what a one-off command runs."""

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.compute.container import Container, HealthCheck, container_definition
from components.core.checks import check_between
from components.core.iam import allow, document, read_secrets, trust, write_log
from components.core.placement import Placement
from components.observability.log_group import LogGroup, LogGroupArgs

#: The longest that Fargate waits between SIGTERM and SIGKILL, in seconds.
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
LONGEST_STOP_TIMEOUT = 120


@dataclass(frozen=True, kw_only=True)
class TaskArgs:
    """What a task definition needs."""

    family: str
    """Name of the task definition, the same for all its revisions."""
    container: Container
    """What it runs; the execution role may pull from the repository of its image."""
    log_group_name: str
    """Physical name of the task's log group."""
    placement: Placement
    """Where it runs."""
    health_check: HealthCheck | None = None
    """How ECS tells that it is healthy; none for a one-off task."""
    stop_timeout: int = 30
    """Seconds between SIGTERM and SIGKILL, 2 to 120."""

    def __post_init__(self) -> None:
        """Refuse what Fargate refuses, before anything is created.

        Raises:
            ValueError: naming the value, what is allowed and the way out.
        """
        check_between(
            "TaskArgs.stop_timeout", self.stop_timeout, 2, LONGEST_STOP_TIMEOUT, "split longer work into smaller pieces"
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
        tags = {"Component": "task", **args.placement.tags}
        self.container_name = args.container.name

        log = LogGroup(
            f"{name}-log",
            LogGroupArgs(
                log_group_name=args.log_group_name,
                retention_days=args.placement.log_retention_days,
                kms_key_arn=args.placement.kms_key_arn,
                tags=tags,
            ),
            child,
        )
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
        assumed_by_tasks = json.dumps(
            trust("ecs-tasks.amazonaws.com", args.placement.account_id, args.placement.arn("ecs", "*"))
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
            policy=pulumi.Output.json_dumps(_execution_policy(args.container, args.placement, log.arn)),
            opts=child,
        )
        task_role = aws.iam.Role(
            f"{name}-task",
            description=f"What the code of {args.family} may do in AWS",
            assume_role_policy=assumed_by_tasks,
            tags=tags,
            opts=child,
        )
        if args.container.execute_command:
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html (ECS Exec permissions)
            aws.iam.RolePolicy(
                f"{name}-exec",
                role=task_role.name,
                policy=pulumi.Output.json_dumps(_exec_policy(args.placement.kms_key_arn)),
                opts=child,
            )
        definition = aws.ecs.TaskDefinition(
            f"{name}-definition",
            family=args.family,
            cpu=str(args.container.size.cpu),
            memory=str(args.container.size.memory),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": args.container.image.architecture.value,
            },
            execution_role_arn=execution.arn,
            task_role_arn=task_role.arn,
            container_definitions=pulumi.Output.json_dumps(
                [
                    container_definition(
                        args.container,
                        health_check=args.health_check,
                        stop_timeout=args.stop_timeout,
                        log_group_name=log.log_group_name,
                        region=args.placement.region,
                    )
                ]
            ),
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


def _execution_policy(container: Container, placement: Placement, log_arn: pulumi.Output[str]) -> dict[str, Any]:
    return document(
        # This action takes no resource:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
        allow("ecr:GetAuthorizationToken", "*", sid="Login"),
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            container.image.repository_arn,
            sid="Pull",
        ),
        write_log(log_arn),
        *read_secrets(
            [variable.arn for variable in container.secrets.values()],
            placement.kms_key_arn,
            placement.region,
        ),
    )


def _exec_policy(kms_key_arn: pulumi.Input[str]) -> dict[str, Any]:
    # The actions of ssmmessages take no resource:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmessagegatewayservice.html
    channels = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"]
    return document(
        allow([f"ssmmessages:{action}" for action in channels], "*", sid="OpenSession"),
        allow("kms:Decrypt", kms_key_arn, sid="EncryptSession"),
    )
