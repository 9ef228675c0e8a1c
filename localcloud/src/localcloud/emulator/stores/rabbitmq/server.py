"""The management API over HTTPS."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

from localcloud.emulator.stores.authority import authority
from localcloud.emulator.stores.found import Store
from localcloud.emulator.stores.listening import Connection
from localcloud.emulator.stores.rabbitmq.api import answer
from localcloud.emulator.stores.rabbitmq.contents import Contents


class Server:
    """Answer for one broker.

    Args:
        store: the broker.
    """

    def __init__(self, store: Store) -> None:
        first = vars(store.source)["first_user"]
        self.contents = Contents(first["Username"], first["Password"])
        self._host = store.host

    def serve(self, connection: Connection) -> None:
        """Answer requests until the client goes."""
        connection.secure(authority().context(self._host))
        _Handler(connection.socket, ("127.0.0.1", 0), self)  # type: ignore[arg-type] # it asks the server for nothing

    def close(self) -> None:
        """Do nothing: no process runs for it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Cowboy", ""
    server: Server  # type: ignore[assignment] # ours, not one of socketserver's

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        given = answer(self.server.contents, self.command, self.path, self.headers.get("authorization") or "", body)
        content = b"" if given.body is None else json.dumps(given.body).encode()
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        if given.body is not None:
            self.send_header("content-type", "application/json")
        if given.status != 204:
            self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = _answer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 - as its base has it
        """Log nothing: a path holds a user's name."""
