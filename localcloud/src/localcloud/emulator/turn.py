"""Whose turn it is: requests are answered one at a time, since moto's models aren't safe under threads.

It is in a module of its own because the server runs as `__main__`: additions that import it from there would get a
second lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_TURN = threading.Lock()


@contextmanager
def taking() -> Iterator[None]:
    """Hold the turn: around the answer to a request, or around what a thread of the emulator's own does to moto."""
    with _TURN:
        yield


@contextmanager
def yielding() -> Iterator[None]:
    """Let other requests be answered while this one waits; only for code that holds the turn.

    Outside the emulator's process (moto in a test's own process) it does nothing.
    """
    if not _TURN.locked():
        yield
        return
    _TURN.release()
    try:
        yield
    finally:
        _TURN.acquire()
