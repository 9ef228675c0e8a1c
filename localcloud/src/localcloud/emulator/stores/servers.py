"""Server processes of the emulator, each with a folder of its own.

They are started by one more process (`keeper`), which ends them when the emulator ends, in whatever way.
"""

import itertools
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localcloud.emulator.stores import keeper

#: Who a server runs as when the emulator runs as root, which PostgreSQL refuses.
_USER = "nobody"

_START_SECONDS = 60.0
_PAUSE_SECONDS = 0.01
_LOG_LINES = 10

_numbers = itertools.count(1)

#: Held while something is made once for the emulator: its keeper, a copy of programs, a template.
once = threading.RLock()


class ServerFailedError(RuntimeError):
    """A server didn't start; the message has the end of its log."""


class _Keeper:
    """The process that starts servers, and how it is asked."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(keeper.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd="/",
            start_new_session=True,  # who ends the emulator's process group doesn't end it
            text=True,
        )
        self.folder = Path(self._read())

    def ask(self, what: str, **request: Any) -> Any:  # noqa: ANN401 - JSON
        """Return its answer to a request.

        Raises:
            ServerFailedError: when the system refuses to start a program.
        """
        with self._asking:
            assert self._process.stdin is not None
            print(json.dumps({"what": what, **request}), file=self._process.stdin, flush=True)
            answer = self._read()
        if isinstance(answer, str):
            raise ServerFailedError(answer)
        return answer

    def _read(self) -> Any:  # noqa: ANN401 - JSON
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


_keepers: list[_Keeper] = []


def _keeper() -> _Keeper:
    with once:
        if not _keepers:
            _keepers.append(_Keeper())
        return _keepers[0]


def folder() -> Path:
    """Return the folder of everything that servers keep; it is removed when the emulator ends."""
    return _keeper().folder


def new_folder(server: str) -> Path:
    """Make a folder for one more server of a kind, for the servers' user to be given."""
    place = folder() / f"{server}-{next(_numbers)}"
    place.mkdir(mode=0o700)  # PostgreSQL refuses any other
    return place


def user() -> str | None:
    """Return who servers run as, None for the emulator's own user."""
    return _USER if os.geteuid() == 0 else None


def give(place: Path) -> None:
    """Make a folder, and everything in it, the servers' own."""
    if (name := user()) is not None:
        owner = pwd.getpwnam(name)
        for parent, _, files in os.walk(place):
            for path in (parent, *(os.path.join(parent, file) for file in files)):
                os.chown(path, owner.pw_uid, owner.pw_gid)


def run(command: list[str], log: Path, text: str = "") -> None:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        log: where it writes.
        text: what it reads.

    Raises:
        ServerFailedError: when it fails.
    """
    if _keeper().ask("run", command=command, log=str(log), input=text, user=user()) != 0:
        raise ServerFailedError(f"{Path(command[0]).name} failed: {_end_of(log)}")


class Process:
    """A server that runs.

    Args:
        command: the server and its arguments.
        log: where it writes.
        stop: the signal that ends it.
        ready: tells whether it answers.

    Raises:
        ServerFailedError: when it ends, or doesn't answer in time.
    """

    def __init__(self, command: list[str], log: Path, stop: signal.Signals, ready: Callable[[], bool]) -> None:
        self._pid = _keeper().ask("start", command=command, log=str(log), stop=int(stop), user=user())
        name, deadline = Path(command[0]).name, time.monotonic() + _START_SECONDS
        while not ready():
            if _keeper().ask("poll", pid=self._pid) is not None:
                raise ServerFailedError(f"{name} ended while starting: {_end_of(log)}")
            if time.monotonic() > deadline:
                self.end()
                raise ServerFailedError(f"{name} didn't answer within {_START_SECONDS:.0f} s: {_end_of(log)}")
            time.sleep(_PAUSE_SECONDS)

    def end(self) -> None:
        """End it, and return when it has ended."""
        _keeper().ask("end", pid=self._pid)


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])


def readable(programs: Path) -> Path:
    """Return a folder of programs, or a copy of it where the servers' user may not read the original.

    Args:
        programs: the folder, `bin` below a prefix that may be moved.
    """
    name = user()
    if name is None or all(place.stat().st_mode & 0o001 for place in (programs, *programs.parents)):
        return programs
    prefix, target = programs.parent, folder() / "programs"
    copy = target / prefix.parent.name / prefix.name
    with once:
        if not copy.exists():
            # The libraries of a wheel are in a folder beside its package.
            for libraries in prefix.parent.parent.glob(f"{prefix.parent.name}.libs"):
                shutil.copytree(libraries, target / libraries.name)
            shutil.copytree(prefix, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
            give(target)
    return copy / programs.name
