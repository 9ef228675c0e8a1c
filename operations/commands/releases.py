"""`releases`: what ran when, and how it ended."""

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from operations import screen
from operations.account import history
from operations.account.history import Release
from operations.account.images import Registry
from operations.account.revisions import Revision
from operations.commands import target
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement
from operations.state.stack import MIGRATION, System


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs."""
    return history.permissions(scope)


def main(options: argparse.Namespace) -> int:
    """Show the releases of one system, or of all."""
    account, stack = target.account_and_stack(options)
    registry, console = Registry(account), screen.console()
    for name in [options.system] if options.system else stack.systems:
        system = stack.system(name)
        show(system, history.releases_of(account, stack, system, registry), console)
    return 0


def show(system: System, releases: Sequence[Release], console: Console) -> None:
    """Print a system's releases, newest first."""
    console.print(Text(system.name, style="bold"))
    if not releases:
        console.print(Text("no release yet", screen.FAINT))
        return
    rows = [
        (
            release.name,
            screen.moment(release.first),
            name,
            ", ".join(str(revision.number) for revision in revisions),
            Text(revisions[-1].image.short, screen.FAINT),
            _migration(system, release, revisions[-1]) if name == MIGRATION else _deployment(release, name),
        )
        for release in reversed(releases)
        # The migration comes before the services, as it does in an `up`.
        for name, revisions in sorted(release.registered.items(), key=lambda item: (item[0] != MIGRATION, item[0]))
    ]
    screen.print_table(console, ("release", "registered", "service", "revision", "image", "outcome"), rows, heading=2)


def _migration(system: System, release: Release, revision: Revision) -> Text:
    if release.migrated is not None:
        before = screen.moment(release.migrated) < screen.moment(release.first)
        return Text(
            f"migrated {'before, ' if before else ''}{screen.moment(release.migrated)}",
            screen.FAINT if before else screen.GOOD,
        )
    remembered = system.migrations
    if remembered is not None and remembered.digest == revision.image.digest and remembered.outcome == "disabled":
        return Text("left out", screen.UNSURE)
    return Text("not remembered: failed, or left out", screen.BAD)


def _deployment(release: Release, name: str) -> Text:
    last = release.deployments.get(name)
    if last is None:
        return Text("never deployed, or more than 90 days ago", screen.UNSURE)
    return screen.deployment(last, reason=True)
