"""Names made from a prefix, as the official provider makes them for `namePrefix`."""

import itertools
import time

_COUNT = itertools.count(1)


def prefixed(prefix: str) -> str:
    """Return the prefix with 26 characters that no other name has: the time (UTC, to 0.1 ms) and a count."""
    now = time.time()
    fraction = int(now % 1 * 10_000)
    return f"{prefix}{time.strftime('%Y%m%d%H%M%S', time.gmtime(now))}{fraction:04d}{next(_COUNT) & 0xFFFFFFFF:08x}"


def named(inputs: dict[str, object], property: str = "name") -> str:
    """Return the name that a resource is given: its own, or one made from its prefix."""
    return str(inputs[property]) if inputs.get(property) else prefixed(str(inputs[f"{property}Prefix"]))
