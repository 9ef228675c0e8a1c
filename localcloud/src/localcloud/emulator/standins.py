"""Reach the stores of the emulated account from this machine: what a test or a person asks, not what a program does.

An emulated function finds them under their own names. Anything else connects to the loopback port that this tells of,
and checks there the certificate of the store's own name:

    standins = ask(control.ensure().url)
    connection = socket.create_connection(standins.address(host, 5432))
    secured = standins.context().wrap_socket(connection, server_hostname=host)  # after PostgreSQL's SSLRequest
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.emulator import control

#: Where the emulator tells of them.
PATH = "/moto-api/localcloud/stores"


@dataclass(frozen=True)
class StandIns:
    """Where the stand-ins of an emulated account listen.

    Attributes:
        ports: their loopback ports, by the host and port of the store's own endpoint.
        authority: the certificate (PEM) of who signs theirs.
    """

    ports: Mapping[tuple[str, int], int]
    authority: str

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Return where to connect in place of a store's endpoint.

        Raises:
            KeyError: when the account has no such store, or it has no stand-in.
        """
        return control.HOST, self.ports[host, port]

    def context(self) -> ssl.SSLContext:
        """Return a TLS context that trusts the stand-ins and nobody else, and checks their names."""
        return ssl.create_default_context(cadata=self.authority)


def ask(url: str) -> StandIns:
    """Ask the emulator at a URL; its stand-ins listen from now on, if they didn't yet."""
    answer = control.ask(url, PATH)
    ports = {(store["host"], int(store["port"])): int(store["to"]) for store in answer["stores"]}
    return StandIns(ports, answer["authority"])
