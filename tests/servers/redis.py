"""Redis or Valkey as ElastiCache runs it for us: TLS only, and nobody is let in without a user and a password."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis as client
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.servers.authority import Authority
from tests.servers.processes import ADDRESS, HOST, account, folder_of, free_port, give, running
from tests.servers.programs import REDIS


@dataclass(frozen=True, kw_only=True)
class RedisServer:
    """A Redis or Valkey server.

    Attributes:
        host: the name that its certificate has.
        port: where it listens, with TLS only.
        product: the server and its version, for instance `Redis 7.0.15`.
        authority: who signed its certificate, as a PEM file.
        log: the server's own log.
        admin: a user that may do everything.
        admin_password: its password.
    """

    host: str = HOST
    port: int
    product: str
    authority: Path
    log: Path
    admin: str = "admin"
    admin_password: str = field(default="the-admins-own", repr=False)

    @contextmanager
    def connect(self, user: str, password: str) -> Iterator["client.Redis"]:
        """Connect as a user, with TLS verified."""
        connection = client.Redis(
            host=self.host,
            port=self.port,
            username=user,
            password=password,
            ssl=True,
            ssl_ca_certs=str(self.authority),
            ssl_check_hostname=True,
            socket_timeout=20,
            decode_responses=True,
            single_connection_client=True,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def redis() -> Iterator[RedisServer]:
    """Run a Redis or Valkey server."""
    program = REDIS.need()
    who = account("redis", "valkey", "nobody")
    with folder_of("redis", who) as folder:
        log = folder / "server.log"
        files = Authority().issue(folder)
        server = RedisServer(port=free_port(), product=_product(program), authority=files.authority, log=log)
        settings = f"""
            bind {ADDRESS}
            port 0
            tls-port {server.port}
            tls-cert-file {files.certificate}
            tls-key-file {files.key}
            tls-ca-cert-file {files.authority}
            tls-auth-clients no
            dir {folder}
            save ""
            user default off
            user {server.admin} on >{server.admin_password} ~* &* +@all
        """
        (folder / "server.conf").write_text("\n".join(line.strip() for line in settings.splitlines()))
        log.touch()
        give(folder, who)

        def ready() -> None:
            with server.connect(server.admin, server.admin_password) as connection:
                connection.ping()

        with running([*who.prefix, str(program), str(folder / "server.conf")], log, ready):
            yield server


def _product(program: Path) -> str:
    """Read `Redis server v=7.0.15 …` or `Valkey server v=8.1.3 …`."""
    said = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    found = re.match(r"(\w+) server v=(\S+)", said)
    return f"{found[1]} {found[2]}" if found else said.strip()
