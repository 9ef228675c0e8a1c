"""How revisions are put together to releases, and which of them ran well."""

from datetime import UTC, datetime, timedelta

from operations.deployments import Deployment
from operations.history import MIGRATION, Release, grouped, position
from operations.images import Image
from operations.revisions import Revision

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, BOTH = "sha256:1", "sha256:2", "sha256:12"
TAGS = {ONE: ("v1",), TWO: ("v2",), BOTH: ("v1", "v2")}


def revision(number: int, digest: str, minute: int) -> Revision:
    return Revision(
        arn=f"arn:aws:ecs:us-east-1:123456789012:task-definition/family:{number}",
        family="family",
        number=number,
        registered=START + timedelta(minutes=minute),
        container="api",
        image=Image(f"r@{digest}", "123456789012", "us-east-1", "r", digest),
        secrets=(),
        listens=True,
        log_group="/log",
        log_prefix="task",
    )


def deployment(status: str, reason: str = "") -> Deployment:
    return Deployment(task_definition="", status=status, reason=reason, created=START)


def names(releases: list[Release]) -> list[str]:
    return [release.name for release in releases]


def test_revisions_of_one_tag_are_one_release() -> None:
    found = grouped([("api", revision(1, ONE, 0)), ("worker", revision(1, ONE, 1))], TAGS)
    assert names(found) == ["v1"]
    assert set(found[0].registered) == {"api", "worker"}


def test_another_tag_is_another_release_and_going_back_is_a_third() -> None:
    found = grouped([("api", revision(1, ONE, 0)), ("api", revision(2, TWO, 5)), ("api", revision(3, ONE, 9))], TAGS)
    assert names(found) == ["v1", "v2", "v1"]
    assert position(found, "v2") == 1
    assert position(found, "v1") == 0
    assert position(found, "v3") == 3


def test_a_rotated_secrets_revision_stays_in_its_release() -> None:
    found = grouped([("api", revision(1, ONE, 0)), ("api", revision(2, ONE, 60))], TAGS)
    assert names(found) == ["v1"]
    assert [one.number for one in found[0].registered["api"]] == [1, 2]


def test_an_image_that_two_releases_share_counts_for_both() -> None:
    found = grouped(
        [("api", revision(1, ONE, 0)), ("worker", revision(1, BOTH, 0)), ("api", revision(2, TWO, 5))], TAGS
    )
    assert names(found) == ["v1", "v2"]
    assert set(found[1].registered) == {"api"}
    assert found[1].running["worker"].number == 1, "the worker wasn't changed, and runs on in the new release"


def test_an_image_without_a_tag_belongs_to_the_release_that_is_being_registered() -> None:
    found = grouped([("api", revision(1, ONE, 0)), ("worker", revision(1, "sha256:9", 0))], TAGS)
    assert names(found) == ["v1"]


def test_a_release_whose_images_are_all_gone_is_named_by_a_digest() -> None:
    assert names(grouped([("api", revision(1, "sha256:9", 0))], TAGS)) == ["sha256:9"]


def test_a_release_ran_well_when_every_deployment_of_it_was_completed() -> None:
    release = grouped([("api", revision(1, ONE, 0)), (MIGRATION, revision(1, ONE, 0))], TAGS)[0]
    assert release.shortcoming(START) == "api never deployed", "its migration failed, and nothing changed"
    release.ended["api"] = deployment("SUCCESSFUL")
    assert release.shortcoming(START) is None
    release.ended["api"] = deployment("IN_PROGRESS")
    assert release.shortcoming(START) == "api in progress"
    release.ended["api"] = deployment("ROLLBACK_SUCCESSFUL", "tasks failed to start.")
    assert release.shortcoming(START) == "api rolled back (tasks failed to start.)"


def test_of_a_release_that_ecs_has_forgotten_the_migration_decides() -> None:
    release = grouped([("api", revision(1, ONE, 0))], TAGS)[0]
    later = START + timedelta(days=91)
    assert release.shortcoming(later) == "not known: ECS tells of deployments for 90 days"
    release.migrated = "2026-01-01T00:00:00+00:00"
    assert release.shortcoming(later) is None
    assert release.shortcoming(START) == "api never deployed"
