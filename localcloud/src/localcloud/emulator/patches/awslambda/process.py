"""One invocation of a Python function: its own process, its own folder, its own environment.

Every invocation is a cold start. The interpreter is the emulator's own whatever runtime the function names, with the
packages that are installed beside it, boto3 among them as in Lambda's runtime.
"""

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.emulator.stores import servers

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")

#: Whose number a function has when the emulator is root: nobody's, also not that of the servers of the stores.
_USER = 65532

#: How long loading the code may take before the handler's own time begins:
#: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_INIT_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What is to be run.

    Attributes:
        request_id: of the invocation.
        arn: of the function as it was called.
        code: the deployment package, a zip.
        layers: the archives of its layers, in order.
        environment: the process's whole environment, but for the places of code and scratch.
        event: any JSON value.
        timeout: seconds that the handler may run.
        log_format: `Text` or `JSON`.
        log_level: of the application's own lines, in JSON format.
        client_context: what the caller says of itself.
        network: what it reaches beside the account's API: see `localcloud.emulator.stores.table`.
    """

    request_id: str
    arn: str
    code: bytes
    layers: list[bytes]
    environment: dict[str, str] = field(repr=False)
    event: Any = field(repr=False)
    timeout: float
    log_format: str = "Text"
    log_level: str = "INFO"
    client_context: Any = None
    network: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """How it ended.

    Attributes:
        payload: what the function answered, JSON; the error where there is one.
        failed: whether that is an error.
        output: what it wrote, one line each.
        seconds: how long the handler ran.
    """

    payload: str
    failed: bool
    output: list[str]
    seconds: float


def run(invocation: Invocation) -> Outcome:
    """Run it to its end, or to its time limit."""
    with tempfile.TemporaryDirectory(prefix="function-", dir=servers.folder()) as folder:
        root, options, scratch = (Path(folder) / name for name in ("task", "opt", "tmp"))
        for place in (root, options, scratch):
            place.mkdir()
        for archive, place in [(invocation.code, root), *((layer, options) for layer in invocation.layers)]:
            with zipfile.ZipFile(io.BytesIO(archive)) as packed:
                packed.extractall(place)
        _give(Path(folder))
        environment = {
            "PATH": os.defpath,
            "HOME": str(scratch),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONDONTWRITEBYTECODE": "1",
            **invocation.environment,
            "LAMBDA_TASK_ROOT": str(root),
            "TMPDIR": str(scratch),
            # Where layers put Python code: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
            "PYTHONPATH": os.pathsep.join(
                [str(options / "python"), *filter(None, [invocation.environment.get("PYTHONPATH")])]
            ),
        }
        with tempfile.TemporaryFile() as output:
            sandbox = {"read": [str(root), str(options), *_python()], "write": [str(scratch)], "user": _user()}
            payload, failed, seconds = _process(invocation, root, sandbox, environment, output)
            output.seek(0)
            lines = output.read().decode(errors="replace").splitlines()
    return Outcome(payload, failed, lines, seconds)


def _python() -> list[str]:
    """Return the folders of the interpreter and its packages."""
    return sorted({sys.prefix, sys.base_prefix, *map(str, sysconfig.get_paths().values())})


def _user() -> int | None:
    """Return whose number the function takes; None for the emulator's own.

    Root's own folders, such as a Python below `/root`, are closed to everybody else: a function whose Python is there
    stays root, without any privileges.
    """
    if os.geteuid() != 0:
        return None
    places = [Path(place) for place in _python() if Path(place).exists()]
    open_to_all = all(folder.stat().st_mode & 0o001 for place in places for folder in (place, *place.parents))
    return _USER if open_to_all else None


def _give(folder: Path) -> None:
    """Make a folder, and everything in it, the function's own."""
    if (user := _user()) is not None:
        for parent, _, files in os.walk(folder):
            for path in (parent, *(os.path.join(parent, file) for file in files)):
                os.chown(path, user, user, follow_symlinks=False)


def _process(
    invocation: Invocation,
    root: Path,
    sandbox: dict[str, Any],
    environment: dict[str, str],
    output: Any,
) -> tuple[str, bool, float]:
    request = {
        "id": invocation.request_id,
        "arn": invocation.arn,
        "event": invocation.event,
        "timeout": invocation.timeout,
        "logFormat": invocation.log_format,
        "logLevel": invocation.log_level,
        "clientContext": invocation.client_context,
        "network": invocation.network,
        "sandbox": sandbox,
        "environment": environment,
    }
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as reports:
        try:
            process = subprocess.Popen(
                # -I: nothing of the function's or the developer's is loaded before the bootstrap has confined it.
                [sys.executable, "-I", "-B", "-u", str(_BOOTSTRAP), str(writing)],
                cwd=root,
                env={name: environment[name] for name in ("PATH", "HOME", "LANG")},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        try:
            assert process.stdin is not None
            with process.stdin:
                process.stdin.write(json.dumps(request).encode())
            return _follow(invocation, process, reports)
        finally:
            _end(process)


def _follow(
    invocation: Invocation,
    process: "subprocess.Popen[bytes]",
    reports: Any,
) -> tuple[str, bool, float]:
    """Return (payload, failed, seconds) from the process's own reports, from its end, or from its time limit."""
    begin = time.monotonic()
    limit = _INIT_SECONDS
    started = False
    rest = b""
    while True:
        left = begin + limit - time.monotonic()
        ready = select.select([reports], [], [], left)[0] if left > 0 else []
        if not ready:
            seconds = time.monotonic() - begin
            message = f"RequestId: {invocation.request_id} Error: Task timed out after {invocation.timeout:.2f} seconds"
            # https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
            return _error("Sandbox.Timedout", message), True, seconds
        more = reports.read(1 << 16)
        if not more:
            code = process.wait()
            how = f"signal: {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
            message = f"RequestId: {invocation.request_id} Error: Runtime exited with error: {how}"
            if code == 0:
                message = f"RequestId: {invocation.request_id} Error: Runtime exited without providing a reason"
            return _error("Runtime.ExitError", message), True, time.monotonic() - begin
        *lines, rest = (rest + more).split(b"\n")
        for line in lines:
            report = json.loads(line)
            if "started" in report and not started:
                started, begin, limit = True, time.monotonic(), invocation.timeout
            elif "result" in report:
                return report["result"], False, time.monotonic() - begin
            elif "error" in report:
                return json.dumps(report["error"]), True, time.monotonic() - begin


def _error(kind: str, message: str) -> str:
    return json.dumps({"errorType": kind, "errorMessage": message})


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the process and what it started: the sandbox is frozen once the handler has answered."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
