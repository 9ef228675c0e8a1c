"""A provider for tests of the engine: resources in memory, behaviour chosen by inputs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    PropertyDiff,
    PropertyDiffKind,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from localcloud.engine import Project, Stack
from localcloud.engine.paths import changed_paths
from localcloud.engine.values import computed, contains_computed, make, text, to_python
from localcloud.provider import load

PropertyMap = dict[str, PropertyValue]


@dataclass
class Cloud:
    """What the fake provider's resources live in.

    Attributes:
        things: properties by id.
        calls: every call as (method, logical name), in order.
        at_once: the most creates that ran at the same time.
        ids_by_name: number ids by logical name, so that they don't depend on the order of creation.
    """

    ids_by_name: bool = False

    things: dict[str, PropertyMap] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    at_once: int = 0
    running: int = 0
    serial: int = 0

    def names(self, method: str) -> list[str]:
        """Return the logical names that a method was called for."""
        return [name for called, name in self.calls if called == method]


class FakeProvider(Provider):
    """Behaves as inputs say.

    `fail` names the method that raises, `force` replaces when it changes, `deleteFirst` asks for delete-before-replace,
    `secretOut` gives a secret output, `open` outputs without their inputs' marks, `auto` a name, and `bad` is refused.
    Work takes `slow` seconds, or waits until the same was begun for the resource named `after`, or until as many as
    `together` are worked on at once.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.region = ""

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        self.region = str(to_python(request.args["region"])) if "region" in request.args else ""
        self.cloud.regions.append(self.region)
        return ConfigureResponse(True, True, True, False)

    async def diff_config(self, request: DiffRequest) -> DiffResponse:
        old, new = request.old_state.get("region"), request.new_inputs.get("region")
        changed = old != new
        return DiffResponse(changes=changed, replaces=["region"] if changed else [])

    async def check(self, request: CheckRequest) -> CheckResponse:
        self.cloud.calls.append(("check", request.name))
        failures = []
        if "bad" in request.new_inputs:
            failures.append(CheckFailure("bad", "it isn't allowed"))
        inputs = dict(request.new_inputs)
        if "name" not in inputs and "auto" in inputs:
            inputs["name"] = request.old_inputs.get("name") or text(f"{request.name}-{request.random_seed.hex()[:7]}")
        return CheckResponse(inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        old: PropertyMap = request.old_inputs  # type: ignore[attr-defined]
        paths = changed_paths(old, request.new_inputs)
        detailed = {}
        for path, kind in paths.items():
            forces = path.partition(".")[0] in ("force", "name")
            detailed[path] = PropertyDiff(PropertyDiffKind[kind.upper() + ("_REPLACE" if forces else "")], True)
        forcing = [path for path in paths if path.partition(".")[0] in ("force", "name")]
        first = "deleteFirst" in request.new_inputs
        return DiffResponse(
            changes=bool(paths),
            replaces=forcing,
            diffs=sorted({p.partition(".")[0].partition("[")[0] for p in paths}),
            detailed_diff=detailed,
            delete_before_replace=first,
        )

    def _outputs(self, identity: str, inputs: PropertyMap, preview: bool) -> PropertyMap:
        outputs = {key: make(value.value) if "open" in inputs else value for key, value in inputs.items()}
        outputs["arn"] = computed() if preview and not identity else text(f"arn:{identity}")
        if "secretOut" in inputs:
            outputs["password"] = text("hunter2", secret=True)
        return outputs

    async def _work(self, method: str, name: str, inputs: PropertyMap) -> None:
        self.cloud.calls.append((method, name))
        self.cloud.running += 1
        self.cloud.at_once = max(self.cloud.at_once, self.cloud.running)
        try:
            if "after" in inputs:
                await self._until(lambda: (method, to_python(inputs["after"])) in self.cloud.calls)
            if "together" in inputs:
                await self._until(lambda: self.cloud.at_once >= to_python(inputs["together"]))
            if "slow" in inputs:
                await asyncio.sleep(float(to_python(inputs["slow"])))
            if "fail" in inputs and to_python(inputs["fail"]) == method:
                raise RuntimeError(f"{method} of {name} was refused")
        finally:
            self.cloud.running -= 1

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.002)

    async def create(self, request: CreateRequest) -> CreateResponse:
        if request.preview:
            return CreateResponse("", self._outputs("", request.properties, True))
        assert not any(contains_computed(value) for value in request.properties.values())
        await self._work("create", request.name, request.properties)
        self.cloud.serial += 1
        number = self.cloud.names("create").count(request.name) if self.cloud.ids_by_name else self.cloud.serial
        identity = f"{request.name}-{number}"
        self.cloud.things[identity] = dict(request.properties)
        return CreateResponse(identity, self._outputs(identity, request.properties, False))

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if not request.preview:
            await self._work("update", request.name, request.news)
            self.cloud.things[request.resource_id] = dict(request.news)
        return UpdateResponse(self._outputs(request.resource_id, request.news, request.preview))

    async def delete(self, request: DeleteRequest) -> None:
        await self._work("delete", request.name, request.properties)
        self.cloud.things.pop(request.resource_id, None)

    async def read(self, request: ReadRequest) -> ReadResponse:
        self.cloud.calls.append(("read", request.name))
        found = self.cloud.things.get(request.resource_id)
        if found is not None and "fail" in found and to_python(found["fail"]) == "read":
            raise RuntimeError(f"read of {request.name} was refused")
        if found is None:
            return ReadResponse("", {}, {})
        return ReadResponse(request.resource_id, self._outputs(request.resource_id, found, False), found)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        self.cloud.calls.append(("invoke", request.tok))
        if request.tok == "test:index:refuse":
            return InvokeResponse(None, [CheckFailure("what", "no such thing")])
        return InvokeResponse({"answer": text(f"{self.region}/{to_python(request.args.get('what', text('')))}")})


class Thing(pulumi.CustomResource):
    """A resource of the fake provider. Any keyword is an input."""

    arn: pulumi.Output[str]
    password: pulumi.Output[str]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, /, **inputs: object) -> None:
        inputs.setdefault("arn", None)
        inputs.setdefault("password", None)
        super().__init__("test:index:Thing", resource_name, inputs, opts)


class Group(pulumi.ComponentResource):
    """A component."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("test:index:Group", name, inputs or None, opts)


class TestProvider(pulumi.ProviderResource):
    """The explicit provider resource of the fake provider."""

    __test__ = False

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("test", name, inputs, opts)


class Lab:
    """A project without files, a cloud and a home; `stack` takes the program to run next."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cloud = Cloud()
        self.project = Project(root, name="proj")

    def stack(self, program: Callable[[], object] | None = None, name: str = "dev", **options: Any) -> Stack:  # noqa: ANN401 - what `Project.stack` takes
        fake = {"test": lambda: FakeProvider(self.cloud), "random": lambda: load("random")}
        options.setdefault("providers", fake)
        return self.project.stack(name, program=program or (lambda: None), home=self.root / "home", **options)
