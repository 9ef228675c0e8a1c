"""`rollback`: names the last good release in the stack's config, after making sure that it can run again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from operations import completeness, history, stack_file
from operations.account import Account
from operations.errors import OperationError
from operations.history import Release
from operations.images import Registry
from operations.stack import Stack, System


@dataclass(frozen=True, kw_only=True)
class Way:
    """From one release back to another."""

    current: str
    """What config names now."""
    tag: str
    """What config is to name."""
    release: Release
    """The release that has this tag."""


def find(account: Account, stack: Stack, system: System, root: Path, to: str | None = None) -> Way:
    """Find the release to go back to, and make sure that it is complete. Nothing is changed.

    The last good one is the last that ran well of those that were first released before what config names now. Thus a
    rollback after a rollback goes further back, and not forth again.

    Args:
        account: the account that the stack is in.
        stack: the stack.
        system: the system that goes back.
        root: the project's folder.
        to: the tag to go back to, where a person names one.

    Raises:
        OperationError: there is none, or it isn't complete.
    """
    current = stack_file.get(root, stack.name, f"{system.name}:release") or system.release
    if not current:
        raise OperationError(f"{system.name} has no release in stack {stack.name!r}: there is nothing to go back from")
    registry = Registry(account)
    releases = history.of_system(account, stack, system, registry)
    chosen = _named(system, releases, current, to) if to else _last_good(stack, system, releases, current)
    tag = to or _tag_of(chosen)
    left_out = (stack_file.get(root, stack.name, f"{system.name}:migrate") or "").lower() == "false"
    missing = completeness.missing_of(account, registry, chosen, tag, migrates=not left_out)
    if missing or tag is None:
        raise OperationError(
            f"{system.name} can't go back to {chosen.name}, which isn't complete:\n"
            + "\n".join(f"  {item}" for item in missing)
            + f"\nNothing was changed. See what there is: python -m operations releases --stack {stack.name} "
            f"{system.name}; then name one: python -m operations rollback {system.name} --stack {stack.name} --to <tag>"
        )
    return Way(current=current, tag=tag, release=chosen)


def _named(system: System, releases: Sequence[Release], current: str, to: str) -> Release:
    if to == current:
        raise OperationError(f"{system.name}:release is {to} already; nothing was changed")
    found = [release for release in releases if release.tags and to in release.tags]
    if not found:
        names = ", ".join(dict.fromkeys(release.name for release in releases)) or "none"
        raise OperationError(f"{system.name} never ran {to}; it ran: {names}. Nothing was changed")
    good = [release for release in found if release.shortcoming() is None]
    if not good:
        raise OperationError(f"{system.name} never ran {to} well: {found[-1].shortcoming()}. Nothing was changed")
    return good[-1]


def _last_good(stack: Stack, system: System, releases: Sequence[Release], current: str) -> Release:
    earlier = [
        release
        for release in releases[: history.position(releases, current)]
        if not release.tags or current not in release.tags
    ]
    for release in reversed(earlier):
        if release.shortcoming() is None:
            return release
    tried = "; ".join(f"{release.name}: {release.shortcoming()}" for release in reversed(earlier)) or "none is known"
    raise OperationError(
        f"{system.name} ran no good release before {current} in stack {stack.name!r} ({tried}). Nothing was changed"
    )


def _tag_of(release: Release) -> str | None:
    return min(release.tags) if release.tags else None


def apply(stack: Stack, system: System, root: Path, way: Way) -> None:
    """Name the release in the stack's config file; comments and order stay."""
    with stack_file.edited(root, stack.name) as file:
        file.set(f"{system.name}:release", way.tag)
