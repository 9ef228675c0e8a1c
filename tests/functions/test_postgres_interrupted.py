"""The function on PostgreSQL, killed after each of its statements, and run twice at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pg8000.native
import pytest

from functions.credentials.session import Session
from functions.credentials.statements import Statement
from tests.every import every
from tests.functions.calling import Caller, Vault, call
from tests.functions.shapes import postgres_shape
from tests.servers.postgres import PostgresServer


class Killed(BaseException):
    """The function's process is gone."""


@contextmanager
def _statements(kill_after: int | None = None) -> Iterator[list[Statement]]:
    """Note every statement, and die after one of them."""
    seen: list[Statement] = []
    run = Session.run

    def noted(self: Session, statement: Statement) -> list[list[Any]]:
        rows = run(self, statement)
        seen.append(statement)
        if len(seen) - 1 == kill_after:
            raise Killed
        return rows

    with patch.object(Session, "run", noted):
        yield seen


@dataclass(frozen=True)
class Life:
    """A system, call by call.

    Attributes:
        server: where it is.
        caller: calls about it.
    """

    server: PostgresServer
    caller: Caller

    def first(self) -> list[str]:
        """Make a system from nothing."""
        return call(self.caller.postgres(self.server, "first"), self.server.authority)

    def second(self) -> list[str]:
        """Rotate it."""
        return call(self.caller.postgres(self.server, "second", 2), self.server.authority)

    def retire(self) -> list[str]:
        """Retire its first credential."""
        return call(self.caller.postgres(self.server, "second", 2, "retire"), self.server.authority)

    def opened(self) -> None:
        """Let everybody connect to the master user's databases, as on a new server."""
        self.server.as_superuser(*(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC" for name in ("postgres", "template1")))

    def from_before(self) -> None:
        """Make a database and a role as they were before there was an owner."""
        system, server = self.caller.system, self.server
        with server.connect(server.master, server.master_password) as connection:
            connection.run(f"CREATE ROLE {system} LOGIN CREATEDB PASSWORD 'first'")
            connection.run(f"CREATE DATABASE {system}")
        with server.connect(server.master, server.master_password, system) as connection:
            connection.run("CREATE TABLE of_the_master (number int)")
            connection.run("GRANT CREATE ON SCHEMA public TO PUBLIC")
        with server.connect(system, "first", system) as connection:
            connection.run("CREATE TABLE of_the_role (number int)")

    def acts_as(self, rotation: int, query: str = "SELECT 1") -> str:
        """Log in with a rotation's credential; return whom it acts as, with S for the system, or an SQLSTATE."""
        password = ("first", "second")[rotation - 1]
        try:
            with self.server.connect(self.caller.username(rotation), password, self.caller.system) as connection:
                connection.run(query)
                return str(connection.run("SELECT current_user")[0][0]).replace(self.caller.system, "S")
        except pg8000.native.DatabaseError as error:
            return str(error.args[0]["C"])


def _changes(statements: list[Statement]) -> list[int]:
    """Return where something was changed: after a read, the server is as it was before it."""
    return [
        place
        for place, statement in enumerate(statements)
        if statement.name == "lock" or "terminate" in statement.sql or not statement.sql.startswith(("SELECT", "BEGIN"))
    ]


def _killed_everywhere(
    life: Callable[[str], Life], prepare: list[str], step: str, only: str = ""
) -> dict[str, dict[str, object]]:
    """Kill a step after each of its changes, each time of another system, and run it again; return what came of each.

    Args:
        life: a system of that name.
        prepare: the steps before.
        step: the one that is killed.
        only: kill only after statements whose name begins with this.
    """
    undisturbed = life("whole")
    for name in prepare:
        getattr(undisturbed, name)()
    with _statements() as seen:
        getattr(undisturbed, step)()
    places = [place for place in _changes(seen) if seen[place].name.startswith(only)]
    assert places, "there was nothing to kill it after"
    ends = {"undisturbed": _end(undisturbed)}
    for place in every(places):
        killed = life(f"k{place}")
        for name in prepare:
            getattr(killed, name)()
        with _statements(kill_after=place), pytest.raises(Killed):
            getattr(killed, step)()
        if step == "second":
            query = "SELECT * FROM of_the_role" if "from_before" in prepare else "SELECT 1"
            assert killed.acts_as(1, query) in ("S", "S_owner"), f"the credential in use, after {seen[place].name}"
        getattr(killed, step)()
        assert getattr(killed, step)() == []
        ends[f"{place} {seen[place].name}"] = _end(killed)
    return ends


def _end(life: Life) -> dict[str, object]:
    return {
        **postgres_shape(life.server, life.caller.system),
        "acts as": [life.acts_as(1), life.acts_as(2)],
    }


@pytest.fixture
def life(postgres_server: PostgresServer, caller: Caller, vault: Vault) -> Callable[[str], Life]:
    """Systems of this test's own, by name."""
    return lambda name: Life(postgres_server, Caller(vault, f"{caller.system}{name}"))


def _same(ends: dict[str, dict[str, object]]) -> None:
    wanted = ends.pop("undisturbed")
    for place, end in every(ends.items()):
        assert end == wanted, f"killed after statement {place}"


def test_killed_after_any_statement_of_a_first_run_the_next_ends_right(life: Callable[[str], Life]) -> None:
    ends = _killed_everywhere(life, ["opened"], "first")

    assert len(ends) == 1 + 11, "the lock, and ten changes"
    assert ends["undisturbed"]["acts as"] == ["S_owner", "28P01"]
    _same(ends)


def test_killed_after_any_statement_of_a_rotation_the_next_ends_right(life: Callable[[str], Life]) -> None:
    ends = _killed_everywhere(life, ["first"], "second")

    assert ends["undisturbed"]["acts as"] == ["S_owner", "S_owner"]
    _same(ends)


@pytest.mark.parametrize("statements", ["limit", "give", "close schema"])
def test_killed_while_a_database_from_before_is_taken_over_the_next_ends_right(
    life: Callable[[str], Life], statements: str
) -> None:
    ends = _killed_everywhere(life, ["from_before"], "second", only=statements)

    assert ends["undisturbed"]["acts as"] == ["S_owner", "S_owner"]
    _same(ends)


def test_killed_after_any_statement_of_retire_the_next_ends_right(life: Callable[[str], Life]) -> None:
    ends = _killed_everywhere(life, ["first", "second"], "retire")

    assert ends["undisturbed"]["acts as"] == ["28P01", "S_owner"]
    _same(ends)


def test_runs_at_once_end_as_one_does(life: Callable[[str], Life]) -> None:
    one, many = life("one"), life("many")
    one.first()
    event = many.caller.postgres(many.server, "first")
    with ThreadPoolExecutor(3) as threads:
        running = [threads.submit(call, event, many.server.authority) for _ in range(3)]
        done = [run.result() for run in running]

    assert sorted(map(len, done))[:2] == [0, 0], "one run did it all, and the others found it done"
    assert _end(many) == _end(one)
