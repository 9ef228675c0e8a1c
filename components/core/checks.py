"""The error of an Args class for a value that is not allowed, and the checks that several classes share."""

import pulumi


class InvalidValue(ValueError):
    """A plain value that is not allowed: which field, the value, what is allowed, and how to mend it."""

    def __init__(self, field: str, value: object, allowed: str, remedy: str) -> None:
        super().__init__(f"{field} is {value!r}; allowed: {allowed}; {remedy}")
        self.allowed = allowed
        self.remedy = remedy


def invalid_secret(field: str, length: int, allowed: str, remedy: str) -> ValueError:
    """Return the same error for a secret, with the length of its value in place of the value."""
    return ValueError(f"{field} is a secret of {length} characters; allowed: {allowed}; {remedy}")


def plain(value: pulumi.Input[str] | None) -> str | None:
    """Return the value when it is known while the program runs, and None when it is an Output (or absent)."""
    return value if isinstance(value, str) else None


def check_between(field: str, value: int, low: int, high: int, remedy: str) -> None:
    """Refuse a number outside a closed range."""
    if not low <= value <= high:
        raise InvalidValue(field, value, f"{low} to {high}", remedy)
