"""`shell`: a shell in one of a service's tasks."""

import argparse
import shutil
import subprocess

from operations.account import services
from operations.commands import target
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs. Not `ssm:StartSession`: it opens a shell that ECS keeps no log of.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
    """
    cluster, tasks = scope.resources.cluster, scope.in_ecs("task")
    return [
        *services.description_permissions(scope),
        *task_list_permissions(scope),
        allow("ecs:ExecuteCommand", (cluster, tasks), sid="ExecuteCommandReadsEverySecretOfTheTask"),
        # Session Manager's plugin encrypts the session with the cluster's key:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-restrict-access-quickstart.html
        allow("kms:GenerateDataKey", (scope.resources.key,) if scope.resources.key else ()),
    ]


def task_list_permissions(scope: Scope) -> list[Statement]:
    """Return what it takes to list a cluster's tasks.

    The only resource that the action takes is a container instance, which Fargate has none of: without one every
    resource is asked for, and the cluster is the condition.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
    """
    return [allow("ecs:ListTasks", condition=scope.in_cluster)]


def main(options: argparse.Namespace) -> int:
    """Open the shell; return its exit code.

    Raises:
        OperationError: ECS Exec is off, no task runs, or a tool is missing.
    """
    account, stack, service, revision = target.service(options)
    physical = service["serviceName"]
    if not service.get("enableExecuteCommand"):
        raise OperationError(
            f"{physical} takes no shell: ECS Exec is off in stack {stack.name!r}, since it needs a root file system "
            "that can be written to. Run a command beside it: python -m operations run "
            f"{physical} --stack {stack.name} -- <command>; or turn it on: execute_command=True in the stack's profile "
            "(stacks/), and up"
        )
    ecs = account.client("ecs")
    arns = ecs.list_tasks(cluster=stack.cluster, serviceName=physical, desiredStatus="RUNNING")["taskArns"]
    if not arns:
        raise OperationError(f"no task of {physical} runs")
    # ECS Exec goes through the CLI and its plugin:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html
    for tool in ("aws", "session-manager-plugin"):
        if shutil.which(tool) is None:
            raise OperationError(
                f"there is no {tool!r} on the PATH, which ECS Exec needs: "
                "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html"
            )
    where = ("--region", account.region, "--cluster", stack.cluster, "--task", sorted(arns)[0])
    what = ("--container", revision.container, "--interactive", "--command", options.command)
    return subprocess.call(["aws", "ecs", "execute-command", *where, *what])
