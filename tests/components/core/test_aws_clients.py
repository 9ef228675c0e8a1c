"""Whose credentials migrations, rollouts and hooks have: those of the AWS provider."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from components.core import aws_clients
from components.delivery.migration_run import MigrationRunProvider
from components.delivery.rollout import RolloutProvider

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def nobodys_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Take away whatever the machine that tests run on has, and forget what a test has configured."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    (tmp_path / "credentials").write_text("[ops]\naws_access_key_id = of-the-profile\naws_secret_access_key = x\n")
    yield
    aws_clients.configure(lambda _: None)


def _client(service: str, **config: Any) -> Any:  # noqa: ANN401 - a boto3 client
    aws_clients.configure({f"aws:{key}": value for key, value in config.items()}.get)
    return aws_clients.client(service, REGION)


def _key(client: Any) -> str:  # noqa: ANN401 - a boto3 client
    return str(client._request_signer._credentials.access_key)


def test_without_config_the_environment_counts() -> None:
    client = _client("ecs")
    assert _key(client) == "of-the-environment"
    assert client.meta.region_name == REGION
    assert client.meta.endpoint_url == f"https://ecs.{REGION}.amazonaws.com"


def test_a_profile_of_the_stacks_config_goes_before_the_environment() -> None:
    assert _key(_client("ecs", profile="ops")) == "of-the-profile"


def test_keys_of_the_stacks_config_go_before_the_environment() -> None:
    assert _key(_client("ecs", accessKey="of-the-config", secretKey="x")) == "of-the-config"


def test_endpoints_are_those_of_the_provider_by_its_names_of_services() -> None:
    # An object of config comes as JSON.
    endpoints = json.dumps([{"ecs": "http://127.0.0.1:4566", "cloudwatchlogs": "http://127.0.0.1:4567"}])
    assert _client("ecs", endpoints=endpoints).meta.endpoint_url == "http://127.0.0.1:4566"
    assert _client("logs", endpoints=endpoints).meta.endpoint_url == "http://127.0.0.1:4567"
    assert _client("rds", endpoints=endpoints).meta.endpoint_url == f"https://rds.{REGION}.amazonaws.com"


def test_where_aws_is_elsewhere_the_environment_counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    client = _client("ecs", profile="ops", endpoints=json.dumps([{"ecs": "http://127.0.0.1:2"}]))
    assert (_key(client), client.meta.endpoint_url) == ("of-the-environment", "http://127.0.0.1:1"), (
        "on the local cloud nobody's profile is used"
    )


def test_an_assumed_role_is_taken_on_with_what_config_says_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Sts:
        def __enter__(self) -> "Sts":
            return self

        def __exit__(self, *_: object) -> None: ...

        def assume_role(self, **wanted: Any) -> dict[str, Any]:  # noqa: ANN401 - any argument
            asked.append(wanted)
            given = {"AccessKeyId": "of-the-role", "SecretAccessKey": "x", "SessionToken": "t"}
            return {"Credentials": {**given, "Expiration": "2999-01-01T00:00:00Z"}}

    create = botocore.session.Session.create_client
    monkeypatch.setattr(
        botocore.session.Session,
        "create_client",
        lambda self, service, **more: Sts() if service == "sts" else create(self, service, **more),
    )
    role = {"roleArn": "arn:aws:iam::123456789012:role/deploy", "sessionName": "ci", "externalId": "e"}
    client = _client("ecs", assumeRoles=json.dumps([role]))
    assert client._request_signer._credentials.get_frozen_credentials().access_key == "of-the-role"
    assert asked == [{"RoleArn": "arn:aws:iam::123456789012:role/deploy", "RoleSessionName": "ci", "ExternalId": "e"}]


@pytest.mark.parametrize("provider", [MigrationRunProvider(), RolloutProvider()])
def test_dynamic_providers_take_the_stacks_config(provider: Any) -> None:  # noqa: ANN401 - a dynamic provider
    from pulumi.dynamic import Config, ConfigureRequest

    # As the engine hands it over: every key with its namespace.
    # https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/target.go (GetPackageConfig)
    provider.configure(ConfigureRequest(Config({"aws:profile": "ops", "aprendeai:release": "v1"}, "alicerce")))
    assert _key(aws_clients.client("ecs", REGION)) == "of-the-profile"
