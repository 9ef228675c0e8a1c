"""`releases`: what ran when, and how it ended."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from operations import screen
from operations.history import MIGRATION, Release
from operations.revisions import Revision
from operations.stack import System


def show(system: System, releases: Sequence[Release], console: Console) -> None:
    """Print a system's releases, newest first."""
    console.print(Text(system.name, style="bold"))
    if not releases:
        console.print(screen.styled("no release yet", screen.FAINT))
        return
    table = screen.table("release", "registered", "service", "revision", "image", "outcome")
    for release in reversed(releases):
        first = True
        # The migration comes before the services, as it does in an `up`.
        for name in sorted(release.registered, key=lambda name: (name != MIGRATION, name)):
            revisions = release.registered[name]
            table.add_row(
                Text(release.name if first else ""),
                Text(screen.moment(release.first) if first else ""),
                Text(name),
                Text(", ".join(str(revision.number) for revision in revisions)),
                screen.styled(revisions[-1].image.short, screen.FAINT),
                _migration(system, release, revisions[-1]) if name == MIGRATION else _deployment(release, name),
            )
            first = False
    console.print(table)


def _migration(system: System, release: Release, revision: Revision) -> Text:
    if release.migrated is not None:
        before = screen.moment(release.migrated) < screen.moment(release.first)
        return screen.styled(
            f"migrated {'before, ' if before else ''}{screen.moment(release.migrated)}",
            screen.FAINT if before else screen.GOOD,
        )
    remembered = system.migrations
    if remembered is not None and remembered.digest == revision.image.digest and remembered.outcome == "disabled":
        return screen.styled("left out", screen.UNSURE)
    return screen.styled("not remembered: failed, or left out", screen.BAD)


def _deployment(release: Release, name: str) -> Text:
    last = release.ended.get(name)
    if last is None:
        return screen.styled("never deployed, or more than 90 days ago", screen.UNSURE)
    text = f"{last.outcome} {screen.moment(last.created)}" + (f": {last.reason}" if last.reason else "")
    return screen.styled(text, screen.GOOD if last.completed else screen.UNSURE if last.under_way else screen.BAD)
