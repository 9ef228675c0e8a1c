"""What a killed run left is settled first, by whatever is run next."""

import json
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest

from engine.fake import FakeProvider, Lab, Thing
from engine.killed import FileProvider
from localcloud.emulator import control
from localcloud.engine import Stack


def _stack(lab: Lab, size: int = 1, force: str = "same") -> Stack:
    def program() -> None:
        thing = Thing("thing", auto=True, size=size, force=force)
        Thing("dependent", pulumi.ResourceOptions(depends_on=[thing]), auto=True, size=1)

    return lab.stack(program, providers={"test": lambda: FileProvider(lab.root / "cloud")})


def _things(lab: Lab) -> set[str]:
    return {file.name for file in (lab.root / "cloud").iterdir() if not file.name.startswith(".")}


def _lose_the_answer(lab: Lab, name: str, *, keep: bool = True) -> None:
    """Make the state what it was while the create of a resource was under way; `keep=False`: it never began."""
    path: Path = _stack(lab).state_file.path
    raw = json.loads(path.read_text())
    deployment = raw["deployment"]
    (lost,) = [r for r in deployment["resources"] if r["urn"].endswith(f"::{name}") and not r.get("delete")]
    deployment["resources"].remove(lost)
    if not keep:
        (lab.root / "cloud" / lost["id"]).unlink()
    deployment["pending_operations"] = [
        {"type": "creating", "resource": {k: v for k, v in lost.items() if k not in ("id", "outputs")}}
    ]
    path.write_text(json.dumps(raw))


@pytest.mark.parametrize("keep", [True, False])
def test_a_destroy_takes_what_was_being_created(lab: Lab, keep: bool) -> None:
    assert _stack(lab).up().ok
    _lose_the_answer(lab, "dependent", keep=keep)
    assert _stack(lab).destroy().ok
    assert _things(lab) == set()
    state = _stack(lab).state()
    assert (state.resources, state.pending) == ([], [])


def test_a_refresh_takes_it_into_the_state(lab: Lab) -> None:
    assert _stack(lab).up().ok
    _lose_the_answer(lab, "dependent")
    assert _stack(lab).refresh().ok
    assert {r.id for r in _stack(lab).resources() if r.type == "test:index:Thing"} == _things(lab)
    assert _stack(lab).state().pending == []
    assert _stack(lab).up().changes == ()


def test_a_preview_looks_and_leaves_all_as_it_is(lab: Lab) -> None:
    assert _stack(lab).up().ok
    _lose_the_answer(lab, "dependent")
    before = _stack(lab).state_file.path.read_text()
    assert [(s.op, s.name) for s in _stack(lab).preview().changes] == [("create", "dependent")]
    assert _stack(lab).state_file.path.read_text() == before


def test_a_replacement_that_was_being_created_takes_the_place_of_the_old_one(lab: Lab) -> None:
    assert _stack(lab).up().ok
    before = json.loads(_stack(lab).state_file.path.read_text())
    (old,) = [r for r in before["deployment"]["resources"] if r["urn"].endswith("::thing")]
    assert _stack(lab, force="other").up().ok
    # The run was killed while the new one was created: the old one is there as before.
    _lose_the_answer(lab, "thing")
    path = _stack(lab).state_file.path
    raw = json.loads(path.read_text())
    resources = raw["deployment"]["resources"]
    at = next(i for i, r in enumerate(resources) if r["urn"].endswith("::dependent"))
    resources.insert(at, old)
    path.write_text(json.dumps(raw))
    (lab.root / "cloud" / old["id"]).write_text("{}")

    result = _stack(lab, force="other").up()
    assert result.ok, result.errors
    assert len(_things(lab)) == 2
    assert old["id"] not in _things(lab), "the old one is deleted"
    assert {r.id for r in _stack(lab).resources() if r.type == "test:index:Thing"} == _things(lab)
    assert _stack(lab, force="other").up().changes == ()


def test_a_run_notes_its_emulator_before_it_makes_anything(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in an emulator that was started anew, the next run mustn't take what it made there for lost."""
    endpoint = SimpleNamespace(pid=7, started="2026-01-01T00:00:00+00:00", url="http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(control, "ensure", lambda: endpoint)
    noted: list[bool] = []
    stack: Stack

    def look(_identity: str) -> None:
        noted.append(stack.target.account.forgot(stack.resources(), endpoint))  # type: ignore[arg-type]

    def program() -> None:
        pulumi.CustomResource("aws:s3/bucket:Bucket", "bucket", {"size": 1}).id.apply(look)

    fake = lambda: FakeProvider(lab.cloud)  # noqa: E731 - two of the same
    stack = lab.stack(program, providers={"test": fake, "aws": fake})
    stack.on_emulator = True
    assert stack.up().ok
    endpoint.started = "2026-01-02T00:00:00+00:00"
    assert stack.target.account.forgot(stack.resources(), endpoint)  # type: ignore[arg-type]
    assert stack.up().ok
    assert noted == [False, False]
