"""Runs a Pulumi program in a thread of this process, as the SDK's own language host does.

`pulumi.automation` runs inline programs the same way: pulumi/automation/_server.py, LanguageServer.Run.
"""

import asyncio
import contextvars
import inspect
import logging
import os
import runpy
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.errors import RunError
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.stack import ResourceRegistrationFailed

from localcloud.engine.config import Config, ProjectFile

#: Modules of the project that programs have imported, with the time of their file: a changed file is imported anew.
_imported: dict[str, float] = {}


#: Rounds of an event loop in which an answer leads to the next request: each `await` on the way takes one.
_ITERATIONS = 100


class _Calls(ThreadPoolExecutor):
    """Has a thread for each request of the program, which waits for the answer; those of all resources wait at once.

    Attributes:
        under_way: what was submitted and hasn't ended.
    """

    def __init__(self, max_workers: int) -> None:
        super().__init__(max_workers)
        self.under_way: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":  # noqa: ANN401
        """Note a call until it has ended."""
        future = super().submit(fn, *args, **kwargs)
        self.under_way.add(future)
        future.add_done_callback(self.under_way.discard)
        return future


class Program:
    """A program to run: the project's `__main__.py`, or a function."""

    def __init__(self, project: ProjectFile, function: Callable[[], Any] | None) -> None:
        """Take the project, and the function that stands in for its program, if any."""
        self._project = project
        self._function = function
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        #: What the program raised, as text for a person, or None.
        self.error: str | None = None

    def start(self, *, monitor: str, engine: Any, stack: str, config: Config, preview: bool, parallel: int) -> None:  # noqa: ANN401
        """Start the program; `wait` waits for its end."""
        context = contextvars.copy_context()

        def run() -> None:
            reset_options(
                project=self._project.name,
                stack=stack,
                root_directory=str(self._project.root),
                monitor_address=monitor,
                engine_address=engine,
                parallel=parallel,
                preview=preview,
                organization="organization",
            )
            set_all_config(config.values, sorted(config.secrets))
            self._run(parallel)

        self._thread = threading.Thread(target=context.run, args=(run,), name="pulumi-program", daemon=True)
        self._thread.start()

    async def wait(self) -> None:
        """Wait for the end of the program."""
        while self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, 0.5)

    async def calls(self) -> int | None:
        """Return for how many answers the program waits, once it has gone through what the last one set off.

        None when it doesn't run.
        """
        self._ready.wait(1)
        loop = self._loop
        if loop is None or not loop.is_running():
            return None

        async def go_through() -> None:
            for _ in range(_ITERATIONS):
                await asyncio.sleep(0)

        with suppress(Exception):
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(go_through(), loop))
        return len(self._executor.under_way)

    def _run(self, parallel: int) -> None:
        # Unresolved futures are left over whenever a program stops half way; they tell a person nothing.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        loop = asyncio.new_event_loop()
        self._executor = _Calls(max_workers=max(parallel, 1) * 8)
        loop.set_default_executor(self._executor)
        loop.set_exception_handler(lambda *_: None)
        asyncio.set_event_loop(loop)
        self._loop = loop
        self._ready.set()
        try:
            loop.run_until_complete(run_in_stack(self._started))
        except (RunError, ResourceRegistrationFailed) as error:
            self.error = str(error)
        except grpc.RpcError as error:
            self.error = str(error.details()) if hasattr(error, "details") else str(error)
        except SystemExit as error:
            self.error = None if error.code in (None, 0) else f"the program exited with {error.code}"
        except BaseException as error:  # whatever a program raises is a message for a person
            self.error = self._explain(error)
        finally:
            with suppress(Exception):
                for task in asyncio.all_tasks(loop):
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        loop.run_until_complete(task)
            self._executor.shutdown(wait=False, cancel_futures=True)
            loop.close()
            sys.stdout.flush()
            sys.stderr.flush()

    async def _started(self) -> None:
        """Run the program, then let its registrations start before the SDK waits for its end.

        The SDK waits for registrations that have started one after the other, but for what has not in a loop that goes
        through all pending outputs each time one is there: with thousands of outputs that takes longer than the rest.
        """
        result = (self._function or self._main)()
        if inspect.isawaitable(result):
            await result
        await asyncio.sleep(0)

    def _main(self) -> None:
        """Execute the project's program as `python __main__.py` would."""
        root = str(self._project.root)
        program = self._project.program
        if not program.exists():
            raise RunError(f"{program} doesn't exist, and Pulumi.yaml names it as the program")
        _forget_changed(self._project.root)
        before = os.getcwd()
        sys.path.insert(0, root)
        os.chdir(root)
        try:
            runpy.run_path(str(program), run_name="__main__")
        finally:
            os.chdir(before)
            with suppress(ValueError):
                sys.path.remove(root)
            _remember(self._project.root)

    def _explain(self, error: BaseException) -> str:
        """Return the error with the lines of the project's own code that led to it."""
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if Path(frame.filename).is_relative_to(self._project.root) and "site-packages" not in frame.filename
        ]
        own = [frame for frame in frames if f"{os.sep}localcloud{os.sep}" not in frame.filename]
        # The SDK puts "While processing input: …, ValueError has risen: " before the message, once a level.
        message = str(error).rpartition(" has risen: ")[2] or type(error).__name__
        if type(error) not in (Exception, RunError) and not getattr(error, "__suppress_type__", False):
            message = f"{type(error).__name__}: {message}"
        places = "".join(
            f"\n    {Path(f.filename).relative_to(self._project.root)}:{f.lineno} in {f.name}" for f in own[-6:]
        )
        return f"the program failed: {message}{places}"


def _project_modules(root: Path) -> dict[str, Path]:
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name.partition(".")[0] in ("localcloud", "tests", "__main__", "conftest"):
            continue
        path = Path(file)
        if path.is_relative_to(root) and "site-packages" not in file:
            found[name] = path
    return found


def _remember(root: Path) -> None:
    for name, path in _project_modules(root).items():
        with suppress(OSError):
            _imported.setdefault(str(path), path.stat().st_mtime)
            _imported.setdefault(name, _imported[str(path)])


def _forget_changed(root: Path) -> None:
    """Have the project's modules imported anew when one of their files was changed or removed since."""
    modules = _project_modules(root)
    for path in modules.values():
        seen = _imported.get(str(path))
        if seen is not None and (not path.exists() or path.stat().st_mtime != seen):
            break
    else:
        return
    for name, path in modules.items():
        sys.modules.pop(name, None)
        _imported.pop(name, None)
        _imported.pop(str(path), None)
