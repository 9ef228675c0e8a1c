"""What a change of config changes, and what it leaves alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine import Result
from stacks.aprendeai import APRENDEAI
from tests.stacks.conftest import PLANTED, Account, started, succeed

Change = tuple[str, str]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account with staging up in it, changed by one test after the other."""
    for account in started(tmp_path_factory.mktemp("changes")):
        succeed(account.stack("staging").up())
        yield account


def _changes(result: Result) -> list[tuple[str, str, str]]:
    """Return (operation, type, name) of everything that changes, components' own outputs left out."""
    return sorted((step.op, step.type, step.name) for step in result.changes)


def _applied(account: Account, config: dict[str, Any] | None = None, secrets: dict[str, str] | None = None) -> Result:
    """Preview a change, apply it, hold the two against each other, and hold a second `up` against nothing."""
    previewed = succeed(account.stack("staging", config, secrets).preview())
    done = succeed(account.stack("staging", config, secrets).up())
    assert _changes(previewed) == _changes(done), "a preview that shows other steps than `up` takes is no preview"
    again = succeed(account.stack("staging", config, secrets).up())
    assert _changes(again) == []
    return done


def _services(names: set[str], system: str) -> list[tuple[str, str, str]]:
    """Return what a new revision of some services changes."""
    return sorted(
        change
        for name in names
        for change in (
            ("replace", "aws:ecs/taskDefinition:TaskDefinition", f"{system}-{name}-definition"),
            ("update", "aws:ecs/service:Service", f"{system}-{name}-service"),
            ("update", "pulumi-python:dynamic/alicerce:Rollout", f"{system}-{name}-rollout"),
        )
    )


def _version(system: str, variable: str) -> list[tuple[str, str, str]]:
    """Return what a new value of a secret changes."""
    name = f"{system}-{variable.lower().replace('_', '-')}"
    return [("replace", "aws:secretsmanager/secretVersion:SecretVersion", f"{name}-version")]


def test_a_second_up_changes_nothing(account: Account) -> None:
    assert _changes(succeed(account.stack("staging").up())) == []


def test_an_edited_supplied_secret_restarts_the_services_that_use_it_and_nothing_else(account: Account) -> None:
    result = _applied(account, secrets={"aprendeai:SENTRY_DSN": "planted-another-dsn"})
    users = {name for name, service in APRENDEAI.services.items() if "SENTRY_DSN" in service.secrets}
    assert users == {"api", "frontend", "ai", "worker"}
    assert _changes(result) == sorted(_services(users, "aprendeai") + _version("aprendeai", "SENTRY_DSN"))
    _applied(account, secrets={"aprendeai:SENTRY_DSN": PLANTED["aprendeai:SENTRY_DSN"]})


def test_a_rotated_generated_secret_restarts_the_services_that_use_it_and_nothing_else(account: Account) -> None:
    rotation = {"JWT_SECRET": 2, "AI_SERVICE_SECRET": 1, "DB_PASSWORD": 1}
    result = _applied(account, {"aprendeai:rotation": rotation})
    assert _changes(result) == sorted(
        [
            *_services({"api"}, "aprendeai"),
            *_version("aprendeai", "JWT_SECRET"),
            ("replace", "random:index/randomBytes:RandomBytes", "aprendeai-jwt-secret-value"),
        ]
    )
    _applied(account)


def test_a_rotated_database_password_takes_its_url_along(account: Account) -> None:
    result = _applied(account, {"equivalence:rotation": {"POSTGRES_PASSWORD": 2}})
    changed = _changes(result)
    assert ("update", "aws:rds/instance:Instance", "equivalence-database-instance") in changed
    assert set(_version("equivalence", "DATABASE_URL")) <= set(changed)
    assert set(_version("equivalence", "POSTGRES_PASSWORD")) <= set(changed)
    assert not [change for change in changed if "aprendeai" in change[2]]
    values = {
        secret["Name"]: account.client("secretsmanager").get_secret_value(SecretId=secret["ARN"])["SecretString"]
        for secret in account.client("secretsmanager").list_secrets()["SecretList"]
    }
    password = next(v for n, v in values.items() if n.startswith("equivalence-postgres-password"))
    url = next(v for n, v in values.items() if n.startswith("equivalence-database-url"))
    assert f":{password}@" in url
    _applied(account)


def test_another_release_of_one_system_restarts_that_systems_services_and_no_other(account: Account) -> None:
    result = _applied(account, {"aprendeai:release": "v1.1.0"})
    migration = [
        ("replace", "aws:ecs/taskDefinition:TaskDefinition", "aprendeai-migration-definition"),
        ("update", "pulumi-python:dynamic/alicerce:MigrationRun", "aprendeai-migration-run"),
    ]
    # The registries are told which release runs, so that they never expire it.
    kept = [
        ("replace", "aws:ecr/lifecyclePolicy:LifecyclePolicy", f"aprendeai-{image}-images-lifecycle")
        for image in APRENDEAI.images
    ]
    assert _changes(result) == sorted([*_services(set(APRENDEAI.services), "aprendeai"), *migration, *kept])


def test_going_back_runs_the_old_digest_and_every_secret_version_of_it_is_still_there(account: Account) -> None:
    before = account.stack("staging").outputs()["aprendeai"]["digests"]
    _applied(account, {"aprendeai:release": "v2.0.0"}, {"aprendeai:SENTRY_DSN": "planted-v2-dsn"})
    assert account.stack("staging").outputs()["aprendeai"]["digests"] != before
    _applied(account, {"aprendeai:release": "v1.0.0"})
    ecs, manager = account.client("ecs"), account.client("secretsmanager")
    for arn in ecs.list_task_definitions(familyPrefix="staging-aprendeai-api")["taskDefinitionArns"]:
        for container in ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]:
            for secret in container["secrets"]:
                name, _, _, version = secret["valueFrom"].rsplit(":", 3)
                manager.get_secret_value(SecretId=name, VersionId=version)


def test_a_services_size_changes_that_service(account: Account) -> None:
    result = _applied(account, {"equivalence:services": {"worker": {"cpu": 512, "memory": 2048}}})
    assert _changes(result) == _services({"worker"}, "equivalence")
    _applied(account)


def test_an_unknown_release_fails_the_preview_by_name(account: Account) -> None:
    result = account.stack("staging", {"equivalence:release": "v9.9.9"}).preview()
    assert not result.ok
    message = "\n".join(result.errors)
    assert (
        "equivalence:release is 'v9.9.9', and the repository staging/equivalence-api has no image with that tag"
    ) in message
    assert "pulumi config set equivalence:release <tag>" in message
    assert not account.stack("staging", {"equivalence:release": "v9.9.9"}).up().ok
    running = account.client("ecs").describe_services(cluster="alicerce-staging", services=["equivalence-api"])
    assert len(running["services"][0]["deployments"]) == 1, "what runs is left alone"


def test_a_refused_config_changes_nothing_and_says_everything_at_once(account: Account) -> None:
    before = {resource.urn: resource.outputs for resource in account.stack("staging").resources()}
    wrong = account.stack("staging", {"aprendeai:zone": "example.org", "equivalence:rotation": {"API_KEY_SALT": 0}})
    result = wrong.up()
    assert not result.ok
    message = "\n".join(result.errors)
    assert "3 mistakes in Pulumi.staging.yaml, nothing was created" in message
    assert "outside the zone example.org" in message
    assert "equivalence:rotation.API_KEY_SALT is 0" in message
    assert "Traceback" not in message
    assert {resource.urn: resource.outputs for resource in account.stack("staging").resources()} == before


def test_without_a_release_the_platform_stands_without_services(tmp_path: Path) -> None:
    for fresh in started(tmp_path):
        result = succeed(fresh.stack("staging", {"aprendeai:release": None, "equivalence:release": None}).up())
        said = "\n".join(diagnostic.message for diagnostic in result.diagnostics)
        assert "aprendeai:release is not set: what aprendeai stands on is built, its services are not" in said
        assert fresh.client("ecr").describe_repositories()["repositories"]
        assert not fresh.client("ecs").list_services(cluster="alicerce-staging")["serviceArns"]
        # The first release brings services, and nothing that stands is touched.
        first = succeed(fresh.stack("staging").up())
        policies = [step for step in first.changes if step.type == "aws:ecr/lifecyclePolicy:LifecyclePolicy"]
        assert {step.op for step in first.changes if step not in policies} <= {"create", "update"}
        assert len(fresh.client("ecs").list_services(cluster="alicerce-staging")["serviceArns"]) == 6
