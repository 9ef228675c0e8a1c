"""The error of an Args class for a value that is not allowed, and the checks that several classes share."""

import pulumi

#: The retention that CloudWatch Logs takes, in days. For ever, its 0, is left out: every group here ends.
#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


class InvalidArguments(pulumi.RunError, ValueError):
    """Plain arguments that are not allowed, or not together.

    A `pulumi.RunError`, so that the CLI prints the message without a Python traceback.
    """


class InvalidValue(InvalidArguments):
    """One plain value that is not allowed: which field, the value, what is allowed, and how to fix it."""

    def __init__(self, field: str, value: object, allowed: str, remedy: str) -> None:
        super().__init__(f"{field} is {value!r}; allowed: {allowed}; {remedy}")
        self.allowed = allowed
        self.remedy = remedy


class _Hidden:
    """Stands in an error for the value of a secret."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __repr__(self) -> str:
        return f"a secret of {self._length} characters"


def invalid_secret(field: str, length: int, allowed: str, remedy: str) -> InvalidValue:
    """Return the same error for a secret, with the length of its value in place of the value."""
    return InvalidValue(field, _Hidden(length), allowed, remedy)


def plain(value: pulumi.Input[str] | None) -> str | None:
    """Return the value when it is known while the program runs, and None when it is an Output (or absent)."""
    return value if isinstance(value, str) else None


def check_between(field: str, value: int, low: int, high: int, remedy: str) -> None:
    """Refuse a number outside a closed range."""
    if not low <= value <= high:
        raise InvalidValue(field, value, f"{low} to {high}", remedy)


def check_retention(field: str, days: int) -> None:
    """Refuse a retention that CloudWatch Logs doesn't take.

    Args:
        field: what the value is called where it was given, for the message.
        days: the retention, in days.

    Raises:
        ValueError: naming the value, those that are allowed, and the nearest ones.
    """
    if days in RETENTION_DAYS:
        return
    shorter = [allowed for allowed in RETENTION_DAYS if allowed < days][-1:]
    longer = [allowed for allowed in RETENTION_DAYS if allowed > days][:1]
    nearest = " or ".join(str(allowed) for allowed in shorter + longer)
    raise InvalidValue(field, days, f"{', '.join(str(allowed) for allowed in RETENTION_DAYS)} days", f"take {nearest}")
