"""Asking again and again until something has happened, or until it has taken too long."""

import time
from collections.abc import Iterator

#: Seconds between two polls, at first and at most: what is quick is seen soon, what is slow isn't asked for often.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def poll(limit_seconds: float) -> Iterator[float]:
    """Yield the elapsed seconds, with a growing pause between two polls, until the limit is reached."""
    started = time.monotonic()
    pause = _FIRST_PAUSE
    while (elapsed := time.monotonic() - started) < limit_seconds:
        yield elapsed
        time.sleep(pause)
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def report(text: str) -> None:
    """Tell the person who waits: the engine shows what a dynamic provider prints."""
    print(text, flush=True)
