"""Advisory locks: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADVISORY-LOCKS."""

import threading
import time
from dataclasses import dataclass, field
from typing import Protocol

from localcloud.emulator.stores.postgres.errors import SqlError


class Holder(Protocol):
    """A session, as locks see it."""

    @property
    def lock_timeout(self) -> float:
        """How long it waits for a lock, in seconds; 0 is for ever."""

    @property
    def statement_timeout(self) -> float:
        """How long a statement may take, in seconds; 0 is for ever."""

    @property
    def ended(self) -> bool:
        """Whether somebody ended it."""


Key = tuple[str, int, int]  # database and number, or database and two


@dataclass
class _Lock:
    holder: Holder
    session: int = 0
    transaction: int = 0


@dataclass
class Locks:
    """The advisory locks of an instance: exclusive ones, held by sessions or by their transactions."""

    _held: dict[Key, _Lock] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, key: Key, holder: Holder, *, transaction: bool, wait: bool) -> bool:
        """Take a lock once more for a session; wait until it is free. Tell whether it is the session's.

        Raises:
            SqlError: when the session's time limit passes, or somebody ends it.
        """
        limits = [seconds for seconds in (holder.lock_timeout, holder.statement_timeout) if seconds]
        deadline = time.monotonic() + min(limits) if limits else None
        with self._changed:
            while (lock := self._held.setdefault(key, _Lock(holder))).holder is not holder:
                if not wait:
                    return False
                left = None if deadline is None else deadline - time.monotonic()
                if holder.ended:
                    raise SqlError("57P01", "terminating connection due to administrator command")
                if left is not None and left <= 0:
                    raise _late(holder)
                self._changed.wait(left)
            if transaction:
                lock.transaction += 1
            else:
                lock.session += 1
            return True

    def give(self, key: Key, holder: Holder) -> bool:
        """Give a session's lock back once. Tell whether there was one."""
        with self._changed:
            lock = self._held.get(key)
            if lock is None or lock.holder is not holder or not lock.session:
                return False
            lock.session -= 1
            self._free()
            return True

    def give_all(self, holder: Holder, *, transaction: bool = False) -> None:
        """Give back all that a session holds, or only what its transaction holds."""
        with self._changed:
            for lock in self._held.values():
                if lock.holder is holder:
                    lock.transaction = 0
                    if not transaction:
                        lock.session = 0
            self._free()

    def wake(self) -> None:
        """Let who waits look whether it was ended."""
        with self._changed:
            self._changed.notify_all()

    def _free(self) -> None:
        for key in [key for key, lock in self._held.items() if not lock.session and not lock.transaction]:
            del self._held[key]
        self._changed.notify_all()


def _late(holder: Holder) -> SqlError:
    if holder.lock_timeout and (not holder.statement_timeout or holder.lock_timeout <= holder.statement_timeout):
        return SqlError("55P03", "canceling statement due to lock timeout")
    return SqlError("57014", "canceling statement due to statement timeout")
