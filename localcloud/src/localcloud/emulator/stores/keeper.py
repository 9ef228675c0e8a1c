"""The process that starts the servers of an emulator, and takes them and their folder away when the emulator ends.

It learns of that end by a pipe, which the system closes however the emulator ends. Run by `servers` with Python's bare
interpreter, hence without any import of ours. It reads requests from its input, one JSON object a line, and writes one
JSON value a line: first the folder that is its emulator's, then an answer to each.
"""

import json
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

#: Seconds that a server may take to end before it is killed.
_ENDING_SECONDS = 5.0
#: The path of a Unix socket has at most 103 bytes on macOS and 107 on Linux, and what follows this takes up to 47.
_LONGEST_PARENT = 56

_Server = tuple["subprocess.Popen[bytes]", signal.Signals]


def _folder() -> Path:
    parent = Path(tempfile.gettempdir())
    open_to_all = all(place.stat().st_mode & 0o001 for place in (parent, *parent.parents))
    if len(str(parent)) > _LONGEST_PARENT or not open_to_all:
        parent = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="localcloud-", dir=parent))
    folder.chmod(0o711)  # a server that runs as another user goes through it, and sees nothing
    return folder


def _process(request: dict[str, Any], folder: Path, **more: Any) -> "subprocess.Popen[bytes]":  # noqa: ANN401
    account: dict[str, Any] = {}
    if request["user"]:
        account = {"user": request["user"], "group": pwd.getpwnam(request["user"]).pw_gid, "extra_groups": []}
    with Path(request["log"]).open("ab") as log:
        return subprocess.Popen(
            request["command"],
            cwd=folder,
            env={"LC_ALL": "C", "TZ": "UTC"},
            stdout=log,
            stderr=log,
            start_new_session=True,
            **account,
            **more,
        )


def _end(server: _Server) -> None:
    process, how = server
    process.send_signal(how)
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Answer requests until the emulator ends."""
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda *_: None)  # only the emulator's end counts
    folder = _folder()
    servers: dict[int, _Server] = {}
    try:
        print(json.dumps(str(folder)), flush=True)
        for line in sys.stdin:
            try:
                answer = _answer(json.loads(line), folder, servers)
            except OSError as error:
                answer = str(error)
            print(json.dumps(answer), flush=True)
    except BrokenPipeError:
        pass  # the emulator ended before it read the answer
    finally:
        for server in servers.values():
            _end(server)
        shutil.rmtree(folder, ignore_errors=True)


def _answer(request: dict[str, Any], folder: Path, servers: dict[int, _Server]) -> int | str | None:
    """Run a program to its end (its exit code), start a server (its number), ask for its exit code, or end it."""
    what = request["what"]
    if what == "run":
        process = _process(request, folder, stdin=subprocess.PIPE)
        process.communicate(request["input"].encode())
        return process.returncode
    if what == "start":
        process = _process(request, folder, stdin=subprocess.DEVNULL)
        servers[process.pid] = process, signal.Signals(request["stop"])
        return process.pid
    if what == "poll":
        return servers[request["pid"]][0].poll()
    _end(servers.pop(request["pid"]))
    return None


if __name__ == "__main__":
    main()
