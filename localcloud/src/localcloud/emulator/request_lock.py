"""The lock around moto: requests are answered one at a time, since moto's models aren't safe under threads.

It has a module of its own because the server runs as `__main__`: what imported it from there would get a second lock.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()


@contextmanager
def held() -> Iterator[None]:
    """Hold the lock while a request is answered, or while a thread of the emulator's own uses moto."""
    with _LOCK:
        yield


@contextmanager
def released() -> Iterator[None]:
    """Let other requests be answered while this one waits; only for code that holds the lock.

    Outside the emulator's process (moto in a test's own process) it does nothing.
    """
    if not _LOCK.locked():
        yield
        return
    _LOCK.release()
    try:
        yield
    finally:
        _LOCK.acquire()
