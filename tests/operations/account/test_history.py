"""How revisions are put together to releases, and which of them ran well."""

from datetime import timedelta

from operations.account.history import Release, grouped, position
from operations.state.stack import MIGRATION
from tests.operations.releases import BOTH, ONE, START, TAGS, TWO, deployment, revision


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
    assert release.problem(START) == "api never deployed", "its migration failed, and nothing changed"
    release.deployments["api"] = deployment("SUCCESSFUL")
    assert release.problem(START) is None
    release.deployments["api"] = deployment("IN_PROGRESS")
    assert release.problem(START) == "api in progress"
    release.deployments["api"] = deployment("ROLLBACK_SUCCESSFUL", "tasks failed to start.")
    assert release.problem(START) == "api rolled back (tasks failed to start.)"


def test_of_a_release_that_ecs_has_forgotten_the_migration_decides() -> None:
    release = grouped([("api", revision(1, ONE, 0))], TAGS)[0]
    later = START + timedelta(days=91)
    assert release.problem(later) == "not known: ECS tells of deployments for 90 days"
    release.migrated = "2026-01-01T00:00:00+00:00"
    assert release.problem(later) is None
    assert release.problem(START) == "api never deployed"
