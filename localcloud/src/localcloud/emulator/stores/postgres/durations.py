"""Durations as settings have them.

https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES
"""

from localcloud.emulator.stores.postgres.errors import SqlError

_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1000, "ms": 1}


def milliseconds(name: str, value: str) -> int:
    """Read a duration; a number without unit counts milliseconds.

    Args:
        name: of the setting, for the refusal.
        value: as it was given.
    """
    text = value.strip()
    number = text.rstrip("smind h")
    unit = text[len(number) :].strip() or "ms"
    if not number.isdigit() or unit not in _MILLISECONDS:
        raise SqlError("22023", f'invalid value for parameter "{name}": "{value}"')
    return int(number) * _MILLISECONDS[unit]


def written(duration: int) -> str:
    """Write a duration in milliseconds in the largest unit that leaves a whole number."""
    if not duration:
        return "0"
    unit = next(unit for unit, size in _MILLISECONDS.items() if duration % size == 0)
    return f"{duration // _MILLISECONDS[unit]}{unit}"
