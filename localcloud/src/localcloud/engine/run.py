"""One run of a program against the engine: what the program asks for, how failures spread, how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc  # type: ignore[import-untyped]
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from localcloud.engine import urns
from localcloud.engine.config import Config
from localcloud.engine.executor import Executor, HookCall, StepError
from localcloud.engine.planner import DELETE_REPLACED, Goal, PlanError, Planner, Step
from localcloud.engine.providers import Registry, with_version
from localcloud.engine.state import Checkpoint, Resource, Snapshot
from localcloud.engine.values import PropertyMap, same_map, text, to_struct
from localcloud.engine.watcher import Diagnostic, Watcher


class Stopped(Exception):
    """A request that comes when the run has failed already; its answer ends the program quietly."""


@dataclass(frozen=True)
class Hook:
    """A resource hook that the program registered."""

    name: str
    target: str
    token: str
    on_dry_run: bool
    ignore_errors: bool


class Run:
    """The state of one run. All of it happens on one event loop."""

    def __init__(
        self,
        *,
        project: str,
        stack: str,
        config: Config,
        base: Checkpoint,
        snapshot: Snapshot,
        registry: Registry,
        watcher: Watcher,
        preview: bool,
        parallel: int,
    ) -> None:
        """Take the parts of the run."""
        self.project = project
        self.stack = stack
        self.config = config
        self.preview = preview
        self.parallel = parallel
        self.base = base
        self.base_order = list(base.resources)
        self.registry = registry
        self.snapshot = snapshot
        self.planner = Planner(project, stack, base, registry)
        self.executor = Executor(
            registry, snapshot, self.planner, watcher, self._run_hooks, preview=preview, parallel=parallel
        )
        self.root_outputs: PropertyMap | None = None
        self.finished = False
        self.failures = 0
        self._watcher = watcher
        self._reported: set[Diagnostic] = set()
        self._hooks: dict[str, Hook] = {}
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._defaults: dict[tuple[str, str], asyncio.Task[str]] = {}
        self._provider_maps: dict[str, dict[str, str]] = {}
        self._goals: dict[str, Goal] = {}
        self._children: dict[str, list[str]] = {}
        # Requests that are being answered, those of failed steps, whose answers wait, and how many came in all.
        self._active = 0
        self._held = 0
        self._requests = 0
        self._release = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        #: Returns for how many answers the program waits; see `Program.calls`.
        self.program_calls: Callable[[], Awaitable[int | None]] | None = None

    # --- failures ----------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """Count a request, and keep back the answer to one whose step failed.

        What depends on a failed resource waits for that answer and so doesn't start; everything else goes on. When
        nothing else is left, all such answers are given at once and end the program.
        """
        try:
            async with self.busy():
                yield
        except (StepError, PlanError) as error:
            if isinstance(error, PlanError):
                self.report(str(error))
            self.failures += 1
            self._held += 1
            if self._watch is None:
                self._watch = asyncio.create_task(self._release_when_idle())
            await self._release.wait()
            raise Stopped from error

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """Count a request, and refuse it when the run has failed already."""
        if self._release.is_set():
            raise Stopped
        self._active += 1
        self._requests += 1
        try:
            yield
        finally:
            self._active -= 1

    async def _release_when_idle(self) -> None:
        """Wait until the program does nothing but wait for failed resources."""
        quiet = 0
        while quiet < 4:
            before = self._requests
            calls = await self.program_calls() if self.program_calls else None
            await asyncio.sleep(0.03)
            waits = not self._active and self._requests == before and calls in (None, self._held)
            quiet = quiet + 1 if waits else 0
        self._release.set()

    def stop(self) -> None:
        """Let nothing new start: answer what is still waiting, and refuse what comes."""
        self.executor.stopping = True
        self._release.set()

    async def idle(self) -> None:
        """Wait until the steps under way have ended."""
        while self._active:
            await asyncio.sleep(0.01)

    def report(self, message: str, urn: str = "") -> None:
        """Note an error, once: what fails for one reason at many resources has one reason."""
        diagnostic = Diagnostic("error", message, urn)
        if diagnostic not in self._reported:
            self._reported.add(diagnostic)
            self._watcher.reported(diagnostic)

    def note(self, severity: str, message: str, urn: str = "") -> None:
        """Note a message."""
        self._watcher.reported(Diagnostic(severity, message, urn))

    # --- resources ---------------------------------------------------------------------------------------------------

    async def register(self, goal: Goal, providers: dict[str, str], version: str) -> Resource:
        """Bring a resource to what the program wants.

        Raises:
            PlanError: it can't be.
            StepError: a step failed.
        """
        self._inherit(goal)
        if goal.custom and not urns.is_provider(goal.type):
            package = urns.package_of(goal.type)
            goal.provider = self._chosen(goal.provider, providers, goal.parent, package) or (
                await self.default_provider(package, version)
            )
        if not goal.custom:
            goal.provider = ""
        try:
            steps = await self.planner.plan(goal)
        except PlanError:
            raise
        except Exception as error:  # a provider's own
            raise PlanError(f"{goal.type} {goal.name!r}: {str(error) or type(error).__name__}") from error
        finally:
            self._drain_notes()
        for step in steps:
            try:
                await self.executor.apply(step)
            except StepError as error:
                self.report(self._failure_text(step, str(error)), step.urn)
                raise
        new = steps[-1].new
        assert new is not None
        self._goals[new.urn] = goal
        self._children.setdefault(goal.parent, []).append(new.urn)
        if not goal.custom:
            inherited = self._provider_maps.get(goal.parent, {})
            self._provider_maps[new.urn] = {**inherited, **providers}
        return new

    def _failure_text(self, step: Step, message: str) -> str:
        verb = {"same": "keep", DELETE_REPLACED: "delete"}.get(step.op, step.op.partition("-")[0])
        doing = {"create": "creating", "update": "updating", "delete": "deleting", "read": "reading"}.get(verb, verb)
        return f"{doing} {step.resource.type} {step.resource.name!r}: {message}"

    def _drain_notes(self) -> None:
        for urn, message in self.planner.notes:
            self.note("info", message, urn)
        self.planner.notes.clear()

    def _inherit(self, goal: Goal) -> None:
        """Take over from the parent what a child inherits unless it says otherwise."""
        parent = self._goals.get(goal.parent)
        if parent is None:
            return
        if goal.protect is None:
            goal.protect = parent.protect
        if goal.retain_on_delete is None:
            goal.retain_on_delete = parent.retain_on_delete

    def _chosen(self, ref: str, providers: dict[str, str], parent: str, package: str) -> str:
        return ref or providers.get(package, "") or self._provider_maps.get(parent, {}).get(package, "")

    async def default_provider(self, package: str, version: str) -> str:
        """Return the reference of a package's default provider, which the first that needs it registers."""
        key = (package, version)
        if key not in self._defaults:
            self._defaults[key] = asyncio.create_task(self._register_default(package, version))
        return await asyncio.shield(self._defaults[key])

    async def _register_default(self, package: str, version: str) -> str:
        inputs: PropertyMap = {}
        for key, value in self.config.values.items():
            namespace, _, name = key.partition(":")
            secret = key in self.config.secrets
            if package == "pulumi-python":
                inputs[key] = text(value, secret)  # a dynamic provider may read all of the configuration
            elif namespace == package:
                inputs[name] = text(value, secret)
        name = "default" + (f"_{version.replace('.', '_').replace('-', '_').replace('+', '_')}" if version else "")
        goal = Goal(
            type=f"{urns.PROVIDER_PREFIX}{package}", name=name, custom=True, inputs=with_version(inputs, version)
        )
        resource = await self.register(goal, {}, "")
        return urns.reference(resource.urn, resource.id)

    async def read(self, wanted: Resource, version: str) -> Resource:
        """Read a resource that the stack doesn't own.

        Raises:
            PlanError: its name is taken.
            StepError: it isn't there.
        """
        if not wanted.provider:
            package = urns.package_of(wanted.type)
            wanted.provider = self._chosen("", {}, wanted.parent, package) or (
                await self.default_provider(package, version)
            )
        for step in self.planner.plan_read(wanted):
            try:
                await self.executor.apply(step)
            except StepError as error:
                self.report(self._failure_text(step, str(error)), step.urn)
                raise
        self._children.setdefault(wanted.parent, []).append(wanted.urn)
        return wanted

    async def register_outputs(self, urn: str, outputs: PropertyMap) -> None:
        """Take a component's outputs; the stack's own are settled at the end.

        Raises:
            StepError: a hook of the component failed.
        """
        if urns.qualified_type(urn) == urns.ROOT_TYPE:
            self.root_outputs = outputs
            return
        try:
            await self.executor.register_outputs(urn, outputs)
        except StepError as error:
            self.report(str(error), urn)
            raise
        except Exception as error:
            self.report(str(error), urn)
            raise StepError(str(error)) from error

    def pending(self, depends_on: list[str]) -> bool:
        """Tell whether any of the resources, or what components among them have, doesn't exist yet."""
        frontier, seen = list(depends_on), set[str]()
        while frontier:
            urn = frontier.pop()
            if urn in seen:
                continue
            seen.add(urn)
            resource = self.executor.news.get(urn)
            if resource is None:
                continue
            if resource.custom and not resource.id:
                return True
            if not resource.custom:
                frontier += self._children.get(urn, [])
        return False

    async def settle_root_outputs(self) -> None:
        """Take the stack's outputs; after a failure old ones stay beside the new, since a missing one may yet come."""
        root = next((r for r in self.executor.news.values() if r.type == urns.ROOT_TYPE), None)
        if root is None or self.root_outputs is None:
            return
        outputs = self.root_outputs
        if self.failures or not self.finished:
            outputs = {**root.outputs, **outputs}
        if not same_map(outputs, root.outputs, secrets=True):
            root.change(outputs=outputs)
            self.snapshot.touch()
        await self.snapshot.write()

    # --- the end -----------------------------------------------------------------------------------------------------

    async def finish(self) -> None:
        """Do what comes after the program: delete what it no longer has, and what was replaced."""
        self.finished = True
        if self.failures:
            return
        await self.delete(self.planner.plan_deletes())

    def rebase(self) -> None:
        """Go on from what a refresh found: what is gone is gone from the dependencies of the rest, too."""
        self.base.remove(self.snapshot.resources)
        self.base_order = list(self.base.resources)
        self.planner.rebase(self.base)

    async def delete(self, steps: list[Step]) -> None:
        """Delete, and note what couldn't be."""
        for step, message in await self.executor.delete_all(steps, self.base_order):
            self.failures += 1
            self.report(self._failure_text(step, message), step.urn)

    async def close(self) -> None:
        """Let go of connections and provider processes."""
        for channel in self._channels.values():
            await channel.close()
        for handle in self.registry.handles():
            if (closing := getattr(handle.provider, "close", None)) is not None:
                await closing()

    # --- hooks -------------------------------------------------------------------------------------------------------

    def register_hook(self, hook: Hook) -> None:
        """Take a hook.

        Raises:
            PlanError: its name is taken.
        """
        if hook.name in self._hooks:
            raise PlanError(f"a resource hook named {hook.name!r} is registered already")
        self._hooks[hook.name] = hook

    async def _run_hooks(self, call: HookCall) -> None:
        """Run the hooks of one moment, in order.

        Raises:
            StepError: one failed, or isn't registered.
        """
        for name in call.names:
            hook = self._hooks.get(name)
            if hook is None:
                raise StepError(
                    f"hook {name!r} of {call.resource.urn} isn't registered by the program"
                    + ("" if self.root_outputs is not None else "; a destroy doesn't run it")
                )
            if self.preview and not hook.on_dry_run:
                continue
            error = await self._call_hook(hook, call)
            if error is None:
                continue
            when = call.moment.partition("_")[0]
            if hook.ignore_errors:
                self.note("warning", f"{call.moment} hook {name!r} failed: {error}", call.resource.urn)
                continue
            raise StepError(f"{when} hook {name!r} failed: {error}")

    async def _call_hook(self, hook: Hook, call: HookCall) -> str | None:
        """Call a hook in the program; return what it raised, or None."""
        old, new = call.old, call.new
        request = resource_pb2.ResourceHookRequest(
            urn=call.resource.urn,
            id=call.resource.id,
            name=call.resource.name,
            type=call.resource.type,
            new_inputs=to_struct(new.inputs) if new else None,
            old_inputs=to_struct(old.inputs) if old else None,
            new_outputs=to_struct(new.outputs) if new and call.moment.startswith("after") else None,
            old_outputs=to_struct(old.outputs) if old else None,
        )
        if hook.target not in self._channels:
            self._channels[hook.target] = grpc.aio.insecure_channel(hook.target, options=_GRPC_CHANNEL_OPTIONS)
        stub = callback_pb2_grpc.CallbacksStub(self._channels[hook.target])
        try:
            answer = await stub.Invoke(
                callback_pb2.CallbackInvokeRequest(token=hook.token, request=request.SerializeToString())
            )
        except grpc.aio.AioRpcError as error:
            return error.details() or str(error.code())
        response = resource_pb2.ResourceHookResponse()
        response.ParseFromString(answer.response)
        return response.error or None
