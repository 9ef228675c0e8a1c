"""`run`: a command in a task of its own, beside a service."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from components.compute.stopped_task import stop_reason
from components.core.inert import inert
from components.core.polling import poll
from operations.account import services
from operations.account.account import Account
from operations.account.revisions import Revision
from operations.commands import target
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow
from operations.state.stack import Stack

#: Who started a task, as ECS tells it.
_STARTED_BY = "operations/run"
#: How often, and with which pause in seconds, lines are waited for that CloudWatch takes in after a task has ended.
_LATE_POLLS, _LATE_PAUSE = 3, 1.0


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs.

    Whoever may run a task reads every secret that it is given: its command is theirs. No policy can tell one command
    from another.
    """
    ecs = scope.in_ecs("task")
    return [
        *services.description_permissions(scope),
        allow("ecs:RunTask", scope.task_definitions, scope.in_cluster, sid="RunTaskReadsEverySecretOfItsTask"),
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html
        allow("ecs:TagResource", ecs, {"StringEquals": {"ecs:CreateAction": "RunTask"}}),
        pass_task_roles(scope),
        allow("ecs:DescribeTasks ecs:StopTask", ecs, scope.in_cluster),
        allow("logs:GetLogEvents", scope.log_groups),
    ]


def pass_task_roles(scope: Scope) -> Statement:
    """Return the statement that lets tasks have the stack's own roles, and nothing else have them.

    Each by its ARN, since a role's tags don't count here:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    return allow("iam:PassRole", scope.resources.task_roles, to_tasks)


def main(options: argparse.Namespace) -> int:
    """Run a command in a task of its own, from the very revision that a service runs, and wait for its end.

    Returns:
        The command's exit code.

    Raises:
        OperationError: the task didn't start, or ended without an exit code.
    """
    if not options.command_line:
        raise OperationError("say what to run: python -m operations run aprendeai-api -- npx prisma migrate status")
    environment = {}
    for item in options.env:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise OperationError(f"--env {item!r}: give NAME=VALUE")
        environment[key] = value
    account, stack, service, revision = target.service(options)
    ecs = account.client("ecs")
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
                    "command": options.command_line,
                    "environment": [{"name": key, "value": value} for key, value in environment.items()],
                }
            ]
        },
    )
    if not answer["tasks"]:
        reasons = ", ".join(str(failure.get("reason")) for failure in answer["failures"]) or "no reason given"
        raise OperationError(f"ECS didn't start the task: {reasons}")
    arn = str(answer["tasks"][0]["taskArn"])
    try:
        task = _follow(account, stack, revision, arn)
    except KeyboardInterrupt:
        ecs.stop_task(cluster=stack.cluster, task=arn, reason="interrupted by the person who ran it")
        raise
    own: Mapping[str, Any] = next((c for c in task["containers"] if c["name"] == revision.container), {})
    if own.get("exitCode") is None:
        raise OperationError(
            f"the task {arn} ended without running the command: {stop_reason(task, revision.container)}"
        )
    return int(own["exitCode"])


def _follow(account: Account, stack: Stack, revision: Revision, arn: str) -> dict[str, Any]:
    """Print a task's log lines until it has stopped; return how ECS describes it then."""
    ecs = account.client("ecs")
    log = _LogStream(account.client("logs"), revision.log_group, revision.log_stream(arn))
    for _ in poll(float("inf")):
        found = ecs.describe_tasks(cluster=stack.cluster, tasks=[arn])["tasks"]
        if not found:
            raise OperationError(f"ECS knows nothing of the task {arn} any more")
        log.print_new()
        if found[0]["lastStatus"] == "STOPPED":
            break
    for _ in range(_LATE_POLLS):
        if log.print_new() or not _ran(found[0]):
            break
        time.sleep(_LATE_PAUSE)
    return dict(found[0])


def _ran(task: Mapping[str, Any]) -> bool:
    return any(container.get("exitCode") is not None for container in task["containers"])


class _LogStream:
    """The lines of one log stream, each printed once."""

    def __init__(self, logs: Any, group: str, stream: str) -> None:  # noqa: ANN401 - a boto3 client
        """Name the stream, which needn't be there yet."""
        self._logs, self._group, self._stream = logs, group, stream
        self._token: str | None = None
        self._printed = False

    def print_new(self) -> bool:
        """Print what is new; tell whether any line was printed so far."""
        while True:
            more = {"nextToken": self._token} if self._token else {}
            try:
                page = self._logs.get_log_events(
                    logGroupName=self._group, logStreamName=self._stream, startFromHead=True, **more
                )
            except self._logs.exceptions.ResourceNotFoundException:
                return self._printed
            for event in page["events"]:
                print(inert(str(event["message"]).rstrip("\n")), flush=True)
                self._printed = True
            # The end is where the token stays the same:
            # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
            if page["nextForwardToken"] == self._token:
                return self._printed
            self._token = page["nextForwardToken"]
