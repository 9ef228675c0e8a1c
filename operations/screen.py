"""How results are shown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.core.inert import inert
from operations.account.deployments import ServiceDeployment

#: How wide a screen is taken to be where there is none, as in CI: nothing is cut off there.
_WIDTH_WITHOUT_SCREEN = 200

GOOD, BAD, UNSURE, FAINT = "green", "red", "yellow", "dim"


def console() -> Console:
    """Return where results go."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=_WIDTH_WITHOUT_SCREEN)


def print_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[Text | str]], *, heading: int = 0
) -> None:
    """Print a table without any lines.

    Args:
        console: where it goes.
        columns: the columns' titles.
        rows: the rows, which may end early; nothing in them is taken for markup, and what is in them is made inert.
        heading: how many cells at the beginning of a row are left blank where the row before has the same.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    previous: Sequence[Text | str] = ()
    for row in rows:
        cells = [_shown(cell) for cell in row]
        if heading and row[:heading] == previous:
            cells[:heading] = [Text()] * heading
        previous = row[:heading]
        table.add_row(*cells)
    console.print(table)


def print_problems(console: Console, problems: Sequence[str], none: str) -> None:
    """Print what is wrong, a line each; `none` says that nothing is."""
    for problem in problems:
        console.print(Text(inert(f"✗ {problem}"), style=BAD))
    if not problems:
        console.print(Text(inert(f"✓ {none}"), style=GOOD))


def _shown(cell: Text | str) -> Text:
    """Return a cell with its text made inert: names, tags and reasons may be anybody's."""
    if isinstance(cell, str):
        return Text(inert(cell))
    return cell if inert(cell.plain) == cell.plain else Text(inert(cell.plain), cell.style)


def moment(when: datetime | str) -> str:
    """Return a moment as people read it, in UTC."""
    known = datetime.fromisoformat(when) if isinstance(when, str) else when
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def deployment(last: ServiceDeployment, *, reason: bool = False) -> Text:
    """Return how and when a deployment ended, and why where `reason` asks for it."""
    text = f"{last.outcome} {moment(last.created)}" + (f": {last.reason}" if reason and last.reason else "")
    return Text(text, GOOD if last.completed else BAD if last.failed else UNSURE)
