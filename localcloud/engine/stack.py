"""What one does with a stack: preview, up, refresh, destroy, read its outputs."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import grpc  # type: ignore[import-untyped]
from pulumi.provider.experimental.provider import Provider
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import resource_pb2_grpc

from localcloud.engine import account, dynamic, planner, urns
from localcloud.engine.builtin import Builtin
from localcloud.engine.config import Config, ProjectFile, resolve
from localcloud.engine.executor import StepError
from localcloud.engine.planner import Step
from localcloud.engine.program import Program
from localcloud.engine.protocol import EngineLog, Monitor
from localcloud.engine.providers import Registry
from localcloud.engine.run import Diagnostic, Run
from localcloud.engine.secrets import DEFAULT_PASSPHRASE, Crypter, SecretError, passphrase_given, unlock, warm_up
from localcloud.engine.state import Deployment, Resource, Snapshot, StateError, StateFile, counts, is_root
from localcloud.engine.values import UNKNOWN, PropertyMap, map_to_json, to_python

if TYPE_CHECKING:
    from localcloud.emulator.control import Endpoint

#: Steps that do their work at the same time. The official engine's default is four times the number of CPUs.
PARALLEL = 16

#: Operations in the order in which a summary counts them.
OPERATIONS = ("create", "update", "replace", "delete", "read", "discard", "refresh", "same")


class Watcher(Protocol):
    """Sees a run while it happens; see display.py."""

    def started(self, step: Step) -> None:
        """Note that a step starts."""

    def finished(self, step: Step, error: str | None) -> None:
        """Note that a step has ended."""

    def said(self, diagnostic: Diagnostic) -> None:
        """Note a message."""


class _Silent:
    def started(self, step: Step) -> None:
        """Show nothing."""

    def finished(self, step: Step, error: str | None) -> None:
        """Show nothing."""

    def said(self, diagnostic: Diagnostic) -> None:
        """Show nothing."""


@dataclass(frozen=True)
class ResultStep:
    """One step of a run, as `pulumi preview --json` shows it.

    Attributes:
        op: `create`, `update`, `replace`, `delete`, `same`, `read`, … A replacement is one step.
        urn: the resource's URN; `type` and `name` are its parts.
        detailed_diff: kind (`add`, `update-replace`, …) by property path.
        keys: the properties that force a replacement.
        old_inputs: plain inputs before, with secrets as `[secret]`.
        new_inputs: plain inputs after, likewise; unknown values are None.
        error: why it failed, or None.
    """

    op: str
    urn: str
    detailed_diff: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    old_inputs: Mapping[str, Any] = field(default_factory=dict)
    new_inputs: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def type(self) -> str:
        """The type of the resource, such as `aws:ec2/vpc:Vpc`."""
        return urns.type_of(self.urn)

    @property
    def name(self) -> str:
        """The logical name of the resource."""
        return urns.name_of(self.urn)


@dataclass(frozen=True)
class Result:
    """What a run did, or would do.

    Attributes:
        operation: `preview`, `up`, `refresh` or `destroy`.
        steps: in the order in which they were done; unchanged resources and default providers included.
        change_summary: resources by operation, without default providers.
        outputs: the stack's outputs; secrets are `[secret]`, unknown ones None.
        diagnostics: all messages.
        seconds: how long it took.
        stand_ins: configuration keys that got a stand-in for a secret that isn't there.
    """

    operation: str
    steps: tuple[ResultStep, ...]
    change_summary: Mapping[str, int]
    outputs: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...]
    seconds: float
    ok: bool
    stand_ins: tuple[str, ...] = ()
    _raw: tuple[Step, ...] = field(default=(), repr=False)
    _config: Config = field(default_factory=Config, repr=False)

    @property
    def exit_code(self) -> int:
        """What a shell gets."""
        return 0 if self.ok else 1

    @property
    def errors(self) -> tuple[str, ...]:
        """The messages of errors."""
        return tuple(d.message for d in self.diagnostics if d.severity == "error")

    @property
    def changes(self) -> tuple[ResultStep, ...]:
        """The steps that change something, without the stack's own outputs."""
        return tuple(s for s in self.steps if s.op not in ("same", "read") and s.type != urns.ROOT_TYPE)

    def by_op(self, op: str) -> tuple[ResultStep, ...]:
        """Return the steps of one operation."""
        return tuple(step for step in self.steps if step.op == op)

    def to_json(self) -> dict[str, Any]:
        """Return the run in the shape of `pulumi preview --json`.

        https://github.com/pulumi/pulumi/blob/master/pkg/display/json.go (PreviewDigest)
        """
        config = {k: "[secret]" if k in self._config.secrets else v for k, v in sorted(self._config.values.items())}
        made: dict[str, Any] = {"config": config} if config else {}
        made["steps"] = [_step_json(step) for step in self._raw if _shown_in_json(step)]
        if self.diagnostics:
            made["diagnostics"] = [
                {**({"urn": d.urn} if d.urn else {}), "message": d.message, "severity": d.severity}
                for d in self.diagnostics
            ]
        made["duration"] = int(self.seconds * 1e9)
        made["changeSummary"] = dict(self.change_summary)
        return made


def _shown_in_json(step: Step) -> bool:
    if step.replacing or not counts(step.resource):
        return False
    if step.op != planner.SAME or is_root(step.resource):
        return True
    return step.old is not None and step.new is not None and step.old.protect != step.new.protect


def _step_json(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {"op": step.op, "urn": step.urn}
    if step.resource.provider:
        made["provider"] = step.resource.provider
    if step.old is not None:
        made["oldState"] = step.old.to_dict(None)
    if step.new is not None:
        made["newState"] = step.new.to_dict(None)
    if step.diff is not None and step.diff.changed_keys:
        made["diffReasons"] = step.diff.changed_keys
    if step.keys and step.diff is not None:  # the official engine gives none for what goes with another resource
        made["replaceReasons"] = step.keys
    detailed = step.diff.detailed if step.diff else None
    made["detailedDiff"] = (
        {path: {"kind": kind, "inputDiff": inputs} for path, (kind, inputs) in detailed.items()} if detailed else None
    )
    return made


class Project:
    """A Pulumi project: a folder with a `Pulumi.yaml`."""

    def __init__(self, root: str | Path, *, name: str | None = None) -> None:
        """Read a project.

        Args:
            root: the folder.
            name: makes a project without any `Pulumi.yaml`, for programs that are functions.

        Raises:
            ConfigError: there is no `Pulumi.yaml`, or it is wrong.
        """
        path = Path(root).resolve()
        self.file = ProjectFile(path, name) if name else ProjectFile.load(path)

    @property
    def root(self) -> Path:
        """The folder."""
        return self.file.root

    @property
    def name(self) -> str:
        """The name that URNs have."""
        return self.file.name

    def stack(
        self,
        name: str,
        *,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        home: str | Path | None = None,
        program: Callable[[], Any] | None = None,
        providers: Mapping[str, Provider | Callable[[], Provider]] | None = None,
        passphrase: str | None = None,
        parallel: int = PARALLEL,
    ) -> "Stack":
        """Name a stack; nothing is read or written yet.

        Args:
            name: the stack's name.
            config: values that count more than the stack file's; None takes a key away.
            secrets: the same, for secret values.
            home: the folder of the local cloud's state, by default `.localcloud` of the project (or
                `ALICERCE_LOCALCLOUD_HOME`).
            program: a function to run instead of the project's `__main__.py`.
            providers: providers by package, or what makes them, instead of the local cloud's own.
            passphrase: encrypts the state's secrets; by default that of the environment, then the local cloud's.
            parallel: how many steps do their work at the same time.
        """
        return Stack(
            self,
            name,
            config=config,
            secrets=secrets,
            home=home,
            program=program,
            providers=providers,
            passphrase=passphrase,
            parallel=parallel,
        )


class Stack:
    """One stack of a project. Make it with `Project.stack`."""

    def __init__(
        self,
        project: Project,
        name: str,
        *,
        config: Mapping[str, Any] | None,
        secrets: Mapping[str, str] | None,
        home: str | Path | None,
        program: Callable[[], Any] | None,
        providers: Mapping[str, Provider | Callable[[], Provider]] | None,
        passphrase: str | None,
        parallel: int,
    ) -> None:
        """Take what `Project.stack` was given."""
        self.project = project
        self.name = name
        self.home = Path(home) if home else _home(project.root)
        self._config_overrides = config
        self._secret_overrides = secrets
        self._program = program
        self._providers = dict(providers or {})
        self._passphrase = passphrase
        self._parallel = parallel
        self.state_file = StateFile(self._state_path(project.name, name))
        self.account = account.Account(self.state_file.path)
        #: Whether AWS is the emulator, and no provider that a test brings.
        self.on_emulator = not self._providers

    def _state_path(self, project: str, stack: str) -> Path:
        return self.home / "stacks" / project / f"{stack}.json"

    # --- reading -----------------------------------------------------------------------------------------------------

    def config(self) -> Config:
        """Return the configuration that the program gets.

        Raises:
            ConfigError: every mistake at once.
        """
        return resolve(
            self.project.file,
            self.name,
            overrides=self._config_overrides,
            secrets=self._secret_overrides,
            passphrase=self._passphrase,
        )

    def state(self) -> Deployment:
        """Return what the stack has, with secrets opened."""
        return self.state_file.read(self._crypter())

    def resources(self) -> list[Resource]:
        """Return the stack's resources."""
        return self.state().resources

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs; secrets are `[secret]` unless asked for."""
        return _plain_outputs(_root_outputs(self.resources()), show_secrets)

    def _crypter(self) -> Crypter:
        explicit = self._passphrase if self._passphrase is not None else passphrase_given()
        try:
            return unlock(explicit, self.state_file.salt())
        except SecretError as error:
            raise StateError(
                f"{self.state_file.path}: {error}. Set PULUMI_CONFIG_PASSPHRASE to the one of the last run"
            ) from None

    def _read_outputs(self, reference: str) -> PropertyMap:
        """Return the outputs of a referenced stack: `stack`, `project/stack` or `organization/project/stack`."""
        *above, stack = reference.split("/")
        project = above[-1] if above else self.project.name
        file = StateFile(self._state_path(project, stack))
        if not file.exists():
            raise LookupError(
                f"there is no stack {reference!r} in {self.home}. "
                f"Bring it up first: python -m localcloud up --stack {stack}"
            )
        explicit = self._passphrase if self._passphrase is not None else passphrase_given()
        crypter = unlock(explicit, file.salt())
        return _root_outputs(file.read(crypter).resources)

    # --- doing -------------------------------------------------------------------------------------------------------

    def preview(self, watcher: Watcher | None = None, *, refresh: bool = False) -> Result:
        """Work out what `up` would do, and do nothing.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read.
        """
        return self._run("preview", watcher, refresh=refresh)

    def up(self, watcher: Watcher | None = None, *, refresh: bool = False) -> Result:
        """Bring the stack to what the program wants.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read, or another run holds it.
        """
        return self._run("up", watcher, refresh=refresh)

    def refresh(self, watcher: Watcher | None = None) -> Result:
        """Read every resource back, and take what is found into the state.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read, or another run holds it.
        """
        return self._run("refresh", watcher)

    def destroy(self, watcher: Watcher | None = None) -> Result:
        """Delete everything that the stack has. A protected resource stops it before anything is deleted.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read, or another run holds it.
        """
        return self._run("destroy", watcher)

    def _run(self, operation: str, watcher: Watcher | None, *, refresh: bool = False) -> Result:
        started = time.monotonic()
        explicit = self._passphrase if self._passphrase is not None else passphrase_given()
        warm_up(DEFAULT_PASSPHRASE if explicit is None else explicit, self.state_file.salt())
        config = self.config() if operation in ("preview", "up") else self._config_for_providers()
        recorder = _Recorder(watcher or _Silent())
        with account.pointed_at_emulator() if self.on_emulator else nullcontext() as emulator:
            runner = _Runner(self, operation, config, recorder, emulator, started)
            if operation == "preview":
                return runner.run(refresh)
            with self.state_file.lock(operation):
                return runner.run(refresh)

    def _config_for_providers(self) -> Config:
        """Return the configuration as far as providers need it; a destroy isn't stopped by a wrong one."""
        try:
            return self.config()
        except Exception:  # what the program would refuse doesn't matter to what exists
            return Config()

    def load_provider(self, package: str, run: "_Runner") -> Provider:
        """Return a fresh provider of a package."""
        if package in self._providers:
            made = self._providers[package]
            return made if isinstance(made, Provider) else made()
        if package == "pulumi":
            return Builtin(self._read_outputs, run.find)
        if package == dynamic.PACKAGE:
            return run.dynamic_provider()
        from localcloud.provider import load

        return load(package)


def _home(root: Path) -> Path:
    import os

    return Path(os.environ.get("ALICERCE_LOCALCLOUD_HOME") or root / ".localcloud")


def _root_outputs(resources: Iterable[Resource]) -> PropertyMap:
    return next((resource.outputs for resource in resources if is_root(resource)), {})


def _plain_outputs(outputs: PropertyMap, show_secrets: bool) -> dict[str, Any]:
    if show_secrets:
        return {key: to_python(value) for key, value in sorted(outputs.items())}
    found: dict[str, Any] = _known(map_to_json(outputs))
    return found


def _known(plain: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with None where a value isn't known yet."""
    if isinstance(plain, list):
        return [_known(item) for item in plain]
    if isinstance(plain, dict):
        return {key: _known(item) for key, item in plain.items()}
    return None if plain == UNKNOWN else plain


class _Recorder:
    """Keeps what happened, and passes it on."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self.errors: dict[int, str] = {}
        self.diagnostics: list[Diagnostic] = []

    def started(self, step: Step) -> None:
        self.watcher.started(step)

    def finished(self, step: Step, error: str | None) -> None:
        if error is not None:
            self.errors[id(step)] = error
        self.watcher.finished(step, error)

    def said(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)
        self.watcher.said(diagnostic)


class _Runner:
    """One run from its start to its result."""

    def __init__(
        self,
        stack: Stack,
        operation: str,
        config: Config,
        recorder: _Recorder,
        emulator: "Endpoint | None",
        started: float,
    ) -> None:
        self._stack = stack
        self._operation = operation
        self._config = config
        self._recorder = recorder
        self._emulator = emulator
        self._started = started
        self._engine: Run | None = None
        self._interrupted = False
        self._started_early: dynamic.DynamicProvider | None = None

    def find(self, urn: str) -> Resource | None:
        """Return a resource that this run has come to."""
        return self._engine.executor.news.get(urn) if self._engine else None

    def dynamic_provider(self) -> dynamic.DynamicProvider:
        """Return a provider for dynamic resources: the one that starts already, or another."""
        if self._started_early is not None:
            made, self._started_early = self._started_early, None
            return made
        project = self._stack.project
        return dynamic.DynamicProvider(
            project.root, project.name, lambda line: self._recorder.said(Diagnostic("info", line))
        )

    def run(self, refresh: bool) -> Result:
        """Run on an event loop of its own, in this thread, or in another where this one has a loop already."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _run_loop(self._go(refresh), self._stack._parallel)
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: _run_loop(self._go(refresh), self._stack._parallel)).result()

    async def _go(self, refresh: bool) -> Result:
        stack, preview = self._stack, self._operation == "preview"
        crypter = await asyncio.to_thread(stack._crypter)
        base = await asyncio.to_thread(stack.state_file.read, crypter)
        self._forget_a_lost_account(base)
        for operation in base.pending:
            self._say_pending(operation.type, operation.resource)
        starting = None
        if any(urns.package_of(resource.type) == dynamic.PACKAGE for resource in base.resources):
            # The process takes as long to start as the program takes to come to its dynamic resources.
            self._started_early = self.dynamic_provider()
            starting = asyncio.create_task(self._started_early.start())
        snapshot = Snapshot(base, None if preview else stack.state_file, crypter)
        registry = Registry(lambda package: stack.load_provider(package, self), preview)
        engine = Run(
            project=stack.project.name,
            stack=stack.name,
            config=self._config,
            base=base,
            snapshot=snapshot,
            registry=registry,
            observer=self._recorder,
            log=self._recorder.said,
            preview=preview,
            parallel=stack._parallel,
        )
        self._engine = engine
        failed = False
        try:
            if self._operation == "refresh" or refresh:
                await self._refresh(engine)
            if self._operation == "destroy":
                await self._destroy(engine)
            elif self._operation != "refresh":
                failed = await self._program(engine)
        finally:
            if starting is not None:
                await asyncio.gather(starting, return_exceptions=True)
            if self._started_early is not None:
                await self._started_early.close()
            await engine.close()
            snapshot.touch()
            await snapshot.write()
            if self._emulator is not None and not preview:
                stack.account.remember(self._emulator)
        return self._result(engine, snapshot, failed)

    def _forget_a_lost_account(self, base: Deployment) -> None:
        """Let go of what was in an emulator that has been started anew since: it holds nothing of it."""
        stack = self._stack
        if self._emulator is None or not stack.account.forgot(base.resources, self._emulator):
            return
        left = [resource for resource in base.resources if not account.lives_there(resource)]
        self._recorder.said(
            Diagnostic(
                "warning",
                f"the emulator was started anew since the last run and holds nothing of this stack: "
                f"{len(base.resources) - len(left)} resources are gone",
            )
        )
        base.remove(left)

    def _say_pending(self, kind: str, resource: Resource) -> None:
        self._recorder.said(
            Diagnostic(
                "warning", f"the last run was stopped while {kind} {resource.type} {resource.name!r}", resource.urn
            )
        )

    async def _program(self, engine: Run) -> bool:
        """Run the program against the engine; return whether it failed by itself."""
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(Monitor(engine), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        loop = asyncio.get_running_loop()

        def log(severity: str, message: str, urn: str) -> None:
            loop.call_soon_threadsafe(engine.note, severity, message, urn)

        program = Program(self._stack.project.file, self._stack._program)
        engine.ping = program.ping
        try:
            program.start(
                monitor=f"127.0.0.1:{port}",
                engine=EngineLog(log),
                stack=self._stack.name,
                config=self._config,
                preview=engine.preview,
                parallel=engine.parallel,
            )
            await self._to_the_end(engine, program.wait())
            engine.stop()
            await engine.idle()
            await asyncio.sleep(0)  # messages that the program's thread has handed over
            # What a failed resource keeps waiting says nothing of its own.
            failed = program.error is not None and not engine.failures and not self._interrupted
            if failed:
                engine.report(program.error or "")
            await engine.settle_root_outputs()
        finally:
            engine.stop()
            await server.stop(0.1)
        return failed or not engine.finished

    async def _to_the_end(self, engine: Run, work: Coroutine[Any, Any, None]) -> None:
        """Do work; at Ctrl-C let what is under way end, so that the state knows of it, and nothing new start."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is None or not current.cancelling():
                raise
            current.uncancel()
            self._interrupted = True
            engine.stop()
            engine.failures += 1
            engine.report("stopped; run the same command again to go on")
            self._recorder.said(
                Diagnostic("warning", "stopping when the steps under way have ended; Ctrl-C again leaves them")
            )
            await task

    async def _destroy(self, engine: Run) -> None:
        steps = engine.planner.plan_deletes()
        protected = [step for step in steps if step.resource.protect and step.op == planner.DELETE]
        for step in protected:
            engine.failures += 1
            engine.report(
                f"resource {step.urn} cannot be deleted because it is protected. To delete it, take `protect` off the "
                "resource in the program and run up, then destroy",
                step.urn,
            )
        if not protected:
            await self._to_the_end(engine, engine.delete(steps))

    async def _refresh(self, engine: Run) -> None:
        steps = [
            Step(op=planner.REFRESH, old=resource)
            for resource in list(engine.base.resources)
            if resource.custom
            and not urns.is_provider(resource.type)
            and not resource.pending_replacement
            and not resource.delete
        ]
        for step, message in await engine.executor.refresh_all(steps):
            engine.failures += 1
            engine.report(f"reading {step.resource.type} {step.resource.name!r}: {message}", step.urn)
        engine.rebase()

    def _result(self, engine: Run, snapshot: Snapshot, failed: bool) -> Result:
        raw = tuple(step for step in engine.executor.steps if counts(step.resource))
        steps = tuple(_result_step(step, self._recorder.errors.get(id(step))) for step in raw if not step.replacing)
        tally = Counter(step.op for step in raw if not step.replacing)
        root = next((r for r in snapshot.resources if is_root(r)), None)
        return Result(
            operation=self._operation,
            steps=steps,
            change_summary={op: tally[op] for op in (*OPERATIONS, *sorted(set(tally) - set(OPERATIONS))) if tally[op]},
            outputs=_plain_outputs(root.outputs, False) if root else {},
            diagnostics=tuple(self._recorder.diagnostics),
            seconds=time.monotonic() - self._started,
            ok=not failed and not engine.failures,
            stand_ins=tuple(self._config.stand_ins),
            _raw=raw,
            _config=self._config,
        )


def _result_step(step: Step, error: str | None) -> ResultStep:
    op = step.op
    if op == planner.REFRESH:
        op = "delete" if step.new is None else "update" if step.diff and step.diff.changes else "same"
    return ResultStep(
        op=op,
        urn=step.urn,
        detailed_diff={path: kind for path, (kind, _) in ((step.diff and step.diff.detailed) or {}).items()},
        keys=tuple(step.keys),
        old_inputs=map_to_json(step.old.inputs) if step.old and op != "same" else {},
        new_inputs=map_to_json(step.new.inputs) if step.new and op != "same" else {},
        error=error,
    )


def _run_loop(work: Coroutine[Any, Any, Result], parallel: int) -> Result:
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(max_workers=max(parallel * 2, 8)))
        return runner.run(work)


__all__ = ["Project", "Result", "ResultStep", "Stack", "StepError", "Watcher"]
