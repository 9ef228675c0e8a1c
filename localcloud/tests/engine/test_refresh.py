"""What a refresh finds, and how the next up mends it."""

import pulumi

from engine.fake import Group, Lab, Thing
from localcloud.engine.state import Checkpoint, Resource, check_integrity
from localcloud.engine.values import text


def _program() -> None:
    group = Group("g")
    a = Thing("a", pulumi.ResourceOptions(parent=group), size="1")
    Thing("b", of=a.arn)


def test_a_refresh_of_an_unchanged_account_changes_nothing(lab: Lab) -> None:
    lab.stack(_program).up()
    before = lab.stack().state_file.path.read_text().splitlines()[4:-4]
    result = lab.stack().refresh()
    assert result.ok
    assert result.changes == ()
    assert dict(result.change_summary) == {"same": 2}
    assert lab.stack().state_file.path.read_text().splitlines()[4:-4] == before


def test_a_change_behind_its_back_is_shown_and_mended_by_the_next_up(lab: Lab) -> None:
    lab.stack(_program).up()
    lab.cloud.things["a-1"]["size"] = text("2")
    result = lab.stack().refresh()
    assert [(s.op, s.name, dict(s.detailed_diff)) for s in result.changes] == [("update", "a", {"size": "update"})]
    result = lab.stack(_program).up()
    assert [(s.op, s.name) for s in result.changes] == [("update", "a")]
    assert lab.cloud.things["a-1"]["size"].value == "1"


def test_what_was_added_and_removed_behind_its_back_is_shown_so(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1, colour="red") and None).up()
    thing = lab.cloud.things["a-1"]
    del thing["colour"]
    thing["weight"] = text("heavy")
    result = lab.stack().refresh()
    assert [dict(s.detailed_diff) for s in result.changes] == [{"colour": "delete", "weight": "add"}]


def test_a_plain_up_does_not_look_for_drift(lab: Lab) -> None:
    lab.stack(_program).up()
    lab.cloud.things["a-1"]["size"] = text("2")
    assert lab.stack(_program).up().changes == ()


def test_an_up_with_refresh_looks_and_mends_at_once(lab: Lab) -> None:
    lab.stack(_program).up()
    lab.cloud.things["a-1"]["size"] = text("2")
    result = lab.stack(_program).up(refresh=True)
    assert result.ok
    assert dict(result.change_summary) == {"update": 1, "same": 3}
    assert lab.cloud.things["a-1"]["size"].value == "1"


def test_a_resource_deleted_behind_its_back_is_gone_and_made_again(lab: Lab) -> None:
    lab.stack(_program).up()
    del lab.cloud.things["a-1"]
    result = lab.stack().refresh()
    assert [(s.op, s.name) for s in result.changes] == [("delete", "a")]
    left = {r.name: r for r in lab.stack().resources()}
    assert "a" not in left
    assert left["b"].dependencies == []
    result = lab.stack(_program).up()
    assert result.ok, result.errors
    assert [(s.op, s.name) for s in result.changes] == [("create", "a"), ("update", "b")]


def test_what_depended_on_a_lost_resource_does_not_depend_on_its_replaced_one() -> None:
    def thing(name: str, *depends_on: str, delete: bool = False) -> Resource:
        urn = "urn:pulumi:d::p::t:t:T::"
        urns = [f"{urn}{other}" for other in depends_on]
        return Resource(urn=f"{urn}{name}", type="t:t:T", custom=True, dependencies=urns, delete=delete)

    lost, dependent, replaced = thing("a"), thing("b", "a"), thing("a", delete=True)
    deployment = Checkpoint([lost, dependent, replaced])
    deployment.remove([dependent, replaced])
    assert dependent.dependencies == [], "the replaced one of the same name comes after it"
    check_integrity(deployment.resources)


def test_an_account_that_lost_everything_is_built_anew(lab: Lab) -> None:
    lab.stack(_program).up()
    lab.cloud.things.clear()
    result = lab.stack(_program).up(refresh=True)
    assert result.ok, result.errors
    assert len(lab.cloud.things) == 2


def test_a_preview_with_refresh_writes_nothing(lab: Lab) -> None:
    lab.stack(_program).up()
    before = lab.stack().state_file.path.read_text()
    lab.cloud.things.clear()
    result = lab.stack(_program).preview(refresh=True)
    assert [s.name for s in result.by_op("create")] == ["a", "b"]
    assert lab.stack().state_file.path.read_text() == before


def test_after_a_refresh_that_fails_nothing_is_changed(lab: Lab) -> None:
    def program(size: int) -> None:
        Thing("a", size=size)
        Thing("unreadable", fail="read")

    assert lab.stack(lambda: program(1)).up().ok
    result = lab.stack(lambda: program(2)).up(refresh=True)
    assert result.exit_code == 1
    assert result.errors == ("reading test:index:Thing 'unreadable': read of unreadable was refused",)
    assert lab.cloud.names("update") == []
