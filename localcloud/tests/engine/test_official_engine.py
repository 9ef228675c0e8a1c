"""Our engine beside the official one: the same programs and edits, the same steps, calls and state.

`LOCALCLOUD_DIFFERENTIAL` is how many random programs are tried; hypothesis prints the seed and shrinks what differs.
"""

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from engine.fake import Cloud, FakeProvider, Lab
from engine.official import Done, Official, official
from engine.programs import Item, build, dump
from localcloud.engine import Result, Stack
from localcloud.engine.state import check_integrity
from localcloud.engine.values import make
from support.every import every

EXAMPLES = int(os.environ.get("LOCALCLOUD_DIFFERENTIAL", "10"))

Program = dict[str, Any]

# --- programs --------------------------------------------------------------------------------------------------------

_NAMES = ("a", "b", "c", "d", "e", "f", "g")


@st.composite
def _items(draw: st.DrawFn, fails: bool) -> list[Item]:
    made: list[Item] = []
    closed: set[str] = set()  # components that something waits for: what they have by then is all that they have
    for first_name in _NAMES:
        if bool(made) and draw(st.booleans()):
            continue  # left out, so that an edit adds or removes it
        name, was = first_name, ""
        if draw(st.integers(0, 3)) == 0:
            name = f"{first_name}2"  # renamed, with an alias or without
        if draw(st.booleans()):
            was = first_name if name != first_name else f"{first_name}2"
        groups = [item.name for item in made if item.group and not closed & _line(made, item.name)]
        things = [item.name for item in made if not item.group]
        above = [item.name for item in made]
        # A name stays what it is: a component that becomes a resource of a provider is another type, not an edit.
        if first_name in ("b", "e"):
            made.append(Item(name, group=True, parent=draw(st.sampled_from(["", *groups])), was=was))
            continue
        if first_name == "g":
            made.append(draw(_generated(name, was, groups)))
            continue
        values: dict[str, Any] = {"size": draw(st.integers(0, 2))}
        if draw(st.booleans()):
            values["box"] = {"items": [{"deep": draw(st.integers(0, 1))}], "flag": draw(st.booleans())}
        if draw(st.booleans()):
            values["force"] = draw(st.sampled_from(["x", "y"]))
        if draw(st.booleans()):
            values["deleteFirst"] = True
        if fails and draw(st.integers(0, 5)) == 0:
            values["fail"] = draw(st.sampled_from(["create", "update"]))
        takes = {}
        if bool(things) and draw(st.booleans()):
            takes[draw(st.sampled_from(["of", "force", "name"]))] = draw(st.sampled_from(things))
        options: dict[str, Any] = {}
        if draw(st.integers(0, 3)) == 0:
            options["ignore_changes"] = [draw(st.sampled_from(["size", "box.items[0].deep", "box.flag", "force"]))]
        if draw(st.integers(0, 3)) == 0:
            options["replace_on_changes"] = [draw(st.sampled_from(["size", "box", "box.items[*].deep"]))]
        if draw(st.integers(0, 3)) == 0:
            options["delete_before_replace"] = draw(st.booleans())
        if draw(st.integers(0, 4)) == 0:
            options["retain_on_delete"] = True
        if draw(st.integers(0, 4)) == 0:
            options["additional_secret_outputs"] = ["arn"]
        parent = draw(st.sampled_from(["", *groups]))
        # What a component has can't wait for the component, nor for one above it.
        above = [other for other in above if other not in _line(made, parent)]
        waits_for = draw(st.lists(st.sampled_from(above), max_size=2, unique=True)) if above else []
        closed.update(waits_for)
        made.append(
            Item(
                name,
                parent=parent,
                values=values,
                secret=draw(st.sampled_from(["", "", "hush", "psst"])),
                takes=takes,
                depends_on=waits_for,
                provider=draw(st.sampled_from(["", "", "", "east"])),
                options=options,
                was=was,
            )
        )
    return made


@st.composite
def _generated(draw: st.DrawFn, name: str, was: str, groups: list[str]) -> Item:
    values: dict[str, Any] = {"length": draw(st.integers(8, 9)), "special": draw(st.booleans())}
    if draw(st.booleans()):
        values["keepers"] = {"rotation": draw(st.sampled_from(["1", "2"]))}
    options: dict[str, Any] = {}
    if draw(st.integers(0, 2)) == 0:
        options["ignore_changes"] = [draw(st.sampled_from(["length", "keepers", "keepers.rotation"]))]
    if draw(st.integers(0, 2)) == 0:
        options["delete_before_replace"] = True
    return Item(
        name,
        generated=True,
        parent=draw(st.sampled_from(["", *groups])),
        values=values,
        secret=draw(st.sampled_from(["", "yes"])),
        options=options,
        was=was,
    )


def _line(made: list[Item], name: str) -> set[str]:
    """Return a resource's name and those of all above it."""
    by_name = {item.name: item for item in made}
    found: set[str] = set()
    while name:
        found.add(name)
        name = by_name[name].parent
    return found


@st.composite
def programs(draw: st.DrawFn, fails: bool = False) -> list[Program]:
    """Return a program and two edits of it; where `fails` says so, some of what the first edit does fails."""
    return [
        dump(draw(_items(fails and number == 1)), {"east": draw(st.sampled_from(["us-east-1", "us-east-2"]))})
        for number in range(3)
    ]


#: What happens to the account behind the stack's back: the name of a thing, and whether it is changed or removed.
Drift = list[tuple[str, bool]]

drifts = st.lists(st.tuples(st.sampled_from(["a", "a2", "c", "d", "f"]), st.booleans()), max_size=2)


def _drift(cloud: Cloud, drift: Drift) -> None:
    for name, changed in drift:
        for identity in [identity for identity in cloud.things if identity.rpartition("-")[0] == name]:
            if changed:
                cloud.things[identity]["size"] = make(9.0)
            else:
                del cloud.things[identity]


# --- comparison ------------------------------------------------------------------------------------------------------


class _Clear:
    """Leaves secrets in the clear, as `--show-secrets` does."""

    def encrypt(self, plain: str) -> str:
        return plain


def _normal(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource without what differs between any two runs."""
    text = json.dumps(resource).replace('"ciphertext"', '"plaintext"')
    made: dict[str, Any] = json.loads(text)
    for key in ("created", "modified", "sourcePosition", "stackTrace"):
        made.pop(key, None)
    if made["type"].startswith("pulumi:providers:"):
        made["id"] = "an id"
    if made["type"].startswith("random:"):
        made["id"] = "an id"
        for key in ("id", "result", "bcryptHash"):
            made["outputs"].pop(key, None)
    if "provider" in made:
        made["provider"] = made["provider"].rpartition("::")[0]
    for key in ("dependencies", "additionalSecretOutputs"):
        if key in made:
            made[key] = sorted(made[key])
    # A property that depends on nothing stands there with an empty list, or, after a refresh, not at all.
    by_property = made.pop("propertyDependencies", {})
    made["propertyDependencies"] = {key: sorted(urns) for key, urns in by_property.items() if urns}
    return made


def _by_urn(resources: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for resource in map(_normal, resources):
        found.setdefault(resource["urn"], []).append(resource)
    return found


def _ours(stack: Stack) -> list[dict[str, Any]]:
    return [resource.to_dict(_Clear()) for resource in stack.resources()]  # type: ignore[arg-type]


def _steps(digest: dict[str, Any]) -> dict[str, Any]:
    return {
        step["urn"]: (
            step["op"],
            {path: one["kind"] for path, one in (step.get("detailedDiff") or {}).items()},
            sorted(step.get("replaceReasons") or []),
            sorted(step.get("diffReasons") or []),
        )
        for step in digest.get("steps") or []
        if not (step["op"] == "same" and step["urn"].rpartition("::")[0].endswith("pulumi:pulumi:Stack"))
    }


def _calls(cloud: Cloud) -> Counter[tuple[str, str]]:
    return Counter(call for call in cloud.calls if call[0] not in ("check", "diff"))


# --- the tests -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Official]:
    """A stack under the official CLI."""
    with official(tmp_path_factory.mktemp("official")) as made:
        yield made


@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on the PATH")
@given(edits=programs(fails=True), drift=drifts)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_random_programs_and_edits_do_the_same_under_both_engines(
    cli: Official, edits: list[Program], drift: Drift
) -> None:
    # What a program declares side by side reaches an engine in either order, and where one of them fails the order
    # decides what is done of the rest: a difference in such a program is one when it is there each time.
    fails = any("fail" in item["values"] for program in edits for item in program["items"])
    for left in reversed(range(3 if fails else 1)):
        try:
            return _compare(cli, edits, drift)
        except AssertionError:
            if not left:
                raise
            note("a difference; the same once more")


def _compare(cli: Official, edits: list[Program], drift: Drift) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        lab.cloud = Cloud(ids_by_name=True)
        cli.reset(Cloud(ids_by_name=True))

        def compare(operation: str, mine: Result, theirs: Done) -> None:
            assert mine.ok == theirs.ok, (mine.errors, theirs.said)
            assert _by_urn(_ours(lab.stack())) == _by_urn(cli.resources()), f"the state after {operation}"
            assert _calls(lab.cloud) == _calls(cli.cloud), f"the calls of {operation}"
            assert lab.cloud.things.keys() == cli.cloud.things.keys()

        for number, program in every(enumerate(edits)):
            note(f"program {number}: {json.dumps(program)}")
            stack = lab.stack(partial(build, program))
            mine = stack.preview()
            theirs = cli.up(partial(build, program))
            assert _steps(mine.to_json()) == _steps(theirs.preview)
            assert dict(mine.change_summary) == theirs.preview["changeSummary"]
            compare(f"up {number}", stack.up(), theirs)
            if number == 0 and drift:
                note(f"drift: {drift}")
                _drift(lab.cloud, drift)
                _drift(cli.cloud, drift)
                compare("refresh", lab.stack().refresh(), cli.without_program("refresh"))
        compare("destroy", lab.stack().destroy(), cli.without_program("destroy"))
        assert cli.resources() == []


def _listed(result: Result) -> list[tuple[str, str]]:
    return sorted((step.op, step.urn) for step in result.steps)


@pytest.mark.slow
@given(programs())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
def test_random_programs_and_edits_keep_the_promises_that_need_no_second_engine(edits: list[Program]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        for program in every(edits):
            note(json.dumps(program))
            stack = lab.stack(partial(build, program))
            preview, up = stack.preview(), stack.up()
            assert up.ok, up.errors
            assert _listed(preview) == _listed(up), "a preview lists the steps of the up that follows"
            check_integrity(stack.resources())
            again = stack.up()
            assert again.changes == (), "a second up changes nothing"
            kept = {r.id for r in stack.resources() if r.type == "test:index:Thing"}
            assert kept <= lab.cloud.things.keys(), "what the state has is there"
        result = lab.stack().destroy()
        assert result.ok, result.errors
        assert lab.stack().resources() == []
        if not any(item["options"].get("retain_on_delete") for program in edits for item in program["items"]):
            assert lab.cloud.things == {}, "destroy leaves nothing"


@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on the PATH")
def test_the_official_engine_takes_our_state_and_finds_nothing_to_change(cli: Official, lab: Lab) -> None:
    program = dump(
        [
            Item("group", group=True),
            Item("a", parent="group", values={"size": 1, "force": "x", "box": {"items": [1.5, True]}}, secret="hush"),
            Item("b", takes={"of": "a"}, provider="east", options={"protect": True}),
        ],
        {"east": "us-east-1"},
    )
    lab.cloud = Cloud(ids_by_name=True)
    stack = lab.stack(lambda: build(program), passphrase="x")
    assert stack.up().ok
    cli.reset(lab.cloud)
    cli.run("stack", "import", "-s", "dev", "--file", str(stack.state_file.path))
    assert cli.preview(lambda: build(program))["changeSummary"] == {"same": 5}
    exported = json.loads(cli.run("stack", "export", "-s", "dev", "--show-secrets"))["deployment"]["resources"]
    assert _by_urn(exported) == _by_urn(_ours(stack)) == _by_urn(cli.resources())


def test_the_programs_of_these_tests_use_the_fake_provider_alone(lab: Lab) -> None:
    program = dump([Item("a", values={"size": 1})], {})
    assert lab.stack(lambda: build(program), providers={"test": FakeProvider(lab.cloud)}).up().ok
