"""The `pulumi` package, which the engine provides itself: stack references and reading resources by URN.

https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/builtins.go
"""

from collections.abc import Callable

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
    ReadRequest,
    ReadResponse,
)

from localcloud.engine.state import Resource
from localcloud.engine.values import PropertyMap, contains_secret, make, mapping, text, to_python

STACK_REFERENCE = "pulumi:pulumi:StackReference"

#: Returns the outputs of another stack, by the name that a program gives it.
OutputsReader = Callable[[str], PropertyMap]


class Builtin(Provider):
    """Reads other stacks' outputs and this stack's resources."""

    def __init__(self, read_outputs: OutputsReader, find: Callable[[str], Resource | None]) -> None:
        """Take the ways to other stacks and to this run's resources."""
        self._read_outputs = read_outputs
        self._find = find

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        """Its configuration never changes anything."""
        return DiffResponse(changes=False)

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Read a stack reference: all outputs of the other stack, and the names of those that are secret."""
        if request.type != STACK_REFERENCE:
            raise LookupError(f"{request.type} isn't a type that the engine itself provides")
        given = request.inputs.get("name") or request.properties.get("name")
        name = str(to_python(given)) if given is not None else request.resource_id
        outputs = self._read_outputs(name)
        secret = tuple(text(key) for key in sorted(outputs) if contains_secret(outputs[key]))
        found = {"name": text(name), "outputs": mapping(outputs), "secretOutputNames": make(secret)}
        return ReadResponse(request.resource_id, found, request.inputs)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """Answer `getResource`, which the SDK asks to make an object of a resource reference."""
        if request.tok == "pulumi:pulumi:getResource":
            urn = str(to_python(request.args["urn"]))
            resource = self._find(urn)
            if resource is None:
                raise LookupError(f"unknown resource {urn}")
            found: dict[str, PropertyValue] = {"urn": text(urn), "state": mapping(resource.outputs)}
            if resource.id:
                found["id"] = text(resource.id)
            return InvokeResponse(found)
        raise LookupError(f"{request.tok} isn't a function that the engine itself provides")
