"""How a method of one of moto's classes is patched."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


def patch(cls: type, name: str, *, as_property: bool = False) -> Callable[[_Method], _Method]:
    """Put the decorated function in the place of the method `name` of a class, or add it where there is none.

    A function whose first parameter is called `original` is given the method that it replaces:

        @patch(ECSBackend, "create_service")
        def create_service(original, self, *args, **kwargs): ...

    moto's backends call each other through `self`, so that a patch holds for those calls too. When a method is patched
    twice, the later patch is called first.

    Args:
        cls: moto's class.
        name: the method's name.
        as_property: whether the function computes an attribute; what moto assigns to it is ignored.
    """

    def apply(method: _Method) -> _Method:
        replacement: Any = method
        if next(iter(inspect.signature(method).parameters)) == "original":
            original = getattr(cls, name)

            @functools.wraps(original)
            def replacement(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed on
                return method(original, self, *args, **kwargs)

        setattr(cls, name, property(method, lambda self, value: None) if as_property else replacement)
        return method

    return apply
