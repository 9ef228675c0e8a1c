"""What a failure stops and what it leaves."""

import asyncio
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pulumi
import pytest
from pulumi.provider.experimental.provider import InvokeRequest, InvokeResponse

from engine.fake import Cloud, FakeProvider, Group, Lab, Thing
from localcloud.engine import StateError


def test_what_depends_on_a_failed_step_does_not_start_and_the_rest_finishes(lab: Lab) -> None:
    def program() -> None:
        broken = Thing("broken", fail="create")
        Thing("dependent", of=broken.arn)
        slow = Thing("slow", after="broken", slow=0.3)
        after = Thing("after-slow", of=slow.arn)
        Thing("last", of=after.arn)

    result = lab.stack(program).up()
    assert result.exit_code == 1
    assert result.errors == ("creating test:index:Thing 'broken': create of broken was refused",)
    created = lab.cloud.names("create")
    assert "dependent" not in created
    assert [name for name in created if name != "broken"] == ["slow", "after-slow", "last"]
    assert created.index("broken") < created.index("after-slow"), "it failed while others were still to come"
    made = {r.name for r in lab.stack().resources() if r.type == "test:index:Thing"}
    assert made == {"slow", "after-slow", "last"}


def test_the_failed_step_and_its_reason_are_in_the_result(lab: Lab) -> None:
    result = lab.stack(lambda: Thing("broken", fail="create") and None).up()
    assert [(s.name, s.error) for s in result.steps if s.error] == [("broken", "create of broken was refused")]


def test_after_a_failure_nothing_is_deleted(lab: Lab) -> None:
    lab.stack(lambda: Thing("gone", size=1) and None).up()
    result = lab.stack(lambda: Thing("broken", fail="create") and None).up()
    assert not result.ok
    assert lab.cloud.names("delete") == []


def test_a_failed_replacement_keeps_the_old_resource(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", force="x") and None).up()
    assert not lab.stack(lambda: Thing("a", force="y", fail="create") and None).up().ok
    assert list(lab.cloud.things) == ["a-1"]
    assert lab.stack(lambda: Thing("a", force="x") and None).up().change_summary == {"same": 2}


def test_a_failed_update_is_tried_again(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None).up()
    assert not lab.stack(lambda: Thing("a", size=2, fail="update") and None).up().ok
    result = lab.stack(lambda: Thing("a", size=2) and None).up()
    assert [s.op for s in result.changes] == ["update"]


def test_a_failed_delete_keeps_the_resource_and_what_it_depends_on(lab: Lab) -> None:
    def program() -> None:
        base = Thing("base", size=1)
        Thing("stuck", of=base.arn, fail="delete")
        Thing("other", size=1)

    lab.stack(program).up()
    result = lab.stack().destroy()
    assert result.errors == ("deleting test:index:Thing 'stuck': delete of stuck was refused",)
    left = {r.name for r in lab.stack().resources() if r.type == "test:index:Thing"}
    assert left == {"base", "stuck"}


def test_a_failure_between_the_parts_of_a_delete_first_replacement_is_made_good_later(lab: Lab) -> None:
    def program(force: str, fail: str | None) -> None:
        Thing("a", force=force, deleteFirst=True, fail=fail)

    lab.stack(lambda: program("x", None)).up()
    assert not lab.stack(lambda: program("y", "create")).up().ok
    assert lab.cloud.things == {}
    assert [r.pending_replacement for r in lab.stack().resources() if r.name == "a"] == [True]
    result = lab.stack(lambda: program("y", None)).up()
    assert result.ok, result.errors
    assert list(lab.cloud.things) == ["a-2"]
    assert [s.op for s in result.changes] == ["replace"]


def test_a_resource_left_between_the_parts_of_a_replacement_is_forgotten_with_the_program(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", force="x", deleteFirst=True) and None).up()
    lab.stack(lambda: Thing("a", force="y", deleteFirst=True, fail="create") and None).up()
    assert lab.stack(lambda: None).up().ok
    assert [r.name for r in lab.stack().resources() if r.type == "test:index:Thing"] == []


def test_a_program_that_raises_ends_with_its_message_and_deletes_nothing(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None).up()

    def program() -> None:
        Thing("b", size=1)
        raise ValueError("the zone isn't ours")

    result = lab.stack(program).up()
    assert result.exit_code == 1
    assert result.errors == ("the program failed: ValueError: the zone isn't ours",)
    assert sorted(lab.cloud.things) == ["a-1", "b-2"]
    assert {r.name for r in lab.stack().resources() if r.type == "test:index:Thing"} == {"a", "b"}


def test_an_apply_that_raises_is_the_programs_failure(lab: Lab) -> None:
    def explode(arn: str) -> str:
        raise ValueError(f"no use for {arn}")

    def program() -> None:
        pulumi.export("x", Thing("a", size=1).arn.apply(explode))

    result = lab.stack(program).up()
    assert result.errors == ("the program failed: ValueError: no use for arn:a-1",)


def test_inputs_that_the_provider_refuses_stop_a_preview_too(lab: Lab) -> None:
    for result in (
        lab.stack(lambda: Thing("a", bad=3) and None).preview(),
        lab.stack(lambda: Thing("a", bad=3) and None).up(),
    ):
        assert result.errors == ("test:index:Thing resource 'a': property bad value 3 has a problem: it isn't allowed",)
    assert lab.cloud.names("create") == []


def test_a_secret_input_that_is_refused_is_not_shown(lab: Lab) -> None:
    result = lab.stack(lambda: Thing("a", bad=pulumi.Output.secret("hush")) and None).preview()
    assert result.errors == (
        "test:index:Thing resource 'a': property bad value [secret] has a problem: it isn't allowed",
    )


def test_an_invoke_that_fails_is_the_programs_failure(lab: Lab) -> None:
    def program() -> None:
        pulumi.runtime.invoke("test:index:refuse", {})

    result = lab.stack(program).up()
    assert len(result.errors) == 1
    assert "invoke of test:index:refuse failed: no such thing (what)" in result.errors[0]


def test_old_outputs_stay_beside_new_ones_after_a_failure(lab: Lab) -> None:
    def before() -> None:
        pulumi.export("a", 1)
        pulumi.export("b", 1)

    def after() -> None:
        pulumi.export("a", 2)
        raise ValueError("too soon")

    lab.stack(before).up()
    lab.stack(after).up()
    assert lab.stack().outputs() == {"a": 2, "b": 1}


def test_a_provider_error_while_planning_names_the_resource(lab: Lab) -> None:
    class Broken(FakeProvider):
        async def diff(self, request: object) -> None:  # type: ignore[override]
            raise RuntimeError("the account doesn't answer")

    lab.stack(lambda: Thing("a", size=1) and None).up()
    result = lab.stack(lambda: Thing("a", size=2) and None, providers={"test": Broken(Cloud())}).up()
    assert result.errors == ("test:index:Thing 'a': the account doesn't answer",)


def test_one_reason_that_stops_many_resources_is_told_once(lab: Lab) -> None:
    class Broken(FakeProvider):
        async def configure(self, request: object) -> None:  # type: ignore[override]
            raise RuntimeError("no endpoint")

    def program() -> None:
        for n in range(5):
            Thing(f"t{n}", size=1)

    result = lab.stack(program, providers={"test": Broken(Cloud())}).up()
    assert result.errors == ("creating pulumi:providers:test 'default': no endpoint",)


def test_an_invoke_under_way_is_waited_for_after_a_failure(lab: Lab) -> None:
    class Slow(FakeProvider):
        async def invoke(self, request: InvokeRequest) -> InvokeResponse:
            await self._until(lambda: "broken" in self.cloud.names("create"))
            await asyncio.sleep(0.3)
            return await super().invoke(request)

    def program() -> None:
        Thing("broken", fail="create")
        answer = pulumi.runtime.invoke_output("test:index:ask", {"what": "x"})
        Thing("after-the-answer", of=answer["answer"])

    result = lab.stack(program, providers={"test": lambda: Slow(lab.cloud)}).up()
    assert not result.ok
    assert "after-the-answer" in lab.cloud.names("create")


def test_a_second_run_says_who_holds_the_stack(lab: Lab) -> None:
    stack = lab.stack(lambda: None)
    with stack.state_file.lock("up"), pytest.raises(StateError) as refusal:
        lab.stack(lambda: None).up()
    message = str(refusal.value)
    assert message.startswith("stack 'dev' is locked by ")
    assert "up since " in message and "(pid " in message
    assert lab.stack(lambda: None).up().ok, "the lock goes with its holder"


def test_an_operation_that_a_kill_cut_off_is_told_at_the_next_run(lab: Lab) -> None:
    lab.stack(lambda: Thing("a", size=1) and None).up()
    path = lab.stack().state_file.path
    state = json.loads(path.read_text())
    thing = next(r for r in state["deployment"]["resources"] if r["urn"].endswith("::a"))
    state["deployment"]["pending_operations"] = [{"resource": thing, "type": "updating"}]
    path.write_text(json.dumps(state))
    result = lab.stack(lambda: Thing("a", size=1) and None).up()
    assert [d.message for d in result.diagnostics] == ["the last run was stopped while updating test:index:Thing 'a'"]
    assert json.loads(path.read_text())["deployment"]["pending_operations"] == []


def test_a_failed_component_hook_is_no_reason_to_lose_its_children(lab: Lab) -> None:
    def program() -> None:
        group = Group("g")
        Thing("child", pulumi.ResourceOptions(parent=group), size=1)
        raise RuntimeError("later")

    lab.stack(program).up()
    assert {r.name for r in lab.stack().resources()} >= {"g", "child"}


@pytest.mark.slow
def test_an_interrupt_lets_running_steps_end_and_starts_no_other(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from engine.fake import FakeProvider, Lab, Thing

        class Interrupting(FakeProvider):
            async def create(self, request):
                if not request.preview and request.name == "first":
                    os.kill(os.getpid(), signal.SIGINT)
                return await super().create(request)

        # What a shell runs in the background ignores Ctrl-C, and so would this.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        lab = Lab(Path(sys.argv[1]))

        def program():
            first = Thing("first", slow=0.3)
            Thing("second", of=first.arn)

        result = lab.stack(program, providers={"test": lambda: Interrupting(lab.cloud)}).up()
        assert not result.ok
        print(result.errors, list(lab.cloud.things))
        """
    )
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "('stopped; run the same command again to continue',) ['first-1']\n", done.stderr
    state = Lab(tmp_path).stack().state()
    assert [r.name for r in state.resources if r.type == "test:index:Thing"] == ["first"]
    assert state.pending == []


def test_steps_under_way_end_when_the_program_fails(lab: Lab) -> None:
    def explode(_: str) -> str:
        raise ValueError("no")

    def program() -> None:
        Thing("slow", slow=0.3)
        quick = Thing("quick", after="slow")
        Thing("never", of=quick.arn.apply(explode))

    result = lab.stack(program).up()
    assert not result.ok
    assert {r.name for r in lab.stack().resources() if r.type == "test:index:Thing"} == {"slow", "quick"}
    assert lab.stack().state().pending == []
