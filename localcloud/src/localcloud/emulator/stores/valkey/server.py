"""One replication group: its server, which starts with the first client, and TLS in front of it."""

import secrets
import shutil
import signal
import socket
import threading
from pathlib import Path

from localcloud.emulator import request_lock
from localcloud.emulator.stores import servers
from localcloud.emulator.stores.authority import authority
from localcloud.emulator.stores.found import Store
from localcloud.emulator.stores.listening import Connection
from localcloud.emulator.stores.programs import VALKEY
from localcloud.emulator.stores.valkey import users

#: The user by whom the emulator sets the others. Nobody else knows its name or its password.
_ADMIN, _PASSWORD = f"emulator-{secrets.token_hex(8)}", secrets.token_urlsafe(24)

#: The first byte of a client that speaks TLS: https://www.rfc-editor.org/rfc/rfc8446#section-5.1
_HANDSHAKE = b"\x16"


class Server:
    """Answer for one replication group.

    Args:
        store: the replication group.
    """

    def __init__(self, store: Store) -> None:
        self._group = store.source
        self._host = store.host
        self._folder: Path | None = None
        self._process: servers.Process | None = None
        self._users: set[str] = set()
        self._changing = threading.Lock()

    def serve(self, connection: Connection) -> None:
        """Take a client to the server."""
        with request_lock.held():
            encrypted, mode = self._group.transit_encryption_enabled, self._group.transit_encryption_mode
            rules = users.rules(self._group)
        if encrypted and (mode != "preferred" or connection.socket.recv(1, socket.MSG_PEEK) == _HANDSHAKE):
            connection.secure(authority().context(self._host))
        with self._changing:
            if self._process is None:
                self._start()
                self._set(rules)
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(self._socket)
            connection.carry(server)

    def follow_users(self) -> None:
        """Apply changes of users, to open connections too; called by what holds the request lock."""
        rules = users.rules(self._group)
        with self._changing:
            if self._process is not None:
                self._set(rules)

    def close(self) -> None:
        """End the server, and everything that is in it."""
        with self._changing:
            if self._process is not None and self._folder is not None:
                self._process.end()
                shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _socket(self) -> str:
        assert self._folder is not None
        return str(self._folder / "socket")

    def _start(self) -> None:
        self._folder = servers.new_folder("valkey")
        settings = [
            "port 0",
            f"unixsocket {self._socket}",
            f"dir {self._folder}",
            'save ""',
            *(f'rename-command {command} ""' for command in users.LACKING),
            f"user {_ADMIN} on >{_PASSWORD} +@all",
            f"user {users.DEFAULT} reset",
        ]
        configuration, log = self._folder / "valkey.conf", self._folder / "server.log"
        configuration.write_text("\n".join(settings))
        servers.give(self._folder)
        command = [str(servers.readable(VALKEY.folder()) / "valkey-server"), str(configuration)]
        self._process = servers.Process(command, log, signal.SIGTERM, self._answers)

    def _answers(self) -> bool:
        try:
            self._ask()
        except OSError:
            return False
        return True

    def _set(self, rules: dict[str, list[str]]) -> None:
        """Make the server's users these, and end the connections of those that are no more."""
        changes = [["ACL", "SETUSER", name, *rule] for name, rule in rules.items()]
        gone = self._users - rules.keys()
        self._ask(*changes, *([["ACL", "DELUSER", *gone]] if gone else []))
        self._users = set(rules)

    def _ask(self, *commands: list[str]) -> None:
        """Send commands as the emulator's own user: https://valkey.io/topics/protocol/.

        Raises:
            ServerFailedError: when the server refuses one.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._socket)
            with connection.makefile("rwb") as file:
                for command in (["AUTH", _ADMIN, _PASSWORD], *commands):
                    parts = [part.encode() for part in command]
                    file.write(b"*%d\r\n" % len(parts))
                    file.writelines(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
                    file.flush()
                    answer = file.readline()
                    if not answer.startswith((b"+", b":")):
                        raise servers.ServerFailedError(f"{' '.join(command[:3])}: {answer.decode().strip()}")
