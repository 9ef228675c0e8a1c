"""Does the steps: calls providers and hooks, keeps the snapshot, bounds what runs at once.

The rules are the official steps' own: https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step.go and
step_executor.go beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from localcloud.engine import planner, urns
from localcloud.engine.planner import Planner, Step, dependents_among
from localcloud.engine.providers import Diff, Handle, Registry
from localcloud.engine.state import Operation, Resource, Snapshot
from localcloud.engine.values import UNKNOWN, PropertyMap, as_secret, same_map
from localcloud.engine.watcher import Watcher

#: Runs the hooks of one moment; raises when one does.
HookRunner = Callable[["HookCall"], Awaitable[None]]


class StepError(Exception):
    """A step that failed; the text says why."""


@dataclass(frozen=True)
class HookCall:
    """What a hook is told (pulumirpc.ResourceHookRequest).

    Attributes:
        names: the hooks to run, in order.
        moment: `before_create`, `after_update` and so on.
        resource: the resource that it is about.
        old: the resource before, where there was one.
        new: the resource after, where there will be one.
    """

    names: list[str]
    moment: str
    resource: Resource
    old: Resource | None
    new: Resource | None


class Executor:
    """Does the steps of one run."""

    def __init__(
        self,
        registry: Registry,
        snapshot: Snapshot,
        planner: Planner,
        watcher: Watcher,
        run_hooks: HookRunner,
        *,
        preview: bool,
        parallel: int,
    ) -> None:
        """Take the parts of the run."""
        self._registry = registry
        self._snapshot = snapshot
        self._planner = planner
        self._watcher = watcher
        self._run_hooks = run_hooks
        self._preview = preview
        self._slots = asyncio.Semaphore(parallel)
        #: Set to let no further deletion start.
        self.stopping = False
        #: Components that wait for their outputs, with the step that registered them.
        self._unfinished: dict[str, Step] = {}
        #: All that this run has come to, by URN.
        self.news: dict[str, Resource] = {}
        self.steps: list[Step] = []

    async def apply(self, step: Step) -> None:
        """Do a step, and write it down.

        Raises:
            StepError: it failed; what it did is written down all the same.
        """
        self.steps.append(step)
        self._watcher.started(step)
        try:
            await _BY_OP[step.op](self, step)
        except StepError as error:
            self._watcher.finished(step, str(error))
            raise
        except Exception as error:
            message = str(error) or type(error).__name__
            self._watcher.finished(step, message)
            raise StepError(message) from error
        self._watcher.finished(step, None)

    # --- the steps ---------------------------------------------------------------------------------------------------

    async def _same(self, step: Step) -> None:
        old, new = _both(step)
        new.id, new.outputs = old.id, old.outputs
        if urns.is_provider(new.type):
            await self._registry.same(old, new.urn)
        self._mark_secrets(new)
        self._remember(step, new)
        self._snapshot.drop(old)
        self._snapshot.add(new)
        if new.is_written_as(old):
            new.adopt_json(old)
            return  # nothing to write; the next write has the new order
        await self._renamed(new)
        await self._snapshot.write()

    async def _create(self, step: Step) -> None:
        new = _new(step)
        await self._hooks("before_create", new, None, new)
        new.change(created=_now())  # when it began, which tells one create from another
        self._snapshot.begin(new, "creating")
        await self._snapshot.write()
        try:
            if urns.is_provider(new.type):
                new.id, new.outputs = await self._registry.create(new)
            elif new.custom:
                handle = await self._handle(new)
                async with self._slots:
                    new.id, new.outputs = await handle.create(new, self._preview)
        except Exception:
            self._snapshot.end(new)
            await self._snapshot.write()
            raise
        new.change(created=_now(), modified=_now())
        if step.pending_delete and step.old is not None:
            step.old.change(delete=True)
        self._mark_secrets(new)
        self._remember(step, new)
        self._snapshot.end(new)
        self._snapshot.add(new)
        if step.old is not None and step.old.pending_replacement:
            self._snapshot.drop(step.old)
        await self._renamed(new)
        await self._snapshot.write()
        if new.custom:
            await self._hooks("after_create", new, None, new)

    async def _update(self, step: Step) -> None:
        old, new = _both(step)
        new.id, new.created, new.modified = old.id, old.created, old.modified
        await self._hooks("before_update", new, old, new)
        self._snapshot.begin(new, "updating")
        await self._snapshot.write()
        try:
            if urns.is_provider(new.type):
                new.outputs = await self._registry.update(old, new)
            elif new.custom:
                handle = await self._handle(new)
                async with self._slots:
                    new.outputs = await handle.update(old, new, self._preview)
        except Exception:
            self._snapshot.end(new)
            await self._snapshot.write()
            raise
        new.change(modified=_now() if new.custom else old.modified)
        self._mark_secrets(new)
        self._remember(step, new)
        self._snapshot.end(new)
        self._snapshot.drop(old)
        self._snapshot.add(new)
        await self._renamed(new)
        await self._snapshot.write()
        if new.custom:
            await self._hooks("after_update", new, old, new)

    async def _delete(self, step: Step) -> None:
        old = step.old
        assert old is not None
        if old.protect and not step.replacing and not old.external:
            raise StepError(
                f"resource {old.urn} cannot be deleted because it is protected. To delete it, take `protect` off the "
                "resource in the program and run up, then delete it"
            )
        await self._hooks("before_delete", old, old, None)
        self._snapshot.begin(old, "deleting")
        await self._snapshot.write()
        try:
            kept = self._preview or old.external or old.retain_on_delete or not old.custom
            if not kept and not urns.is_provider(old.type):
                handle = await self._handle(old)
                async with self._slots:
                    await handle.delete(old)
        except Exception:
            self._snapshot.end(old)
            await self._snapshot.write()
            raise
        self._snapshot.end(old)
        if step.pending_replacement:
            # It stays on record until its successor exists, so that a killed run knows what is still to be created.
            old.change(pending_replacement=True)
        else:
            self._snapshot.drop(old)
        await self._snapshot.write()
        await self._hooks("after_delete", old, old, None)

    async def _replace(self, step: Step) -> None:
        """Do nothing: the step tells a person what its parts amount to."""

    async def _remove_pending_replace(self, step: Step) -> None:
        assert step.old is not None
        self._snapshot.drop(step.old)
        await self._snapshot.write()

    async def _read(self, step: Step) -> None:
        new, old = _new(step), step.old
        self._snapshot.begin(new, "reading")
        try:
            if new.id != UNKNOWN:
                handle = await self._handle(new)
                async with self._slots:
                    identity, outputs, _ = await handle.read(new.urn, new.id, new.inputs, new.inputs)
                if not identity:
                    raise StepError(f"resource '{new.id}' does not exist")
                new.change(id=identity, outputs=outputs)
        finally:
            self._snapshot.end(new)
        if step.replacing and old is not None:
            old.change(delete=True)
        if old is not None:
            new.created, new.modified = old.created, old.modified
            if not same_map(new.outputs, old.outputs) or not same_map(new.inputs, old.inputs):
                new.modified = _now()
            if not step.replacing:
                self._snapshot.drop(old)
        self._mark_secrets(new)
        self._remember(step, new)
        self._snapshot.add(new)
        await self._snapshot.write()

    async def _refresh(self, step: Step) -> None:
        """Read a resource back and take what was found into the state; `step.new` is None when it is gone."""
        old = step.old
        assert old is not None
        handle = await self._handle(old)
        async with self._slots:
            identity, outputs, inputs = await handle.read(old.urn, old.id, old.outputs, old.inputs)
            if not identity:
                self._snapshot.drop(old)
                return
            new = old.copy()
            new.id, new.outputs, new.init_errors = identity, outputs, []
            new.inputs = old.inputs if inputs is None else inputs
            if old.external:
                step.diff = Diff(not same_map(old.outputs, outputs))
            else:
                # What an `up` would change after this, seen from the other side.
                step.diff = (await handle.diff(new, old.inputs, old.ignore_changes)).inverted()
        self._mark_secrets(new)
        if not same_map(new.inputs, old.inputs) or not same_map(new.outputs, old.outputs):
            new.change(modified=_now())
        step.new = new
        self._snapshot.replace(old, new)

    # --- outputs of components ---------------------------------------------------------------------------------------

    async def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Take the outputs of a component, and run its `after` hooks.

        Raises:
            StepError: the component isn't registered, or a hook failed.
        """
        step = self._unfinished.pop(urn, None)
        if step is None or step.new is None:
            raise StepError(f"the outputs of {urn} arrived, but the resource isn't registered, or has its outputs")
        new = step.new
        if not (same_map(new.outputs, outputs, secrets=True) and step.op == planner.SAME):
            new.change(outputs=outputs)
            self._snapshot.touch()
            await self._snapshot.write()
        if new.custom:
            return
        if step.op in (planner.CREATE, planner.CREATE_REPLACEMENT):
            await self._hooks("after_create", new, None, new)
        elif step.op == planner.UPDATE:
            await self._hooks("after_update", new, step.old, new)

    # --- deletions at the end ----------------------------------------------------------------------------------------

    async def delete_all(self, steps: list[Step], order: list[Resource]) -> list[tuple[Step, str]]:
        """Do deletions, each after those of all that depends on it; return those that failed and why.

        What a failed one depends on stays.
        """
        waiting_for = dependents_among(steps, order)
        failed: list[tuple[Step, str]] = []
        kept: set[int] = set()
        done = {id(step.resource): asyncio.Event() for step in steps}

        async def one(step: Step) -> None:
            key = id(step.resource)
            try:
                for dependent in waiting_for[key]:
                    await done[id(dependent.resource)].wait()
                    if id(dependent.resource) in kept:
                        kept.add(key)
                if key in kept or self.stopping:
                    kept.add(key)
                    return
                await self.apply(step)
            except StepError as error:
                kept.add(key)
                failed.append((step, str(error)))
            finally:
                done[key].set()

        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(one(step))
        return failed

    async def refresh_all(self, steps: Iterable[Step]) -> list[tuple[Step, str]]:
        """Read resources back, all at once as far as the slots allow; return those that failed and why."""
        failed: list[tuple[Step, str]] = []

        async def one(step: Step) -> None:
            try:
                await self.apply(step)
            except StepError as error:
                failed.append((step, str(error)))

        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(one(step))
        return failed

    # --- what a killed run left ---------------------------------------------------------------------------------------

    async def recover(self) -> list[tuple[Resource, str]]:
        """Find what creates made whose answers were lost, all at once: none of them waited for another.

        Returns:
            The resources that couldn't be found out about, and why.
        """
        failed: list[tuple[Resource, str]] = []

        async def one(lost: Operation) -> None:
            found, resource = None, lost.resource
            try:
                if resource.custom and not urns.is_provider(resource.type):
                    handle = await self._handle(resource)
                    async with self._slots:
                        found = await handle.find(resource)
            except Exception as error:  # whatever it is, the run goes on without
                failed.append((resource, str(error) or type(error).__name__))
            if found is None:
                self._snapshot.recover(lost, None)
                return
            resource.change(modified=_now())
            resource.id, resource.outputs = found
            self._mark_secrets(resource)
            self._snapshot.recover(lost, resource)

        async with asyncio.TaskGroup() as group:
            for operation in self._snapshot.lost:
                group.create_task(one(operation))
        await self._snapshot.write()
        return failed

    # --- helpers -----------------------------------------------------------------------------------------------------

    async def _handle(self, resource: Resource) -> Handle:
        found = self._registry.get(resource.provider)
        if found is not None:
            return found
        return await self._registry.ensure(resource.provider, self._planner.provider_resource(resource.provider))

    async def _hooks(self, moment: str, resource: Resource, old: Resource | None, new: Resource | None) -> None:
        names = resource.hooks.get(HOOK_KEYS[moment], [])
        if names:
            await self._run_hooks(HookCall(names, moment, resource, old, new))

    async def _renamed(self, new: Resource) -> None:
        if (old_urn := self._planner.alias_of(new.urn)) is not None:
            self._snapshot.rename(old_urn, new.urn)

    def _remember(self, step: Step, new: Resource) -> None:
        self.news[new.urn] = new
        self._unfinished[new.urn] = step

    def _mark_secrets(self, new: Resource) -> None:
        """Mark the outputs that are secret: those that the program names, and those whose input is."""
        marked = None
        for key, value in new.outputs.items():
            if value.is_secret:
                continue
            given = new.inputs.get(key)
            if key in new.additional_secret_outputs or (given is not None and given.is_secret):
                marked = marked or dict(new.outputs)
                marked[key] = as_secret(value)
        if marked is not None:
            new.outputs = marked


#: How the state names the moments of hooks (sdk/go/common/resource: HookType).
HOOK_KEYS = {
    "before_create": "BeforeCreate",
    "after_create": "AfterCreate",
    "before_update": "BeforeUpdate",
    "after_update": "AfterUpdate",
    "before_delete": "BeforeDelete",
    "after_delete": "AfterDelete",
}

_BY_OP: dict[str, Callable[[Executor, Step], Awaitable[None]]] = {
    planner.SAME: Executor._same,
    planner.CREATE: Executor._create,
    planner.CREATE_REPLACEMENT: Executor._create,
    planner.UPDATE: Executor._update,
    planner.DELETE: Executor._delete,
    planner.DELETE_REPLACED: Executor._delete,
    planner.READ_DISCARD: Executor._delete,
    planner.DISCARD_REPLACED: Executor._delete,
    planner.REPLACE: Executor._replace,
    planner.REMOVE_PENDING_REPLACE: Executor._remove_pending_replace,
    planner.READ: Executor._read,
    planner.READ_REPLACEMENT: Executor._read,
    planner.REFRESH: Executor._refresh,
}


def _new(step: Step) -> Resource:
    assert step.new is not None
    return step.new


def _both(step: Step) -> tuple[Resource, Resource]:
    assert step.old is not None
    assert step.new is not None
    return step.old, step.new


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
