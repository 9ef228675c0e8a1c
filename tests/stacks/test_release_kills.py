"""A release that is killed half way and begun again: one migration, one deployment, the right end.

Three moments of a release that are always there; `python -m studies.kills --release` draws moments at random.
"""

from pathlib import Path

from studies.release_kills import Releases
from tests.stacks.conftest import Account


def test_a_release_that_is_killed_again_and_again_goes_on_where_it_was(account: Account, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    releases = Releases(account.home, tmp_path / "project")
    digest = releases.push()
    for begun in ("migration", "api", "traffic"):
        assert releases.kill(releases.begun(begun, digest)), f"up ended before its {begun} began"
    releases.run()
    assert releases.check(digest) == []
