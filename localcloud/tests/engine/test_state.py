"""The state file: Pulumi's format, written whole, read back as it was."""

import asyncio
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from engine.fake import FakeProvider, Group, Lab, Thing
from localcloud.engine import StateError
from localcloud.engine.secrets import Crypter
from localcloud.engine.state import Checkpoint, Resource, Snapshot, StateFile, check_integrity
from localcloud.engine.values import PropertyMap


def _program() -> None:
    group = Group("g")
    a = Thing("a", pulumi.ResourceOptions(parent=group), token=pulumi.Output.secret("hush"))
    Thing("b", pulumi.ResourceOptions(protect=True), of=a.arn)


def test_the_file_has_the_shape_of_a_pulumi_export(lab: Lab) -> None:
    lab.stack(_program).up()
    state = json.loads((lab.root / "home" / "stacks" / "proj" / "dev.json").read_text())
    assert state["version"] == 3
    deployment = state["deployment"]
    assert deployment["manifest"]["version"].startswith("v3.")
    assert deployment["secrets_providers"]["type"] == "passphrase"
    assert deployment["secrets_providers"]["state"]["salt"].startswith("v1:")
    a = next(r for r in deployment["resources"] if r["urn"].endswith("::a"))
    assert a["custom"] is True
    assert a["id"] == "a-1"
    assert a["inputs"]["token"]["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270"
    assert a["inputs"]["token"]["ciphertext"].startswith("v1:")
    assert next(r for r in deployment["resources"] if r["urn"].endswith("::b"))["protect"] is True


def test_every_resource_stands_after_all_that_it_depends_on(lab: Lab) -> None:
    lab.stack(_program).up()
    check_integrity(lab.stack().resources())
    lab.stack(lambda: Thing("new", size=1) and None).up()
    check_integrity(lab.stack().resources())


def test_a_broken_order_is_an_error_that_names_both() -> None:
    orphan = Resource(urn="urn:b", type="t:t:T", custom=False, dependencies=["urn:a"])
    with pytest.raises(StateError, match="urn:b depends on urn:a, which doesn't come before it"):
        check_integrity([orphan])


def test_what_another_engine_wrote_and_this_one_does_not_use_is_kept(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None).up()
    path = lab.stack().state_file.path
    state = json.loads(path.read_text())
    thing = next(r for r in state["deployment"]["resources"] if r["urn"].endswith("::a"))
    thing["sourcePosition"] = "project:///main.py#1,2"
    path.write_text(json.dumps(state))
    assert next(r for r in lab.stack().resources() if r.name == "a").unused == {
        "sourcePosition": "project:///main.py#1,2"
    }


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"version": 2}')
    with pytest.raises(StateError, match="format version 2; this engine reads version 3"):
        StateFile(tmp_path / "s.json").read(None)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{")
    with pytest.raises(StateError, match="isn't valid JSON"):
        StateFile(tmp_path / "s.json").read(None)


def test_another_passphrase_is_refused_with_a_word_on_what_to_do(lab: Lab) -> None:
    lab.stack(_program, passphrase="one").up()
    with pytest.raises(StateError, match=r"Set PULUMI_CONFIG_PASSPHRASE to the one of the last run"):
        lab.stack(_program, passphrase="two").up()


def test_a_state_made_without_a_passphrase_stays_readable_when_one_is_set(lab: Lab) -> None:
    lab.stack(_program).up()
    result = lab.stack(_program, passphrase="now there is one").up()
    assert result.ok
    assert result.changes == ()


def test_the_state_is_written_before_and_after_each_step(lab: Lab) -> None:
    seen: list[tuple[list[str], list[tuple[str, str]]]] = []
    path = lab.stack().state_file.path

    def look(_args: pulumi.ResourceHookArgs) -> None:
        deployment = json.loads(path.read_text())["deployment"]
        names = [r["urn"].rpartition("::")[2] for r in deployment["resources"]]
        pending = [(o["type"], o["resource"]["urn"].rpartition("::")[2]) for o in deployment["pending_operations"]]
        seen.append((names, pending))

    def program() -> None:
        hook = pulumi.ResourceHook("look", look)
        first = Thing("first", size=1)
        options = pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[hook], after_create=[hook]))
        Thing("second", options, of=first.arn)

    assert lab.stack(program).up().ok
    before, after = seen
    assert "first" in before[0] and "second" not in before[0]
    assert "second" in after[0]
    assert after[1] == []


@pytest.mark.parametrize("operation", ["creating", "updating", "deleting"])
def test_what_is_under_way_is_on_record_before_it_begins(lab: Lab, operation: str) -> None:
    path = lab.stack().state_file.path
    seen: list[tuple[str, str]] = []

    class Watching(FakeProvider):
        async def _work(self, method: str, name: str, inputs: PropertyMap) -> None:
            pending = json.loads(path.read_text())["deployment"]["pending_operations"]
            seen.extend((o["type"], o["resource"]["urn"].rpartition("::")[2]) for o in pending)
            await super()._work(method, name, inputs)

    def run(program: Callable[[], object]) -> None:
        seen.clear()
        assert lab.stack(program, providers={"test": lambda: Watching(lab.cloud)}).up().ok

    run(lambda: Thing("a", size=1) and None)
    if operation != "creating":
        run(lambda: Thing("a", size=2) and None if operation == "updating" else None)
    assert seen == [(operation, "a")]
    assert lab.stack().state().pending == []


def test_a_write_that_fails_half_way_leaves_the_old_state_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = StateFile(tmp_path / "s.json")
    file.write("the old state")
    whole = Path.write_text

    def full(path: Path, text: str, **options: str) -> int:
        whole(path, text[:5])
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="no space left"):
        file.write("the new state")
    assert file.path.read_text() == "the old state"


@pytest.mark.slow
def test_a_kill_leaves_a_state_to_go_on_from(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from engine.fake import Cloud, FakeProvider, Lab, Thing

        class Killing(FakeProvider):
            async def create(self, request):
                if not request.preview and request.name == "second":
                    os.kill(os.getpid(), signal.SIGKILL)
                return await super().create(request)

        lab = Lab(Path(sys.argv[1]))

        def program():
            first = Thing("first", size=1)
            Thing("second", of=first.arn)

        lab.stack(program, providers={"test": lambda: Killing(lab.cloud)}).up()
        """
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=root, check=False)
    assert done.returncode == -9
    lab = Lab(tmp_path)
    state = lab.stack().state()
    assert [r.name for r in state.resources if r.type == "test:index:Thing"] == ["first"]
    assert [(o.type, o.resource.name) for o in state.pending] == [("creating", "second")]

    def program() -> None:
        first = Thing("first", size=1)
        Thing("second", of=first.arn)

    result = lab.stack(program).up()
    assert result.ok, "a dead holder's lock is no obstacle"
    assert [s.name for s in result.by_op("create")] == ["second"]
    assert lab.stack().state().pending == []


def test_writes_of_steps_that_end_together_are_one(tmp_path: Path) -> None:
    async def many() -> int:
        file = StateFile(tmp_path / "s.json")
        snapshot = Snapshot(Checkpoint(), file, Crypter("p"))

        async def one(n: int) -> None:
            snapshot.add(Resource(urn=f"urn:pulumi:d::p::t:t:T::{n}", type="t:t:T", custom=False))
            await snapshot.write()

        await asyncio.gather(*(one(n) for n in range(100)))
        assert len(file.read(None).resources) == 100
        return snapshot.writes

    assert asyncio.run(many()) < 10


def test_a_write_serialises_only_what_changed_since_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resources = [Resource(urn=f"urn:pulumi:d::p::t:t:T::{n}", type="t:t:T", custom=True, id=str(n)) for n in range(50)]
    serialised: list[str] = []
    whole = Resource.to_dict

    def counted(resource: Resource, crypter: Crypter | None) -> dict[str, Any]:
        serialised.append(resource.id)
        return whole(resource, crypter)

    monkeypatch.setattr(Resource, "to_dict", counted)

    async def write() -> None:
        snapshot = Snapshot(Checkpoint(resources=resources), StateFile(tmp_path / "s.json"), Crypter("p"))
        for n in range(5):
            snapshot.touch()
            await snapshot.write()
            resources[n].change(id=f"again-{n}")

    asyncio.run(write())
    assert serialised == [*(str(n) for n in range(50)), *(f"again-{n}" for n in range(4))], (
        "a big up writes a thousand times, and each write has to cost milliseconds"
    )
