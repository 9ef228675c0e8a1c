"""A run that is killed at any moment: the next one goes on, nothing twice, nothing lost.

`LOCALCLOUD_KILLS` is how many kills each operation gets.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.killed import stack
from localcloud.engine.state import check_integrity

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("LOCALCLOUD_KILLS", "4"))
_REPOSITORY = Path(__file__).parents[1]


def _killed(root: Path, operation: str, version: int, after: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine.killed", str(root), operation, str(version)],
        cwd=_REPOSITORY,
        stdout=subprocess.DEVNULL,
    )
    state = root / "home" / "stacks" / "proj" / "dev.json"
    before = state.stat().st_mtime_ns if state.exists() else 0
    # Imports take most of the time: the kill counts from the first write of the state.
    while process.poll() is None and (state.stat().st_mtime_ns if state.exists() else 0) == before:
        time.sleep(0.001)
    time.sleep(after)
    process.kill()
    process.wait()


def _files(root: Path) -> set[str]:
    return {file.name for file in (root / "cloud").iterdir() if not file.name.startswith(".")}


@pytest.mark.parametrize("operation", ["up", "update", "destroy", "refresh"])
def test_killed_runs_end_right(tmp_path: Path, operation: str) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    if operation != "up":
        assert stack(tmp_path).up().ok
    version = 2 if operation == "update" else 1
    verb = "up" if operation == "update" else operation
    for _ in range(KILLS):
        _killed(tmp_path, verb, version, moments.uniform(0, 0.12))
        check_integrity(stack(tmp_path).resources())
    result = getattr(stack(tmp_path, version), verb)()
    assert result.ok, result.errors
    if operation == "destroy":
        assert _files(tmp_path) == set()
        assert stack(tmp_path).resources() == []
        return
    kept = {r.id for r in stack(tmp_path).resources() if r.type == "test:index:Thing"}
    assert kept == _files(tmp_path), "what is in the state is there, and nothing else is"
    assert len(kept) == (20 if version == 2 else 24)
    assert stack(tmp_path, version).up().changes == ()
    assert stack(tmp_path).state().pending == []
