"""What one session holds: who it is, its settings, its transaction and its prepared statements."""

import copy
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from localcloud.emulator.stores.postgres import durations, rights
from localcloud.emulator.stores.postgres.catalog import Catalog, Database
from localcloud.emulator.stores.postgres.errors import SqlError
from localcloud.emulator.stores.postgres.locks import Locks

#: A value in text format; None is NULL.
Text = str | None


@dataclass(frozen=True)
class Column:
    """One column of an answer: its name and the number of its type."""

    name: str
    oid: int


@dataclass(frozen=True)
class Result:
    """What a statement answers.

    Attributes:
        tag: what it did, as PostgreSQL says it.
        rows: in text format.
    """

    tag: str
    rows: Sequence[Sequence[Text]] = ()


@dataclass(frozen=True)
class Prepared:
    """A statement that may be carried out.

    Attributes:
        run: carries it out with parameters.
        columns: what it answers with; None where it answers with no rows.
        parameters: how many it takes.
        ends_failure: whether it may be carried out in a transaction that failed.
    """

    run: Callable[[Sequence[Text]], Result]
    columns: Sequence[Column] | None = None
    parameters: int = 0
    ends_failure: bool = False


class Instance(Protocol):
    """The server, as a session sees it.

    Attributes:
        locks: its advisory locks.
        sessions: its sessions, by process number.
        catalog: what was committed last; never changed in place.
    """

    locks: Locks
    sessions: dict[int, "Session"]
    catalog: Catalog

    @property
    def version(self) -> str:
        """The version of PostgreSQL."""

    def begin(self, seconds: float) -> Catalog:
        """Wait until nobody else writes, and return a copy to change."""

    def end(self, catalog: Catalog | None) -> None:
        """Commit a copy, or (None) forget it, and let others write."""


@dataclass
class _State:
    """What a transaction that fails puts back."""

    role: str
    settings: dict[str, str]


@dataclass(eq=False)
class Session:
    """One session.

    Attributes:
        instance: the server.
        process: the number that other sessions know it by.
        user: who logged in.
        database: the name of the database.
        role: who the session acts as.
        settings: what was SET, by name.
        first: what settings were at login, `role` among them: RESET goes back to it.
        block: whether a transaction was begun explicitly.
        failed: whether it failed, and takes nothing but its end.
        ended: whether somebody ended the session.
        notices: what is to be told before the next answer.
    """

    instance: Instance
    process: int
    user: str
    database: str
    role: str = ""
    secret: int = field(default_factory=lambda: secrets.randbelow(1 << 31))
    settings: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    block: bool = False
    failed: bool = False
    ended: bool = False
    notices: list[tuple[str, SqlError]] = field(default_factory=list)
    wake: Callable[[], None] = lambda: None
    _own: Catalog | None = None
    _before: _State | None = None

    def __post_init__(self) -> None:
        """Act as who logged in."""
        self.role = self.role or self.user

    @property
    def catalog(self) -> Catalog:
        """What the session sees: what it changed itself, or what was committed last."""
        return self._own if self._own is not None else self.instance.catalog

    @property
    def here(self) -> Database:
        """The database of the session."""
        return rights.database(self.catalog, self.database)

    @property
    def lock_timeout(self) -> float:
        """How long it waits for a lock, in seconds; 0 is for ever."""
        return self._seconds("lock_timeout")

    @property
    def statement_timeout(self) -> float:
        """How long a statement may take, in seconds; 0 is for ever."""
        return self._seconds("statement_timeout")

    def _seconds(self, name: str) -> float:
        return durations.milliseconds(name, self.settings.get(name, "0")) / 1000

    def changing(self) -> Catalog:
        """Return the catalogue to change; nobody else changes it until the transaction ends."""
        if self._own is None:
            limits = [seconds for seconds in (self.lock_timeout, self.statement_timeout) if seconds]
            self._own = self.instance.begin(min(limits, default=-1))
        return self._own

    def enter(self) -> None:
        """Remember what a failure puts back; at the beginning of a transaction."""
        if self._before is None:
            self._before = _State(self.role, copy.copy(self.settings))

    def leave(self, *, commit: bool) -> None:
        """End the transaction."""
        if self._own is not None:
            self.instance.end(self._own if commit else None)
            self._own = None
        if self._before is not None and not commit:
            self.role, self.settings = self._before.role, self._before.settings
        self._before = None
        self.block = self.failed = False
        self.instance.locks.give_all(self, transaction=True)

    def notice(self, message: str, sqlstate: str = "00000") -> None:
        """Tell the client something beside the answer."""
        self.notices.append(("NOTICE", SqlError(sqlstate, message)))

    def warn(self, message: str, sqlstate: str = "01000") -> None:
        """Warn the client beside the answer."""
        self.notices.append(("WARNING", SqlError(sqlstate, message)))

    def refuse_block(self, what: str) -> None:
        """Refuse a statement that no transaction may hold."""
        if self.block:
            raise SqlError("25001", f"{what} cannot run inside a transaction block")
