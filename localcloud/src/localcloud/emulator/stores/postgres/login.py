"""From the first message to the first statement: https://www.postgresql.org/docs/current/protocol-flow.html.

The order of what is checked is PostgreSQL's: the password, then whether the role logs in, then the database.
"""

import struct
from collections.abc import Callable
from typing import Protocol

from localcloud.emulator import turn
from localcloud.emulator.stores.postgres import rights, scram, settings
from localcloud.emulator.stores.postgres.errors import SqlError, denied, no_database, unsupported
from localcloud.emulator.stores.postgres.session import Instance, Session
from localcloud.emulator.stores.postgres.wire import (
    CANCEL_REQUEST,
    GSS_REQUEST,
    PROTOCOL_3,
    TLS_REQUEST,
    Channel,
    pairs,
    refusal,
    text,
)

#: What a client is told of at login, whatever it asked for.
_TOLD = (
    "application_name",
    "client_encoding",
    "datestyle",
    "default_transaction_read_only",
    "intervalstyle",
    "is_superuser",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "timezone",
)
#: Clients know some of them by another spelling.
_SPELLED = {"datestyle": "DateStyle", "intervalstyle": "IntervalStyle", "timezone": "TimeZone"}
_SASL, _SASL_CONTINUE, _SASL_FINAL, _OK = 10, 11, 12, 0


class Server(Instance, Protocol):
    """The server, as a login sees it."""

    def forces_tls(self) -> bool:
        """Tell whether a connection in the clear is refused."""

    def refresh(self) -> None:
        """Take over what the API changed."""

    def next_process(self) -> int:
        """Return a number for a session."""

    def admit(self, session: Session) -> None:
        """Take a session into the list of those that others see."""


def enter(server: Server, channel: Channel, secure: Callable[[], None]) -> Session | None:
    """Return the session of a client that was let in, None for one that was not.

    Args:
        server: whom it wants.
        channel: its messages.
        secure: goes on by TLS.
    """
    asked = _startup(channel, secure)
    if asked is None:
        return None
    parameters, private = asked
    try:
        session = _admit(server, channel, parameters, private=private)
    except SqlError as error:
        channel.put(b"E", refusal(error, "FATAL"))
        channel.flush()
        return None
    channel.put(b"R", struct.pack("!i", _OK))
    for name in _TOLD:
        channel.put(b"S", text(_SPELLED.get(name, name)), text(settings.shown(session, name)))
    channel.put(b"S", text("integer_datetimes"), text("on"))
    channel.put(b"K", struct.pack("!ii", session.process, session.secret))
    return session


def _startup(channel: Channel, secure: Callable[[], None]) -> tuple[dict[str, str], bool] | None:
    """Return what the client asks for, and whether by TLS."""
    private = False
    while True:
        code, content = channel.first()
        if code == TLS_REQUEST and not private:
            channel.raw(b"S")
            secure()
            private = True
        elif code == GSS_REQUEST:
            channel.raw(b"N")
        elif code == CANCEL_REQUEST:
            return None  # PostgreSQL doesn't answer it either; what could be cancelled here has time limits
        elif code >> 16 == PROTOCOL_3 >> 16:
            return pairs(content), private
        else:
            error = unsupported(f"protocol {code >> 16}.{code & 0xFFFF}")
            channel.put(b"E", refusal(error, "FATAL"))
            channel.flush()
            return None


def _admit(server: Server, channel: Channel, parameters: dict[str, str], *, private: bool) -> Session:
    user = parameters.pop("user", "")
    database = parameters.pop("database", "") or user
    for name in ("options", "replication"):
        if parameters.get(name):
            raise unsupported(f"the startup parameter {name}")
        parameters.pop(name, None)
    parameters = {name: value for name, value in parameters.items() if not name.startswith("_pq_.")}
    with turn.taking():
        forced = server.forces_tls()
    if forced and not private:
        raise SqlError(
            "28000",
            f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", database "{database}", no encryption',
        )
    server.refresh()
    _authenticate(server, channel, user)
    catalog = server.catalog
    role = catalog.roles[user]
    if not role.login:
        raise SqlError("28000", f'role "{user}" is not permitted to log in')
    sessions = tuple(server.sessions.values())
    if 0 <= role.limit <= sum(1 for one in sessions if one.user == user):
        raise SqlError("53300", f'too many connections for role "{user}"')
    found = catalog.databases.get(database)
    if found is None:
        raise no_database(database)
    if not found.connectable:
        raise SqlError("55000", f'database "{database}" is not currently accepting connections')
    if not rights.permitted(catalog, user, found, "CONNECT", found):
        raise denied(f'permission denied for database "{database}"', "User does not have CONNECT privilege.")
    if 0 <= found.limit <= sum(1 for one in sessions if one.database == database):
        raise SqlError("53300", f'too many connections for database "{database}"')
    begun = settings.at_login(catalog, user, database, parameters)
    session = Session(server, server.next_process(), user, database, first=begun, wake=channel.wake)
    settings.begin(session)
    server.admit(session)
    return session


def _authenticate(server: Server, channel: Channel, user: str) -> None:
    """Ask for the password's proof, of a role that isn't there too, so that both end alike."""
    refused = SqlError("28P01", f'password authentication failed for user "{user}"')
    role = server.catalog.roles.get(user)
    verifier = scram.read(role.verifier) if role is not None and role.verifier else None
    channel.put(b"R", struct.pack("!i", _SASL), text(scram.MECHANISM), b"\0")
    channel.flush()
    content = _answered(channel)
    mechanism, _, rest = content.partition(b"\0")
    if mechanism != scram.MECHANISM.encode():
        raise unsupported(f"the mechanism {mechanism.decode()}")
    try:
        exchange = scram.Exchange(verifier or scram.nobodys(), rest[4:].decode())
        channel.put(b"R", struct.pack("!i", _SASL_CONTINUE), exchange.challenge.encode())
        channel.flush()
        last = exchange.finish(_answered(channel).decode())
    except scram.ScramError as error:
        raise refused from error
    if verifier is None:
        raise refused
    channel.put(b"R", struct.pack("!i", _SASL_FINAL), last.encode())


def _answered(channel: Channel) -> bytes:
    kind, content = channel.message()
    if kind != b"p":
        raise SqlError("08P01", f"expected SASL response, got message type {kind!r}")
    return content
