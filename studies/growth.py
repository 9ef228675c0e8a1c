"""How the local cloud grows: 1, 10 and 50 systems of equivalence's shape in one stack.

    make growth                            1 and 10 systems
    python -m studies.growth 1 10 50       50 as well, which takes minutes

For each size: the wall clock of an `up` from nothing and of a preview that finds nothing to do, both in a process of
their own, the CPU seconds of that process and of the emulator, the most memory that each took, and where the time of
the `up` went: how often a look at the running threads, 100 times a second, found each function at work.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from localcloud.emulator import control
from localcloud.engine import Project, Stack

ROOT = Path(__file__).resolve().parents[1]
STACK = "growth"
_TICK = 0.01
#: Functions in which a thread only waits, for another thread, the network or a process.
_WAITS = frozenset(
    {
        *("wait", "select", "readinto", "_worker", "get", "join", "acquire", "result", "poll", "do_poll"),
        *("_blocking", "_wait_for_tstate_lock", "_do_waitpid", "run", "__enter__"),
    }
)


def main() -> int:
    """Measure each size, and print one table."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(_measure(sys.argv[2], int(sys.argv[3]))))
        return 0
    sizes = [int(text) for text in sys.argv[1:]] or [1, 10]
    rows = []
    os.environ.pop("AWS_ENDPOINT_URL", None)
    for size in sizes:
        with tempfile.TemporaryDirectory() as home:
            os.environ[control.HOME_VARIABLE] = home
            emulator = control.start(0)
            try:
                up = _in_a_process("up", size, emulator.pid)
                preview = _in_a_process("preview", size, emulator.pid)
                memory = _status(emulator.pid, "VmHWM") / 1024
            finally:
                control.stop()
        rows.append((size, up, preview, memory))
        _say_where(size, up["where"], "up")
        _say_where(size, preview["where"], "no-op preview")
    _say_table(rows)
    return 0


def _say_table(rows: list[tuple[int, dict[str, Any], dict[str, Any], float]]) -> None:
    heads = (
        "systems",
        "resources",
        "up s",
        "CPU s",
        "emulator",
        "ms each",
        "preview s",
        "CPU s",
        "ms each",
        "MB",
        "MB",
    )
    print("\n" + "".join(f"{head:>10}" for head in heads))
    for size, up, preview, memory in rows:
        count = up["resources"]
        print(
            f"{size:10}{count:10}{up['wall']:10.1f}{up['cpu']:10.1f}{up['emulator']:10.1f}"
            f"{1000 * up['wall'] / count:10.1f}{preview['wall']:10.1f}{preview['cpu']:10.1f}"
            f"{1000 * preview['wall'] / count:10.1f}{up['memory']:10.0f}{memory:10.0f}"
        )
    print(
        "emulator: its CPU seconds in the up; ms each: wall clock for each resource; MB: most of the engine's process"
    )
    print("in the up, and of the emulator's")


def _say_where(size: int, where: list[tuple[str, int]], doing: str) -> None:
    total = sum(count for _, count in where) or 1
    print(f"\n{size} systems, {doing}: of {total} looks at a thread at work")
    for function, count in where[:14]:
        print(f"{100 * count / total:6.1f} %  {function}")


def _in_a_process(operation: str, size: int, emulator: int) -> dict[str, Any]:
    before = _cpu_of(emulator)
    done = subprocess.run(
        [sys.executable, "-m", "studies.growth", "--one", operation, str(size)],
        cwd=ROOT,
        env={**os.environ, "GRPC_VERBOSITY": "ERROR"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{operation} of {size} systems failed:\n{done.stdout}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**measured, "emulator": _cpu_of(emulator) - before}


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int, key: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


# --- in the process that is measured ---------------------------------------------------------------------------------


def _measure(operation: str, size: int) -> dict[str, Any]:
    started = time.monotonic()
    looks = _Looks()
    looks.start()
    stack = _stack(size)
    result = getattr(stack, operation)()
    looks.stop()
    if not result.ok:
        raise SystemExit("\n".join(result.errors))
    if operation == "preview" and result.changes:
        raise SystemExit(f"a preview of what is up already changes something: {result.changes[:3]}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "wall": time.monotonic() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss / 1024,
        "resources": sum(result.change_summary.values()),
        "where": looks.found.most_common(),
    }


def _stack(size: int) -> Stack:
    names = [f"system{number:02}" for number in range(1, size + 1)]
    config: dict[str, Any] = {"profile": "local", "aws:region": "us-east-1"}
    for name in names:
        config |= {f"{name}:zone": f"{name}.test", f"{name}:API_URL": f"https://api.{name}.test"}
        config |= {f"{name}:release": "v1.0.0"}
    # A project without `Pulumi.yaml`, whose schema has the keys of our own systems only.
    project = Project(ROOT, name="alicerce")
    return project.stack(STACK, config=config, program=lambda: _program(names))


def _program(names: list[str]) -> None:
    """Do what `__main__.py` does, with systems of equivalence's shape."""
    import pulumi

    from stacks.settings import load as settings
    from stacks.systems.equivalence import EQUIVALENCE
    from stacks.wiring import platform, system

    # ACM takes ten names in one certificate unless its quota is raised:
    # https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
    every_host = platform._hosts
    platform._hosts = lambda settings: dict(list(every_host(settings).items())[:10])
    current = settings.load([replace(EQUIVALENCE, name=name) for name in names])
    shared = platform.build(current)
    for name, own in current.systems.items():
        pulumi.export(name, system.build(current, own, shared))


class _Looks(threading.Thread):
    """Looks at what the threads are at, and counts."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.found: Counter[str] = Counter()
        self._ended = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._ended.wait(_TICK):
            for thread, frame in _frames().items():
                if thread != self.ident and frame.f_code.co_name not in _WAITS:
                    self.found[_called(frame)] += 1

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()


def _frames() -> Mapping[int, FrameType]:
    return sys._current_frames()


def _called(frame: FrameType) -> str:
    """Name a function by its file below the nearest folder of packages."""
    file = frame.f_code.co_filename
    for root in ("site-packages/", "lib/python3.11/", f"{ROOT}/"):
        file = file.rpartition(root)[2] or file
    return f"{file}:{frame.f_code.co_name}"


if __name__ == "__main__":
    sys.exit(main())
