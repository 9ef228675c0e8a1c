"""Starting a server on loopback, waiting until it answers, and stopping it."""

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Where the servers listen. Their certificates are for `localhost` alone, so that 127.0.0.1 is a wrong name.
ADDRESS = "127.0.0.1"
HOST = "localhost"
#: Seconds for a server to come up: RabbitMQ takes some ten, and more on a busy machine.
_START_SECONDS = 180
_MEMORY = Path("/dev/shm")
_RANDOM = random.SystemRandom()  # whoever seeds the other one doesn't give two processes the same ports
_STOP_SECONDS = 20
_LOG_LINES = 30


class ServerFailedError(RuntimeError):
    """A server didn't come up; the message has the end of its log."""


def free_port() -> int:
    """Return a port of loopback that nobody listens on now, and that no client will be given.

    Clients are given ports from 32768 up, on Linux, and a server takes seconds to bind its own.
    https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html
    """
    while True:
        port = _RANDOM.randrange(15000, 32768)
        with socket.socket() as listener:
            try:
                listener.bind((ADDRESS, port))
            except OSError:
                continue
        return port


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who a server runs as.

    Attributes:
        prefix: what stands before a command so that it runs as this account, and ends when the tests end.
        uid: the user's number.
        gid: the group's number.
    """

    prefix: Sequence[str]
    uid: int
    gid: int


def account(*names: str) -> Account:
    """Return who to run a server as: for root the first of these users that exists, otherwise the user of the tests."""
    # A server whose tests were killed is killed too; where setpriv isn't, it stays.
    setpriv = shutil.which("setpriv")
    ends = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    if os.geteuid() == 0:
        for name in names:
            try:
                user = pwd.getpwnam(name)
            except KeyError:
                continue
            if setpriv is None:
                raise ServerFailedError("to run a server as another user, root needs setpriv (package util-linux)")
            who = ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
            return Account(prefix=[*ends, *who], uid=user.pw_uid, gid=user.pw_gid)
    return Account(prefix=ends, uid=os.geteuid(), gid=os.getegid())


@contextmanager
def folder_of(name: str, who: Account) -> Iterator[Path]:
    """Make a folder that the account owns, and remove it with everything in it."""
    # Not in pytest's own folder, which lets no other user in; in memory where that can be, since nothing is kept.
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix=f"alicerce-{name}-", dir=memory))
    try:
        os.chown(folder, who.uid, who.gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def give(folder: Path, who: Account) -> None:
    """Make the account own everything in a folder."""
    for path in folder.rglob("*"):
        os.chown(path, who.uid, who.gid)


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    ready: Callable[[], object],
    *,
    environment: Mapping[str, str] | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends.

    Args:
        command: what to run.
        log: where its output goes.
        ready: called until it raises nothing.
        environment: variables to add.
        stop_signal: what makes it stop.

    Raises:
        ServerFailedError: when the server ends, or isn't ready in time.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=os.environ | dict(environment or {}),
            start_new_session=True,  # so that Ctrl-C reaches the tests first, and the server through them
        )
    try:
        _wait(process, command, ready, log)
        yield process
    finally:
        _stop(process, stop_signal)


def _wait(process: subprocess.Popen[bytes], command: Sequence[str], ready: Callable[[], object], log: Path) -> None:
    name = " ".join(command)
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            ready()
            return
        except Exception as error:  # whatever a client raises while the server isn't there yet
            if process.poll() is not None:
                raise ServerFailedError(f"{name} ended with {process.returncode}:\n{_tail(log)}") from error
            if time.monotonic() > end:
                raise ServerFailedError(
                    f"{name} didn't answer for {_START_SECONDS} s ({error}):\n{_tail(log)}"
                ) from error
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
