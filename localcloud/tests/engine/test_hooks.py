"""Resource hooks: before and after create, update and delete."""

from collections.abc import Callable

import pulumi

from engine.fake import Group, Lab, Thing

Called = list[tuple[str, str]]


def _hooks(called: Called, fail: str = "", **options: bool) -> pulumi.ResourceHookBinding:
    def hook(moment: str) -> pulumi.ResourceHook:
        def run(args: pulumi.ResourceHookArgs) -> None:
            called.append((moment, args.name))
            if fail == moment:
                raise ValueError(f"{moment} says no")

        return pulumi.ResourceHook(f"hook-{moment}", run, pulumi.ResourceHookOptions(**options))

    return pulumi.ResourceHookBinding(
        before_create=[hook("before_create")],
        after_create=[hook("after_create")],
        before_update=[hook("before_update")],
        after_update=[hook("after_update")],
        before_delete=[hook("before_delete")],
        after_delete=[hook("after_delete")],
    )


def _program(called: Called, size: int = 1, fail: str = "", **options: bool) -> Callable[[], None]:
    def program() -> None:
        a = Thing("a", pulumi.ResourceOptions(hooks=_hooks(called, fail, **options)), size=size)
        Thing("dependent", of=a.arn, size=size)

    return program


def test_hooks_run_around_create_update_and_delete(lab: Lab) -> None:
    called: Called = []
    lab.stack(_program(called)).up()
    assert called == [("before_create", "a"), ("after_create", "a")]
    called.clear()
    lab.stack(_program(called)).up()
    assert called == []
    lab.stack(_program(called, size=2)).up()
    assert called == [("before_update", "a"), ("after_update", "a")]
    called.clear()

    def without() -> None:
        _hooks(called)

    result = lab.stack(without).up()
    assert result.ok, result.errors
    assert called == [("before_delete", "a"), ("after_delete", "a")]


def test_hooks_do_not_run_in_a_preview_unless_they_say_so(lab: Lab) -> None:
    called: Called = []
    lab.stack(_program(called)).preview()
    assert called == []
    lab.stack(_program(called, on_dry_run=True)).preview()
    assert called == [("before_create", "a"), ("after_create", "a")]


def test_a_before_hook_that_raises_keeps_the_step_from_being_done(lab: Lab) -> None:
    result = lab.stack(_program([], fail="before_create")).up()
    assert not result.ok
    assert "before hook 'hook-before_create' failed: before_create says no" in result.errors[0]
    assert lab.cloud.names("create") == []


def test_an_after_hook_that_raises_fails_the_run_but_keeps_what_was_done(lab: Lab) -> None:
    result = lab.stack(_program([], fail="after_create")).up()
    assert not result.ok
    assert "after hook 'hook-after_create' failed: after_create says no" in result.errors[0]
    assert lab.cloud.names("create") == ["a"], "what depends on it doesn't start"
    assert "a" in {r.name for r in lab.stack().resources()}
    assert lab.stack(_program([])).up().ok


def test_a_failing_after_update_hook_fails_the_update(lab: Lab) -> None:
    lab.stack(_program([])).up()
    result = lab.stack(_program([], size=2, fail="after_update")).up()
    assert result.exit_code == 1
    assert lab.cloud.names("update") == ["a"]


def test_a_failing_before_delete_hook_keeps_the_resource(lab: Lab) -> None:
    lab.stack(_program([])).up()

    def without() -> None:
        _hooks([], fail="before_delete")

    result = lab.stack(without).up()
    assert not result.ok
    assert "a-1" in lab.cloud.things


def test_errors_may_be_ignored_and_are_told(lab: Lab) -> None:
    result = lab.stack(_program([], fail="after_create", ignore_errors=True)).up()
    assert result.ok
    assert any("after_create says no" in d.message and d.severity == "warning" for d in result.diagnostics)


def test_a_hook_sees_inputs_and_outputs(lab: Lab) -> None:
    seen: dict[str, object] = {}

    def look(args: pulumi.ResourceHookArgs) -> None:
        seen.update(urn=args.urn, id=args.id, new=args.new_inputs, outputs=args.new_outputs)

    def program() -> None:
        hook = pulumi.ResourceHook("look", look)
        Thing("a", pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook])), size=4)

    lab.stack(program).up()
    assert seen["id"] == "a-1"
    assert seen["new"] == {"size": 4}
    assert seen["outputs"] == {"size": 4, "arn": "arn:a-1"}


def test_the_hooks_of_a_component_run_when_its_outputs_are_there(lab: Lab) -> None:
    called: Called = []

    def program() -> None:
        group = Group("g", pulumi.ResourceOptions(hooks=_hooks(called)))
        Thing("child", pulumi.ResourceOptions(parent=group), slow=0.02)
        group.register_outputs({})

    assert lab.stack(program).up().ok
    assert called == [("before_create", "g"), ("after_create", "g")]


def test_destroy_says_which_delete_hook_it_cannot_run(lab: Lab) -> None:
    lab.stack(_program([])).up()
    result = lab.stack().destroy()
    assert not result.ok
    assert any("hook 'hook-before_delete'" in error and "isn't registered" in error for error in result.errors)
