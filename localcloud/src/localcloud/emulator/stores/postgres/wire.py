"""Messages: https://www.postgresql.org/docs/current/protocol-message-formats.html."""

import os
import select
import ssl
import struct
import threading
from collections.abc import Iterable, Sequence

from localcloud.emulator.stores.listening import Connection
from localcloud.emulator.stores.postgres.errors import SqlError
from localcloud.emulator.stores.postgres.session import Column, Text

#: What the first message of a connection asks for: https://www.postgresql.org/docs/current/protocol-flow.html.
TLS_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
PROTOCOL_3 = 196608
_LONGEST = 1 << 20  # enough for any statement here


class Woken(Exception):
    """Somebody ended the session while it waited for its client."""


class Channel:
    """Messages over a connection, and a way for others to end the wait for them.

    Args:
        connection: the client's.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._buffer = b""
        self._out = bytearray()
        self._sleeping, self._waking = os.pipe()
        self._closed = False
        self._lock = threading.Lock()  # around the pipe's numbers, which mean other files once it is closed

    def close(self) -> None:
        """Give back what it holds."""
        with self._lock:
            self._closed = True
            os.close(self._sleeping)
            os.close(self._waking)

    def wake(self) -> None:
        """End the wait, from another thread."""
        with self._lock:
            if not self._closed:
                os.write(self._waking, b"!")

    def first(self) -> tuple[int, bytes]:
        """Return the first message, which has no type: its code and its content."""
        (length,) = struct.unpack("!i", self._read(4))
        content = self._read(_checked(length) - 4)
        return struct.unpack("!i", content[:4])[0], content[4:]

    def message(self) -> tuple[bytes, bytes]:
        """Return the next message: its type and its content."""
        kind = self._read(1)
        (length,) = struct.unpack("!i", self._read(4))
        return kind, self._read(_checked(length) - 4)

    def raw(self, data: bytes) -> None:
        """Send what is no message, at once."""
        self._connection.socket.sendall(data)

    def put(self, kind: bytes, *parts: bytes) -> None:
        """Add a message to what is sent with the next flush."""
        content = b"".join(parts)
        self._out += kind + struct.pack("!i", len(content) + 4) + content

    def flush(self) -> None:
        """Send what was put."""
        data, self._out = bytes(self._out), bytearray()
        if data:
            self._connection.socket.sendall(data)

    def _read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            socket = self._connection.socket
            if not (isinstance(socket, ssl.SSLSocket) and socket.pending()):
                waiting: list[int] = [socket.fileno(), self._sleeping]
                ready, _, _ = select.select(waiting, [], [])
                if self._sleeping in ready:
                    raise Woken
            more = socket.recv(1 << 16)
            if not more:
                raise EOFError
            self._buffer += more
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data


def _checked(length: int) -> int:
    if not 4 <= length <= _LONGEST:
        raise EOFError(f"a message of {length} bytes")
    return length


def text(value: str) -> bytes:
    """Write a string."""
    return value.encode() + b"\0"


def strings(content: bytes) -> list[str]:
    """Read strings up to the end."""
    return [part.decode() for part in content.split(b"\0")[:-1]]


def pairs(content: bytes) -> dict[str, str]:
    """Read the parameters of a startup message."""
    found = strings(content)
    return dict(zip(found[::2], found[1::2], strict=False))


def refusal(error: SqlError, severity: str = "ERROR") -> bytes:
    """Write the content of an error or a notice.

    https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    fields = {"S": severity, "V": severity, "C": error.sqlstate, "M": error.message, "D": error.detail}
    return b"".join(text(key + value) for key, value in fields.items() if value) + b"\0"


def description(columns: Iterable[Column]) -> bytes:
    """Write the content of a row description; all values go in text format."""
    found = list(columns)
    parts = [text(one.name) + struct.pack("!ihihih", 0, 0, one.oid, -1, -1, 0) for one in found]
    return struct.pack("!h", len(found)) + b"".join(parts)


def row(values: Sequence[Text]) -> bytes:
    """Write the content of a row."""
    parts = [struct.pack("!h", len(values))]
    for value in values:
        if value is None:
            parts.append(struct.pack("!i", -1))
        else:
            data = value.encode()
            parts.append(struct.pack("!i", len(data)) + data)
    return b"".join(parts)


def bound(content: bytes) -> tuple[str, str, list[Text]]:
    """Read a Bind: portal, statement, parameters.

    Raises:
        SqlError: for values in binary format.
    """
    portal, statement, rest = _two(content)
    (count,) = struct.unpack_from("!h", rest)
    formats = struct.unpack_from(f"!{count}h", rest, 2)
    place = 2 + 2 * count
    (count,) = struct.unpack_from("!h", rest, place)
    place += 2
    values: list[Text] = []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", rest, place)
        place += 4
        values.append(None if length < 0 else rest[place : place + length].decode())
        place += max(length, 0)
    (count,) = struct.unpack_from("!h", rest, place)
    formats += struct.unpack_from(f"!{count}h", rest, place + 2)
    if any(formats):
        raise SqlError("0A000", "the local cloud's stand-in for PostgreSQL doesn't know: values in binary format")
    return portal, statement, values


def parsed(content: bytes) -> tuple[str, str]:
    """Read a Parse: the statement's name and its text. Types of parameters follow from where they stand."""
    name, sql, _ = _two(content)
    return name, sql


def _two(content: bytes) -> tuple[str, str, bytes]:
    first, second, rest = content.split(b"\0", 2)
    return first.decode(), second.decode(), rest
