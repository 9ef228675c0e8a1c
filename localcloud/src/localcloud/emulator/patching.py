"""How an addition stands around a method of moto's."""

import functools
from collections.abc import Callable
from typing import Any

_Around = Callable[..., Any]


def around(cls: type, name: str, call: _Around) -> None:
    """Put `call(moto's method, self, …)` in the place of a method of a class.

    moto's backends call each other through `self`, so that what is put around a method holds for those calls too.
    """
    before = getattr(cls, name)

    @functools.wraps(before)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
        return call(before, self, *args, **kwargs)

    setattr(cls, name, method)
