"""How results are shown."""

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

#: How wide a screen is taken to be where there is none, as in CI: nothing is cut off there.
_WIDTH_WITHOUT_SCREEN = 200

GOOD, BAD, UNSURE, FAINT = "green", "red", "yellow", "dim"


def console() -> Console:
    """Return where results go."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH_WITHOUT_SCREEN)


def table(*columns: str) -> Table:
    """Return an empty table without any lines."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def moment(when: datetime | str) -> str:
    """Return a moment as people read it, in UTC."""
    known = datetime.fromisoformat(when) if isinstance(when, str) else when
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def styled(text: str, style: str) -> Text:
    """Return text in a style; nothing in it is taken for markup."""
    return Text(text, style=style)
