"""Create, update, replace and delete, as the official step generator decides them."""

import pulumi

from engine.fake import Group, Lab, Thing


def test_a_first_up_creates_everything_and_a_second_changes_nothing(lab: Lab) -> None:
    def program() -> None:
        Thing("a", size=1)
        Thing("b", size=2)

    first = lab.stack(program).up()
    assert first.ok, first.errors
    assert dict(first.change_summary) == {"create": 3}
    second = lab.stack(program).up()
    assert dict(second.change_summary) == {"same": 3}
    assert sorted(lab.cloud.names("create")) == ["a", "b"]


def test_a_preview_lists_the_steps_of_the_up_that_follows_and_does_nothing(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        Thing("b", of=a.arn)

    preview = lab.stack(program).preview()
    assert lab.cloud.things == {}
    assert not lab.stack().state_file.exists()
    up = lab.stack(program).up()
    assert {(s.op, s.urn) for s in preview.steps} == {(s.op, s.urn) for s in up.steps}


def test_a_changed_input_updates_in_place(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None).up()
    result = lab.stack(lambda: Thing("a", size=2) and None).up()
    assert [(s.op, s.name) for s in result.changes] == [("update", "a")]
    assert result.changes[0].detailed_diff == {"size": "update"}
    assert (result.changes[0].old_inputs["size"], result.changes[0].new_inputs["size"]) == (1, 2)
    assert lab.cloud.names("create") == ["a"]


def test_a_replacement_creates_the_new_one_before_it_deletes_the_old(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", force="x") and None).up()
    lab.cloud.calls.clear()
    result = lab.stack(lambda: Thing("a", force="y") and None).up()
    assert [(s.op, s.keys) for s in result.changes] == [("replace", ("force",))]
    assert [call for call in lab.cloud.calls if call[0] != "check"] == [("create", "a"), ("delete", "a")]
    assert list(lab.cloud.things) == ["a-2"]
    assert dict(result.change_summary) == {"replace": 1, "same": 1}


def test_dependents_of_a_replaced_resource_are_updated_before_it_is_deleted(lab: Lab) -> None:
    def program(force: str) -> None:
        a = Thing("a", force=force)
        Thing("b", of=a.arn)

    lab.stack(lambda: program("x")).up()
    lab.cloud.calls.clear()
    lab.stack(lambda: program("y")).up()
    assert [c for c in lab.cloud.calls if c[0] != "check"] == [("create", "a"), ("update", "b"), ("delete", "a")]


def test_delete_before_replace_takes_dependents_that_would_be_replaced_along(lab: Lab) -> None:
    def program(force: str) -> None:
        first = Thing("first", force=force, deleteFirst=True)
        replaced = Thing("replaced", name=first.arn)
        Thing("updated", of=first.arn)
        Thing("beyond", force=replaced.arn)

    lab.stack(lambda: program("x")).up()
    lab.cloud.calls.clear()
    result = lab.stack(lambda: program("y")).up()
    assert result.ok, result.errors
    done = [call for call in lab.cloud.calls if call[0] != "check"]
    assert done[:4] == [("delete", "beyond"), ("delete", "replaced"), ("delete", "first"), ("create", "first")]
    assert set(done[4:]) == {("create", "replaced"), ("update", "updated"), ("create", "beyond")}
    assert {s.name for s in result.by_op("replace")} == {"first", "replaced", "beyond"}
    assert lab.stack(lambda: program("y")).up().change_summary == {"same": 5}


def test_the_option_delete_before_replace_counts_more_than_the_provider(lab: Lab) -> None:
    def program(force: str, wanted: bool | None) -> None:
        Thing("a", pulumi.ResourceOptions(delete_before_replace=wanted), force=force)

    lab.stack(lambda: program("x", True)).up()
    lab.cloud.calls.clear()
    lab.stack(lambda: program("y", True)).up()
    assert [c for c in lab.cloud.calls if c[0] != "check"] == [("delete", "a"), ("create", "a")]


def test_a_false_delete_before_replace_keeps_the_old_one_until_the_new_one_stands(lab: Lab) -> None:
    def program(force: str) -> None:
        Thing("a", pulumi.ResourceOptions(delete_before_replace=False), force=force, deleteFirst=True)

    lab.stack(lambda: program("x")).up()
    lab.cloud.calls.clear()
    lab.stack(lambda: program("y")).up()
    assert [c for c in lab.cloud.calls if c[0] != "check"] == [("create", "a"), ("delete", "a")]


def test_what_the_program_no_longer_has_is_deleted_dependents_first(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        b = Thing("b", of=a.arn)
        Thing("c", pulumi.ResourceOptions(depends_on=[b]), size=1)

    lab.stack(program).up()
    lab.cloud.calls.clear()
    result = lab.stack(lambda: None).up()
    assert lab.cloud.names("delete") == ["c", "b", "a"]
    assert dict(result.change_summary) == {"delete": 3, "same": 1}


def test_children_are_deleted_before_their_parents(lab: Lab) -> None:
    def program() -> None:
        parent = Thing("parent", size=1)
        Thing("child", pulumi.ResourceOptions(parent=parent), size=1)

    lab.stack(program).up()
    lab.stack().destroy()
    assert lab.cloud.names("delete") == ["child", "parent"]


def test_what_depends_on_a_component_is_deleted_before_what_the_component_has(lab: Lab) -> None:
    def program() -> None:
        group = Group("group")
        Thing("inner", pulumi.ResourceOptions(parent=group), size=1)
        Thing("outer", pulumi.ResourceOptions(depends_on=[group]), size=1)

    lab.stack(program).up()
    assert lab.cloud.names("create") == ["inner", "outer"]
    lab.stack().destroy()
    assert lab.cloud.names("delete") == ["outer", "inner"]


def test_destroy_leaves_nothing(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", size=1)
        Thing("b", of=a.arn)

    lab.stack(program).up()
    result = lab.stack().destroy()
    assert result.ok
    assert dict(result.change_summary) == {"delete": 3}
    assert lab.cloud.things == {}
    assert lab.stack().resources() == []


def test_urns_hold_the_types_of_parents(lab: Lab) -> None:
    def program() -> None:
        group = Group("group")
        Thing("inner", pulumi.ResourceOptions(parent=group), size=1)

    lab.stack(program).up()
    urns = {resource.name: resource.urn for resource in lab.stack().resources()}
    assert urns["group"] == "urn:pulumi:dev::proj::test:index:Group::group"
    assert urns["inner"] == "urn:pulumi:dev::proj::test:index:Group$test:index:Thing::inner"


def test_independent_steps_run_at_the_same_time_up_to_the_limit(lab: Lab) -> None:
    def program() -> None:
        for n in range(12):
            Thing(f"t{n}", together=4, slow=0.05)

    lab.stack(program, parallel=4).up()
    assert lab.cloud.at_once == 4


def test_independent_deletions_run_at_the_same_time(lab: Lab) -> None:
    def program() -> None:
        for n in range(6):
            Thing(f"t{n}", together=6)

    lab.stack(program).up()
    lab.cloud.at_once = 0
    lab.stack().destroy()
    assert lab.cloud.at_once == 6


def test_a_dependent_starts_after_what_it_depends_on_has_ended(lab: Lab) -> None:
    def program() -> None:
        a = Thing("a", slow=0.05)
        Thing("b", pulumi.ResourceOptions(depends_on=[a]), size=1)

    lab.stack(program).up()
    assert lab.cloud.names("create") == ["a", "b"]
    assert lab.cloud.at_once == 1


def test_a_changed_component_input_is_an_update(lab: Lab) -> None:
    lab.stack(lambda: Group("g", note="x") and None).up()
    result = lab.stack(lambda: Group("g", note="y") and None).up()
    assert [(s.op, s.name) for s in result.changes] == [("update", "g")]


def test_a_name_given_by_the_provider_stays_through_updates_and_changes_with_a_replacement(lab: Lab) -> None:
    def program(size: int, force: str) -> None:
        Thing("a", auto=True, size=size, force=force)

    def name() -> object:
        return next(r for r in lab.stack().resources() if r.name == "a").inputs["name"].value

    lab.stack(lambda: program(1, "x")).up()
    first = name()
    lab.stack(lambda: program(2, "x")).up()
    assert name() == first
    lab.stack(lambda: program(2, "y")).up()
    assert name() != first
