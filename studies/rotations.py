"""Whether a connection is refused while a credential is rotated: ten rotations, and the naive way beside them.

A client opens a new connection every 20 ms, first with the old credential and then with the new, as services do while
they are rolled. The credential is rotated in the program's order (a new version of the secret; the store accepts it;
the services take it; the old one is gone with them), or by changing the password in place, before the services have it.

`make rotations` prints a table of all three stores.
"""

import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import pg8000.native
import pika.exceptions

from functions.credentials.management import path
from functions.credentials.postgres import verifier
from tests.functions.calling import Caller, call, opened_vault
from tests.servers.postgres import PostgresServer, postgres
from tests.servers.rabbitmq import RabbitmqServer, rabbitmq
from tests.servers.redis import RedisServer
from tests.servers.redis import redis as redis_server

ROTATIONS = 10
#: Seconds between two connections of a client.
_INTERVAL = 0.02
#: Connections that a client opens while the services are rolled, with the old credential and then with the new.
_MEANWHILE = 8


@dataclass(frozen=True)
class Credential:
    """What a service has.

    Attributes:
        username: the user.
        password: its password.
    """

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Store:
    """A store of one system.

    Attributes:
        name: the server and its version.
        connect: opens a connection with a credential, and closes it.
        accept: makes the store accept a rotation's credential, as the program does, and returns it.
        replace: changes the password of rotation 1's user in place, and returns the credential.
    """

    name: str
    connect: Callable[[Credential], None]
    accept: Callable[[int], Credential]
    replace: Callable[[int], Credential]


@dataclass(kw_only=True)
class Seen:
    """What clients saw.

    Attributes:
        connections: how many were opened.
        refused: how many were refused or failed.
        errors: the different things that were said.
    """

    connections: int = 0
    refused: int = 0
    errors: set[str] = field(default_factory=set)


class _Client(threading.Thread):
    """Opens a connection every 20 ms with the credential that it has at that moment."""

    def __init__(self, store: Store, credential: Credential) -> None:
        super().__init__(daemon=True)
        self.credential = credential
        self.seen = Seen()
        self._store = store
        self._ended = threading.Event()

    def run(self) -> None:
        """Open connections until `end` is called."""
        due = time.monotonic()
        while not self._ended.is_set():
            self.seen.connections += 1
            try:
                self._store.connect(self.credential)
            except (pg8000.native.Error, pika.exceptions.AMQPError, OSError) as error:
                self.seen.refused += 1
                self.seen.errors.add(f"{type(error).__name__}: {error}")
            due = max(due + _INTERVAL, time.monotonic())
            self._ended.wait(max(due - time.monotonic(), 0))

    def go_on(self) -> None:
        """Wait until some more connections were opened, however busy the machine is."""
        wanted = self.seen.connections + _MEANWHILE
        while self.seen.connections < wanted and self.is_alive():
            time.sleep(_INTERVAL / 4)

    def end(self) -> Seen:
        """Stop, and return what was seen."""
        self._ended.set()
        self.join()
        return self.seen


def rotate(store: Store, *, naive: bool = False, rotations: int = ROTATIONS) -> Seen:
    """Rotate again and again under a client's eyes; return what it saw."""
    change = store.replace if naive else store.accept
    client = _Client(store, change(1))
    client.start()
    client.go_on()
    for rotation in range(2, rotations + 2):
        credential = change(rotation)
        client.go_on()  # the services are being rolled: this one still has the old credential
        client.credential = credential
        client.go_on()
    return client.end()


def _password(rotation: int) -> str:
    return f"the-password-of-rotation-{rotation}"


def of_postgres(server: PostgresServer, caller: Caller) -> Store:
    """PostgreSQL: the function, and ALTER ROLE on the role in use."""

    def connect(credential: Credential) -> None:
        with server.connect(credential.username, credential.password, caller.system) as connection:
            connection.run("SELECT 1")

    def accept(rotation: int) -> Credential:
        call(caller.postgres(server, _password(rotation), rotation), server.authority)
        return Credential(caller.username(rotation), _password(rotation))

    def replace(rotation: int) -> Credential:
        with server.connect(server.master, server.master_password) as connection:
            connection.run(f"ALTER ROLE {caller.system} PASSWORD '{verifier(_password(rotation))}'")
        return Credential(caller.system, _password(rotation))

    return Store(name=server.product, connect=connect, accept=accept, replace=replace)


def of_rabbitmq(server: RabbitmqServer, caller: Caller) -> Store:
    """RabbitMQ: the function, and a new password of the user in use."""

    def connect(credential: Credential) -> None:
        with server.connect(credential.username, credential.password, caller.system) as connection:
            connection.channel()

    def accept(rotation: int) -> Credential:
        call(caller.rabbitmq(server, _password(rotation), rotation), server.authority)
        return Credential(caller.username(rotation), _password(rotation))

    def replace(rotation: int) -> Credential:
        body = {"password": _password(rotation), "tags": ""}
        status, _ = server.api("PUT", path("users", caller.system).removeprefix("/api"), body)
        assert status in (201, 204), status
        return Credential(caller.system, _password(rotation))

    return Store(name=server.product, connect=connect, accept=accept, replace=replace)


def of_redis(server: RedisServer, caller: Caller) -> Store:
    """Redis: one user, with the current and the previous password as ElastiCache sets them, and with one alone.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """
    # The client library reads the machine's own authorities for each connection: three times the interval.
    context = ssl.create_default_context(cafile=str(server.authority))

    def connect(credential: Credential) -> None:
        with (
            socket.create_connection((server.host, server.port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname=server.host) as connection,
            connection.makefile("rwb") as lines,
        ):
            lines.write(f"AUTH {credential.username} {credential.password}\r\n".encode())
            lines.flush()
            answer = lines.readline().decode().strip()
            if answer != "+OK":
                raise ConnectionRefusedError(answer)

    def set_passwords(*passwords: str) -> None:
        with server.connect(server.admin, server.admin_password) as connection:
            connection.acl_setuser(
                caller.system,
                enabled=True,
                reset_passwords=True,
                passwords=[f"+{password}" for password in passwords],
                keys=["*"],
                categories=["+@all"],
            )

    def accept(rotation: int) -> Credential:
        set_passwords(_password(rotation), _password(rotation - 1))
        return Credential(caller.system, _password(rotation))

    def replace(rotation: int) -> Credential:
        set_passwords(_password(rotation))
        return Credential(caller.system, _password(rotation))

    return Store(name=server.product, connect=connect, accept=accept, replace=replace)


def line(store: Store, way: str, rotations: int, seen: Seen) -> str:
    """Return a line of the table."""
    return f"{store.name:18}  {way:26}  {rotations:9}  {seen.connections:11}  {seen.refused:7}"


def main() -> int:
    """Print the table; return 1 when the program's order had a connection refused."""
    print(f"{'store':18}  {'way':26}  {'rotations':>9}  {'connections':>11}  {'refused':>7}")
    worst = 0
    with ExitStack() as stack:
        caller = Caller(stack.enter_context(opened_vault()), "aprendeai")
        for store in (
            of_postgres(stack.enter_context(postgres()), caller),
            of_rabbitmq(stack.enter_context(rabbitmq()), caller),
            of_redis(stack.enter_context(redis_server()), caller),
        ):
            seen = rotate(store)
            print(line(store, "as the program orders it", ROTATIONS, seen), flush=True)
            worst = max(worst, seen.refused)
            print(line(store, "password changed in place", ROTATIONS, rotate(store, naive=True)), flush=True)
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
