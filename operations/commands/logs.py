"""`logs`: what a service's tasks wrote."""

import argparse
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from components.core.inert import inert
from operations.account import services
from operations.commands import target
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow

_SINCE = re.compile(r"(?P<count>\d+)(?P<unit>[smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
#: Seconds between two requests for new lines.
_PAUSE = 2.0
#: How far a request reaches back behind the last line seen: CloudWatch takes lines in a little out of order.
_OVERLAP = timedelta(seconds=30)


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs."""
    return [*services.description_permissions(scope), allow("logs:FilterLogEvents", scope.log_groups)]


def since(text: str) -> timedelta:
    """Return how far back a person asks for: `90s`, `10m`, `2h`, `1d`.

    Raises:
        OperationError: it is none of these.
    """
    match = _SINCE.fullmatch(text)
    if match is None:
        raise OperationError(f"--since {text!r}: give a number with s, m, h or d behind it, such as 10m")
    return timedelta(**{_UNITS[match["unit"]]: int(match["count"])})


def main(options: argparse.Namespace) -> int:
    """Print a service's log lines, each with its moment and its task; with `follow`, without end.

    Raises:
        OperationError: the service isn't there, or has no log group.
    """
    start = datetime.now(UTC) - since(options.since)
    account, _, service, revision = target.service(options)
    if not revision.log_group:
        raise OperationError(f"{service['serviceName']} logs to nowhere that is known")
    for line in _lines(account.client("logs"), revision.log_group, start, options.follow, time.sleep):
        print(line, flush=True)
    return 0


def _lines(
    logs: Any,  # noqa: ANN401 - a boto3 client
    group: str,
    start: datetime,
    follow: bool,
    pause: Callable[[float], None],
) -> Iterator[str]:
    seen: dict[str, int] = {}
    while True:
        latest = int(start.timestamp() * 1000)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=latest)
        events = [event for page in pages for event in page["events"] if event["eventId"] not in seen]
        for event in sorted(events, key=lambda event: event["timestamp"]):
            seen[event["eventId"]] = event["timestamp"]
            when = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            task = event["logStreamName"].rsplit("/", 1)[-1][:8]
            yield inert(f"{when} {task} {event['message'].rstrip()}")
        if not follow:
            return
        if seen:
            start = max(start, datetime.fromtimestamp(max(seen.values()) / 1000, UTC) - _OVERLAP)
            # Only what the next request can't bring again is forgotten.
            seen = {key: stamp for key, stamp in seen.items() if stamp >= int(start.timestamp() * 1000)}
        pause(_PAUSE)
