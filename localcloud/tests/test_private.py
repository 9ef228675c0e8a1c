"""What the local cloud keeps is its owner's alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import private
from localcloud.emulator import control


def _open_to_others(folder: Path) -> list[str]:
    found = [folder, *folder.rglob("*")]
    return [str(path) for path in found if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.fixture
def lax(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A person whose files are everybody's unless a program says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.slow
@pytest.mark.slow
def test_what_a_start_makes_is_private(tmp_path: Path, lax: None, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / ".localcloud"
    monkeypatch.setenv(control.HOME_VARIABLE, str(home))
    try:
        control.start(0)
        assert {path.name for path in home.iterdir()} == {"emulator.json", "emulator.lock", "emulator.log"}
        assert _open_to_others(home) == []
    finally:
        control.stop()


def test_what_an_earlier_version_left_open_is_closed(
    tmp_path: Path, lax: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ".localcloud"
    (home / "stacks" / "shop").mkdir(parents=True)
    (home / "pulumi").mkdir()
    for name in ("stacks/shop/prod.json", "stacks/shop/prod.json.lock", "pulumi/meta.yaml", "emulator.log", "other"):
        (home / name).write_text("x")
    monkeypatch.setenv(control.HOME_VARIABLE, str(home))
    control.private_home()
    assert _open_to_others(home) == [str(home / "other")], "what isn't ours is left as it is"


@pytest.mark.parametrize("mode", [0o1777, 0o3777])
def test_a_folder_that_all_share_is_refused(tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    monkeypatch.setenv(control.HOME_VARIABLE, str(shared))
    with pytest.raises(private.NotPrivateError, match="isn't yours alone"):
        control.start(0)
    assert stat.S_IMODE(shared.stat().st_mode) == mode, "closing `/tmp` would stop the machine"


def test_a_link_is_followed_nowhere(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("x")
    target.chmod(0o644)
    (tmp_path / "link").symlink_to(target)
    private.close_to_others(tmp_path / "link")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
