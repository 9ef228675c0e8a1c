"""Items that a test asserts something about, one after the other."""

from collections.abc import Iterable
from typing import TypeVar

_T = TypeVar("_T")


def every(items: Iterable[_T]) -> list[_T]:
    """Return the items, and fail where there are none: an assertion inside a loop over nothing holds of anything."""
    found = list(items)
    assert found, "there is nothing to assert anything about"
    return found
