"""`rotate`: raises rotation counters in a stack's config, each by one, after making sure that they may rise."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.core.did_you_mean import did_you_mean
from operations.errors import OperationError
from operations.state import preview
from operations.state.config_file import ConfigFile
from operations.state.stack import Stack, System, read


def main(options: argparse.Namespace) -> int:
    """Edit the config, and show the preview. The account isn't asked."""
    found, root = read(options.stack, options.cwd), options.cwd
    system = found.system(options.system)
    steps = plan(found, system, root, options.secret, options.confirm)
    apply(found, system, root, steps)
    for step in steps:
        ends = f", and confirmed: {step.ends}" if step.ends else ""
        print(
            f"{system.name}:rotation.{step.variable} is {step.counter + 1} now, and was {step.counter}{ends}",
            flush=True,
        )
    if preview.show(found, root):
        print("error: the preview failed; the counters stay as they are now", file=sys.stderr)
        return 1
    print(f"Nothing was deployed. Rotate by running up for stack {found.name!r}")
    if any(step.store for step in steps):
        print(
            "What the stores took before stays valid until the next rotation; to end it sooner, after that: "
            f"python -m operations retire {system.name} --stack {found.name}"
        )
    return 0


@dataclass(frozen=True, kw_only=True)
class Step:
    """One secret's next rotation."""

    variable: str
    """The secret."""
    counter: int
    """The counter as it is now."""
    ends: str | None
    """What the rotation ends for good."""
    store: str | None
    """The store whose login it changes."""


def plan(stack: Stack, system: System, root: Path, variables: Sequence[str], confirmed: bool) -> list[Step]:
    """Return the next rotation of secrets. Nothing is changed.

    Args:
        stack: the stack.
        system: whose secrets they are.
        root: the project's folder.
        variables: the secrets.
        confirmed: whether what a rotation ends for good may end.

    Raises:
        OperationError: with every secret that can't be rotated, and why.
    """
    system.rotation.require(system.name, stack.name)
    counters = _counters(root, stack, system)
    steps, refused = [], []
    for variable in dict.fromkeys(variables):
        problem = _not_generated(stack, system, variable) or _out_of_step(stack, system, variable, counters)
        facts = system.rotation.secrets.get(variable)
        if problem is None and facts is not None and facts.ends and not confirmed:
            problem = f"{variable}: with its rotation {facts.ends}. If that is meant, add --confirm"
        if problem is not None:
            refused.append(problem)
        elif facts is not None:
            steps.append(Step(variable=variable, counter=counters.get(variable, 1), ends=facts.ends, store=facts.store))
    if refused:
        raise OperationError("\n".join([*refused, "Nothing was changed"]))
    return steps


def apply(stack: Stack, system: System, root: Path, steps: Sequence[Step]) -> None:
    """Raise the counters in the stack's config file, and confirm what has to be."""
    config, rotation = ConfigFile(root, stack.name), f"{system.name}:rotation"
    for step in steps:
        config.set_member(rotation, step.variable, step.counter + 1)
        if step.ends:
            config.set_member(f"{system.name}:confirmRotation", step.variable, step.counter + 1, after=rotation)
    config.save()


def _counters(root: Path, stack: Stack, system: System) -> dict[str, int]:
    """Return the counters that the stack's config file has."""
    key = f"{system.name}:rotation"
    text = ConfigFile(root, stack.name).get(key) or "{}"
    try:
        return {str(variable): int(counter) for variable, counter in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError):
        raise OperationError(
            f"{key} of stack {stack.name!r} is {text!r}; allowed: a positive integer for each secret, such as "
            "{JWT_SECRET: 2}"
        ) from None


def _not_generated(stack: Stack, system: System, variable: str) -> str | None:
    """Return why a secret has no counter, and what to do instead."""
    known = system.rotation.secrets
    facts = known.get(variable)
    if facts is None:
        generated = [name for name, one in known.items() if one.kind == "generated"]
        meant = did_you_mean(variable, known)
        return f"{variable}: {system.name} has no such secret{meant}; it makes: {', '.join(generated)}"
    if facts.kind == "supplied":
        return (
            f"{variable}: comes from a person. Set another value: "
            f"pulumi config set --secret {system.name}:{variable} --stack {stack.name}"
        )
    if facts.follows is not None:
        what = "is composed, and" if facts.kind == "composed" else "is the value before the last rotation, and"
        return f"{variable}: {what} follows {facts.follows}. Rotate {facts.follows}"
    return None


def _out_of_step(stack: Stack, system: System, variable: str, counters: Mapping[str, int]) -> str | None:
    """Return how the file differs from what the last `up` left, if it does, and the way out."""
    counter = counters.get(variable, 1)
    ended = system.rotation.secrets[variable].rotation or 1
    begun = system.rotation.begun.get(variable, ended)
    if counter == ended == begun:
        return None
    # What the next `up` has to be run with.
    wanted = begun + 1 if begun == ended < counter else begun
    key = f"{system.name}:rotation.{variable}"
    return (
        f"{variable}: {key} is {counter} in the stack's config and {ended} in its state"
        + (f", and an `up` with {begun} didn't end" if begun != ended else "")
        + ": one step at a time. "
        + ("Run" if counter == wanted else f"Set it to {wanted}, and run")
        + f" up for stack {stack.name!r} first"
    )
