"""What a stack's state knows of its secrets' rotation: whose turn it is, what follows what, and when each is due."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.credentials.events import Request
from operations.errors import OperationError


@dataclass(frozen=True, kw_only=True)
class SecretFacts:
    """What is known of one secret."""

    kind: str
    """`generated`, `supplied`, `composed` or `previous`."""
    rotation: int | None = None
    """Its counter as the last `up` that ended left it; None for what isn't generated."""
    due_days: int | None = None
    """After how many days it is due; None for never, and for what follows another."""
    ends: str | None = None
    """What a rotation ends for good."""
    follows: str | None = None
    """Whose rotation it follows."""
    store: str | None = None
    """The store whose password it is, or holds: `postgres`, `redis` or `rabbitmq`."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """What is known of a system's secrets."""

    secrets: Mapping[str, SecretFacts] = field(default_factory=dict)
    """Each secret that the system may have, by variable."""
    begun: Mapping[str, int] = field(default_factory=dict)
    """The counters that the last `up` began with, whether it ended or not."""
    function: str | None = None
    """The function that changes logins; None where there is none."""
    requests: Mapping[str, Request] = field(default_factory=dict)
    """What the function was asked at last, by store."""
    cache_user: str | None = None
    """The id of the application's user at the cache; None where there is none."""

    @property
    def unfinished(self) -> list[str]:
        """The secrets whose rotation an `up` began and didn't end."""
        return sorted(
            variable
            for variable, counter in self.begun.items()
            if variable in self.secrets and self.secrets[variable].rotation != counter
        )

    @property
    def read_by_function(self) -> set[str]:
        """The ARNs of the secrets that the function reads."""
        return {secret for request in self.requests.values() for secret in request.secrets}

    def require(self, system: str, stack: str) -> None:
        """Make sure that the stack's outputs tell of rotations.

        Raises:
            OperationError: they were written by a program that didn't yet.
        """
        if not self.secrets:
            raise OperationError(
                f"the state of stack {stack!r} tells nothing of {system}'s rotations: run up for stack {stack!r}, and "
                "try again"
            )


def parsed(outputs: Mapping[str, Any], begun: Mapping[str, Any] | None) -> Rotation:
    """Read a system's outputs, and the counters that its guard remembers."""
    credentials = outputs.get("credentials") or {}
    return Rotation(
        secrets={variable: _facts(fact) for variable, fact in (outputs.get("rotation") or {}).items()},
        # Pulumi's numbers are floating.
        begun={variable: int(counter) for variable, counter in (begun or {}).items()},
        function=credentials.get("function"),
        requests={
            store: Request.from_record(json.loads(request))
            for store, request in (credentials.get("requests") or {}).items()
        },
        cache_user=outputs.get("cacheUser"),
    )


def _facts(fact: Mapping[str, Any]) -> SecretFacts:
    def number(name: str) -> int | None:
        return int(fact[name]) if fact.get(name) is not None else None

    return SecretFacts(
        kind=str(fact["kind"]),
        rotation=number("rotation"),
        due_days=number("dueDays"),
        ends=fact.get("ends"),
        follows=fact.get("follows"),
        store=fact.get("store"),
    )
