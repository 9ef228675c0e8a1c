"""A release that is killed half way and begun again: one migration, one deployment, the right end.

Three moments of a release that are always there; `python -m tests.kills --release` draws moments at random.
"""

from collections.abc import Iterator

import pytest

from tests.release_kills import Releases
from tests.stacks.conftest import started


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    """One stack that is up, and to which each test brings a release."""
    for account in started(tmp_path_factory.mktemp("account")):
        yield Releases(account.home, tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("begun", ["migration", "api", "traffic"])
def test_a_release_that_is_killed_half_way_goes_on_where_it_was(releases: Releases, begun: str) -> None:
    digest = releases.push()
    assert releases.kill(releases.begun(begun, digest)), f"up ended before its {begun} began"
    releases.run()
    assert releases.check(digest) == []
