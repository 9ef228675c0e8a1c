"""Which release a rollback goes to."""

import pytest

from operations import rollback
from operations.errors import OperationError
from operations.history import Release, grouped
from operations.stack import Stack, System
from tests.operations.test_history import ONE, TWO, deployment, revision

THREE = "sha256:3"
TAGS = {ONE: ("v1",), TWO: ("v2",), THREE: ("v3",)}
SYSTEM = System(
    name="aprendeai",
    release="v3",
    services={},
    task_definitions={},
    migration_task_definition=None,
    repositories={},
    secrets={},
    database="",
    migrations=None,
)
STACK = Stack(name="prod", cluster="alicerce-prod", systems={"aprendeai": SYSTEM}, alarms=())


def ran(*ends: tuple[str, str]) -> list[Release]:
    """Return releases by digest, each with the end of its deployment."""
    releases = grouped([("api", revision(index, digest, index)) for index, (digest, _) in enumerate(ends, 1)], TAGS)
    for release, (_, status) in zip(releases, ends, strict=True):
        release.ended["api"] = deployment(status)
    return releases


def test_a_release_that_was_rolled_back_is_passed_over() -> None:
    releases = ran((ONE, "SUCCESSFUL"), (TWO, "ROLLBACK_SUCCESSFUL"), (THREE, "SUCCESSFUL"))
    assert rollback._last_good(STACK, SYSTEM, releases, "v3").name == "v1"


def test_from_a_release_that_failed_the_way_leads_to_the_one_that_serves() -> None:
    releases = ran((ONE, "SUCCESSFUL"), (TWO, "ROLLBACK_SUCCESSFUL"))
    assert rollback._last_good(STACK, SYSTEM, releases, "v2").name == "v1"


def test_from_a_release_that_never_got_registered_the_way_leads_to_the_last() -> None:
    releases = ran((ONE, "SUCCESSFUL"), (TWO, "SUCCESSFUL"))
    assert rollback._last_good(STACK, SYSTEM, releases, "v3").name == "v2"


def test_a_second_rollback_goes_further_back() -> None:
    releases = ran((ONE, "SUCCESSFUL"), (TWO, "SUCCESSFUL"), (THREE, "SUCCESSFUL"), (TWO, "SUCCESSFUL"))
    assert rollback._last_good(STACK, SYSTEM, releases, "v2").name == "v1"


def test_without_a_good_one_each_is_named_with_its_end() -> None:
    releases = ran((ONE, "STOPPED"), (TWO, "ROLLBACK_FAILED"), (THREE, "SUCCESSFUL"))
    with pytest.raises(OperationError) as refused:
        rollback._last_good(STACK, SYSTEM, releases, "v3")
    assert str(refused.value) == (
        "aprendeai ran no good release before v3 in stack 'prod' (v2: api rollback failed; v1: api stopped). Nothing "
        "was changed"
    )


def test_a_release_that_never_ran_well_isnt_gone_back_to_by_name() -> None:
    releases = ran((ONE, "ROLLBACK_SUCCESSFUL"), (TWO, "SUCCESSFUL"))
    with pytest.raises(OperationError) as refused:
        rollback._named(SYSTEM, releases, "v2", "v1")
    assert str(refused.value) == "aprendeai never ran v1 well: api rolled back. Nothing was changed"
