"""Provider resources, invokes, reading, stack references and dynamic resources."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pulumi
import pulumi.dynamic
import pytest

from engine.fake import Group, Lab, TestProvider, Thing

pytestmark = pytest.mark.slow


def _providers(lab: Lab) -> dict[str, str]:
    return {r.name: r.id for r in lab.stack().resources() if r.type.startswith("pulumi:providers:")}


def test_the_default_provider_is_a_resource_named_after_its_version(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", pulumi.ResourceOptions(version="7.51.1"), size=1) and None).up()
    assert list(_providers(lab)) == ["default_7_51_1"]
    thing = next(r for r in lab.stack().resources() if r.name == "a")
    urn = "urn:pulumi:dev::proj::pulumi:providers:test::default_7_51_1"
    assert thing.provider == f"{urn}::{_providers(lab)['default_7_51_1']}"


def test_the_default_provider_is_configured_by_the_packages_namespace(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None, config={"test:region": "sa-east-1", "other:x": "y"}).up()
    assert lab.cloud.regions == ["sa-east-1"]
    provider = next(r for r in lab.stack().resources() if r.name == "default")
    assert {key: value.value for key, value in provider.inputs.items()} == {"region": "sa-east-1"}


def test_a_default_provider_is_made_once(lab: Lab) -> None:
    def program() -> None:
        for n in range(5):
            Thing(f"t{n}", size=1)

    lab.stack(program).up()
    assert len(lab.cloud.regions) == 1


def test_an_explicit_provider_manages_the_resources_that_name_it(lab: Lab) -> None:
    def program() -> None:
        east = TestProvider("east", region="us-east-1")
        Thing("a", pulumi.ResourceOptions(provider=east), size=1)

    lab.stack(program).up()
    assert lab.cloud.regions == ["us-east-1"]
    thing = next(r for r in lab.stack().resources() if r.name == "a")
    assert thing.provider == f"urn:pulumi:dev::proj::pulumi:providers:test::east::{_providers(lab)['east']}"
    assert lab.stack(program).up().changes == ()


def test_children_of_a_component_take_its_provider(lab: Lab) -> None:
    def program() -> None:
        east = TestProvider("east", region="us-east-1")
        group = Group("g", pulumi.ResourceOptions(providers=[east]))
        inner = Group("inner", pulumi.ResourceOptions(parent=group))
        Thing("a", pulumi.ResourceOptions(parent=inner), size=1)

    lab.stack(program).up()
    assert list(_providers(lab)) == ["east"]


def test_another_region_replaces_what_the_provider_manages(lab: Lab) -> None:
    def program(region: str) -> None:
        provider = TestProvider("p", region=region)
        Thing("a", pulumi.ResourceOptions(provider=provider), size=1)

    lab.stack(lambda: program("us-east-1")).up()
    lab.cloud.calls.clear()
    result = lab.stack(lambda: program("sa-east-1")).up()
    assert result.ok, result.errors
    assert {(s.op, s.name) for s in result.changes} == {("replace", "p"), ("replace", "a")}
    assert [c for c in lab.cloud.calls if c[0] != "check"] == [("create", "a"), ("delete", "a")]


def test_a_secret_in_a_providers_configuration_is_encrypted(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None, secrets={"test:token": "hush-hush"}).up()
    assert "hush-hush" not in lab.stack().state_file.path.read_text()


def test_resources_are_deleted_with_the_provider_that_they_were_made_with(lab: Lab) -> None:
    def program() -> None:
        Thing("a", pulumi.ResourceOptions(provider=TestProvider("east", region="us-east-1")), size=1)

    lab.stack(program).up()
    lab.cloud.regions.clear()
    lab.stack(lambda: None).up()
    assert lab.cloud.regions == ["us-east-1"]
    assert lab.cloud.names("delete") == ["a"]


def test_an_unknown_package_is_an_error_that_names_it(lab: Lab) -> None:
    def program() -> None:
        pulumi.CustomResource("nowhere:index:Thing", "x", {})

    result = lab.stack(program).up()
    assert not result.ok
    assert "nowhere" in result.errors[0]


# --- invokes ---------------------------------------------------------------------------------------------------------


def test_an_invoke_answers_through_the_default_provider(lab: Lab) -> None:
    def program() -> None:
        found = pulumi.runtime.invoke("test:index:ask", {"what": "x"})
        pulumi.export("answer", found.value["answer"])

    assert lab.stack(program, config={"test:region": "r1"}).up().outputs == {"answer": "r1/x"}


def test_an_invoke_answers_through_an_explicit_provider(lab: Lab) -> None:
    def program() -> None:
        east = TestProvider("east", region="us-east-1")
        options = pulumi.InvokeOptions(provider=east)
        found = pulumi.runtime.invoke_output("test:index:ask", {"what": "x"}, options)
        pulumi.export("answer", found["answer"])

    assert lab.stack(program).up().outputs == {"answer": "us-east-1/x"}


def test_an_invoke_on_an_unknown_value_is_unknown_in_a_preview(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        pulumi.export("answer", pulumi.runtime.invoke_output("test:index:ask", {"what": a.arn})["answer"])

    assert lab.stack(program).preview().outputs == {"answer": None}
    assert lab.cloud.names("test:index:ask") == []
    assert lab.stack(program).up().outputs == {"answer": "/arn:a-1"}


def test_an_invoke_that_depends_on_what_is_to_be_created_is_unknown_in_a_preview(lab: Lab) -> None:
    def program() -> None:
        group = Group("g")
        Thing("a", pulumi.ResourceOptions(parent=group), size=1)
        options = pulumi.InvokeOutputOptions(depends_on=[group])
        pulumi.export("answer", pulumi.runtime.invoke_output("test:index:ask", {"what": "x"}, options)["answer"])

    assert lab.stack(program).preview().outputs == {"answer": None}
    lab.stack(program).up()
    assert lab.stack(program).preview().outputs == {"answer": "/x"}


# --- reading ---------------------------------------------------------------------------------------------------------


class Existing(pulumi.CustomResource):
    """A thing that is there already."""

    arn: pulumi.Output[str]
    size: pulumi.Output[int]

    def __init__(self, name: str, identity: pulumi.Input[str]) -> None:
        options = pulumi.ResourceOptions(id=identity)
        super().__init__("test:index:Thing", name, {"arn": None, "size": None}, options)


def test_get_reads_a_resource_and_never_deletes_it(lab: Lab) -> None:
    lab.stack(lambda: Thing("made-elsewhere", size=5) and None, name="other").up()

    def program() -> None:
        pulumi.export("size", Existing("it", "made-elsewhere-1").size)

    result = lab.stack(program).up()
    assert result.outputs == {"size": 5}
    assert [s.op for s in result.steps if s.name == "it"] == ["read"]
    assert next(r for r in lab.stack().resources() if r.name == "it").external
    lab.stack().destroy()
    assert list(lab.cloud.things) == ["made-elsewhere-1"]


def test_get_of_what_is_not_there_is_an_error_that_names_it(lab: Lab) -> None:
    result = lab.stack(lambda: Existing("it", "nothing-9") and None).preview()
    assert result.errors == ("reading test:index:Thing 'it': resource 'nothing-9' does not exist",)


def test_get_of_what_is_to_be_created_is_unknown_in_a_preview(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        pulumi.export("size", Existing("it", a.id).size)

    result = lab.stack(program).preview()
    assert result.ok, result.errors
    assert result.outputs == {"size": None}


def test_a_resource_that_was_read_and_is_now_made_is_a_replacement_that_deletes_nothing(lab: Lab) -> None:
    lab.stack(lambda: Thing("elsewhere", size=5) and None, name="other").up()
    lab.stack(lambda: Existing("it", "elsewhere-1") and None).up()
    result = lab.stack(lambda: Thing("it", size=1) and None).up()
    assert result.ok, result.errors
    assert sorted(lab.cloud.things) == ["elsewhere-1", "it-2"]
    assert not next(r for r in lab.stack().resources() if r.name == "it").external


def test_a_resource_that_was_made_and_is_now_only_read_is_deleted(lab: Lab) -> None:
    lab.stack(lambda: Thing("elsewhere", size=5) and None, name="other").up()
    lab.stack(lambda: Thing("it", size=1) and None).up()
    result = lab.stack(lambda: Existing("it", "elsewhere-1") and None).up()
    assert result.ok, result.errors
    assert list(lab.cloud.things) == ["elsewhere-1"]


# --- stack references ------------------------------------------------------------------------------------------------


def test_a_stack_reference_gives_the_outputs_of_another_local_stack(lab: Lab) -> None:
    def other() -> None:
        pulumi.export("url", "https://x.test")
        pulumi.export("token", pulumi.Output.secret("hush"))

    lab.stack(other, name="base").up()

    def program() -> None:
        base = pulumi.StackReference("base")
        pulumi.export("url", base.get_output("url"))
        pulumi.export("token", base.get_output("token"))
        pulumi.export("full", pulumi.StackReference("organization/proj/base").get_output("url"))

    result = lab.stack(program).up()
    assert result.ok, result.errors
    assert result.outputs == {"url": "https://x.test", "token": "[secret]", "full": "https://x.test"}
    assert "hush" not in lab.stack().state_file.path.read_text()
    assert lab.stack(program).up().changes == ()


def test_a_reference_to_a_stack_that_is_not_there_says_how_to_make_it(lab: Lab) -> None:
    result = lab.stack(lambda: pulumi.StackReference("base") and None).up()
    assert len(result.errors) == 1
    assert "there is no stack 'base'" in result.errors[0]
    assert "python -m localcloud up --stack base" in result.errors[0]


# --- dynamic resources -----------------------------------------------------------------------------------------------


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the provider process import this module, as it can those of a program."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


class _Note(pulumi.dynamic.ResourceProvider):
    """Writes a file; `path` replaces, `text` updates."""

    def create(self, props: dict[str, Any]) -> pulumi.dynamic.CreateResult:
        if props["text"] == "refused":
            raise ValueError("the text is refused")
        Path(props["path"]).write_text(props["text"])
        print(f"written {len(props['text'])} characters")
        return pulumi.dynamic.CreateResult("note-1", {**props, "length": len(props["text"])})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> pulumi.dynamic.UpdateResult:
        if _news["text"] == "refused":
            raise ValueError("the text is refused")
        Path(_news["path"]).write_text(_news["text"])
        return pulumi.dynamic.UpdateResult({**_news, "length": len(_news["text"])})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> pulumi.dynamic.DiffResult:
        changed = [key for key in ("path", "text") if _olds.get(key) != _news.get(key)]
        return pulumi.dynamic.DiffResult(bool(changed), [key for key in changed if key == "path"])

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        Path(_props["path"]).unlink()


class Note(pulumi.dynamic.Resource):
    """A file by way of a dynamic provider."""

    length: pulumi.Output[int]

    def __init__(self, name: str, path: str, text: pulumi.Input[str]) -> None:
        super().__init__(_Note(), name, {"path": path, "text": text, "length": None})


@pytest.mark.usefixtures("importable")
def test_a_dynamic_resource_is_created_updated_and_deleted(lab: Lab) -> None:
    path = lab.root / "note.txt"

    def program(text: str) -> None:
        pulumi.export("length", Note("note", str(path), text).length)

    preview = lab.stack(lambda: program("hello")).preview()
    assert preview.ok, preview.errors
    assert not path.exists()
    assert lab.stack(lambda: program("hello")).up().outputs == {"length": 5}
    assert path.read_text() == "hello"
    assert lab.stack(lambda: program("hello")).up().changes == ()
    result = lab.stack(lambda: program("goodbye")).up()
    assert [(s.op, s.name) for s in result.changes] == [("update", "note")]
    assert path.read_text() == "goodbye"
    assert lab.stack().destroy().ok
    assert not path.exists()


@pytest.mark.usefixtures("importable")
def test_what_a_dynamic_provider_prints_is_a_message_of_the_run(lab: Lab) -> None:
    result = lab.stack(lambda: Note("note", str(lab.root / "n.txt"), "hello") and None).up()
    assert ("info", "written 5 characters") in {(d.severity, d.message) for d in result.diagnostics}


@pytest.mark.usefixtures("importable")
def test_a_dynamic_resource_that_fails_stops_its_dependents_with_its_own_message(lab: Lab) -> None:
    def program() -> None:
        note = Note("note", str(lab.root / "n.txt"), "refused")
        Thing("after", of=note.length)

    result = lab.stack(program).up()
    assert result.errors == ("creating pulumi-python:dynamic:Resource 'note': ValueError: the text is refused",)
    assert lab.cloud.names("create") == []


@pytest.mark.usefixtures("importable")
def test_a_secret_stays_secret_through_a_dynamic_provider(lab: Lab) -> None:
    lab.stack(lambda: Note("note", str(lab.root / "n.txt"), pulumi.Output.secret("hush-hush")) and None).up()
    note = next(r for r in lab.stack().resources() if r.name == "note")
    assert note.outputs["text"].is_secret
    assert "hush-hush" not in lab.stack().state_file.path.read_text()


#: Starts the process of dynamic resources, tells its number, and waits.
_STARTED = """
import asyncio, pathlib
from localcloud.engine.dynamic import DynamicProvider

async def main():
    provider = DynamicProvider(pathlib.Path.cwd(), "proj", print)
    await provider.start()
    print(provider._process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_run_that_is_killed_leaves_no_process_of_dynamic_resources() -> None:
    run = subprocess.Popen([sys.executable, "-c", _STARTED], cwd=Path(__file__).parents[1], stdout=subprocess.PIPE)
    assert run.stdout is not None
    number = int(run.stdout.readline())
    run.kill()
    run.wait()
    run.stdout.close()
    until = time.monotonic() + 30
    while _runs(number) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(number)


def _runs(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
