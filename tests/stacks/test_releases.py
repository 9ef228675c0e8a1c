"""A release that goes wrong, and one that is undone.

The emulator lets a task end as its environment asks (`localcloud/emulator/patches/ecs/tasks.py`), so that each test
runs the program with a system that is told how to end.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import stacks.systems
from localcloud.engine import Result, Stack
from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import SystemSpec
from tests.stacks.conftest import Account, started, succeed


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account with staging up in it, on v1.0.0."""
    with started(tmp_path_factory.mktemp("releases")) as account:
        succeed(account.stack("staging").up())
        yield account


@pytest.fixture(autouse=True)
def back_to_the_first_release(account: Account) -> Iterator[None]:
    """Each test begins and ends with v1.0.0."""
    yield
    succeed(account.stack("staging").up())


def _release(account: Account, tag: str) -> Stack:
    return account.stack("staging", {"equivalence:release": tag})


def _with(monkeypatch: pytest.MonkeyPatch, system: SystemSpec) -> None:
    """Have the program run with a changed equivalence."""
    monkeypatch.setattr(stacks.systems, "SYSTEMS", (APRENDEAI, system))


def _migrating(**environment: str) -> SystemSpec:
    return replace(EQUIVALENCE, migration=replace(EQUIVALENCE.migration, environment=environment))


def _serving(service: str, **environment: str) -> SystemSpec:
    changed = replace(EQUIVALENCE.services[service], environment=environment)
    return replace(EQUIVALENCE, services={**EQUIVALENCE.services, service: changed})


def _running(account: Account, service: str) -> str:
    """Return the image that a service's completed deployment runs."""
    ecs = account.client("ecs")
    found = ecs.describe_services(cluster="alicerce-staging", services=[service])["services"][0]
    definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
    return str(definition["containerDefinitions"][0]["image"])


def _migrations(account: Account) -> list[str]:
    """Return the images of the migrations that were run, by task."""
    ecs = account.client("ecs")
    arns = ecs.list_tasks(cluster="alicerce-staging", family="staging-equivalence-migration", desiredStatus="STOPPED")
    tasks = ecs.describe_tasks(cluster="alicerce-staging", tasks=arns["taskArns"])["tasks"]
    return [task["taskDefinitionArn"] for task in tasks]


def _kept(account: Account, repository: str) -> list[list[str]]:
    """Return the tags that each rule of a repository's lifecycle policy selects."""
    text = account.client("ecr").get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    return [rule["selection"]["tagPatternList"] for rule in json.loads(text)["rules"]]


def _changed_services(result: Result) -> list[str]:
    return [s.name for s in result.changes if s.type == "aws:ecs/service:Service" and s.error is None]


def test_a_failing_migration_stops_its_system_and_shows_why(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _running(account, "equivalence-api")
    _with(
        monkeypatch,
        _migrating(LOCALCLOUD_EXIT_CODE="3", LOCALCLOUD_LOG="Running upgrade 1 -> 2\ncolumn grade does not exist"),
    )
    result = _release(account, "v1.1.0").up()
    message = "\n".join(result.errors)
    assert result.exit_code != 0
    assert "the migration of equivalence to sha256:" in message
    assert "failed: exit code 3" in message
    assert "    Running upgrade 1 -> 2\n    column grade does not exist" in message
    assert "pulumi config set equivalence:migrate false" in message
    assert _changed_services(result) == [], "an API that runs before its migration answers with errors"
    assert _running(account, "equivalence-api") == before

    monkeypatch.undo()
    succeed(_release(account, "v1.1.0").up())
    assert _running(account, "equivalence-api") != before


def test_a_migration_that_never_starts_says_why(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, _migrating(LOCALCLOUD_STOP_REASON="CannotPullContainerError: image not found"))
    result = _release(account, "v2.0.0").up()
    message = "\n".join(result.errors)
    assert "CannotPullContainerError: image not found" in message
    assert "It wrote no log lines." in message
    assert _changed_services(result) == []


def test_a_migration_left_out_is_run_when_it_is_wanted_again(account: Account) -> None:
    # v2.0.0 has not been migrated to by any test before.
    ran = _migrations(account)
    skipped = account.stack("staging", {"equivalence:release": "v2.0.0", "equivalence:migrate": "false"})
    succeed(skipped.up())
    assert _migrations(account) == ran
    succeed(_release(account, "v2.0.0").up())
    assert len(_migrations(account)) == len(ran) + 1


def test_an_image_is_migrated_once_and_going_back_runs_no_older_migration(account: Account) -> None:
    succeed(_release(account, "v1.1.0").up())
    ran = _migrations(account)
    back = succeed(account.stack("staging").up())
    assert _migrations(account) == ran, "`alembic upgrade head` of an older image fails on a revision it doesn't know"
    said = "\n".join(d.message for d in back.diagnostics)
    assert "nothing to run" in said
    succeed(_release(account, "v1.1.0").up())
    assert _migrations(account) == ran


def test_a_preview_runs_no_migration(account: Account) -> None:
    ran = _migrations(account)
    succeed(_release(account, "v1.1.0").preview())
    assert _migrations(account) == ran


def test_a_deployment_that_ecs_rolls_back_fails_the_update_with_the_reason(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _running(account, "equivalence-api")
    digests = account.stack("staging").outputs()["equivalence"]["digests"]
    _with(monkeypatch, _serving("api", LOCALCLOUD_EXIT_CODE="1", LOCALCLOUD_LOG="ModuleNotFoundError: app.main"))
    result = _release(account, "v1.1.0").up()
    message = "\n".join(result.errors)
    assert result.exit_code != 0
    assert "equivalence-api doesn't run staging-equivalence-api:" in message
    assert "exit code 1" in message
    assert "ModuleNotFoundError: app.main" in message
    assert _running(account, "equivalence-api") == before, "the old release still serves"
    assert account.stack("staging").outputs()["equivalence"]["digests"] == digests, "and the state says so"

    again = _release(account, "v1.1.0").up()
    assert again.exit_code != 0, "the next `up` tries again, and is as honest"

    monkeypatch.undo()
    succeed(_release(account, "v1.1.0").up())
    assert _running(account, "equivalence-api") != before


def test_an_image_that_can_not_be_pulled_fails_the_update_with_the_reason(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, refusal = _running(account, "equivalence-worker"), "CannotPullContainerError: pull access denied"
    _with(monkeypatch, _serving("worker", LOCALCLOUD_STOP_REASON=refusal))
    result = _release(account, "v1.1.0").up()
    message = "\n".join(result.errors)
    assert result.exit_code != 0
    assert "equivalence-worker doesn't run staging-equivalence-worker:" in message
    assert refusal in message
    assert _running(account, "equivalence-worker") == before


def test_a_deployment_that_never_ends_fails_the_update_at_its_time_limit(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.services.service._ROLLOUT_SECONDS", 10)
    monkeypatch.setattr("components.delivery.deployment_strategy._ROLLING_WATCH", 0)
    _with(monkeypatch, _serving("worker", LOCALCLOUD_HANG="1"))
    result = _release(account, "v1.1.0").up()
    message = "\n".join(result.errors)
    assert result.exit_code != 0
    assert "equivalence-worker doesn't run staging-equivalence-worker:" in message
    assert "it hasn't ended after 10 seconds" in message


def test_images_are_built_from_a_checkout_and_run_by_the_digest_that_was_pushed(
    account: Account, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app.py").write_text("print('v3')\n")
    built = {"equivalence:source": str(tmp_path), "equivalence:release": "v3.0.0"}
    succeed(account.stack("staging", built).up())
    digest = account.stack("staging").outputs()["equivalence"]["digests"]["api"]
    images = account.client("ecr").describe_images(repositoryName="staging/equivalence-api")["imageDetails"]
    assert {tag: image["imageDigest"] for image in images for tag in image.get("imageTags", ())}["v3.0.0"] == digest
    assert _running(account, "equivalence-api").endswith(f"@{digest}")
    again = succeed(account.stack("staging", built).up())
    assert [s for s in again.changes if s.type.startswith("aws:ecs")] == [], "the same checkout is the same image"


def test_a_checkout_without_its_dockerfile_is_refused(account: Account, tmp_path: Path) -> None:
    result = account.stack("staging", {"equivalence:source": str(tmp_path)}).up()
    assert (
        f"equivalence:source is '{tmp_path}', where Dockerfile can't be found. Allowed: the path of a checkout of "
        "equivalence. Fix: pulumi config set equivalence:source ../equivalence, or pulumi config rm "
        "equivalence:source to take images that were pushed"
    ) in "\n".join(result.errors)


@pytest.fixture(scope="module")
def after_staging(account: Account) -> dict[str, Any]:
    """What makes another stack take staging's images, and only those that staging ran."""
    return {
        "alicerce:profile": "staging",
        "alicerce:cidr": "10.9.0.0/16",
        "alicerce:promotion": {"from": "staging"},
        "aprendeai:registry": {"stack": "staging"},
        "equivalence:registry": {"stack": "staging"},
        "aprendeai:zone": "second.aprendeai.com",
        "aprendeai:FRONTEND_URL": "https://app.second.aprendeai.com",
        "aprendeai:API_URL": "https://api.second.aprendeai.com",
        "aprendeai:release": "v1.0.0",
        "equivalence:zone": "second.equivalence.app",
        "equivalence:API_URL": "https://api.second.equivalence.app",
        "equivalence:release": "v1.0.0",
    }


def test_a_second_stack_runs_the_very_digest_that_staging_ran(account: Account, after_staging: dict[str, Any]) -> None:
    succeed(account.stack("second", after_staging).up())
    staging, second = (account.stack(name).outputs() for name in ("staging", "second"))
    for system in ("aprendeai", "equivalence"):
        assert second[system]["digests"] == staging[system]["digests"]
        assert second[system]["repositories"] == staging[system]["repositories"]
    repositories = account.client("ecr").describe_repositories()["repositories"]
    assert not [r for r in repositories if r["repositoryName"].startswith("second/")]

    ecr = account.client("ecr")
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}
    pushed = ecr.put_image(
        repositoryName="staging/equivalence-api", imageManifest=json.dumps(manifest), imageTag="v4.0.0"
    )["image"]["imageId"]["imageDigest"]
    unproven = account.stack("second", {**after_staging, "equivalence:release": "v4.0.0"}).preview()
    assert not unproven.ok
    message = "\n".join(unproven.errors)
    assert f"equivalence:release is 'v4.0.0', whose image api ({pushed[:19]}) staging has not migrated to" in message
    assert "bring it up in staging first" in message

    shared = {"equivalence:release": "v1.1.0", "equivalence:registry": {"sharedWith": ["second"]}}
    succeed(account.stack("staging", shared).up())
    assert [rule for rule in _kept(account, "staging/equivalence-api") if rule != ["*"]] == [["v1.0.0"], ["v1.1.0"]], (
        "v1.0.0, which second runs, must stay however many releases staging has after it"
    )
    succeed(account.stack("second", after_staging).destroy())
