"""What ECS and CloudWatch tell of a task that ended: why it stopped, and what it said last."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

#: How many of a task's last log lines a person gets to see.
LINES = 50

#: Seconds between two looks, at first and at most: a short task is seen to end soon, a long one isn't asked often.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def reason(task: Mapping[str, Any], container: str) -> str:
    """Return in a few words why a task stopped, from a `DescribeTasks` answer.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
    """
    own: Mapping[str, Any] = next((item for item in task.get("containers", ()) if item["name"] == container), {})
    parts = []
    if own.get("exitCode") is not None:
        parts.append(f"exit code {own['exitCode']}")
    parts.extend(str(text) for text in (own.get("reason"), task.get("stoppedReason")) if text)
    return ", ".join(dict.fromkeys(parts)) or "ECS gives no reason"


def last_lines(logs: Any, group: str, container: str, task_arn: str, count: int = LINES) -> list[str]:  # noqa: ANN401
    """Return a task's last log lines, oldest first; none when it never got to write any.

    Args:
        logs: the boto3 client of CloudWatch Logs.
        group: the task's log group.
        container: the container's name.
        task_arn: the task.
        count: how many lines at most.
    """
    # The log driver names streams prefix/container/task; the prefix is that of components/compute/task.py.
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    stream = f"task/{container}/{task_arn.rsplit('/', 1)[-1]}"
    try:
        events = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=count, startFromHead=False)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [str(event["message"]).rstrip("\n") for event in events["events"]]


def quoted(lines: list[str]) -> str:
    """Return log lines as the end of an error message."""
    if not lines:
        return "It wrote no log lines."
    return "Its last log lines:\n" + "\n".join(f"    {line}" for line in lines)


def looks(limit_seconds: float, clock: Callable[[], float] = time.monotonic) -> Iterator[float]:
    """Yield the seconds gone by, with a growing pause between two looks, until the limit is reached."""
    started = clock()
    pause = _FIRST_PAUSE
    while (gone := clock() - started) < limit_seconds:
        yield gone
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)
