"""Waiting for a store, for a bounded time."""

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import CredentialsError, NotYetError

_T = TypeVar("_T")


class Patience:
    """A time until which things are tried again.

    Args:
        seconds: how long from now.
        pause: seconds between two tries.
    """

    def __init__(self, seconds: float, pause: float = 2.0) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._pause = pause

    def at_most(self, seconds: float) -> "Patience":
        """Return a patience of its own that begins now, and ends no later than this one."""
        left = max(self._end - time.monotonic(), 0.0)
        return Patience(min(seconds, left), min(self._pause, seconds / 5))

    def until_it_works(self, what: str, attempt: Callable[[], _T]) -> _T:
        """Call until it doesn't raise `NotYetError`; return what it returns.

        Args:
            what: store, host, user and step, for the error.
            attempt: what to call.

        Raises:
            CredentialsError: when the time is over.
        """
        while True:
            try:
                return attempt()
            except NotYetError as error:
                if time.monotonic() + self._pause > self._end:
                    raise CredentialsError(f"{what}: {error}, and still after {self._seconds:g} s") from None
            time.sleep(self._pause)
