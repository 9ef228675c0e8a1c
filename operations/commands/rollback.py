"""`rollback`: names the last good release in the stack's config, after making sure that it can run again."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from operations import screen
from operations.account import completeness, history
from operations.account.account import Account
from operations.account.history import Release
from operations.account.images import Registry
from operations.commands import target
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement
from operations.state import preview
from operations.state.config_file import ConfigFile
from operations.state.stack import Stack, System


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs, its preview left out."""
    return [*history.permissions(scope), *completeness.permissions(scope)]


def main(options: argparse.Namespace) -> int:
    """Edit the config, and show the preview."""
    account, stack = target.account_and_stack(options)
    system, config = stack.system(options.system), ConfigFile(options.cwd, stack.name)
    step = plan(account, stack, system, config, options.to)
    key = f"{system.name}:release"
    config.set(key, step.tag)
    config.save()
    print(
        f"{key} is {step.tag} now, and was {step.current}; it first ran {screen.moment(step.release.first)}", flush=True
    )
    if preview.show(stack, options.cwd):
        print(f"error: the preview failed; {key} stays {step.tag}", file=sys.stderr)
        return 1
    print(f"Nothing was deployed. Go back by running up for stack {stack.name!r}")
    return 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """From one release back to another."""

    current: str
    """What config names now."""
    tag: str
    """What config is to name."""
    release: Release
    """The release that has this tag."""


def plan(account: Account, stack: Stack, system: System, config: ConfigFile, to: str | None) -> Step:
    """Find the release to go back to, and make sure that it is complete. Nothing is changed.

    The last good one is the last that ran well of those that were first released before what config names now. Thus a
    rollback after a rollback goes further back, and not forth again.

    Args:
        account: the account that the stack is in.
        stack: the stack.
        system: the system that goes back.
        config: the stack's config file.
        to: the tag to go back to, where a person names one.

    Raises:
        OperationError: there is none, or it isn't complete.
    """
    current = config.get(f"{system.name}:release") or system.release
    if not current:
        raise OperationError(f"{system.name} has no release in stack {stack.name!r}: there is nothing to go back from")
    registry = Registry(account)
    releases = history.releases_of(account, stack, system, registry)
    chosen = _named(system, releases, current, to) if to else _last_good(stack, system, releases, current)
    tag = to or min(chosen.tags or (), default=None)
    left_out = (config.get(f"{system.name}:migrate") or "").lower() == "false"
    missing = completeness.missing_parts(account, registry, chosen, tag, migrates=not left_out)
    if missing or tag is None:
        raise OperationError(
            f"{system.name} can't go back to {chosen.name}, which isn't complete:\n"
            + "\n".join(f"  {item}" for item in missing)
            + f"\nNothing was changed. See what there is: python -m operations releases --stack {stack.name} "
            f"{system.name}; then name one: python -m operations rollback {system.name} --stack {stack.name} --to <tag>"
        )
    return Step(current=current, tag=tag, release=chosen)


def _named(system: System, releases: Sequence[Release], current: str, to: str) -> Release:
    if to == current:
        raise OperationError(f"{system.name}:release is {to} already; nothing was changed")
    found = [release for release in releases if release.tags and to in release.tags]
    if not found:
        names = ", ".join(dict.fromkeys(release.name for release in releases)) or "none"
        raise OperationError(f"{system.name} never ran {to}; it ran: {names}. Nothing was changed")
    good = [release for release in found if release.problem() is None]
    if not good:
        raise OperationError(f"{system.name} never ran {to} well: {found[-1].problem()}. Nothing was changed")
    return good[-1]


def _last_good(stack: Stack, system: System, releases: Sequence[Release], current: str) -> Release:
    earlier = [
        release
        for release in releases[: history.position(releases, current)]
        if not release.tags or current not in release.tags
    ]
    for release in reversed(earlier):
        if release.problem() is None:
            return release
    tried = "; ".join(f"{release.name}: {release.problem()}" for release in reversed(earlier)) or "none is known"
    raise OperationError(
        f"{system.name} ran no good release before {current} in stack {stack.name!r} ({tried}). Nothing was changed"
    )
