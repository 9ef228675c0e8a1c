"""Listeners on loopback, one a store, each connection in a thread of its own."""

import importlib
import logging
import select
import socket
import ssl
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

from localcloud.emulator import request_lock
from localcloud.emulator.control import HOST
from localcloud.emulator.stores import found
from localcloud.emulator.stores.found import Store

_LOG = logging.getLogger("localcloud.emulator.stores")

#: Listeners by the identity of what they stand in for, which each holds, so that no other gets it.
_listeners: dict[int, "Listener"] = {}


#: How much is read at once, and how much may wait for the side that it goes to.
_CHUNK = 1 << 16
#: Seconds that the last bytes may take to a side that doesn't read them.
_LAST_SECONDS = 5.0


class Connection:
    """One client's connection, in the clear or by TLS.

    Args:
        plain: as it was accepted.

    Attributes:
        socket: as it is now.
    """

    def __init__(self, plain: socket.socket) -> None:
        self.socket = plain

    def secure(self, context: ssl.SSLContext) -> None:
        """Go on by TLS, as its server."""
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def read(self, length: int) -> bytes:
        """Return so many bytes.

        Raises:
            EOFError: when the client goes before it sent them.
        """
        content = b""
        while len(content) < length:
            more = self.socket.recv(length - len(content))
            if not more:
                raise EOFError
            content += more
        return content

    def carry(self, server: socket.socket) -> None:
        """Pass on what the client and a server say to each other, until one of them ends.

        By one thread, since Python's TLS sockets aren't for two at a time; and without waiting for either side while
        the other has something to say, since both may send much at once.
        """
        for side in (self.socket, server):
            side.setblocking(False)
        ways = [(self.socket, server, bytearray()), (server, self.socket, bytearray())]
        while True:
            moved = False
            for source, target, waiting in ways:
                more = _received(source) if len(waiting) < _CHUNK else None
                if more == b"":
                    target.settimeout(_LAST_SECONDS)
                    target.sendall(waiting)
                    return
                waiting += more or b""
                sent = _sent(target, waiting)
                del waiting[:sent]
                moved = moved or bool(more) or sent > 0
            if not moved:
                reading = [source for source, _, waiting in ways if len(waiting) < _CHUNK]
                select.select(reading, [target for _, target, waiting in ways if waiting], [])

    def end(self) -> None:
        """End it, whoever waits for it."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; by TLS with the message that says so, without which a client takes the end for a fault."""
        if isinstance(self.socket, ssl.SSLSocket):
            self.socket.setblocking(False)  # the client's own message isn't waited for
            with suppress(OSError, ValueError):
                self.socket.unwrap()
        self.socket.close()


def _received(source: socket.socket) -> bytes | None:
    """Return what has come, nothing when the other side has ended, None when it is silent."""
    try:
        return source.recv(_CHUNK)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None


def _sent(target: socket.socket, waiting: bytearray) -> int:
    """Send what can be sent now; return how much that is."""
    try:
        return target.send(waiting) if waiting else 0
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return 0


class Server(Protocol):
    """What answers for one store; it holds what is in the store."""

    def serve(self, connection: Connection) -> None:
        """Speak the store's protocol on one connection until that ends."""

    def close(self) -> None:
        """End what runs for it: the store is gone."""


class Listener:
    """Answer for one store until it is gone.

    Args:
        store: the store.
        server: what answers for it.

    Attributes:
        store: the store.
        server: what answers for it.
        port: where it listens on loopback.
    """

    def __init__(self, store: Store, server: Server) -> None:
        self.store = store
        self.server = server
        self._socket = socket.create_server((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self._open: set[Connection] = set()
        threading.Thread(target=self._accept, name=f"listener of {store.title}", daemon=True).start()

    def close(self) -> None:
        """Stop listening, and end every connection and the server."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.end()
        self.server.close()

    def end(self) -> None:
        """End every connection."""
        for connection in tuple(self._open):
            connection.end()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return  # closed
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # answers are short and waited for
            threading.Thread(target=self._answer, args=(Connection(plain),), daemon=True).start()

    def _answer(self, connection: Connection) -> None:
        self._open.add(connection)
        try:
            with request_lock.held():
                there = found.there(self.store)
            if there:
                self.server.serve(connection)
        except (OSError, ssl.SSLError, EOFError):
            pass  # the client went away, or speaks something else
        except Exception:  # our own fault must not stay without a trace
            _LOG.exception("the stand-in for %s", self.store.title)
        finally:
            self._open.discard(connection)
            connection.close()


def port_of(store: Store) -> int:
    """Return the loopback port of a store's stand-in, which starts to listen now where it didn't yet."""
    key = id(store.source)
    if key not in _listeners:
        module = importlib.import_module(f"localcloud.emulator.stores.{store.kind}.server")
        _listeners[key] = Listener(store, module.Server(store))
    return _listeners[key].port


def server_of(source: object) -> Server | None:
    """Return what answers for a store, None where it doesn't listen yet.

    Args:
        source: moto's own object.
    """
    listener = _listeners.get(id(source))
    return listener.server if listener is not None else None


def close(source: object) -> None:
    """Close the listener of a store that is gone, if it has one.

    Args:
        source: moto's own object.
    """
    listener = _listeners.pop(id(source), None)
    if listener is not None:
        listener.close()


def follow(present: Iterable[Store]) -> None:
    """Close the listeners of stores that are gone, and end the connections of those that are stopped."""
    up = {id(store.source): store.up for store in present}
    for key, listener in list(_listeners.items()):
        if key not in up:
            _listeners.pop(key).close()
        elif not up[key]:
            listener.end()
