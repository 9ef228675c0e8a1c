"""`logs`: how far they reach back, and that each line is shown once."""

import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from components.compute.stopped_task import last_log_lines, stop_reason
from operations import screen
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


def test_what_a_container_writes_controls_neither_a_terminal_nor_a_workflow() -> None:
    stamp = int(datetime.now(UTC).timestamp() * 1000)
    message = "\x1b]0;title\x07\n::add-mask::secret\n##[error]x"
    event = {"logStreamName": "task/api/0123456789", "timestamp": stamp, "eventId": "1", "message": message}

    class Logs:
        def get_paginator(self, _: str) -> "Logs":
            return self

        def paginate(self, **_: object) -> list[dict[str, Any]]:
            return [{"events": [event]}]

        def get_log_events(self, **_: object) -> dict[str, Any]:
            return {"events": [event]}

    (shown,) = logs._lines(Logs(), "/log", datetime.now(UTC) - timedelta(minutes=1), False, lambda _: None)
    (quoted,) = last_log_lines(Logs(), "/log", "api", "arn/0123456789")
    stopped = stop_reason({"containers": [{"name": "api", "reason": message}]}, "api")
    for text in (shown, quoted, stopped):
        assert text.endswith("\\x1b]0;title\\x07\n:\\:add-mask::secret\n#\\#[error]x")


def test_a_table_shows_names_and_reasons_inert() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    screen.print_table(console, ["name"], [["\x1b[2J"], [Text("::error::x", "red")]])
    screen.print_problems(console, ["a\u202eb"], "none")
    shown = console.export_text()
    assert "\\x1b[2J" in shown
    assert ":\\:error::x" in shown
    assert "a\\u202eb" in shown
