"""Keeps rotations in step: one at a time, and never back.

A dynamic provider, since only its `diff` is asked in a preview too and knows what the counters were before.
https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.exceptions
import pulumi
from pulumi import dynamic

from components.core import aws_clients
from components.core.dynamic_provider import AwsDynamicProvider, state_of


class RotationError(Exception):
    """A counter moved in a way that would lock somebody out."""


def check_counters(
    system: str, olds: Mapping[str, int], news: Mapping[str, int], completed: Mapping[str, int] | None = None
) -> None:
    """Refuse counters that skip a rotation or go back.

    The value before the current one stays valid until the next rotation, which makes its successor in its place. A
    counter that rises by two before running tasks have come along, or falls, therefore takes away the very value that
    they have.

    Args:
        system: whose they are.
        olds: what the last update was asked for.
        news: what this one is asked for.
        completed: the counters that running tasks have come to; None where that isn't known, and `olds` count.

    Raises:
        RotationError: naming each counter, its value, what is allowed and the way out.
    """
    wrong = []
    for variable in sorted(news):
        if variable not in olds:
            continue
        old, new = int(olds[variable]), int(news[variable])
        running = min(int((completed or {}).get(variable, old)), old)
        key = f"{system}:rotation.{variable}"
        if new not in (old, old + 1):
            wrong.append(
                f"{key} goes from {old} to {new}; allowed: {old} or {old + 1}, since running tasks have the value of "
                f"{running} until this update is through. Fix: pulumi config set --path '{key}' {old + 1}"
            )
        elif new > running + 1:
            wrong.append(
                f"{key} goes from {old} to {new}, and the rotation to {old} isn't through: running tasks may have the "
                f"value of {running} still, which this one would replace; allowed: {old}. Set it back and run up until "
                f"that goes through, then rotate again: pulumi config set --path '{key}' {old}"
            )
    if wrong:
        raise RotationError("\n".join(wrong))


def read_completed(region: str, parameter_name: str) -> dict[str, int] | None:
    """Return the counters that running tasks have come to, as `RotationRecord` wrote them; None where it hasn't yet.

    Raises:
        RotationError: when they can't be told, though they are there.
    """
    try:
        ssm = aws_clients.client("ssm", region)
        found = ssm.get_parameter(Name=parameter_name, WithDecryption=True)["Parameter"]["Value"]
        return {str(variable): int(counter) for variable, counter in json.loads(found).items()}
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, ValueError) as error:
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html (errors)
        if getattr(error, "response", {}).get("Error", {}).get("Code") == "ParameterNotFound":
            return None
        raise RotationError(
            f"whether the last rotations are through can't be told from the parameter {parameter_name}: {error}. Let "
            "who runs this call ssm:GetParameter on it, and kms:Decrypt on the stack's key; then try again"
        ) from None


class RotationGuardProvider(AwsDynamicProvider):
    """Compare counters with those of the last update."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Refuse steps that are too wide; say what a rotation ends that can't be undone."""
        before, now = olds["counters"], news["counters"]
        rises = any(int(now[variable]) > int(before.get(variable, now[variable])) for variable in now)
        completed = read_completed(news["region"], news["parameter"]) if rises and news.get("parameter") else None
        check_counters(news["system"], before, now, completed)
        for variable, end in sorted((news.get("ends") or {}).items()):
            if int(now.get(variable, 1)) > int(before.get(variable, 1)):
                print(f"{news['system']}: rotating {variable}: {end}", flush=True)
        return dynamic.DiffResult(changes={k: int(v) for k, v in before.items()} != {k: int(v) for k, v in now.items()})

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Remember the first counters."""
        return dynamic.CreateResult(id_=props["system"], outs=state_of(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Remember the counters of this update."""
        return dynamic.UpdateResult(outs=state_of(_news))


@dataclass(frozen=True, kw_only=True)
class RotationGuardArgs:
    """Which counters to guard."""

    system: str
    """Whose they are."""
    counters: Mapping[str, int]
    """Rotation of each generated secret, by variable."""
    region: str
    """Where the parameter is."""
    parameter_name: str
    """Name of the parameter in which a `RotationRecord` tells what running tasks have come to."""
    ends: Mapping[str, str]
    """What a rotation ends for good, by variable; said in the preview."""


class RotationGuard(dynamic.Resource, module="alicerce", name="RotationGuard"):
    """The counters of a system's rotations, as the last update left them.

    Guarantees: a preview, and so an `up`, fails before anything of the system's secrets changes when a counter rises by
    more than one or falls, or rises while running tasks haven't come to the rotation before; and it says, for a secret
    whose rotation ends something for good, what that is.
    """

    def __init__(self, name: str, args: RotationGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {
            "system": args.system,
            "counters": dict(args.counters),
            "region": args.region,
            "parameter": args.parameter_name,
            "ends": dict(args.ends),
        }
        super().__init__(RotationGuardProvider(), name, props, opts)
