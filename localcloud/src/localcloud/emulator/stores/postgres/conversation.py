"""Statements and their answers, by the simple and by the extended query protocol.

https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from localcloud.emulator.stores.postgres import lexer, statements, wire
from localcloud.emulator.stores.postgres.errors import SqlError
from localcloud.emulator.stores.postgres.lexer import Cursor
from localcloud.emulator.stores.postgres.session import Prepared, Result, Session, Text
from localcloud.emulator.stores.postgres.types import TEXT
from localcloud.emulator.stores.postgres.wire import Channel


@dataclass
class _Portal:
    """A prepared statement with its parameters; None for an empty one."""

    prepared: Prepared | None
    parameters: list[Text]


@dataclass
class _Talk:
    """What one client prepared."""

    session: Session
    channel: Channel
    statements: dict[str, Cursor | None] = field(default_factory=dict)
    portals: dict[str, _Portal] = field(default_factory=dict)


def converse(session: Session, channel: Channel) -> None:
    """Answer a client until it goes."""
    talk = _Talk(session, channel)
    skipping = False
    _ready(talk)
    while True:
        kind, content = channel.message()
        if kind == b"X":
            return
        if skipping and kind != b"S":
            continue
        skipping = False
        answer = _ANSWERS.get(kind)
        try:
            if answer is None:
                raise SqlError("08P01", f"invalid frontend message type {kind[0]}")
            answer(talk, content)
        except SqlError as error:
            _notices(talk)
            channel.put(b"E", wire.refusal(error))
            statements.fail(session)
            if session.ended:
                raise wire.Woken from error
            if kind == b"Q":
                _ready(talk)
            else:
                skipping = True
                channel.flush()


def _ready(talk: _Talk) -> None:
    session = talk.session
    if not session.block:
        talk.portals.clear()
    _notices(talk)
    status = b"I" if not session.block else b"E" if session.failed else b"T"
    talk.channel.put(b"Z", status)
    talk.channel.flush()


def _notices(talk: _Talk) -> None:
    for severity, told in talk.session.notices:
        talk.channel.put(b"N", wire.refusal(told, severity))
    talk.session.notices.clear()


def _told(talk: _Talk, result: Result) -> None:
    _notices(talk)
    for row in result.rows:
        talk.channel.put(b"D", wire.row(row))
    talk.channel.put(b"C", wire.text(result.tag))


def _query(talk: _Talk, content: bytes) -> None:
    """Carry out statements that came as one; they stand and fall together."""
    (sql,) = wire.strings(content)
    found = lexer.statements(sql)
    if not found:
        talk.channel.put(b"I")
    for cursor in found:
        if cursor.parameters:
            raise SqlError("42P02", "there is no parameter $1")
        prepared = statements.prepare(talk.session, cursor)
        result = statements.carry_out(talk.session, prepared)
        if prepared.columns is not None:
            talk.channel.put(b"T", wire.description(prepared.columns))
        _told(talk, result)
    statements.settle(talk.session)
    _ready(talk)


def _parse(talk: _Talk, content: bytes) -> None:
    name, sql = wire.parsed(content)
    found = lexer.statements(sql)
    if len(found) > 1:
        raise SqlError("42601", "cannot insert multiple commands into a prepared statement")
    if name and name in talk.statements:
        raise SqlError("42P05", f'prepared statement "{name}" already exists')
    cursor = found[0] if found else None
    if cursor is not None:
        statements.prepare(talk.session, cursor.again())
    talk.statements[name] = cursor
    talk.channel.put(b"1")


def _prepared(talk: _Talk, name: str) -> Prepared | None:
    if name not in talk.statements:
        raise SqlError("26000", f'prepared statement "{name}" does not exist')
    cursor = talk.statements[name]
    return statements.prepare(talk.session, cursor.again()) if cursor is not None else None


def _bind(talk: _Talk, content: bytes) -> None:
    portal, name, parameters = wire.bound(content)
    prepared = _prepared(talk, name)
    wanted = prepared.parameters if prepared is not None else 0
    if len(parameters) != wanted:
        raise SqlError(
            "08P01",
            f'bind message supplies {len(parameters)} parameters, but prepared statement "{name}" requires {wanted}',
        )
    talk.portals[portal] = _Portal(prepared, parameters)
    talk.channel.put(b"2")


def _portal(talk: _Talk, name: str) -> _Portal:
    if name not in talk.portals:
        raise SqlError("34000", f'portal "{name}" does not exist')
    return talk.portals[name]


def _describe(talk: _Talk, content: bytes) -> None:
    (name,) = wire.strings(content[1:])
    if content[:1] == b"S":
        prepared = _prepared(talk, name)
        count = prepared.parameters if prepared is not None else 0
        talk.channel.put(b"t", struct.pack(f"!h{count}i", count, *[TEXT] * count))
    else:
        prepared = _portal(talk, name).prepared
    if prepared is None or prepared.columns is None:
        talk.channel.put(b"n")
    else:
        talk.channel.put(b"T", wire.description(prepared.columns))


def _execute(talk: _Talk, content: bytes) -> None:
    name, _, rest = content.partition(b"\0")
    if struct.unpack("!i", rest)[0]:
        raise SqlError("0A000", "the local cloud's stand-in for PostgreSQL doesn't know: a limit of rows")
    portal = _portal(talk, name.decode())
    if portal.prepared is None:
        talk.channel.put(b"I")
        return
    _told(talk, statements.carry_out(talk.session, portal.prepared, portal.parameters))


def _close(talk: _Talk, content: bytes) -> None:
    (name,) = wire.strings(content[1:])
    if content[:1] == b"S":
        talk.statements.pop(name, None)
    else:
        talk.portals.pop(name, None)
    talk.channel.put(b"3")


def _sync(talk: _Talk, content: bytes) -> None:
    statements.settle(talk.session)
    _ready(talk)


def _flush(talk: _Talk, content: bytes) -> None:
    talk.channel.flush()


_ANSWERS: dict[bytes, Callable[[_Talk, bytes], None]] = {
    b"Q": _query,
    b"P": _parse,
    b"B": _bind,
    b"D": _describe,
    b"E": _execute,
    b"C": _close,
    b"S": _sync,
    b"H": _flush,
}
