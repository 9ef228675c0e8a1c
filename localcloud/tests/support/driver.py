"""A short way to drive a resource type through its life."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pulumi.provider.experimental import provider as sdk

from localcloud.provider import LocalProvider
from localcloud.provider.values import plain_map, wrap_map

Plain = dict[str, Any]
_R = TypeVar("_R")


@dataclass
class Driver:
    """Drive one provider with plain values, as an engine would.

    Attributes:
        provider: the provider, configured.
        name: the logical name of the resource.
    """

    provider: LocalProvider
    name: str = "thing"

    def urn(self, token: str) -> str:
        """Return the URN of the resource."""
        return f"urn:pulumi:test::demo::{token}::{self.name}"

    def check(self, token: str, inputs: Plain, old: Plain | None = None) -> Plain:
        """Return the checked inputs; fail the test on check failures."""
        answer = self.checked(token, inputs, old)
        assert not answer.failures, [(item.property, item.reason) for item in answer.failures]
        return plain_map(answer.inputs or {})

    def checked(self, token: str, inputs: Plain, old: Plain | None = None) -> sdk.CheckResponse:
        """Return the provider's own answer to check."""
        request = sdk.CheckRequest(self.urn(token), wrap_map(old or {}, set()), wrap_map(inputs, set()), b"seed")
        return run(self.provider.check(request))

    def create(self, token: str, inputs: Plain, *, preview: bool = False) -> tuple[str, Plain]:
        """Return (id, state)."""
        answer = run(self.provider.create(sdk.CreateRequest(self.urn(token), wrap_map(inputs, set()), 0, preview)))
        return answer.resource_id or "", plain_map(answer.properties)

    def diff(self, token: str, id: str, state: Plain, old: Plain, new: Plain) -> sdk.DiffResponse:
        """Return the provider's own answer to diff."""
        request = sdk.DiffRequest(self.urn(token), id, wrap_map(state, set()), wrap_map(new, set()), [])
        vars(request)["old_inputs"] = wrap_map(old, set())
        return run(self.provider.diff(request))

    def update(self, token: str, id: str, state: Plain, old: Plain, new: Plain, *, preview: bool = False) -> Plain:
        """Return the new state."""
        request = sdk.UpdateRequest(self.urn(token), id, wrap_map(state, set()), wrap_map(new, set()), 0, [], preview)
        vars(request)["old_inputs"] = wrap_map(old, set())
        return plain_map(run(self.provider.update(request)).properties)

    def read(self, token: str, id: str, state: Plain, inputs: Plain) -> tuple[str, Plain, Plain]:
        """Return (id, state, inputs); the id is empty when the resource is gone."""
        answer = run(
            self.provider.read(sdk.ReadRequest(self.urn(token), id, wrap_map(state, set()), wrap_map(inputs, set())))
        )
        return answer.resource_id or "", plain_map(answer.properties), plain_map(answer.inputs)

    def delete(self, token: str, id: str, state: Plain, inputs: Plain) -> None:
        """Delete the resource."""
        request = sdk.DeleteRequest(self.urn(token), id, wrap_map(state, set()), 0)
        vars(request)["old_inputs"] = wrap_map(inputs, set())
        run(self.provider.delete(request))

    def invoke(self, token: str, args: Plain) -> Plain:
        """Return an invoke's answer."""
        return plain_map(run(self.provider.invoke(sdk.InvokeRequest(token, wrap_map(args, set())))).return_value or {})


@dataclass
class Life:
    """What a resource was over its life.

    Attributes:
        id: its id.
        created: its state after create.
        updated: its state after update, when there was one.
        changed: the property paths that the update's diff named.
    """

    id: str
    created: Plain
    updated: Plain = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)


def run(work: Coroutine[Any, Any, _R]) -> _R:
    return asyncio.run(work)
