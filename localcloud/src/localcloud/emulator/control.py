"""Start, find and stop the emulator: one process a project folder, on a loopback port.

`ensure()` is what the providers call. The process is on its own: it outlives the command that started it, so that the
account stays between commands, and stops at `stop()` or when the folder of its record is removed.
"""

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

#: Where a local AWS is looked for by custom.
DEFAULT_PORT = 4566
HOST = "127.0.0.1"

#: Environment variable that names another folder than `.localcloud` of the project.
HOME_VARIABLE = "LOCALCLOUD_HOME"

#: Where this package is imported from.
_SOURCE = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 10.0

#: What moto is told. Each is read when moto is imported, hence by environment.
_MOTO_SETTINGS = {
    # One account, without a search through the access keys of all of them at every request.
    "MOTO_ACCOUNT_ID": "123456789012",
    # IAM has AWS's managed policies, so that their ARNs can be attached and read:
    # https://docs.getmoto.org/en/latest/docs/configuration/index.html
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_DISABLE_GLOBAL_CORS": "true",  # no browser calls it
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",  # a host name is never a bucket here
}


class EmulatorError(Exception):
    """The emulator can't be started or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Endpoint:
    """A running emulator.

    Attributes:
        url: where AWS clients send their calls.
        port: its loopback port.
        pid: its process.
        started: when, in UTC (ISO 8601).
    """

    url: str
    port: int
    pid: int
    started: str

    @classmethod
    def here(cls, port: int) -> "Endpoint":
        """Return the endpoint of this very process."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(url=f"http://{HOST}:{port}", port=port, pid=os.getpid(), started=started)


def home(project: Path | None = None) -> Path:
    """Return the folder of everything that the local cloud keeps.

    Args:
        project: the project's folder, by default that of the project around the current folder.
    """
    if named := os.environ.get(HOME_VARIABLE):
        return Path(named)
    here = Path.cwd()
    if project is None:
        project = next((folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists()), here)
    return project / ".localcloud"


def ensure() -> Endpoint:
    """Return the running emulator; start one when none runs.

    Raises:
        EmulatorError: when it doesn't come up.
    """
    return status() or start(None)


def start(port: int | None = None) -> Endpoint:
    """Start the emulator and return once it answers; return the running one when there is one.

    Args:
        port: the loopback port to take; by default 4566 where that is free, else any.

    Raises:
        EmulatorError: when the port is taken, or when the process doesn't come up.
    """
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(folder / "emulator.lock"):
        return status() or _launch(folder, port)


def status() -> Endpoint | None:
    """Return the running emulator, or None. The record of one that is gone is removed."""
    record = home() / "emulator.json"
    try:
        endpoint = Endpoint(**json.loads(record.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        endpoint = None
    if endpoint is not None and _answers(endpoint):
        return endpoint
    record.unlink(missing_ok=True)
    return None


def stop() -> bool:
    """Stop the running emulator, and with it the account. Tell whether there was one."""
    endpoint = status()
    if endpoint is None:
        return False
    os.kill(endpoint.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _alive(endpoint.pid):
        if time.monotonic() > deadline:
            os.kill(endpoint.pid, signal.SIGKILL)
            deadline += _STOP_SECONDS
        time.sleep(0.01)
    (home() / "emulator.json").unlink(missing_ok=True)
    return True


def write_record(path: Path, endpoint: Endpoint) -> None:
    """Write the record of a running emulator in one step, so that nobody reads half of it."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name, delete=False) as file:
        json.dump(asdict(endpoint), file)
    os.replace(file.name, path)


def _launch(folder: Path, port: int | None) -> Endpoint:
    record, log = folder / "emulator.json", folder / "emulator.log"
    # Bound here and handed over: nobody can take the port between the choice and the start.
    with _listening(port) as listener, log.open("ab") as output:
        begin = output.tell()
        descriptor = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud.emulator.server", f"--socket={descriptor}", f"--record={record}"],
            cwd=folder,
            env={**os.environ, **_MOTO_SETTINGS, "PYTHONPATH": str(_SOURCE)},
            pass_fds=(descriptor,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        number = listener.getsockname()[1]
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if process.poll() is not None:
            printed = log.read_bytes()[begin:].decode(errors="replace").strip().splitlines()
            reason = printed[-1] if printed else f"exit code {process.returncode}"
            raise EmulatorError(f"the emulator stopped while starting on port {number}: {reason} (all of it: {log})")
        if time.monotonic() > deadline:
            process.kill()
            raise EmulatorError(
                f"the emulator didn't answer on port {number} within {_START_SECONDS:.0f} s: see {log}, then try again"
            )
        if record.exists() and (endpoint := status()) is not None:
            process.returncode = 0  # it is meant to outlive us: no warning that it still runs
            return endpoint
        time.sleep(0.01)


@contextmanager
def _listening(port: int | None) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # A port whose last connections are still closing counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, DEFAULT_PORT if port is None else port))
        except OSError as error:
            if port is not None:
                raise EmulatorError(
                    f"port {port} can't be taken: {error.strerror}. Stop what listens there, choose another port with "
                    "`python -m localcloud start --port <port>`, or leave --port out to take any that is free"
                ) from error
            listener.bind((HOST, 0))
        listener.listen(128)
        yield listener


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the system releases it when its holder ends, however it ends
        yield


def _answers(endpoint: Endpoint) -> bool:
    """Tell whether our emulator answers there: the process may be gone, and its number and port another's."""
    if not _alive(endpoint.pid):
        return False
    connection = http.client.HTTPConnection(HOST, endpoint.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/moto-api/localcloud")
        return bool(json.loads(connection.getresponse().read())["pid"] == endpoint.pid)
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()


def _alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # where it is our child, it would stay as a zombie
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's: never ours
    return True
