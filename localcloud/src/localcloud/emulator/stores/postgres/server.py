"""What a client of an instance meets first: https://www.postgresql.org/docs/current/protocol-flow.html."""

import socket
import struct
import threading

from moto.rds.models import rds_backends

from localcloud.emulator import request_lock
from localcloud.emulator.patches.rds.contents import CONTENTS
from localcloud.emulator.stores.authority import authority
from localcloud.emulator.stores.found import Store
from localcloud.emulator.stores.listening import Connection
from localcloud.emulator.stores.postgres.cluster import Cluster, Contents

#: Codes of first messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
_CANCEL_REQUEST, _TLS_REQUEST, _GSS_REQUEST = 80877102, 80877103, 80877104
_LONGEST_STARTUP = 10000  # as in PostgreSQL's own source (MAX_STARTUP_PACKET_LENGTH)


class Server:
    """Answer for one instance, by a PostgreSQL server that starts with the first client.

    Args:
        store: the instance.
    """

    def __init__(self, store: Store) -> None:
        self._instance = store.source
        self._host = store.host
        self._cluster: Cluster | None = None
        self._password: str | None = None
        self._changing = threading.Lock()

    def serve(self, connection: Connection) -> None:
        """Take a client to the server, by TLS unless the parameters allow to go without."""
        with request_lock.held():
            forced = self._forces_tls()
            password = vars(self._instance).get("_master_user_password")
        startup = self._startup(connection, forced=forced)
        if startup is None:
            return
        with socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._current(password).socket))
            server.sendall(startup)
            connection.carry(server)

    def contents(self) -> Contents | None:
        """Return what is in the instance now, None while nobody has been in it."""
        with self._changing:
            return self._cluster.copy() if self._cluster is not None else vars(self._instance).get(CONTENTS)

    def close(self) -> None:
        """End the server."""
        with self._changing:
            if self._cluster is not None:
                self._cluster.end()

    def _current(self, password: str | None) -> Cluster:
        """Return the server, started, with the master user's password that the API set last."""
        master = str(self._instance.master_username)
        with self._changing:
            if self._cluster is None:
                begun = vars(self._instance).pop(CONTENTS, None)
                self._cluster = Cluster(begun, master, self._instance.db_name)
            if password is not None and password != self._password:
                self._cluster.set_password(master, password)
                self._password = password
            return self._cluster

    def _forces_tls(self) -> bool:
        """Tell whether `rds.force_ssl` is on, as it is by default from version 15 on.

        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
        """
        group = rds_backends[self._instance.account_id][self._instance.region].db_parameter_groups.get(
            self._instance.db_parameter_group_name or ""
        )
        given = group.parameters.get("rds.force_ssl") if group is not None else None
        return str(given["ParameterValue"]) == "1" if given else int(self._instance.engine_version.split(".")[0]) >= 15

    def _startup(self, connection: Connection, *, forced: bool) -> bytes | None:
        """Return the message that asks for a session or a cancellation, None when the client was refused."""
        private = False
        while True:
            head = connection.read(8)
            length, code = struct.unpack("!ii", head)
            if code == _TLS_REQUEST and not private:
                connection.socket.sendall(b"S")
                connection.secure(authority().context(self._host))
                private = True
            elif code == _GSS_REQUEST:
                connection.socket.sendall(b"N")
            elif not len(head) <= length <= _LONGEST_STARTUP:
                return None
            else:
                content = connection.read(length - len(head))
                if forced and not private and code != _CANCEL_REQUEST:
                    connection.socket.sendall(_refusal(content))
                    return None
                return head + content


def _refusal(startup: bytes) -> bytes:
    """Write what PostgreSQL says to a session in the clear where only TLS is allowed.

    https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    texts = startup.split(b"\0")
    asked = {name.decode(): value.decode() for name, value in zip(texts[::2], texts[1::2], strict=False)}
    user = asked.get("user", "")
    who = f'user "{user}", database "{asked.get("database") or user}"'
    message = f'no pg_hba.conf entry for host "127.0.0.1", {who}, no encryption'
    fields = b"".join(f"{field}\0".encode() for field in ("SFATAL", "VFATAL", "C28000", f"M{message}")) + b"\0"
    return b"E" + struct.pack("!i", len(fields) + 4) + fields
