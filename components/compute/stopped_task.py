"""Why a task stopped, and its last log lines."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from components.core.aws_clients import Client
from components.core.inert import inert

#: How many of a task's last log lines are shown.
_LINES = 50


def stop_reason(task: Mapping[str, Any], container: str) -> str:
    """Return why a task stopped, in a few words, from a `DescribeTasks` answer.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    found: Mapping[str, Any] = next((item for item in task.get("containers", ()) if item["name"] == container), {})
    parts = []
    if found.get("exitCode") is not None:
        parts.append(f"exit code {found['exitCode']}")
    parts.extend(str(text) for text in (found.get("reason"), task.get("stoppedReason")) if text)
    return inert(", ".join(dict.fromkeys(parts))) or "ECS gives no reason"


def last_log_lines(logs: Client, group: str, container: str, task_arn: str) -> list[str]:
    """Return a task's last log lines, oldest first and inert; none when it has written none.

    Args:
        logs: the boto3 client of CloudWatch Logs.
        group: the task's log group.
        container: the container's name.
        task_arn: the task.
    """
    # The log driver names streams prefix/container/task; the prefix is that of components/compute/task.py.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    stream = f"task/{container}/{task_arn.rsplit('/', 1)[-1]}"
    try:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=_LINES, startFromHead=False)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [inert(str(event["message"]).rstrip("\n")) for event in events["events"]]


def quote_log(lines: list[str]) -> str:
    """Return log lines as the end of an error message."""
    if not lines:
        return "It wrote no log lines."
    return "Its last log lines:\n" + "\n".join(f"    {line}" for line in lines)
