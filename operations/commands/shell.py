"""`shell`: a shell in one of a service's tasks."""

import argparse
import shutil
import subprocess

from operations.commands import target
from operations.errors import OperationError


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
