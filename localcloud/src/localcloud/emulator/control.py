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
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localcloud import private
from localcloud.emulator import keys
from localcloud.emulator.gate import IDENTITY_PATH
from localcloud.environment import real_key_id, without_developer

#: Where a local AWS is looked for by custom.
DEFAULT_PORT = 4566
HOST = "127.0.0.1"

#: Environment variable that names another folder than `.localcloud` of the project.
HOME_VARIABLE = "LOCALCLOUD_HOME"

#: Where this package is imported from.
_SOURCE = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_ANSWER_SECONDS = 30.0

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


#: What the folder holds: nothing else in it is touched, since `LOCALCLOUD_HOME` may name any folder.
_KEPT = ("emulator.json", "emulator.log", "emulator.lock", "stacks", "pulumi")

#: The emulators that this process has found running, the last one last.
_seen: list["Endpoint"] = []


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
        access_key: the id of the key that it takes.
        secret_key: the key's secret.
    """

    url: str
    port: int
    pid: int
    started: str
    access_key: str
    secret_key: str = field(repr=False)

    @classmethod
    def here(cls, port: int, key: keys.Key) -> "Endpoint":
        """Return the endpoint of this very process."""
        started = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(f"http://{HOST}:{port}", port, os.getpid(), started, key.id, key.secret)


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


def private_home() -> Path:
    """Return that folder, and let nobody else into it and what it holds.

    Raises:
        NotPrivateError: others own it or share it.
    """
    folder = private.make_folder(home())
    for name in _KEPT:
        private.close_to_others(folder / name)
    return folder


def ensure() -> Endpoint:
    """Return the running emulator; start one when none runs.

    Raises:
        EmulatorError: when it doesn't come up.
    """
    return status() or start(None)


def start(port: int | None = None, access_key: str | None = None) -> Endpoint:
    """Start the emulator and return once it answers; return the running one when there is one.

    Args:
        port: the loopback port to take; by default 4566 where that is free, else any.
        access_key: the id of the access key to take, for clients that can't be told a random one.

    Raises:
        EmulatorError: when the port is taken, the running emulator takes another key, or the process doesn't come up.
    """
    try:
        key = keys.new(access_key)
    except ValueError as error:
        raise EmulatorError(str(error)) from None
    folder = private_home()
    with _one_at_a_time(folder / "emulator.lock"):
        running = status() or _launch(folder, port, key)
    if access_key is not None and running.access_key != access_key:
        raise EmulatorError("the emulator that runs takes another access key. Stop it first: python -m localcloud stop")
    return running


def key_for(url: str) -> keys.Key:
    """Return the access key for an emulator: that of its record, else the environment's, else `test`.

    An id of AWS's own form in the environment may be a real one, and is never sent to an emulator.
    """
    try:
        record = _recorded()
    except (OSError, ValueError, TypeError):
        record = None
    for endpoint in (record, *reversed(_seen)):
        if endpoint is not None and endpoint.port == urlsplit(url).port:
            return keys.Key(endpoint.access_key, endpoint.secret_key)
    id = os.environ.get("AWS_ACCESS_KEY_ID")
    if id and not real_key_id(id):
        return keys.Key(id, os.environ.get("AWS_SECRET_ACCESS_KEY") or id)
    return keys.CUSTOMARY


def ask(url: str, path: str, method: str = "GET") -> Any:  # noqa: ANN401 - JSON
    """Ask an emulator for something of its own, such as its stores; return its answer, JSON.

    Raises:
        EmulatorError: it refuses.
    """
    place = urlsplit(url)
    scope = f"Credential={key_for(url).id}/20260101/us-east-1/localcloud/aws4_request"
    connection = http.client.HTTPConnection(place.hostname or HOST, place.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request(method, path, headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}"})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise EmulatorError(f"the emulator at {url} refuses {path}: {text.decode(errors='replace')}")
    return json.loads(text)


def status() -> Endpoint | None:
    """Return the running emulator, or None. The record of one that is gone is removed."""
    try:
        endpoint = _recorded()
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        endpoint = None
    if endpoint is not None and _answers(endpoint):
        if endpoint not in _seen:
            _seen.append(endpoint)
        return endpoint
    (home() / "emulator.json").unlink(missing_ok=True)
    return None


def _recorded() -> Endpoint:
    return Endpoint(**json.loads((home() / "emulator.json").read_text()))


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


def _launch(folder: Path, port: int | None, key: keys.Key) -> Endpoint:
    record, log = folder / "emulator.json", folder / "emulator.log"
    # Bound here and handed over: nobody can take the port between the choice and the start.
    with _listening(port) as listener, open(log, "ab", opener=private.opener) as output:
        begin = output.tell()
        descriptor = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud.emulator.server", f"--socket={descriptor}", f"--record={record}"],
            cwd=folder,
            env={**without_developer(os.environ), **_MOTO_SETTINGS, "PYTHONPATH": str(_SOURCE)},
            pass_fds=(descriptor,),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        number = listener.getsockname()[1]
    with suppress(BrokenPipeError), process.stdin as told:  # type: ignore[union-attr]
        told.write(json.dumps(asdict(key)).encode() + b"\n")
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
    with open(lock, "w", opener=private.opener) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the system releases it when its holder ends, however it ends
        yield


def _answers(endpoint: Endpoint) -> bool:
    """Tell whether our emulator answers there: the process may be gone, and its number and port another's."""
    if not _alive(endpoint.pid):
        return False
    connection = http.client.HTTPConnection(HOST, endpoint.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", IDENTITY_PATH)
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
