"""`run` and `shell`: a command beside a service, and a shell in one of its tasks."""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from components.compute.stopped_task import looks, reason
from operations import revisions, services
from operations.account import Account
from operations.errors import OperationError
from operations.revisions import Revision
from operations.stack import Stack, System

#: Who started a task, as ECS tells it.
_STARTED_BY = "operations/run"
#: How often, and with which pause in seconds, lines are waited for that CloudWatch takes in after a task has ended.
_LATE_LOOKS, _LATE_PAUSE = 3, 1.0


def run(
    account: Account,
    stack: Stack,
    system: System,
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
) -> int:
    """Run a command in a task of its own, from the very revision that a service runs, and wait for its end.

    Args:
        account: the account that the stack is in.
        stack: the stack.
        system: the service's system.
        name: the service, by its name in the system.
        command: what to run in place of the service's command.
        environment: plain variables beside the service's own.
        say: what takes the task's log lines.

    Returns:
        The command's exit code.

    Raises:
        OperationError: the task didn't start, or ended without an exit code.
    """
    ecs = account.client("ecs")
    service = services.described_one(account, stack, system, name)
    revision = revisions.describe(ecs, service["taskDefinition"])
    answer = ecs.run_task(
        cluster=stack.cluster,
        taskDefinition=revision.arn,
        # On demand, whatever the service runs on: Spot would take the task away in the middle of the command.
        launchType="FARGATE",
        count=1,
        startedBy=_STARTED_BY,
        propagateTags="TASK_DEFINITION",
        networkConfiguration=service["networkConfiguration"],
        overrides={
            "containerOverrides": [
                {
                    "name": revision.container,
                    "command": list(command),
                    "environment": [{"name": key, "value": value} for key, value in (environment or {}).items()],
                }
            ]
        },
    )
    if not answer["tasks"]:
        reasons = ", ".join(str(failure.get("reason")) for failure in answer["failures"]) or "no reason given"
        raise OperationError(f"ECS didn't start the task: {reasons}")
    arn = str(answer["tasks"][0]["taskArn"])
    try:
        task = _follow(account, stack, revision, arn, say)
    except KeyboardInterrupt:
        ecs.stop_task(cluster=stack.cluster, task=arn, reason="interrupted by the person who ran it")
        raise
    own: Mapping[str, Any] = next((c for c in task["containers"] if c["name"] == revision.container), {})
    if own.get("exitCode") is None:
        raise OperationError(f"the task {arn} ended without running the command: {reason(task, revision.container)}")
    return int(own["exitCode"])


def _follow(account: Account, stack: Stack, revision: Revision, arn: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Hand on a task's log lines until it has stopped; return how ECS describes it then."""
    ecs = account.client("ecs")
    lines = Lines(account.client("logs"), revision.log_group, revision.log_stream(arn))
    for _ in looks(float("inf")):
        found = ecs.describe_tasks(cluster=stack.cluster, tasks=[arn])["tasks"]
        if not found:
            raise OperationError(f"ECS knows nothing of the task {arn} any more")
        lines.hand_on(say)
        if found[0]["lastStatus"] == "STOPPED":
            break
    for _ in range(_LATE_LOOKS):
        if lines.hand_on(say) or not _ran(found[0]):
            break
        time.sleep(_LATE_PAUSE)
    return dict(found[0])


def _ran(task: Mapping[str, Any]) -> bool:
    return any(container.get("exitCode") is not None for container in task["containers"])


class Lines:
    """The lines of one log stream, each told once."""

    def __init__(self, logs: Any, group: str, stream: str) -> None:  # noqa: ANN401 - a boto3 client
        """Take the stream, which needn't be there yet."""
        self._logs, self._group, self._stream = logs, group, stream
        self._token: str | None = None
        self.told = 0

    def hand_on(self, say: Callable[[str], None]) -> bool:
        """Hand on what is new; tell whether any line was handed on so far."""
        while True:
            more = {"nextToken": self._token} if self._token else {}
            try:
                page = self._logs.get_log_events(
                    logGroupName=self._group, logStreamName=self._stream, startFromHead=True, **more
                )
            except ClientError as error:
                if error.response["Error"]["Code"] == "ResourceNotFoundException":
                    return self.told > 0
                raise
            for event in page["events"]:
                say(str(event["message"]).rstrip("\n"))
                self.told += 1
            # The end is where the token stays the same:
            # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
            if page["nextForwardToken"] == self._token:
                return self.told > 0
            self._token = page["nextForwardToken"]


def shell(account: Account, stack: Stack, system: System, name: str, command: str) -> int:
    """Open a shell in one of a service's tasks; return its exit code.

    Raises:
        OperationError: ECS Exec is off, no task runs, or a tool is missing.
    """
    ecs = account.client("ecs")
    service = services.described_one(account, stack, system, name)
    physical = service["serviceName"]
    if not service.get("enableExecuteCommand"):
        raise OperationError(
            f"{physical} takes no shell: ECS Exec is off in stack {stack.name!r}, since it needs a root file system "
            "that can be written to. Run a command beside it: python -m operations run "
            f"{physical} --stack {stack.name} -- <command>; or turn it on: execute_command=True in the stack's profile "
            "(stacks/), and up"
        )
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
    revision = revisions.describe(ecs, service["taskDefinition"])
    return subprocess.call(
        [
            *("aws", "ecs", "execute-command", "--region", account.region, "--cluster", stack.cluster),
            *("--task", sorted(arns)[0], "--container", revision.container, "--interactive", "--command", command),
        ]
    )
