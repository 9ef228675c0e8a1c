"""Keeps rotations in step: one at a time, and never back.

A dynamic provider, since only its `diff` is asked in a preview too and knows what the counters were before.
https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import dynamic


class RotationError(Exception):
    """A counter moved in a way that would lock somebody out."""


def check_steps(system: str, olds: Mapping[str, int], news: Mapping[str, int]) -> None:
    """Refuse counters that skip a rotation or go back.

    The value before the current one stays valid until the next rotation, which makes its successor in its place. A
    counter that rises by two in one `up`, or falls, therefore takes away the very value that running tasks have.

    Raises:
        RotationError: naming each counter, its value, what is allowed and the way out.
    """
    wrong = [
        f"{system}:rotation.{variable} goes from {int(olds[variable])} to {int(news[variable])}; "
        f"allowed: {int(olds[variable])} or {int(olds[variable]) + 1}, since running tasks have the value of "
        f"{int(olds[variable])} until this update is through. Mend it: "
        f"pulumi config set --path '{system}:rotation.{variable}' {int(olds[variable]) + 1}"
        for variable in sorted(news)
        if variable in olds and int(news[variable]) not in (int(olds[variable]), int(olds[variable]) + 1)
    ]
    if wrong:
        raise RotationError("\n".join(wrong))


class RotationGuardProvider(dynamic.ResourceProvider):
    """Compare counters with those of the last update."""

    #: Counters are no secret, so that the state stays readable.
    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Refuse steps that are too wide; say what a rotation ends that can't be undone."""
        before, now = olds["counters"], news["counters"]
        check_steps(news["system"], before, now)
        for variable, end in sorted((news.get("ends") or {}).items()):
            if int(now.get(variable, 1)) > int(before.get(variable, 1)):
                print(f"{news['system']}: rotating {variable}: {end}", flush=True)
        return dynamic.DiffResult(changes={k: int(v) for k, v in before.items()} != {k: int(v) for k, v in now.items()})

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Remember the first counters."""
        return dynamic.CreateResult(id_=props["system"], outs=_state(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Remember the counters of this update."""
        return dynamic.UpdateResult(outs=_state(_news))


def _state(props: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if key != dynamic.dynamic.PROVIDER_KEY}


@dataclass(frozen=True, kw_only=True)
class RotationGuardArgs:
    """Which counters to guard."""

    system: str
    """Whose they are."""
    counters: Mapping[str, int]
    """Rotation of each generated secret, by variable."""
    ends: Mapping[str, str] = field(default_factory=dict)
    """What a rotation ends for good, by variable; said in the preview."""


class RotationGuard(dynamic.Resource, module="alicerce", name="RotationGuard"):
    """The counters of a system's rotations, as the last update left them.

    Guarantees: a preview, and so an `up`, fails before anything of the system's secrets changes when a counter rises by
    more than one or falls; and it says, for a secret whose rotation ends something for good, what that is.
    """

    def __init__(self, name: str, args: RotationGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {"system": args.system, "counters": dict(args.counters), "ends": dict(args.ends)}
        super().__init__(RotationGuardProvider(), name, props, opts)
