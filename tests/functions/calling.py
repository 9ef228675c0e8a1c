"""How the function is called in tests: with a real event, and values in an emulated Secrets Manager."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from functions.credentials import handler, tls
from functions.credentials.events import LOGINS_VARIABLE, Request
from functions.credentials.handler import PATIENCE_VARIABLE
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitmqServer

Event = dict[str, Any]
_REGION = "eu-west-1"


class Context:
    """Lambda's context, with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left."""
        return 60_000


class Vault:
    """An emulated Secrets Manager."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("secretsmanager", region_name=_REGION)
        self._arns: dict[str, str] = {}

    def put(self, name: str, value: str) -> dict[str, str]:
        """Add a version to a secret; return where it is, as an event has it."""
        if name in self._arns:
            answer = self.client.put_secret_value(SecretId=self._arns[name], SecretString=value)
        else:
            answer = self.client.create_secret(Name=name, SecretString=value)
            self._arns[name] = answer["ARN"]
        return {"secret": self._arns[name], "version": answer["VersionId"]}


@contextmanager
def opened_vault() -> Iterator[Vault]:
    """Make an emulated Secrets Manager that the function reads."""
    own = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": _REGION}
    with patch.dict(os.environ, own), mock_aws():
        vault = Vault()
        with patch.object(boto3, "client", lambda service: vault.client):
            yield vault


@dataclass(frozen=True)
class Caller:
    """Calls the function about one system.

    Attributes:
        vault: where the values are.
        system: the system's name: its database or virtual host, and its users' names.
    """

    vault: Vault
    system: str

    def username(self, rotation: int) -> str:
        """Return the user of a rotation: the odd or the even one."""
        return self.system if rotation % 2 else f"{self.system}_2"

    def postgres(
        self, server: PostgresServer, password: str, rotation: int = 1, action: str = "ensure", **other: object
    ) -> Event:
        """Return an event, with the password put into the vault."""
        return {
            "action": action,
            "store": "postgres",
            "host": server.host,
            "port": server.port,
            "database": self.system,
            "owner": f"{self.system}_owner",
            "username": self.username(rotation),
            "other": self.username(rotation + 1),
            "admin": {"username": server.master, "password": self.vault.put("master", server.master_password)},
            "password": self.vault.put(self.username(rotation), password),
            **other,
        }

    def rabbitmq(
        self, server: RabbitmqServer, password: str, rotation: int = 1, action: str = "ensure", **other: object
    ) -> Event:
        """Return an event, with the password put into the vault."""
        return {
            "action": action,
            "store": "rabbitmq",
            "url": server.url,
            "vhost": self.system,
            "username": self.username(rotation),
            "other": self.username(rotation + 1),
            "admin": {
                "username": server.admin,
                "password": self.vault.put("bootstrap", server.admin_password),
                "previous": None,
            },
            "password": self.vault.put(self.username(rotation), password),
            **other,
        }


def call(event: Event, authority: Path | None, patience: str = "20") -> list[str]:
    """Call the function, deployed for what an event names, trusting an authority; return what it did."""
    request = Request.from_record(event)
    logins = json.dumps({request.kind: request.to_login()})
    own = {PATIENCE_VARIABLE: patience, LOGINS_VARIABLE: logins} | (
        {tls.BUNDLE_VARIABLE: str(authority)} if authority else {}
    )
    with patch.dict(os.environ, own):
        answer = handler.handler(request.to_event(), Context())
    assert answer == {
        "store": event["store"],
        "username": event["username"],
        "action": event["action"],
        "done": answer["done"],
        "unexpected": answer["unexpected"],
    }
    done: list[str] = answer["done"]
    return done
