"""How an Args class refuses a plain value: the same four things in every message, and the checks that several share."""

import re

import pulumi

_DAY = "(?:sun|mon|tue|wed|thu|fri|sat)"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_DAILY_WINDOW = re.compile(f"{_TIME}-{_TIME}")
_WEEKLY_WINDOW = re.compile(f"{_DAY}:{_TIME}-{_DAY}:{_TIME}")


class Refusal(ValueError):
    """A plain value that is not allowed; its parts are there for those who word the message anew."""

    def __init__(self, field: str, value: object, allowed: str, remedy: str) -> None:
        super().__init__(f"{field} is {value!r}; allowed: {allowed}; {remedy}")
        self.field = field
        self.value = value
        self.allowed = allowed
        self.remedy = remedy


def mistake(field: str, value: object, allowed: str, remedy: str) -> Refusal:
    """Return the error for a value that is not allowed: what, the value, what is allowed, and the way out."""
    return Refusal(field, value, allowed, remedy)


def secret_mistake(field: str, length: int, allowed: str, remedy: str) -> ValueError:
    """Return the same error for a secret: of the value it tells nothing but the length."""
    return ValueError(f"{field} is a secret of {length} characters; allowed: {allowed}; {remedy}")


def plain(value: pulumi.Input[str] | None) -> str | None:
    """Return the value when it is known while the program runs, and None when it is an Output (or absent)."""
    return value if isinstance(value, str) else None


def check_between(field: str, value: int, low: int, high: int, remedy: str) -> None:
    """Refuse a number outside a closed range."""
    if not low <= value <= high:
        raise mistake(field, value, f"{low} to {high}", remedy)


def check_daily_window(field: str, window: str) -> None:
    """Refuse a daily window that isn't written as AWS wants it."""
    if not _DAILY_WINDOW.fullmatch(window):
        raise mistake(field, window, "hh:mm-hh:mm in UTC", 'write it like "05:00-06:00"')


def check_weekly_window(field: str, window: str) -> None:
    """Refuse a weekly window that isn't written as AWS wants it."""
    if not _WEEKLY_WINDOW.fullmatch(window):
        raise mistake(field, window, "ddd:hh:mm-ddd:hh:mm in UTC, in lower case", 'write it like "sun:06:30-sun:07:30"')
