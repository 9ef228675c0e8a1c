"""Rules that Python's SDK keeps by itself, and the SDKs of other languages leave to the engine: said to it directly."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_monitor

from engine.fake import Lab
from localcloud.engine.run import Run
from localcloud.engine.values import UNKNOWN, contains_computed, text, to_struct


def _monitor() -> Any:  # noqa: ANN401 - the SDK's stub
    return get_monitor()


def _register(name: str, *, custom: bool = True, **fields: Any) -> str:  # noqa: ANN401 - any field
    request = resource_pb2.RegisterResourceRequest(
        type="test:index:Thing" if custom else "test:index:Group",
        name=name,
        custom=custom,
        acceptSecrets=True,
        **fields,
    )
    return str(_monitor().RegisterResource(request).urn)


def test_a_child_inherits_protection(lab: Lab) -> None:
    def program() -> None:
        group = _register("g", custom=False, protect=True)
        _register("child", parent=group)
        _register("other", parent=group, protect=False)

    assert lab.stack(program).up().ok
    assert {r.name: r.protect for r in lab.stack().resources() if r.custom and r.name != "default"} == {
        "child": True,
        "other": False,
    }


def test_what_depends_on_a_component_is_deleted_before_what_the_component_has(lab: Lab) -> None:
    def program() -> None:
        group = _register("group", custom=False)
        inner = _register("group-in-group", custom=False, parent=group)
        _register("inner", parent=inner)
        _register("outer", dependencies=[group])

    assert lab.stack(program).up().ok
    assert lab.stack().destroy().ok
    assert lab.cloud.names("delete") == ["outer", "inner"]


def test_a_function_that_depends_on_a_component_waits_for_what_it_has(lab: Lab) -> None:
    def program() -> None:
        group = _register("group", custom=False)
        _register("inner", parent=group)
        request = resource_pb2.ResourceInvokeRequest(tok="test:index:ask", dependsOn=[group])
        pulumi.export("unknown", _monitor().Invoke(request).unknown)

    assert lab.stack(program).preview().outputs == {"unknown": True}
    assert lab.stack(program).up().outputs == {"unknown": False}


def test_an_unknown_value_is_known_by_its_text(lab: Lab) -> None:
    def program() -> None:
        unknown = {key: text(UNKNOWN) for key in ("size", "other")}
        _register("a", object=to_struct({**unknown, "known": text("x")}))

    result = lab.stack(program).preview()
    assert result.ok, result.errors
    made = next(step.new for step in result._raw if step.new and step.new.name == "a")
    assert {key: contains_computed(value) for key, value in made.inputs.items()} == {
        "size": True,
        "other": True,
        "known": False,
    }


def test_a_program_that_ends_well_after_a_failure_deletes_nothing() -> None:
    deleted: list[Any] = []

    async def delete(steps: list[Any]) -> None:
        deleted.extend(steps)

    def finished(failures: int) -> list[Any]:
        run = SimpleNamespace(
            failures=failures, finished=False, delete=delete, planner=SimpleNamespace(plan_deletes=lambda: ["gone"])
        )
        asyncio.run(Run.finish(run))  # type: ignore[arg-type]
        assert run.finished
        return deleted

    assert finished(1) == []
    assert finished(0) == ["gone"]
