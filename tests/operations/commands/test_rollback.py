"""Which release a rollback goes to, what it does to the config file, and what it refuses."""

import json

import pytest

from operations.account.history import Release, grouped
from operations.commands import rollback
from operations.errors import OperationError
from operations.state import preview
from operations.state.stack import Stack, System
from tests.operations.place import Place, release
from tests.operations.releases import ONE, TWO, deployment, revision

THREE = "sha256:3"
TAGS = {ONE: ("v1",), TWO: ("v2",), THREE: ("v3",)}
SYSTEM = System(
    name="aprendeai",
    release="v3",
    services={},
    task_definitions={},
    migration_task_definition=None,
    secrets={},
    database="",
    migrations=None,
)
STACK = Stack(name="prod", cluster="alicerce-prod", systems={"aprendeai": SYSTEM}, alarms=())


def ran(*ends: tuple[str, str]) -> list[Release]:
    """Return releases by digest, each with the end of its deployment."""
    releases = grouped([("api", revision(index, digest, index)) for index, (digest, _) in enumerate(ends, 1)], TAGS)
    for one, (_, status) in zip(releases, ends, strict=True):
        one.deployments["api"] = deployment(status)
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


def test_rollback_names_the_last_good_release_in_config_and_previews(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    before = place.config.read_text()
    ran = place("rollback", "aprendeai")
    try:
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("aprendeai:release is v1.0.0 now, and was v1.1.0; it first ran ")
        assert ran.out.endswith("Nothing was deployed. Go back by running up for stack 'local'\n")
        preview = capfd.readouterr().out
        assert "aprendeai-worker-definition  to replace" in preview
        assert "equivalence-worker-definition" not in preview
        assert place.config.read_text() == before.replace("aprendeai:release: v1.1.0", "aprendeai:release: v1.0.0")
        assert "# The local cloud" in place.config.read_text(), "comments stay"
        assert place.service("aprendeai-api")["taskDefinition"].endswith(":2"), "nothing was deployed"
        again = place("rollback", "aprendeai")
        assert again.err == (
            "error: aprendeai ran no good release before v1.0.0 in stack 'local' (none is known). Nothing was changed\n"
        ), "a rollback after a rollback doesn't go forth again"
    finally:
        release(place, "v1.1.0")


def test_a_preview_that_fails_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "show", lambda *_: 1)
    ran = place("rollback", "aprendeai", "--to", "v1.0.0")
    release(place, "v1.1.0")
    assert (ran.code, ran.err) == (1, "error: the preview failed; aprendeai:release stays v1.0.0\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["equivalence"], "equivalence ran no good release before v1.0.0 in stack 'local' (none is known)"),
        (["aprendeai", "--to", "v9"], "aprendeai never ran v9; it ran: v1.0.0, v1.1.0"),
        (["aprendeai", "--to", "v1.1.0"], "aprendeai:release is v1.1.0 already; nothing was changed"),
    ],
)
def test_rollback_refuses_what_never_ran(place: Place, arguments: list[str], message: str) -> None:
    before = place.config.read_text()
    ran = place("rollback", *arguments)
    assert ran.code == 1
    assert ran.err.startswith(f"error: {message}")
    assert place.config.read_text() == before


def test_rollback_refuses_a_release_whose_image_is_gone(place: Place) -> None:
    ecr, before = place.client("ecr"), place.config.read_text()
    digest = place.short_digest("aprendeai-worker", "v1.0.0")
    where = {"repositoryName": "local/aprendeai-worker", "imageIds": [{"imageTag": "v1.0.0"}]}
    image = ecr.batch_get_image(**where)["images"][0]
    ecr.batch_delete_image(**where)
    try:
        ran = place("rollback", "aprendeai")
        assert ran.code == 1
        assert ran.err == (
            "error: aprendeai can't go back to v1.0.0, which isn't complete:\n"
            f"  worker: the image {digest} isn't in local/aprendeai-worker any more\n"
            "Nothing was changed. See what there is: python -m operations releases --stack local aprendeai; then name "
            "one: python -m operations rollback aprendeai --stack local --to <tag>\n"
        )
        assert place.config.read_text() == before
    finally:
        ecr.put_image(repositoryName="local/aprendeai-worker", imageManifest=image["imageManifest"], imageTag="v1.0.0")


def test_rollback_refuses_a_release_whose_secret_is_gone(place: Place) -> None:
    manager, before = place.client("secretsmanager"), place.config.read_text()
    arn = next(s["ARN"] for s in manager.list_secrets()["SecretList"] if s["Name"].startswith("aprendeai-jwt"))
    manager.delete_secret(SecretId=arn)
    try:
        ran = place("rollback", "aprendeai")
        assert ran.code == 1
        assert "  api: the secret of JWT_SECRET isn't there any more\n" in ran.err
        assert place.config.read_text() == before
    finally:
        manager.restore_secret(SecretId=arn)


def test_rollback_refuses_to_run_an_older_migration_on_a_newer_schema(place: Place) -> None:
    text = place.state().read_text()
    state = json.loads(text)
    for resource in state["deployment"]["resources"]:
        if resource["urn"].endswith("::aprendeai-migration-run"):
            migrated = resource["outputs"]["migrated"]
            del migrated[next(iter(migrated))]
    place.state().write_text(json.dumps(state))
    try:
        ran = place("rollback", "aprendeai")
        assert ran.code == 1
        assert (
            "  migration: the stack's state doesn't remember it, so that `up` would run this older release's migration "
            "on what a newer one left; `up` leaves it out where migrate is false\n"
        ) in ran.err
        assert "not remembered: failed, or left out" in place("releases", "aprendeai").out
    finally:
        place.state().write_text(text)
