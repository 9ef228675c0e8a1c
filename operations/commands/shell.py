"""`shell`: a shell in one of a service's tasks."""

import argparse
import shutil
import subprocess

from operations.account import services
from operations.account.account import Account
from operations.commands import arguments
from operations.errors import OperationError
from operations.state.stack import Stack, System

HELP = "open a shell in a running task, where ECS Exec is on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    arguments.add_service(parser)
    parser.add_argument("--command", default="/bin/sh", help="what to start (default: /bin/sh)")


def main(options: argparse.Namespace) -> int:
    """Open the shell; return its exit code."""
    return shell(*arguments.account_and_service(options), options.command)


def shell(account: Account, stack: Stack, system: System, name: str, command: str) -> int:
    """Open a shell in one of a service's tasks; return its exit code.

    Raises:
        OperationError: ECS Exec is off, no task runs, or a tool is missing.
    """
    service, revision = services.describe(account, stack, system, name)
    physical = service["serviceName"]
    if not service.get("enableExecuteCommand"):
        raise OperationError(
            f"{physical} takes no shell: ECS Exec is off in stack {stack.name!r}, since it needs a root file system "
            "that can be written to. Run a command beside it: python -m operations run "
            f"{physical} --stack {stack.name} -- <command>; or turn it on: execute_command=True in the stack's profile "
            "(stacks/), and up"
        )
    arns = account.client("ecs").list_tasks(cluster=stack.cluster, serviceName=physical, desiredStatus="RUNNING")[
        "taskArns"
    ]
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
    return subprocess.call(
        [
            *("aws", "ecs", "execute-command", "--region", account.region, "--cluster", stack.cluster),
            *("--task", sorted(arns)[0], "--container", revision.container, "--interactive", "--command", command),
        ]
    )
