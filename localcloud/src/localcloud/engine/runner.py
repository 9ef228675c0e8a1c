"""One run of a stack from its start to its result: state, providers, program, deletions."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.provider.experimental.provider import Provider
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import resource_pb2_grpc

from localcloud.emulator.control import Endpoint
from localcloud.engine import account, dynamic, planner, urns
from localcloud.engine.builtin import Builtin
from localcloud.engine.config import Config
from localcloud.engine.planner import Step
from localcloud.engine.program import Program
from localcloud.engine.protocol import EngineLog, Monitor
from localcloud.engine.providers import Registry
from localcloud.engine.result import OPERATIONS, Result, op_of, plain_outputs, result_step
from localcloud.engine.run import Run
from localcloud.engine.state import Checkpoint, Resource, Snapshot, counts, is_root
from localcloud.engine.target import Target
from localcloud.engine.watcher import Diagnostic, Recorder, Watcher


class Runner:
    """One run from its start to its result."""

    def __init__(
        self,
        target: Target,
        operation: str,
        config: Config,
        watcher: Watcher,
        emulator: Endpoint | None,
        started: float,
    ) -> None:
        self._target = target
        self._operation = operation
        self._config = config
        self._recorder = Recorder(watcher)
        self._emulator = emulator
        self._started = started
        self._engine: Run | None = None
        self._interrupted = False
        self._started_early: dynamic.DynamicProvider | None = None

    def _find(self, urn: str) -> Resource | None:
        """Return a resource that this run has come to."""
        return self._engine.executor.news.get(urn) if self._engine else None

    def _load(self, package: str) -> Provider:
        """Return a fresh provider of a package."""
        if (made := self._target.providers.get(package)) is not None:
            return made if isinstance(made, Provider) else made()
        if package == "pulumi":
            return Builtin(self._target.outputs_of, self._find)
        if package == dynamic.PACKAGE:
            return self._dynamic_provider()
        from localcloud.provider import load

        return load(package)

    def _dynamic_provider(self) -> dynamic.DynamicProvider:
        """Return a provider for dynamic resources: the one that starts already, or another."""
        if self._started_early is not None:
            made, self._started_early = self._started_early, None
            return made
        project = self._target.project
        return dynamic.DynamicProvider(
            project.root, project.name, lambda line: self._recorder.reported(Diagnostic("info", line))
        )

    def run(self, refresh: bool) -> Result:
        """Run on an event loop of its own, in this thread, or in another where this one has a loop already."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _run_loop(self._go(refresh), self._target.parallel)
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: _run_loop(self._go(refresh), self._target.parallel)).result()

    async def _go(self, refresh: bool) -> Result:
        target, preview = self._target, self._operation == "preview"
        crypter = await asyncio.to_thread(target.crypter)
        base = await asyncio.to_thread(target.state_file.read, crypter)
        forgotten = self._forget_a_lost_account(base)
        for operation in base.pending:
            self._say_pending(operation.type, operation.resource)
        starting = None
        if any(urns.package_of(resource.type) == dynamic.PACKAGE for resource in base.resources):
            # The process takes as long to start as the program takes to come to its dynamic resources.
            self._started_early = self._dynamic_provider()
            starting = asyncio.create_task(self._started_early.start())
        snapshot = Snapshot(base, None if preview else target.state_file, crypter)
        registry = Registry(self._load, preview)
        engine = Run(
            project=target.project.name,
            stack=target.name,
            config=self._config,
            base=base,
            snapshot=snapshot,
            registry=registry,
            watcher=self._recorder,
            preview=preview,
            parallel=target.parallel,
        )
        self._engine = engine
        failed = False
        try:
            if not preview:
                await self._go_on_from(engine, snapshot, forgotten)
            if self._operation == "refresh" or refresh:
                await self._refresh(engine)
            if self._operation == "destroy":
                await self._destroy(engine)
            elif self._operation != "refresh" and not engine.failures:
                failed = await self._program(engine)
        finally:
            if starting is not None:
                await asyncio.gather(starting, return_exceptions=True)
            if self._started_early is not None:
                await self._started_early.close()
            await engine.close()
            snapshot.touch()
            await snapshot.write()
        return self._result(engine, snapshot, failed)

    async def _go_on_from(self, engine: Run, snapshot: Snapshot, forgotten: bool) -> None:
        """Settle what the last run left: the emulator that it was in, and the creates that it was killed in."""
        if forgotten:
            # Before the emulator is noted: killed in between, the next run must find nothing left to let go of.
            snapshot.touch()
            await snapshot.write()
        if self._emulator is not None:
            self._target.account.remember(self._emulator)
        if not snapshot.lost:
            return
        for resource, message in await engine.executor.recover():
            self._recorder.reported(
                Diagnostic(
                    "warning",
                    f"{resource.type} {resource.name!r} couldn't be created to its end, and what there is of it stays "
                    f"in the account: {message}",
                    resource.urn,
                )
            )
        engine.rebase()

    def _forget_a_lost_account(self, base: Checkpoint) -> bool:
        """Let go of what was in an emulator that has been started anew since: it holds nothing of it."""
        if self._emulator is None or not self._target.account.forgot(base.resources, self._emulator):
            return False
        left = [resource for resource in base.resources if not account.lives_there(resource)]
        self._recorder.reported(
            Diagnostic(
                "warning",
                f"the emulator was restarted since the last run and holds nothing of this stack: "
                f"{len(base.resources) - len(left)} resources are gone",
            )
        )
        base.remove(left)
        return True

    def _say_pending(self, kind: str, resource: Resource) -> None:
        self._recorder.reported(
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

        program = Program(self._target.project, self._target.program)
        engine.program_calls = program.calls
        try:
            program.start(
                monitor=f"127.0.0.1:{port}",
                engine=EngineLog(log),
                stack=self._target.name,
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
            engine.report("stopped; run the same command again to continue")
            self._recorder.reported(
                Diagnostic("warning", "stopping once the running steps have ended; Ctrl-C again abandons them")
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
        raw = tuple(
            step
            for step in engine.executor.steps
            if counts(step.resource) and (step.op != planner.REFRESH or self._operation == "refresh")
        )
        steps = tuple(result_step(step, self._recorder.errors.get(id(step))) for step in raw if not step.replacing)
        tally = Counter(op_of(step) for step in raw if not step.replacing)
        root = next((r for r in snapshot.resources if is_root(r)), None)
        return Result(
            operation=self._operation,
            steps=steps,
            change_summary={op: tally[op] for op in (*OPERATIONS, *sorted(set(tally) - set(OPERATIONS))) if tally[op]},
            outputs=plain_outputs(root.outputs, False) if root else {},
            diagnostics=tuple(self._recorder.diagnostics),
            seconds=time.monotonic() - self._started,
            ok=not failed and not engine.failures,
            placeholder_secrets=tuple(self._config.placeholder_secrets),
            real_secrets=tuple(self._config.real_secrets),
            _raw=raw,
            _config=self._config,
        )


def _run_loop(work: Coroutine[Any, Any, Result], parallel: int) -> Result:
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(ThreadPoolExecutor(max_workers=max(parallel * 2, 8)))
        return runner.run(work)
