"""Names from a command line are names: none becomes a path, an option or a word of a shell."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from operations import cli
from tests.stacks.conftest import ROOT

pytestmark = pytest.mark.slow

_WRONG = ["../x", "..", ".hidden", "local;id", "$(id)", "`id`", "a b", "a\nb", "-x", "", "x" * 129, "é", "\x1b[2J"]


@pytest.mark.parametrize("name", _WRONG)
@pytest.mark.parametrize(
    "command",
    [
        ["status", "--stack={}"],
        ["checklist", "--staging={}"],
        ["rollback", "--to={}", "aprendeai"],
        ["rollback", "--", "{}"],
        ["logs", "aprendeai", "{}"],
        ["rotate", "aprendeai", "{}"],
        ["retire", "{}"],
    ],
)
def test_what_is_no_name_is_refused_before_anything_is_read(
    command: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "-x" and "--" not in command and not command[1].startswith("--"):
        name = "--x"  # an option that isn't there
    words = [word.format(name) for word in command if word != "--"]
    with pytest.raises(SystemExit) as refused:
        cli.main([*words, "--cwd", str(tmp_path)])
    assert refused.value.code == 2
    assert "\x1b" not in capsys.readouterr().err
    assert list(tmp_path.parent.glob("*.yaml")) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on the PATH")
@pytest.mark.parametrize("target", ["up", "preview", "destroy", "outputs"])
@pytest.mark.parametrize("given", ["environment", "command line"])
def test_what_make_is_given_as_a_stack_runs_nothing(target: str, given: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    stack = f"local;touch {planted};$(shell touch {planted})`touch {planted}`\"'$$(touch {planted})"
    words = [f"STACK={stack}"] if given == "command line" else []
    done = subprocess.run(
        ["make", "--no-print-directory", "--old-file=setup", "RUN=printf '%s\\n'", target, *words],
        cwd=ROOT,
        env={**os.environ, "STACK": stack},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not planted.exists()
    assert done.stdout.splitlines()[-1] == f"--stack={stack}", "one word, as it was given"
