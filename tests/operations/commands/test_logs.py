"""`logs`: how far they reach back, and that each line is shown once."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.commands import logs


def test_logs_look_back_as_far_as_they_are_told() -> None:
    assert logs.since("90s") == timedelta(seconds=90)
    assert logs.since("2h") == timedelta(hours=2)
    assert logs.since("1d") == timedelta(days=1)


def test_logs_that_are_followed_show_each_line_once() -> None:
    stamp = int(datetime.now(UTC).timestamp() * 1000)
    event = {"logStreamName": "task/api/0123456789", "timestamp": stamp}
    rounds = iter([["a"], ["a", "b"], ["a", "b", "c"]])

    class Pages:
        def paginate(self, **_: object) -> list[dict[str, Any]]:
            return [{"events": [{**event, "eventId": one, "message": one} for one in next(rounds)]}]

    class Logs:
        def get_paginator(self, _: str) -> Pages:
            return Pages()

    pauses: list[float] = []
    shown = logs._lines(Logs(), "/log", datetime.now(UTC) - timedelta(minutes=1), True, pauses.append)
    assert [line.split()[-1] for line in itertools.islice(shown, 3)] == ["a", "b", "c"]
    assert len(pauses) == 2
