"""The engine's rules, each broken once, and the tests that must see it.

    make mutations                                      every rule
    python -m studies.mutations protect hook            only those whose names hold one of these words

Each mutation is made in a copy of the local cloud and only the tests of its rule are run. A rule that is broken while
its own tests pass has no test: the table says so, and the exit code too. The suite breaks a few rules each day
(`tests/test_mutations.py`).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

#: The local cloud, a package of its own.
PACKAGE = Path(__file__).resolve().parents[1] / "localcloud"
_ENGINE = "src/localcloud/engine"
_TESTS = "tests/engine"


@dataclass(frozen=True)
class Mutation:
    """One rule, broken.

    Attributes:
        rule: what no longer holds.
        file: the file that is changed, in the package's folder.
        old: a text that is there once.
        new: what takes its place.
        tests: the rule's tests, as pytest names them in the package's folder; one of them has to fail.
    """

    rule: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _engine(rule: str, file: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(rule, f"{_ENGINE}/{file}", old, new, tuple(f"{_TESTS}/{test}" for test in tests))


MUTATIONS = (
    # --- replacement ---
    _engine(
        "a replacement creates before it deletes",
        "planner.py",
        "if not (diff.delete_before_replace if first is None else first):",
        "if not (True if first is None else first):",
        "test_lifecycle.py::test_a_replacement_creates_the_new_one_before_it_deletes_the_old",
    ),
    _engine(
        "the old part of a replacement is deleted",
        "executor.py",
        "            step.old.change(delete=True)\n        self._mark_secrets(new)",
        "            pass\n        self._mark_secrets(new)",
        "test_lifecycle.py::test_a_replacement_creates_the_new_one_before_it_deletes_the_old",
    ),
    _engine(
        "the option delete_before_replace counts more than the provider's word",
        "planner.py",
        "first = goal.delete_before_replace\n",
        "first = None\n",
        "test_lifecycle.py::test_the_option_delete_before_replace_counts_more_than_the_provider",
        "test_lifecycle.py::test_a_false_delete_before_replace_keeps_the_old_one_until_the_new_one_stands",
    ),
    _engine(
        "delete_before_replace takes its dependents along",
        "planner.py",
        "steps = await self._delete_dependents(urn, old)",
        "steps: list[Step] = []",
        "test_lifecycle.py::test_delete_before_replace_takes_dependents_that_would_be_replaced_along",
    ),
    _engine(
        "dependents are deleted last one first",
        "planner.py",
        "in reversed(await self._dependent_replacements(old)):",
        "in await self._dependent_replacements(old):",
        "test_lifecycle.py::test_delete_before_replace_takes_dependents_that_would_be_replaced_along",
    ),
    _engine(
        "only dependents that would be replaced go along",
        "planner.py",
        "            if keys is not None:\n                found.append((resource, keys))",
        "            if True:\n                found.append((resource, keys or []))",
        "test_lifecycle.py::test_delete_before_replace_takes_dependents_that_would_be_replaced_along",
    ),
    _engine(
        "what a replacement has deleted first stays on record until its successor is there",
        "executor.py",
        "        if step.pending_replacement:\n",
        "        if False:\n",
        "test_failures.py::test_a_failure_between_the_parts_of_a_delete_first_replacement_is_made_good_later",
    ),
    _engine(
        "replace_on_changes replaces",
        "planner.py",
        "return diff.with_replace_on_changes(goal.replace_on_changes)",
        "return diff",
        "test_options.py::test_replace_on_changes_makes_an_update_a_replacement",
    ),
    _engine(
        "replace_on_changes names properties",
        "providers.py",
        "return any(path_contains(one, parse_path(path)) for one in outer)",
        "return True",
        "test_options.py::test_replace_on_changes_of_other_properties_leaves_an_update",
    ),
    _engine(
        "the new part of a replacement gets a name of its own",
        "planner.py",
        "new.inputs = await self._check(urn, goal, {}, goal.inputs)",
        "new.inputs = await self._check(urn, goal, old.inputs, goal.inputs)",
        "test_lifecycle.py::test_a_name_given_by_the_provider_stays_through_updates_and_changes_with_a_replacement",
    ),
    # --- options ---
    _engine(
        "retain_on_delete keeps the resource",
        "executor.py",
        "or old.retain_on_delete or",
        "or",
        "test_options.py::test_a_retained_resource_leaves_the_stack_but_not_the_cloud",
        "test_options.py::test_the_old_part_of_a_replacement_is_retained_too",
    ),
    _engine(
        "a child inherits retain_on_delete",
        "run.py",
        "goal.retain_on_delete = parent.retain_on_delete",
        "goal.retain_on_delete = None",
        "test_options.py::test_a_child_inherits_that_it_is_retained",
    ),
    _engine(
        "an alias finds a renamed resource",
        "planner.py",
        "own = [self._alias_urn(goal, alias) for alias in goal.aliases]",
        "own = list[str]()",
        "test_options.py::test_an_aliased_resource_stays_under_its_new_name",
    ),
    _engine(
        "an alias finds a reparented resource",
        "planner.py",
        "        if alias.no_parent:\n",
        "        if False:\n",
        "test_options.py::test_a_reparented_resource_stays",
    ),
    _engine(
        "children follow the alias of their parent",
        "planner.py",
        "if (parent_alias := self._alias_of.get(goal.parent)) is not None:",
        "if (parent_alias := None) is not None:",
        "test_options.py::test_children_follow_the_alias_of_their_parent",
    ),
    _engine(
        "what the last run left refers to a renamed resource by its new name",
        "state.py",
        "        self._renamed[old] = new\n",
        "",
        "test_options.py::test_a_run_that_ends_between_a_renamed_parent_and_its_children_leaves_them_under_its_new_name",
    ),
    _engine(
        "a protected resource isn't deleted",
        "executor.py",
        "if old.protect and not step.replacing and not old.external:",
        "if False:",
        "test_options.py::test_a_protected_resource_is_not_deleted_and_the_message_says_how_to_lift_it",
    ),
    _engine(
        "destroy deletes nothing when something is protected",
        "runner.py",
        "        if not protected:\n",
        "        if True:\n",
        "test_options.py::test_destroy_refuses_before_it_deletes_anything_when_something_is_protected",
    ),
    _engine(
        "a protected resource isn't replaced",
        "planner.py",
        "if new.protect and old.protect:",
        "if False:",
        "test_options.py::test_a_protected_resource_is_not_replaced_and_the_message_names_the_property",
    ),
    _engine(
        "a protected dependent isn't replaced with what it depends on",
        "planner.py",
        "                if dependent.protect:\n",
        "                if False:\n",
        "test_options.py::test_a_protected_dependent_is_not_replaced_with_what_it_depends_on",
    ),
    _engine(
        "a child inherits protection",
        "run.py",
        "goal.protect = parent.protect",
        "goal.protect = None",
        "test_monitor.py::test_a_child_inherits_protection",
    ),
    _engine(
        "ignore_changes keeps the old value",
        "planner.py",
        "inputs, possible = reset_path(path, old, inputs)",
        "_, possible = reset_path(path, old, inputs)",
        "test_options.py::test_ignored_changes_keep_the_old_value",
    ),
    _engine(
        "ignore_changes takes paths",
        "paths.py",
        "return (make((*after[:key], value, *after[key + 1 :]), new.is_secret), True) if ok else (new, False)",
        "return new, True",
        "test_options.py::test_ignored_changes_may_be_paths",
    ),
    _engine(
        "additional_secret_outputs are secret",
        "executor.py",
        "if key in new.additional_secret_outputs or (",
        "if (",
        "test_values_in_flight.py::test_additional_secret_outputs_are_secret",
    ),
    _engine(
        "what depends on a component is deleted before what it has",
        "planner.py",
        "if not one.custom and urn != resource.parent:",
        "if False:",
        "test_monitor.py::test_what_depends_on_a_component_is_deleted_before_what_the_component_has",
    ),
    _engine(
        "an invoke that depends on a component waits for what it has",
        "run.py",
        "                frontier += self._children.get(urn, [])",
        "                pass",
        "test_monitor.py::test_a_function_that_depends_on_a_component_waits_for_what_it_has",
    ),
    _engine(
        "dependents are deleted first",
        "executor.py",
        "await done[id(dependent.resource)].wait()",
        "await asyncio.sleep(0)",
        "test_lifecycle.py::test_what_the_program_no_longer_has_is_deleted_dependents_first",
        "test_lifecycle.py::test_children_are_deleted_before_their_parents",
    ),
    *(
        _engine(
            f"{moment} hooks run",
            "executor.py",
            f'await self._hooks("{moment}", {resource}, {old}, {new})\n        {after}',
            f"{after}",
            "test_hooks.py::test_hooks_run_around_create_update_and_delete",
        )
        for moment, resource, old, new, after in (
            ("before_create", "new", "None", "new", "new.change(created=_now())"),
            ("before_update", "new", "old", "new", 'self._snapshot.begin(new, "updating")'),
            ("before_delete", "old", "old", "None", 'self._snapshot.begin(old, "deleting")'),
        )
    ),
    _engine(
        "after_delete hooks run",
        "executor.py",
        '        await self._hooks("after_delete", old, old, None)\n',
        "",
        "test_hooks.py::test_hooks_run_around_create_update_and_delete",
    ),
    _engine(
        "after_create hooks run",
        "executor.py",
        '        if new.custom:\n            await self._hooks("after_create", new, None, new)',
        "",
        "test_hooks.py::test_hooks_run_around_create_update_and_delete",
    ),
    _engine(
        "after_update hooks run",
        "executor.py",
        '        if new.custom:\n            await self._hooks("after_update", new, old, new)',
        "",
        "test_hooks.py::test_hooks_run_around_create_update_and_delete",
        "test_hooks.py::test_a_failing_after_update_hook_fails_the_update",
    ),
    _engine(
        "a component's hooks wait for its outputs",
        "executor.py",
        '        if new.custom:\n            await self._hooks("after_create", new, None, new)',
        '        await self._hooks("after_create", new, None, new)',
        "test_hooks.py::test_the_hooks_of_a_component_run_when_its_outputs_are_there",
    ),
    _engine(
        "a hook that raises fails the step",
        "run.py",
        '            raise StepError(f"{when} hook {name!r} failed: {error}")',
        '            self.note("error", f"{when} hook {name!r} failed: {error}")',
        "test_hooks.py::test_a_before_hook_that_raises_keeps_the_step_from_being_done",
        "test_hooks.py::test_an_after_hook_that_raises_fails_the_run_but_keeps_what_was_done",
    ),
    _engine(
        "hooks don't run in a preview",
        "run.py",
        "if self.preview and not hook.on_dry_run:",
        "if False:",
        "test_hooks.py::test_hooks_do_not_run_in_a_preview_unless_they_say_so",
    ),
    _engine(
        "what the engine lacks is refused",
        "protocol.py",
        "    if used:\n",
        "    if False:\n",
        "test_options.py::test_an_option_that_the_engine_lacks_is_refused_by_name",
    ),
    *(
        _engine(
            f"{option} is refused",
            "protocol.py",
            f'    "{field}": "{option}",\n',
            "",
            f"test_options.py::test_an_option_that_the_engine_lacks_is_refused_by_name[{test}]",
        )
        for field, option, test in (
            ("importId", "import_", "used0-import_"),
            ("deletedWith", "deleted_with", "_deleted_with-deleted_with"),
            ("transforms", "transforms", "used3-transforms"),
            ("remote", "a remote component", "_remote_component-a remote component"),
        )
    ),
    # --- values ---
    _engine(
        "a resource given as an input is a reference with its id",
        "values.py",
        'reference["id"] = "" if is_computed(raw.resource_id) else raw.resource_id.value',
        'reference["id"] = ""',
        "test_values_in_flight.py::test_a_resource_given_as_an_input_arrives_as_a_reference",
    ),
    _engine(
        "a stack reference has the other stack's outputs",
        "builtin.py",
        '"outputs": mapping(outputs), "secretOutputNames": make(secret)}\n        return ReadResponse(',
        '"outputs": mapping({}), "secretOutputNames": make(secret)}\n        return ReadResponse(',
        "test_providers.py::test_a_stack_reference_gives_the_outputs_of_another_local_stack",
    ),
    _engine(
        "a secret of another stack stays one",
        "target.py",
        "return root_outputs(file.read(crypter).resources)",
        "return {k: type(v)(v.value) for k, v in root_outputs(file.read(crypter).resources).items()}",
        "test_providers.py::test_a_stack_reference_gives_the_outputs_of_another_local_stack",
    ),
    _engine(
        "the output of a secret input is secret",
        "executor.py",
        "or (given is not None and given.is_secret):",
        "or False:",
        "test_values_in_flight.py::test_what_a_provider_answers_openly_is_as_secret_as_the_input_of_its_name",
    ),
    # --- providers ---
    _engine(
        "a resource belongs to the provider that it names",
        "run.py",
        'return ref or providers.get(package, "") or',
        'return providers.get(package, "") or',
        "test_providers.py::test_an_explicit_provider_manages_the_resources_that_name_it",
    ),
    _engine(
        "another region replaces what a provider manages",
        "planner.py",
        "return diff.replace\n\n    async def _steps_of",
        "return False\n\n    async def _steps_of",
        "test_providers.py::test_another_region_replaces_what_the_provider_manages",
    ),
    _engine(
        "what is gone from the program is deleted by the provider that made it",
        "executor.py",
        "return await self._registry.ensure(resource.provider, self._planner.provider_resource(resource.provider))",
        "return self._registry.handles()[-1]",
        "test_providers.py::test_resources_are_deleted_with_the_provider_that_they_were_made_with",
    ),
    _engine(
        "what is only read isn't deleted",
        "executor.py",
        "kept = self._preview or old.external or",
        "kept = self._preview or",
        "test_providers.py::test_get_reads_a_resource_and_never_deletes_it",
    ),
    _engine(
        "reading what isn't there fails",
        "executor.py",
        "                if not identity:\n                    raise StepError(",
        "                if False:\n                    raise StepError(",
        "test_providers.py::test_get_of_what_is_not_there_is_an_error_that_names_it",
    ),
    # --- failures ---
    _engine(
        "what doesn't depend on a failed step finishes",
        "run.py",
        "            await self._release.wait()\n",
        "            self._release.set()\n",
        "test_failures.py::test_what_depends_on_a_failed_step_does_not_start_and_the_rest_finishes",
    ),
    _engine(
        "the exit code tells of a failed step",
        "runner.py",
        "ok=not failed and not engine.failures,",
        "ok=not failed,",
        "test_refresh.py::test_after_a_refresh_that_fails_nothing_is_changed",
    ),
    _engine(
        "what a failed deletion depends on stays",
        "executor.py",
        "                    if id(dependent.resource) in kept:\n                        kept.add(key)\n",
        "",
        "test_failures.py::test_a_failed_delete_keeps_the_resource_and_what_it_depends_on",
    ),
    _engine(
        "after a refresh that fails nothing is changed",
        "runner.py",
        'elif self._operation != "refresh" and not engine.failures:',
        'elif self._operation != "refresh":',
        "test_refresh.py::test_after_a_refresh_that_fails_nothing_is_changed",
    ),
    _engine(
        "nothing is deleted after a failure",
        "run.py",
        "        if self.failures:\n            return\n        await self.delete",
        "        await self.delete",
        "test_monitor.py::test_a_program_that_ends_well_after_a_failure_deletes_nothing",
    ),
    _engine(
        "two resources of one URN are refused",
        "planner.py",
        "        if urn in self.urns:\n",
        "        if False:\n",
        "test_options.py::test_two_resources_of_one_urn_are_refused",
    ),
    _engine(
        "a program that raises fails the run",
        "runner.py",
        "return failed or not engine.finished",
        "return False",
        "test_failures.py::test_a_program_that_raises_ends_with_its_message_and_deletes_nothing",
    ),
    _engine(
        "Ctrl-C lets what is under way end",
        "runner.py",
        "await asyncio.shield(task)",
        "await task",
        "test_failures.py::test_an_interrupt_lets_running_steps_end_and_starts_no_other",
    ),
    _engine(
        "steps run at the same time up to the limit",
        "executor.py",
        "asyncio.Semaphore(parallel)",
        "asyncio.Semaphore(parallel * 2)",
        "test_lifecycle.py::test_independent_steps_run_at_the_same_time_up_to_the_limit",
    ),
    # --- state ---
    _engine(
        "the state file is replaced in one step",
        "state.py",
        '        temporary.write_text(text, encoding="utf-8")\n        os.replace(temporary, self.path)',
        '        self.path.write_text(text, encoding="utf-8")',
        "test_state.py::test_a_write_that_fails_half_way_leaves_the_old_state_whole",
    ),
    *(
        _engine(
            f"{operation} is on record before it begins",
            "executor.py",
            f'self._snapshot.begin({resource}, "{operation}")\n        await self._snapshot.write()',
            f'self._snapshot.begin({resource}, "{operation}")',
            f"test_state.py::test_what_is_under_way_is_on_record_before_it_begins[{operation}]",
        )
        for operation, resource in (("creating", "new"), ("updating", "new"), ("deleting", "old"))
    ),
    _engine(
        "the state is written after each step",
        "executor.py",
        "        await self._renamed(new)\n        await self._snapshot.write()\n        if new.custom:\n"
        '            await self._hooks("after_create"',
        '        await self._renamed(new)\n        if new.custom:\n            await self._hooks("after_create"',
        "test_state.py::test_the_state_is_written_before_and_after_each_step",
    ),
    _engine(
        "a preview writes no state",
        "runner.py",
        "Snapshot(base, None if preview else target.state_file, crypter)",
        "Snapshot(base, target.state_file, crypter)",
        "test_lifecycle.py::test_a_preview_lists_the_steps_of_the_up_that_follows_and_does_nothing",
    ),
    _engine(
        "an operation that a kill cut off is told",
        "runner.py",
        "            self._say_pending(operation.type, operation.resource)\n",
        "            pass\n",
        "test_failures.py::test_an_operation_that_a_kill_cut_off_is_told_at_the_next_run",
    ),
    _engine(
        "a create whose answer was lost is found again",
        "executor.py",
        "found = await handle.find(resource)",
        "found = None",
        "test_recovery.py::test_a_destroy_takes_what_was_being_created[True]",
        "test_recovery.py::test_a_refresh_takes_it_into_the_state",
    ),
    _engine(
        "a found replacement takes the place of the old one",
        "state.py",
        "                    old.change(delete=True)\n                return\n",
        "                    pass\n                return\n",
        "test_recovery.py::test_a_replacement_that_was_being_created_takes_the_place_of_the_old_one",
    ),
    _engine(
        "two runs at once: the second is refused",
        "state.py",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "test_failures.py::test_a_second_run_says_who_holds_the_stack",
    ),
    _engine(
        "a dead holder's lock heals itself",
        "state.py",
        "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
        "            handle.seek(0)\n            if handle.read():\n                raise BlockingIOError\n",
        "test_state.py::test_a_kill_leaves_a_state_to_go_on_from",
    ),
    _engine(
        "an emulator that was started anew is noticed",
        "account.py",
        "!= [endpoint.pid, endpoint.started])",
        "== [])",
        "test_account.py::test_what_was_in_a_lost_account_is_made_again_and_the_rest_stays",
    ),
    _engine(
        "what lives elsewhere stays when the emulator is started anew",
        "account.py",
        "package_of(resource.type) in _PACKAGES",
        "True",
        "test_account.py::test_what_was_in_a_lost_account_is_made_again_and_the_rest_stays",
    ),
    # --- secrets and configuration ---
    _engine(
        "secrets are opened as Pulumi's passphrase provider seals them: iterations",
        "secrets.py",
        "_ITERATIONS = 1_000_000",
        "_ITERATIONS = 100_000",
        "test_config.py::test_a_value_that_the_official_cli_encrypted_is_opened",
    ),
    _engine(
        "secrets are sealed as Pulumi's passphrase provider opens them: the nonce",
        "secrets.py",
        "nonce = os.urandom(12)",
        "nonce = os.urandom(16)",
        "test_config.py::test_what_is_sealed_has_the_form_that_the_official_cli_opens",
    ),
    _engine(
        "secrets are sealed as Pulumi's passphrase provider opens them: the salt",
        "secrets.py",
        "self._salt = _DEFAULT_SALT if passphrase == DEFAULT_PASSPHRASE else os.urandom(8)",
        "self._salt = os.urandom(16)",
        "test_config.py::test_what_is_sealed_has_the_form_that_the_official_cli_opens",
    ),
    _engine(
        "another passphrase is refused",
        "secrets.py",
        "        except InvalidTag:\n            raise SecretError(",
        '        except InvalidTag:\n            return "pulumi"\n            raise SecretError(',
        "test_config.py::test_a_wrong_passphrase_is_an_error",
        "test_state.py::test_another_passphrase_is_refused_with_a_word_on_what_to_do",
    ),
    _engine(
        "secrets in state are encrypted",
        "state.py",
        "seal = crypter.encrypt if crypter else None",
        "seal = (lambda plain: plain) if crypter else None",
        "test_values_in_flight.py::test_a_secret_input_is_encrypted_in_state_and_makes_the_output_secret",
    ),
    _engine(
        "secure values of a stack file are opened",
        "config.py",
        'return crypter.decrypt(str(value["secure"])), True, False',
        'return str(value["secure"]), True, False',
        "test_config.py::test_a_secure_value_is_opened_with_the_passphrase",
    ),
    _engine(
        "config set --secret encrypts",
        "config.py",
        'stored = CommentedMap({"secure": self._sealing_crypter().encrypt(value)})',
        'stored = CommentedMap({"secure": value})',
        "test_config.py::test_a_secret_is_written_encrypted_and_read_back",
    ),
    _engine(
        "an edited stack file keeps its comments",
        "config.py",
        "            _yaml().dump(self._raw, handle)",
        '            _yaml().dump({k: dict(v) if k == "config" else v for k, v in self._raw.items()}, handle)',
        "test_config.py::test_setting_a_value_keeps_comments_and_order",
    ),
    # --- drift ---
    _engine(
        "a refresh takes what it found into the state",
        "executor.py",
        "        self._snapshot.replace(old, new)\n",
        "",
        "test_refresh.py::test_a_change_behind_its_back_is_shown_and_mended_by_the_next_up",
    ),
    _engine(
        "a refresh lets go of what is gone",
        "executor.py",
        "            if not identity:\n                self._snapshot.drop(old)\n                return\n",
        "            if not identity:\n                return\n",
        "test_refresh.py::test_a_resource_deleted_behind_its_back_is_gone_and_made_again",
    ),
    _engine(
        "a refresh shows drift as seen from the state",
        "providers.py",
        'swap = {"add": "delete", "delete": "add", "update": "update"}',
        'swap = {"add": "add", "delete": "delete", "update": "update"}',
        "test_refresh.py::test_what_was_added_and_removed_behind_its_back_is_shown_so",
    ),
    # --- unknown values ---
    _engine(
        "what isn't known yet is unknown in a preview",
        "values.py",
        "return make(_COMPUTED) if len(string) == 36 and string in _UNKNOWNS else make(string)",
        "return make(string)",
        "test_monitor.py::test_an_unknown_value_is_known_by_its_text",
    ),
)


@dataclass(frozen=True)
class Verdict:
    """What became of a mutation."""

    mutation: Mutation
    word: str
    seconds: float

    @property
    def caught(self) -> bool:
        """Whether the tests of the rule failed."""
        return self.word == "caught"


def _run(folder: Path, tests: tuple[str, ...]) -> tuple[str, str]:
    """Run tests of the package in a folder; return `passed`, `failed` or why they weren't run, and the last line."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src")},  # before the installed package
        capture_output=True,
        text=True,
        check=False,
    )
    last = (done.stdout + done.stderr).strip().splitlines()[-1]
    return {0: "passed", 1: "failed"}.get(done.returncode, f"not run: {last}"), last


def break_rule(mutation: Mutation) -> Verdict:
    """Break a rule in a copy of the code, and run its tests."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        file = folder / mutation.file
        text = file.read_text()
        found = text.count(mutation.old)
        if found != 1:
            return Verdict(mutation, f"the text to change is there {found} times", time.monotonic() - began)
        file.write_text(text.replace(mutation.old, mutation.new))
        said, _ = _run(folder, mutation.tests)
    return Verdict(mutation, {"failed": "caught", "passed": "SURVIVED"}.get(said, said), time.monotonic() - began)


def main() -> int:
    """Break the rules that were asked for, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m studies.mutations", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of the rules' names")
    parser.add_argument("--at-once", type=int, default=2, help="how many are tried at the same time (2)")
    options = parser.parse_args()
    chosen = [m for m in MUTATIONS if not options.words or any(word in m.rule for word in options.words)]
    whole, last = _run(PACKAGE, tuple(sorted({test for mutation in chosen for test in mutation.tests})))
    if whole != "passed":
        print(f"the tests don't pass as things are: {last}")
        return 1
    caught = 0
    with ThreadPoolExecutor(options.at_once) as pool:
        for verdict in pool.map(break_rule, chosen):
            caught += verdict.caught
            print(f"{verdict.word:10} {verdict.seconds:5.1f} s  {verdict.mutation.rule}", flush=True)
    print(f"\n{caught} of {len(chosen)} caught by the tests of the rule itself")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
