"""Resource options."""

from collections.abc import Callable

import pulumi
import pytest

from engine.fake import Group, Lab, TestProvider, Thing
from localcloud.engine.state import check_integrity


def test_a_protected_resource_is_not_deleted_and_the_message_says_how_to_lift_it(lab: Lab) -> None:
    lab.stack(lambda: Thing("kept", pulumi.ResourceOptions(protect=True), size=1) and None).up()
    result = lab.stack(lambda: None).up()
    assert not result.ok
    urn = "urn:pulumi:dev::proj::test:index:Thing::kept"
    assert result.errors == (
        f"deleting test:index:Thing 'kept': resource {urn} cannot be deleted because it is protected. To delete it, "
        "take `protect` off the resource in the program and run up, then delete it",
    )
    assert list(lab.cloud.things) == ["kept-1"]


def test_destroy_refuses_before_it_deletes_anything_when_something_is_protected(lab: Lab) -> None:
    def program() -> None:
        Thing("kept", pulumi.ResourceOptions(protect=True), size=1)
        Thing("other", size=1)

    lab.stack(program).up()
    result = lab.stack().destroy()
    assert result.exit_code == 1
    assert "resource urn:pulumi:dev::proj::test:index:Thing::kept cannot be deleted" in result.errors[0]
    assert len(lab.cloud.things) == 2


def test_a_protected_resource_is_not_replaced_and_the_message_names_the_property(lab: Lab) -> None:
    def program(force: str) -> None:
        Thing("kept", pulumi.ResourceOptions(protect=True), force=force)

    lab.stack(lambda: program("x")).up()
    for result in (lab.stack(lambda: program("y")).preview(), lab.stack(lambda: program("y")).up()):
        assert result.errors == (
            "unable to replace resource urn:pulumi:dev::proj::test:index:Thing::kept: it is protected, and a change of "
            "force needs a new one. To replace it, take `protect` off the resource in the program and run up again",
        )
    assert list(lab.cloud.things) == ["kept-1"]


def test_a_protected_dependent_is_not_replaced_with_what_it_depends_on(lab: Lab) -> None:
    def program(force: str) -> None:
        first = Thing("first", force=force, deleteFirst=True)
        Thing("kept", pulumi.ResourceOptions(protect=True), force=first.arn)

    lab.stack(lambda: program("x")).up()
    result = lab.stack(lambda: program("y")).up()
    urn = "urn:pulumi:dev::proj::test:index:Thing::"
    assert result.errors == (
        f"unable to replace resource {urn}kept as part of replacing {urn}first: it is protected. To replace it, take "
        "`protect` off the resource in the program and run up again",
    )
    assert lab.cloud.names("delete") == []


def test_protection_taken_off_and_replacement_work_in_one_up(lab: Lab) -> None:
    def program(force: str, protect: bool) -> None:
        Thing("a", pulumi.ResourceOptions(protect=protect), force=force)

    lab.stack(lambda: program("x", True)).up()
    assert lab.stack(lambda: program("y", False)).up().ok


def test_a_child_inherits_protection(lab: Lab) -> None:
    def program() -> None:
        group = Group("g", pulumi.ResourceOptions(protect=True))
        Thing("child", pulumi.ResourceOptions(parent=group), size=1)

    lab.stack(program).up()
    assert {r.name: r.protect for r in lab.stack().resources() if r.custom}["child"]


def test_ignored_changes_keep_the_old_value(lab: Lab) -> None:
    def program(size: int, other: int) -> None:
        Thing("a", pulumi.ResourceOptions(ignore_changes=["size"]), size=size, other=other)

    lab.stack(lambda: program(1, 1)).up()
    assert lab.stack(lambda: program(2, 1)).up().changes == ()
    lab.stack(lambda: program(3, 2)).up()
    assert lab.cloud.things["a-1"]["size"].value == 1


def test_ignored_changes_may_be_paths(lab: Lab) -> None:
    def program(deep: int, beside: int) -> None:
        Thing(
            "a",
            pulumi.ResourceOptions(ignore_changes=["box.items[0].deep"]),
            box={"items": [{"deep": deep, "beside": beside}]},
        )

    lab.stack(lambda: program(1, 1)).up()
    assert lab.stack(lambda: program(2, 1)).up().changes == ()
    result = lab.stack(lambda: program(2, 5)).up()
    assert result.changes[0].detailed_diff == {"box.items[0].beside": "update"}


def test_ignored_changes_do_not_count_on_creation(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", pulumi.ResourceOptions(ignore_changes=["size"]), size=7) and None).up()
    assert lab.cloud.things["a-1"]["size"].value == 7


def test_replace_on_changes_makes_an_update_a_replacement(lab: Lab) -> None:
    def program(size: int) -> None:
        Thing("a", pulumi.ResourceOptions(replace_on_changes=["size"]), size=size)

    lab.stack(lambda: program(1)).up()
    result = lab.stack(lambda: program(2)).up()
    assert [(s.op, s.keys, dict(s.detailed_diff)) for s in result.changes] == [
        ("replace", ("size",), {"size": "update-replace"})
    ]


def test_a_part_of_a_property_that_forces_a_replacement_is_named_but_no_reason_in_pulumis_json(lab: Lab) -> None:
    def program(deep: int) -> None:
        Thing("a", pulumi.ResourceOptions(replace_on_changes=["box.items[*].deep"]), box={"items": [{"deep": deep}]})

    lab.stack(lambda: program(1)).up()
    result = lab.stack(lambda: program(2)).preview()
    assert [(s.op, s.keys) for s in result.changes] == [("replace", ("box.items[0].deep",))]
    (step,) = [step for step in result.to_json()["steps"] if step["op"] == "replace"]
    assert "replaceReasons" not in step
    assert step["detailedDiff"] == {"box.items[0].deep": {"kind": "update-replace", "inputDiff": True}}


def test_replace_on_changes_of_other_properties_leaves_an_update(lab: Lab) -> None:
    def program(size: int) -> None:
        Thing("a", pulumi.ResourceOptions(replace_on_changes=["colour"]), size=size)

    lab.stack(lambda: program(1)).up()
    assert [s.op for s in lab.stack(lambda: program(2)).up().changes] == ["update"]


def test_a_retained_resource_leaves_the_stack_but_not_the_cloud(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", pulumi.ResourceOptions(retain_on_delete=True), size=1) and None).up()
    result = lab.stack(lambda: None).up()
    assert [s.op for s in result.changes] == ["delete"]
    assert list(lab.cloud.things) == ["a-1"]
    assert [r.name for r in lab.stack().resources() if r.type == "test:index:Thing"] == []


def test_a_child_inherits_that_it_is_retained(lab: Lab) -> None:
    def program() -> None:
        group = Group("g", pulumi.ResourceOptions(retain_on_delete=True))
        Thing("child", pulumi.ResourceOptions(parent=group), size=1)

    lab.stack(program).up()
    lab.stack().destroy()
    assert list(lab.cloud.things) == ["child-1"]


def test_the_old_part_of_a_replacement_is_retained_too(lab: Lab) -> None:
    def program(force: str) -> None:
        Thing("a", pulumi.ResourceOptions(retain_on_delete=True), force=force)

    lab.stack(lambda: program("x")).up()
    lab.stack(lambda: program("y")).up()
    assert list(lab.cloud.things) == ["a-1", "a-2"]


def test_an_aliased_resource_stays_under_its_new_name(lab: Lab) -> None:
    lab.stack(lambda: Thing("old", size=1) and None).up()
    alias = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])
    result = lab.stack(lambda: Thing("new", alias, size=1) and None).up()
    assert result.ok and result.changes == ()
    assert [r.name for r in lab.stack().resources() if r.type == "test:index:Thing"] == ["new"]
    assert lab.cloud.names("delete") == []


def test_children_follow_the_alias_of_their_parent(lab: Lab) -> None:
    def before() -> None:
        group = Group("old")
        Thing("old-child", pulumi.ResourceOptions(parent=group), size=1)

    def after() -> None:
        group = Group("new", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]))
        Thing("new-child", pulumi.ResourceOptions(parent=group), size=1)

    lab.stack(before).up()
    result = lab.stack(after).up()
    assert result.ok and result.changes == ()
    assert lab.cloud.names("create") == ["old-child"]
    assert lab.stack(after).up().change_summary == {"same": 3}


def test_a_reparented_resource_stays(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None).up()

    def after() -> None:
        group = Group("g")
        alias = pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)
        Thing("a", pulumi.ResourceOptions(parent=group, aliases=[alias]), size=1)

    result = lab.stack(after).up()
    assert result.ok, result.errors
    assert lab.cloud.names("create") == ["a"]
    assert lab.cloud.names("delete") == []


def test_references_to_an_aliased_resource_follow_it(lab: Lab) -> None:
    def before() -> None:
        a = Thing("old", size=1)
        Thing("dependent", of=a.arn)

    def after() -> None:
        a = Thing("new", pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")]), size=1)
        Thing("dependent", of=a.arn)

    lab.stack(before).up()
    lab.stack(after).up()
    dependent = next(r for r in lab.stack().resources() if r.name == "dependent")
    assert dependent.dependencies == ["urn:pulumi:dev::proj::test:index:Thing::new"]


def test_a_run_that_ends_between_a_renamed_parent_and_its_children_leaves_them_under_its_new_name(lab: Lab) -> None:
    class Moved(pulumi.ComponentResource):
        def __init__(self) -> None:
            options = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="test:index:Group")])
            super().__init__("test:index:Moved", "g", None, options)

    def before() -> None:
        child = Thing("child", pulumi.ResourceOptions(parent=Group("g")), token=pulumi.Output.secret("hush"))
        Thing("dependent", of=child.arn)

    def half() -> None:
        Moved().urn.apply(lambda _: 1 / 0)

    def after() -> None:
        child = Thing("child", pulumi.ResourceOptions(parent=Moved()), token=pulumi.Output.secret("hush"))
        Thing("dependent", of=child.arn)

    lab.stack(before).up()
    assert not lab.stack(half).up().ok
    left = {r.name: r for r in lab.stack().resources()}
    check_integrity(lab.stack().resources())
    child = "urn:pulumi:dev::proj::test:index:Moved$test:index:Thing::child"
    assert left["child"].urn == child
    assert left["child"].parent == "urn:pulumi:dev::proj::test:index:Moved::g"
    assert left["dependent"].dependencies == left["dependent"].property_dependencies["of"] == [child]
    assert lab.stack(after).up().changes == ()


def test_two_resources_of_one_urn_are_refused(lab: Lab) -> None:
    def program() -> None:
        Thing("a", size=1)
        Thing("a", size=2)

    result = lab.stack(program).up()
    assert not result.ok
    assert result.errors == (
        "Duplicate resource URN 'urn:pulumi:dev::proj::test:index:Thing::a': two resources of the type "
        "test:index:Thing are named 'a'. Give one of them another name",
    )


def test_depends_on_a_component_waits_for_all_that_it_has(lab: Lab) -> None:
    def program() -> None:
        group = Group("g")
        Thing("inner", pulumi.ResourceOptions(parent=group), slow=0.05)
        Thing("outer", pulumi.ResourceOptions(depends_on=[group]), size=1)

    lab.stack(program).up()
    assert lab.cloud.names("create") == ["inner", "outer"]


def test_custom_timeouts_reach_the_state(lab: Lab) -> None:
    timeouts = pulumi.CustomTimeouts(create="1h30m", delete="90s")
    lab.stack(lambda: Thing("a", pulumi.ResourceOptions(custom_timeouts=timeouts), size=1) and None).up()
    thing = next(r for r in lab.stack().resources() if r.name == "a")
    assert thing.custom_timeouts == {"create": 5400, "delete": 90}


# --- what this engine lacks ------------------------------------------------------------------------------------------


def _deleted_with() -> None:
    Thing("x", pulumi.ResourceOptions(deleted_with=Thing("a", size=1)), size=1)


def _replace_with() -> None:
    Thing("x", pulumi.ResourceOptions(replace_with=[Thing("a", size=1)]), size=1)


def _env_var_mappings() -> None:
    TestProvider("x", pulumi.ResourceOptions(env_var_mappings={"A": "B"}))


def _remote_component() -> None:
    class Remote(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Thing", "x", {}, None, remote=True)

    Remote()


def _parameterized_package() -> None:
    async def reference() -> str | None:
        return "a reference"

    pulumi.CustomResource("test:index:Thing", "x", {}, None, package_ref=reference())


@pytest.mark.parametrize(
    ("used", "named"),
    [
        (pulumi.ResourceOptions(import_="x"), "import_"),
        (pulumi.ResourceOptions(hide_diffs=["size"]), "hide_diffs"),
        (pulumi.ResourceOptions(replacement_trigger="x"), "replacement_trigger"),
        (pulumi.ResourceOptions(transforms=[lambda args: None]), "transforms"),
        (pulumi.ResourceOptions(plugin_download_url="https://x.test"), "plugin_download_url"),
        (_deleted_with, "deleted_with"),
        (_replace_with, "replace_with"),
        (_env_var_mappings, "env_var_mappings"),
        (_remote_component, "a remote component"),
        (_parameterized_package, "a parameterized package"),
    ],
)
def test_an_option_that_the_engine_lacks_is_refused_by_name(
    lab: Lab, used: pulumi.ResourceOptions | Callable[[], None], named: str
) -> None:
    def program() -> None:
        if isinstance(used, pulumi.ResourceOptions):
            Thing("x", used, size=1)
        else:
            used()

    result = lab.stack(program).up()
    assert not result.ok
    assert [error.partition(" ")[2] for error in result.errors] == [
        f"'x' uses {named}, which the local cloud's engine doesn't implement: take it out, or use the official CLI"
    ]
    assert "x" not in lab.cloud.names("create")


def _stack_transform() -> None:
    pulumi.runtime.register_resource_transform(lambda args: None)


def _invoke_transform() -> None:
    pulumi.runtime.register_invoke_transform(lambda args: None)


def _error_hook() -> None:
    hooks = pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("again", lambda args: True)])
    Thing("x", pulumi.ResourceOptions(hooks=hooks), size=1)


def _method_call() -> None:
    pulumi.runtime.call("test:index:Thing/turn", {}, Thing("a", size=1))


async def _package() -> None:
    await pulumi.runtime.settings.register_package("test", "1.0.0", "", "other", "1.0.0", "eA==")


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (_stack_transform, "a stack transform"),
        (_invoke_transform, "a stack invoke transform"),
        (_error_hook, "the error hook 'again'"),
        (_method_call, "Call of test:index:Thing/turn"),
        (_package, "the parameterized package 'test'"),
    ],
)
def test_a_request_that_the_engine_lacks_is_refused_by_name(lab: Lab, use: Callable[[], object], named: str) -> None:
    result = lab.stack(use).up()
    assert not result.ok
    assert len(result.errors) == 1
    assert f"the local cloud's engine doesn't implement {named}: use the official CLI for it" in result.errors[0]
    assert "x" not in lab.cloud.names("create")
