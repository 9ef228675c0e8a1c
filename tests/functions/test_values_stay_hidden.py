"""No secret value is in anything that a run writes or says: logs, errors, events, answers, the servers' own logs."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from functions.credentials import postgres
from functions.credentials.errors import CredentialsError
from tests.functions.calling import Caller, Event, call
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitmqServer

_FIRST, _SECOND, _WRONG = "planted-first-3f9a", "planted-second-b71c", "planted-wrong-58de"


@dataclass
class Written:
    """All that runs wrote.

    Attributes:
        logged: the log, at every level.
        captured: what came on standard output and error.
        server_log: the server's log.
        said: events, answers and errors.
    """

    logged: pytest.LogCaptureFixture
    captured: pytest.CaptureFixture[str]
    server_log: Path
    said: list[str] = field(default_factory=list)

    def call(self, event: Event, authority: Path) -> None:
        """Call the function, and keep what it was told and said."""
        self.said.append(json.dumps(event))
        with self.logged.at_level(logging.DEBUG):
            try:
                self.said.append(json.dumps(call(event, authority, patience="0.5")))
            except CredentialsError as error:
                self.said.extend([str(error), repr(error), *traceback.format_exception(error)])

    def by_us(self) -> str:
        """Return what the function wrote and said, as one text."""
        output = self.captured.readouterr()
        return "\n".join([self.logged.text, output.out, output.err, *self.said])

    def by_the_server(self) -> str:
        """Return what the server wrote."""
        return self.server_log.read_text(errors="replace")


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[Path], Written]]:
    """What runs on a server write."""
    yield lambda log: Written(caplog, capfd, log)


def _broken(password: str) -> str:
    raise ValueError(f"{password} is odd")


@pytest.fixture
def every_statement_logged(postgres_server: PostgresServer) -> Iterator[None]:
    """Let the server log the text of each of the master user's statements, as it does of those that are slow."""
    role = postgres_server.master
    postgres_server.as_superuser(f"ALTER ROLE {role} SET log_min_duration_statement = 0")
    yield
    postgres_server.as_superuser(f"ALTER ROLE {role} RESET log_min_duration_statement")


def test_postgres(
    postgres_server: PostgresServer,
    caller: Caller,
    written: Callable[[Path], Written],
    every_statement_logged: None,
) -> None:
    server, system, trail = postgres_server, caller.system, written(postgres_server.log)
    events: list[dict[str, Any]] = [
        caller.postgres(server, _FIRST),
        caller.postgres(server, _SECOND, 2),
        caller.postgres(server, _SECOND, 2, "retire"),
        caller.postgres(server, _WRONG, 2, "retire"),
        caller.postgres(server, _WRONG, admin={"username": server.master, "password": caller.vault.put("w", _WRONG)}),
    ]
    for event in events:
        trail.call(event, server.authority)
    with patch.object(postgres, "verifier", _broken):
        trail.call(caller.postgres(server, _WRONG), server.authority)
    with patch.object(postgres, "verifier", lambda password: f"'{password}"):
        trail.call(caller.postgres(server, _WRONG), server.authority)
    ours, theirs = trail.by_us(), trail.by_the_server()

    assert "SCRAM-SHA-256$4096:" in theirs, "statements are in what is searched"
    assert "postgres localhost: set password" in ours, "the function's log is"
    assert "unexpected ValueError in test_values_stay_hidden.py, line " in ours, "and errors that nobody foresaw"
    assert f"postgres localhost: {server.master}: set password: 42601\n" in ours, "and those of the server's"
    assert _WRONG not in ours, "even where the server's own message quotes it"
    for value in (_FIRST, _SECOND, server.master_password):
        assert value not in ours + theirs

    # That the search finds a value which is there: the way not to do it.
    with server.connect(server.master, server.master_password) as connection:
        connection.run(f"ALTER ROLE {system} PASSWORD '{_SECOND}'")
    assert _SECOND in trail.by_the_server()


def test_rabbitmq(rabbitmq_server: RabbitmqServer, caller: Caller, written: Callable[[Path], Written]) -> None:
    server, trail = rabbitmq_server, written(rabbitmq_server.log)
    wrong = {"username": server.admin, "password": caller.vault.put("w", _WRONG), "previous": None}
    both_wrong = wrong | {"previous": caller.vault.put("v", _FIRST)}
    for event in (
        caller.rabbitmq(server, _FIRST),
        caller.rabbitmq(server, _SECOND, 2),
        caller.rabbitmq(server, _SECOND, 2, "retire"),
        caller.rabbitmq(server, _WRONG, 2, "retire"),
        caller.rabbitmq(server, _FIRST, admin=wrong),
        caller.rabbitmq(server, _FIRST, admin=both_wrong),
    ):
        trail.call(event, server.authority)
    ours, theirs = trail.by_us(), trail.by_the_server()

    assert f"rabbitmq {caller.system}: set password of {caller.system}" in ours, "the function's log is searched"
    assert "invalid credentials" in theirs, "the broker's log is"
    for value in (_FIRST, _SECOND, _WRONG, server.admin_password):
        assert value not in ours + theirs
