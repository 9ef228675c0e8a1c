"""RabbitMQ as Amazon MQ runs it: AMQP and the management API with TLS only, and one administrator."""

import base64
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pika

from tests.servers.authority import Authority
from tests.servers.processes import ADDRESS, HOST, Account, account, folder_of, free_port, give, running
from tests.servers.programs import RABBITMQ


@dataclass(frozen=True, kw_only=True)
class RabbitmqServer:
    """A RabbitMQ server.

    Attributes:
        host: the name that its certificate has.
        port: where AMQP is spoken, with TLS only.
        management_port: where the management API is, with TLS only.
        version: what it says of itself, for instance `3.10.8`.
        authority: who signed its certificate, as a PEM file.
        log: the server's own log.
        admin: the bootstrap user, an administrator.
        admin_password: its password.
    """

    host: str = HOST
    port: int
    management_port: int
    version: str
    authority: Path
    log: Path
    admin: str = "alicerce"
    admin_password: str = field(default="the-bootstraps-own", repr=False)

    @property
    def product(self) -> str:
        """The server and its version."""
        return f"RabbitMQ {self.version}"

    @property
    def url(self) -> str:
        """Where the management API is, as Amazon MQ tells it."""
        return f"https://{self.host}:{self.management_port}"

    def api(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str | None = None,
        password: str | None = None,
    ) -> tuple[int, Any]:
        """Ask the management API, as the administrator unless told otherwise; return status and JSON."""
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection(self.host, self.management_port, context=context, timeout=20)
        pair = f"{user or self.admin}:{password or self.admin_password}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/json",
        }
        try:
            connection.request(method, f"/api{path}", None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        return response.status, json.loads(content) if content else None

    @contextmanager
    def connect(self, user: str, password: str, vhost: str = "/") -> Iterator[pika.BlockingConnection]:
        """Connect to a vhost by AMQP as a user, with TLS verified."""
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = pika.BlockingConnection(
            pika.ConnectionParameters(
                host=self.host,
                port=self.port,
                virtual_host=vhost,
                credentials=pika.PlainCredentials(user, password),
                ssl_options=pika.SSLOptions(context, self.host),
                socket_timeout=20,
                blocked_connection_timeout=20,
            )
        )
        try:
            yield connection
        finally:
            if connection.is_open:
                connection.close()


@contextmanager
def rabbitmq() -> Iterator[RabbitmqServer]:
    """Run a RabbitMQ server, with a port mapper daemon of its own."""
    program = RABBITMQ.need()
    who = account("rabbitmq", "nobody")
    with folder_of("rabbitmq", who) as folder:
        log = folder / "server.log"
        files = Authority().issue(folder)
        server = RabbitmqServer(
            port=free_port(), management_port=free_port(), version="", authority=files.authority, log=log
        )
        tls = {"cacertfile": files.authority, "certfile": files.certificate, "keyfile": files.key}
        settings = {
            "listeners.tcp": "none",
            "listeners.ssl.default": f"{ADDRESS}:{server.port}",
            **{f"ssl_options.{name}": path for name, path in tls.items()},
            "ssl_options.verify": "verify_none",
            "ssl_options.fail_if_no_peer_cert": "false",
            "management.ssl.ip": ADDRESS,
            "management.ssl.port": server.management_port,
            **{f"management.ssl.{name}": path for name, path in tls.items()},
            "default_user": server.admin,
            "default_pass": server.admin_password,
            "log.console": "true",
            "log.file": "false",
        }
        (folder / "rabbitmq.conf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
        (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        log.touch()
        give(folder, who)
        environment = _environment(folder)

        def ready() -> None:
            # First without the client, which writes a page into the log for each try.
            socket.create_connection((ADDRESS, server.port)).close()
            with server.connect(server.admin, server.admin_password):
                assert server.api("GET", "/overview")[0] == 200

        with (
            _port_mapper(who, environment, log),
            # Killed, since a node takes seconds to end in peace and nothing of this one is kept.
            running([*who.prefix, str(program)], log, ready, environment=environment, stop_signal=signal.SIGKILL),
        ):
            yield RabbitmqServer(
                port=server.port,
                management_port=server.management_port,
                version=str(server.api("GET", "/overview")[1]["rabbitmq_version"]),
                authority=server.authority,
                log=log,
            )


def _environment(folder: Path) -> dict[str, str]:
    """Return what keeps a node apart from any other on the machine, and on loopback.

    https://www.rabbitmq.com/docs/configure#supported-environment-variables and
    https://www.erlang.org/doc/apps/erts/epmd_cmd.html
    """
    # Its schedulers don't wait busily: that would take the processors from the tests.
    options = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
    return {
        "HOME": str(folder),
        # So that the node takes the place of the script that starts it, and gets the script's signals.
        "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_NODENAME": f"tests-{os.getpid()}@{HOST}",
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": options,
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": ADDRESS,
        "ERL_MAX_PORTS": "1024",
    }


@contextmanager
def _port_mapper(who: Account, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run the node's port mapper here: RabbitMQ would leave one behind on the machine."""
    names = [*who.prefix, "epmd", "-names"]

    def ready() -> None:
        subprocess.run(names, check=True, capture_output=True, env=os.environ | environment)

    with running([*who.prefix, "epmd"], log, ready, environment=environment):
        yield
