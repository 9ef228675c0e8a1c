"""What a rotation changes, in which order, what it refuses, and what it leaves a way back to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

import stacks.systems
from localcloud.engine import Result
from localcloud.provider.values import plain_map
from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from tests.every import every
from tests.stacks.changes import applied, changes, services, version
from tests.stacks.conftest import PLANTED, Account, started, succeed


class Story:
    """Staging, rotated by one test after the other: counters only ever rise."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.config: dict[str, Any] = {}
        self.results: list[Result] = []

    def rotated(self, system: str, variable: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - config
        """Return the config with one more rotation of a secret."""
        key = f"{system}:rotation"
        counters = dict(self.config.get(key, {}))
        return {**self.config, key: {**counters, variable: counters.get(variable, 1) + 1}, **more}

    def rotate(self, system: str, variable: str, **more: Any) -> list[tuple[str, str, str]]:  # noqa: ANN401 - config
        """Preview and apply one more rotation; return what it changed."""
        self.config = self.rotated(system, variable, **more)
        self.results.append(applied(self.account, self.config))
        return changes(self.results[-1])

    def made(self) -> dict[str, Any]:
        """Return what the state knows of everything but the providers, whose input is the config itself."""
        resources = self.account.stack("staging").resources()
        return {one.urn: one.outputs for one in resources if not one.type.startswith("pulumi:providers:")}

    def value(self, name: str) -> str:
        """Return the current value of a secret by the beginning of its name."""
        manager = self.account.client("secretsmanager")
        pages = manager.get_paginator("list_secrets").paginate()
        (arn,) = [s["ARN"] for page in pages for s in page["SecretList"] if s["Name"].startswith(f"{name}-secret-")]
        return str(manager.get_secret_value(SecretId=arn)["SecretString"])


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Staging as it first stands."""
    with started(tmp_path_factory.mktemp("rotations")) as account:
        succeed(account.stack("staging").up())
        yield Story(account)


def users(system: Any, *variables: str) -> set[str]:  # noqa: ANN401 - a System
    """Return the services that read any of some variables."""
    return {name for name, service in system.services.items() if set(variables) & set(service.secrets)}


def _guard(system: str) -> list[tuple[str, str, str]]:
    return [
        ("update", "pulumi-python:dynamic/alicerce:RotationGuard", f"{system}-rotations"),
        ("update", "aws:ssm/parameter:Parameter", f"{system}-rotations-through-parameter"),
    ]


def _call(system: str, store: str) -> tuple[str, str, str]:
    return ("replace", "aws:lambda/invocation:Invocation", f"{system}-credentials-{store}-login")


def test_the_first_rotation_of_an_applications_secret_offers_the_value_before_it_too(story: Story) -> None:
    before = story.value("aprendeai-jwt-secret")
    changed = story.rotate("aprendeai", "JWT_SECRET")
    added = "aprendeai-jwt-secret-previous"
    assert changed == sorted(
        [
            *_guard("aprendeai"),
            ("create", "random:index/randomBytes:RandomBytes", "aprendeai-jwt-secret-value-even"),
            *version("aprendeai", "JWT_SECRET"),
            ("create", "alicerce:index:Secret", added),
            ("create", "aws:secretsmanager/secret:Secret", f"{added}-secret"),
            ("create", "aws:secretsmanager/secretVersion:SecretVersion", f"{added}-version"),
            ("create", "random:index/randomBytes:RandomBytes", f"{added}-label-key"),
            ("update", "aws:iam/rolePolicy:RolePolicy", "aprendeai-api-execution"),
            *services({"api"}, "aprendeai"),
        ]
    )
    assert story.value(added) == before
    assert story.value("aprendeai-jwt-secret") != before


def test_every_further_one_restarts_its_services_and_changes_nothing_else(story: Story) -> None:
    before = story.value("aprendeai-jwt-secret")
    changed = story.rotate("aprendeai", "JWT_SECRET")
    assert changed == sorted(
        [
            *_guard("aprendeai"),
            ("replace", "random:index/randomBytes:RandomBytes", "aprendeai-jwt-secret-value"),
            *version("aprendeai", "JWT_SECRET"),
            *version("aprendeai", "JWT_SECRET_PREVIOUS"),
            *services({"api"}, "aprendeai"),
        ]
    )
    assert story.value("aprendeai-jwt-secret-previous") == before


def test_a_rotated_database_password_is_another_login_and_its_url_follows(story: Story) -> None:
    first = story.value("equivalence-database-url")
    changed = story.rotate("equivalence", "POSTGRES_PASSWORD")
    reading = users(EQUIVALENCE, "POSTGRES_PASSWORD", "DATABASE_URL")
    assert changed == sorted(
        [
            *_guard("equivalence"),
            ("create", "random:index/randomPassword:RandomPassword", "equivalence-postgres-password-value-even"),
            *version("equivalence", "POSTGRES_PASSWORD"),
            *version("equivalence", "DATABASE_URL"),
            _call("equivalence", "postgres"),
            ("replace", "aws:ecs/taskDefinition:TaskDefinition", "equivalence-migration-definition"),
            *services(reading, "equivalence"),
        ]
    )
    url = story.value("equivalence-database-url")
    assert first.startswith("postgresql+psycopg2://equivalence:")
    assert url.startswith(f"postgresql+psycopg2://equivalence_2:{story.value('equivalence-postgres-password')}@")


def test_a_rotated_broker_password_is_another_login_and_the_broker_stays(story: Story) -> None:
    changed = story.rotate("aprendeai", "RABBITMQ_PASS")
    assert changed == sorted(
        [
            *_guard("aprendeai"),
            ("create", "random:index/randomPassword:RandomPassword", "aprendeai-rabbitmq-pass-value-even"),
            *version("aprendeai", "RABBITMQ_PASS"),
            *version("aprendeai", "RABBITMQ_URL"),
            _call("aprendeai", "rabbitmq"),
            *services(users(APRENDEAI, "RABBITMQ_PASS", "RABBITMQ_URL"), "aprendeai"),
        ]
    )
    url = story.value("aprendeai-rabbitmq-url")
    assert url.startswith(f"amqps://aprendeai_2:{story.value('aprendeai-rabbitmq-pass')}@")


def test_a_rotated_cache_password_leaves_the_one_before_it_valid(story: Story) -> None:
    changed = story.rotate("aprendeai", "REDIS_PASSWORD")
    assert changed == sorted(
        [
            *_guard("aprendeai"),
            ("create", "random:index/randomPassword:RandomPassword", "aprendeai-redis-password-value-even"),
            ("update", "aws:elasticache/user:User", "aprendeai-cache-application-user"),
            *version("aprendeai", "REDIS_URL"),
            *services(users(APRENDEAI, "REDIS_URL"), "aprendeai"),
        ]
    )
    users_of = story.account.client("elasticache").describe_users()["Users"]
    (user,) = [user for user in users_of if user["UserName"] == "aprendeai"]
    assert user["Authentication"]["PasswordCount"] == 2, "old tasks log in with the old password until they are gone"


def test_the_administrators_rotate_too_and_no_service_restarts(story: Story) -> None:
    changed = story.rotate("equivalence", "DATABASE_ADMIN_PASSWORD")
    assert changed == sorted(
        [
            *_guard("equivalence"),
            ("create", "random:index/randomPassword:RandomPassword", "equivalence-database-admin-password-value-even"),
            ("update", "aws:rds/instance:Instance", "equivalence-database-instance"),
            *version("equivalence", "DATABASE_ADMIN_PASSWORD"),
            _call("equivalence", "postgres"),
        ]
    )
    broker = story.rotate("aprendeai", "BROKER_ADMIN_PASSWORD")
    assert _call("aprendeai", "rabbitmq") in broker
    assert [change for change in broker if change[1].startswith(("aws:ecs", "aws:mq"))] == []


def test_the_store_accepts_the_login_before_any_service_changes(story: Story) -> None:
    story.config = story.rotated("equivalence", "POSTGRES_PASSWORD")
    steps = [step.name for step in succeed(story.account.stack("staging", story.config).up()).changes]
    accepted = steps.index("equivalence-credentials-postgres-login")
    assert steps.index("equivalence-postgres-password-version") < accepted
    assert accepted < min(steps.index(f"equivalence-{name}-service") for name in ("api", "worker"))


def test_a_rotation_that_ends_something_says_so_in_its_preview(story: Story) -> None:
    story.config = story.rotated("equivalence", "API_KEY_SALT")
    refused = story.account.stack("staging", story.config).preview()
    assert "equivalence:rotation.API_KEY_SALT is 2, and with that rotation every API key" in "\n".join(refused.errors)
    story.config["equivalence:confirmRotation"] = {"API_KEY_SALT": 2}
    shown = succeed(story.account.stack("staging", story.config).preview())
    said = [diagnostic.message for diagnostic in shown.diagnostics]
    assert "equivalence: rotating API_KEY_SALT: every API key that was issued stops working" in "\n".join(said)
    succeed(story.account.stack("staging", story.config).up())


@pytest.mark.parametrize("step", [2, -1])
def test_a_counter_that_skips_a_rotation_or_goes_back_fails_the_preview_and_changes_nothing(
    story: Story, step: int
) -> None:
    before = story.made()
    counters = story.config["aprendeai:rotation"]
    wrong = {**story.config, "aprendeai:rotation": {**counters, "JWT_SECRET": counters["JWT_SECRET"] + step}}
    for result in (story.account.stack("staging", wrong).preview(), story.account.stack("staging", wrong).up()):
        assert not result.ok
        assert (
            f"aprendeai:rotation.JWT_SECRET goes from 3 to {3 + step}; allowed: 3 or 4, since running tasks have the "
            "value of 3 until this update is through. Fix: "
            "pulumi config set --path 'aprendeai:rotation.JWT_SECRET' 4"
        ) in "\n".join(result.errors)
    assert story.made() == before


def test_a_rotation_in_the_middle_of_a_release_leaves_the_old_one_a_way_back(story: Story) -> None:
    story.config = {**story.rotated("equivalence", "REDIS_PASSWORD"), "equivalence:release": "v1.1.0"}
    succeed(story.account.stack("staging", story.config).up())
    del story.config["equivalence:release"]
    succeed(story.account.stack("staging", story.config).up())
    ecs = story.account.client("ecs")
    service = ecs.describe_services(cluster="alicerce-staging", services=["equivalence-api"])["services"][0]
    assert service["runningCount"] == service["desiredCount"] == 1
    # Every revision that ever ran can still be started: its secret versions are there.
    manager = story.account.client("secretsmanager")
    for arn in ecs.list_task_definitions(familyPrefix="staging-equivalence-api")["taskDefinitionArns"]:
        for container in ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]:
            for secret in container["secrets"]:
                name, _, _, version_id = secret["valueFrom"].rsplit(":", 3)
                manager.get_secret_value(SecretId=name, VersionId=version_id)


def test_a_rotation_that_running_tasks_have_not_come_to_is_not_followed_by_another(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = replace(EQUIVALENCE.services["api"], environment={"LOCALCLOUD_EXIT_CODE": "1"})
    broken = replace(EQUIVALENCE, services={**EQUIVALENCE.services, "api": api})
    monkeypatch.setattr(stacks.systems, "SYSTEMS", (APRENDEAI, broken))
    story.config = story.rotated("equivalence", "POSTGRES_PASSWORD")
    assert not story.account.stack("staging", story.config).up().ok
    monkeypatch.undo()

    refused = story.account.stack("staging", story.rotated("equivalence", "POSTGRES_PASSWORD")).preview()
    assert not refused.ok, "the login that running tasks have would get another password"
    old = story.config["equivalence:rotation"]["POSTGRES_PASSWORD"]
    assert f"the rotation to {old} isn't through" in "\n".join(refused.errors)

    succeed(story.account.stack("staging", story.config).up())
    succeed(story.account.stack("staging", story.rotated("equivalence", "POSTGRES_PASSWORD")).preview())


def test_nothing_that_the_rotations_wrote_has_a_value_in_it(story: Story) -> None:
    account = story.account
    manager, logs, ecs = (account.client(service) for service in ("secretsmanager", "logs", "ecs"))
    values = set(PLANTED.values())
    for page in manager.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            name = secret["ARN"]
            for one in manager.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]:
                found = manager.get_secret_value(SecretId=name, VersionId=one["VersionId"])
                values.add(found["SecretString"])
    assert len(values) > 30, "old values and new ones, passwords and the URLs that hold them"
    revisions = ecs.list_task_definitions()["taskDefinitionArns"]
    places = {
        "task definitions": json.dumps(
            [ecs.describe_task_definition(taskDefinition=arn) for arn in revisions], default=str
        ),
        "log lines": json.dumps(
            [
                logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
                for page in logs.get_paginator("describe_log_groups").paginate()
                for group in page["logGroups"]
            ]
        ),
        "outputs": json.dumps(account.stack("staging").outputs(show_secrets=True), default=str),
        "steps": "".join(f"{s.old_inputs}{s.new_inputs}{s.detailed_diff}" for r in story.results for s in r.steps),
        "messages": "".join(d.message for result in story.results for d in result.diagnostics),
        **{str(file): file.read_text(errors="replace") for file in account.home.rglob("*") if file.is_file()},
    }
    assert str(account.stack("staging").state_file.path) in places
    for place, text in every(places.items()):
        assert not [value for value in values if value in text], f"a value stands in plain text in {place}"


def test_no_call_of_the_function_has_a_value_in_it(story: Story) -> None:
    manager = story.account.client("secretsmanager")
    pages = manager.get_paginator("list_secrets").paginate()
    arns = [secret["ARN"] for page in pages for secret in page["SecretList"]]
    values = {manager.get_secret_value(SecretId=arn)["SecretString"] for arn in arns}
    calls = [r for r in story.account.stack("staging").resources() if r.type == "aws:lambda/invocation:Invocation"]
    assert len(calls) == 3
    for call in every(calls):
        text = json.dumps([plain_map(call.inputs), plain_map(call.outputs)])
        assert not [value for value in values if value in text], "what is invoked is logged, and kept in state"
