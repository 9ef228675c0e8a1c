"""Rotations of the emulated account's stores, by the function that does them in AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from components.functions.function_archive import build_archive
from functions.credentials.events import LOGINS_VARIABLE, Request
from localcloud.provider.session import Session
from support.stores import (
    LOGIN_FAILED,
    MASTER,
    NOT_MANAGEMENT,
    PASSWORD,
    Database,
    Failure,
    Function,
    Management,
    Network,
    unused,
)


@dataclass(frozen=True)
class Rotation:
    """A system's credentials in one store."""

    aws: Session
    credentials: Function
    place: dict[str, Any]
    passwords: dict[str, str] = field(default_factory=dict)

    def secret(self, value: str) -> dict[str, str]:
        """Keep a value; return where."""
        answer = self.aws.client("secretsmanager").create_secret(Name=unused("secret"), SecretString=value)
        return {"secret": answer["ARN"], "version": answer["VersionId"]}

    def __call__(self, action: str, username: str, other: str, **changes: Any) -> Any:  # noqa: ANN401 - JSON
        """Invoke the function; return what it did, or its failure."""
        password = self.passwords.setdefault(username, unused(f"password-of-{username}"))
        event = {
            **self.place,
            "action": action,
            "username": username,
            "other": other,
            "admin": {"username": MASTER, "password": self.secret(PASSWORD), **changes.pop("admin", {})},
            "password": self.secret(password),
        }
        request = Request.from_record({**event, **changes})
        variables = {"PATIENCE_SECONDS": "0", LOGINS_VARIABLE: json.dumps({request.kind: request.to_login()})}
        self.aws.client("lambda").update_function_configuration(
            FunctionName=self.credentials.name, Environment={"Variables": variables}
        )
        answer = self.credentials(request.to_event())
        return answer if isinstance(answer, Failure) else answer["done"]


@pytest.fixture(scope="module")
def credentials(network: Network, function: Callable[..., Function]) -> tuple[Function, str]:
    """The function, and a security group for what it reaches."""
    client, server = network.groups()
    for port in (443, 5432):
        network.connect(client, server, port)
    archive = Path(build_archive("credentials")).read_bytes()
    environment = {"Variables": {"PATIENCE_SECONDS": "0"}}
    made = function(archive, network.subnets, client, Handler="credentials.handler.handler", Environment=environment)
    return made, server


@pytest.fixture(scope="module")
def instance(network: Network, database: Callable[..., Database], credentials: tuple[Function, str]) -> Database:
    network.aws.client("rds").create_db_subnet_group(
        DBSubnetGroupName="isolated", DBSubnetGroupDescription="isolated", SubnetIds=network.subnets
    )
    return database(DBSubnetGroupName="isolated", VpcSecurityGroupIds=[credentials[1]], PubliclyAccessible=False)


@pytest.fixture
def in_postgres(aws: Session, instance: Database, credentials: tuple[Function, str]) -> Rotation:
    place = {"store": "postgres", "host": instance.host, "port": 5432, "database": "app", "owner": "app_owner"}
    return Rotation(aws, credentials[0], place)


def test_a_rotation_in_postgresql_keeps_the_old_role_until_it_is_retired(
    in_postgres: Rotation, instance: Database
) -> None:
    rotate, passwords = in_postgres, in_postgres.passwords
    assert "set password" in rotate("ensure", "app", "app_2")
    assert rotate("ensure", "app", "app_2") == [], "what is right already is left alone"
    service = instance.log_in("app", passwords["app"])
    assert service.run("SELECT current_user, session_user") == [["app_owner", "app"]]

    assert "set password" in rotate("ensure", "app_2", "app")
    for role in ("app", "app_2"):
        assert instance.log_in(role, passwords[role]).run("SELECT current_user") == [["app_owner"]]
    assert service.run("SELECT 1") == [[1]]

    assert rotate("retire", "app_2", "app") == ["disable app", "end sessions of app"]
    assert instance.refusal("app", passwords["app"])[0] == "28P01"
    assert instance.log_in("app_2", passwords["app_2"]).run("SELECT current_user") == [["app_owner"]]
    assert rotate("retire", "app_2", "app") == []


def test_nobody_else_connects_to_a_systems_database(in_postgres: Rotation, instance: Database) -> None:
    in_postgres("ensure", "app", "app_2")
    instance.log_in(database="postgres").run("CREATE ROLE stranger LOGIN PASSWORD 'stranger-password'")
    assert instance.refusal("stranger", "stranger-password")[0] == "42501"


def test_a_wrong_master_password_is_told_without_its_value(in_postgres: Rotation, instance: Database) -> None:
    failure = in_postgres("ensure", "app", "app_2", admin={"password": in_postgres.secret("not-the-masters")})
    assert isinstance(failure, Failure)
    assert failure.kind == "CredentialsError"
    assert failure.message.startswith(f"postgres {instance.host}: {MASTER}: log in: ")
    assert "not-the-masters" not in failure.message + in_postgres.credentials.log


def test_a_rotation_in_rabbitmq_keeps_the_old_user_until_it_is_retired(
    aws: Session, network: Network, broker: Callable[..., str], credentials: tuple[Function, str], emulator: str
) -> None:
    function, server = credentials
    url = broker(SubnetIds=network.subnets[:1], SecurityGroups=[server])
    rotate = Rotation(aws, function, {"store": "rabbitmq", "url": url, "vhost": "app"})
    management = Management(str(urlsplit(url).hostname), emulator)

    def answers(user: str) -> object:
        return management.ask("GET", "whoami", user=user, password=rotate.passwords[user])

    assert rotate("ensure", "app", "app_2", admin={"previous": None}) == [
        "create virtual host",
        "set password of app",
        "grant permissions",
    ]
    assert rotate("ensure", "app", "app_2", admin={"previous": None}) == []
    assert rotate("ensure", "app_2", "app", admin={"previous": None}) == ["set password of app_2", "grant permissions"]
    for user in ("app", "app_2"):
        assert answers(user) == (401, NOT_MANAGEMENT), "the password is right, and the user has no tags"
        permission = {"user": user, "vhost": "app", "configure": ".*", "write": ".*", "read": ".*"}
        assert management.ask("GET", f"users/{user}/permissions") == (200, [permission])
    assert rotate("retire", "app_2", "app", admin={"previous": None}) == ["disable app"]
    assert answers("app") == (401, LOGIN_FAILED)
    assert answers("app_2") == (401, NOT_MANAGEMENT)
