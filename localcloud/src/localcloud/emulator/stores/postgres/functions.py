"""Functions that questions to the catalogue call: https://www.postgresql.org/docs/current/functions-info.html."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localcloud.emulator.stores.postgres import rights, settings
from localcloud.emulator.stores.postgres.errors import SqlError, denied, unsupported
from localcloud.emulator.stores.postgres.locks import Key
from localcloud.emulator.stores.postgres.session import Session
from localcloud.emulator.stores.postgres.types import BOOL, INT4, INT8, NAME, OID, TEXT, VOID, Value, cast

_Call = Callable[[Session, Sequence[Value]], Value]


@dataclass(frozen=True)
class Function:
    """A function.

    Attributes:
        returns: the type of its value.
        takes: how many arguments it may have.
        call: what it does; it isn't called with NULL among the arguments, for which its value is NULL.
    """

    returns: int
    takes: tuple[int, ...]
    call: _Call


def _key(session: Session, arguments: Sequence[Value]) -> Key:
    """Return the lock that one number or two name."""
    numbers = [cast(one, INT8 if len(arguments) == 1 else INT4) for one in arguments]
    first, second = numbers if len(numbers) == 2 else (numbers[0], -1)
    assert isinstance(first, int)
    assert isinstance(second, int)
    return (session.database, first, second)


def _take(*, transaction: bool, wait: bool) -> _Call:
    def call(session: Session, arguments: Sequence[Value]) -> Value:
        key = _key(session, arguments)
        taken = session.instance.locks.take(key, session, transaction=transaction, wait=wait)
        return "" if wait else taken

    return call


def _give(session: Session, arguments: Sequence[Value]) -> Value:
    given = session.instance.locks.give(_key(session, arguments), session)
    if not given:
        session.warn("you don't own a lock of type ExclusiveLock")
    return given


def _give_all(session: Session, arguments: Sequence[Value]) -> Value:
    session.instance.locks.give_all(session)
    return ""


def _terminate(session: Session, arguments: Sequence[Value]) -> Value:
    """End a session: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SIGNAL."""
    process = cast(arguments[0], INT4)
    assert isinstance(process, int)
    other = session.instance.sessions.get(process)
    if other is None:
        session.warn(f"PID {process} is not a PostgreSQL backend process")
        return False
    own = rights.inherited(session.catalog, session.role)
    if other.user not in own and "pg_signal_backend" not in own:
        raise denied(
            "permission denied to terminate process",
            "Only roles with privileges of the role whose process is being terminated or with privileges of the "
            '"pg_signal_backend" role may terminate this process.',
        )
    other.ended = True
    other.wake()
    session.instance.locks.wake()
    return True


def _role_named(session: Session, value: Value) -> str:
    """Return the name of a role that is given by name or number."""
    if isinstance(value, int):
        for role in session.catalog.roles.values():
            if role.oid == value:
                return role.name
        return f"unknown (OID={value})"
    return rights.role(session.catalog, str(value)).name


def _who(session: Session, arguments: Sequence[Value], more: int) -> tuple[str, list[str]]:
    """Return whom a question is about, the session's role where nobody is named, and the other arguments."""
    given = list(arguments)
    who = _role_named(session, given.pop(0)) if len(given) > more else session.role
    return who, [str(one) for one in given]


def _has_database(session: Session, arguments: Sequence[Value]) -> Value:
    who, (name, privilege) = _who(session, arguments, 2)
    database = rights.database(session.catalog, name)
    return rights.permitted(session.catalog, who, database, _privilege(privilege), database)


def _has_schema(session: Session, arguments: Sequence[Value]) -> Value:
    who, (name, privilege) = _who(session, arguments, 2)
    schema = rights.schema(session.here, name)
    return rights.permitted(session.catalog, who, schema, _privilege(privilege), session.here)


def _privilege(text: str) -> str:
    name = text.strip().upper()
    if name not in ("CREATE", "CONNECT", "TEMPORARY", "TEMP", "USAGE"):
        raise SqlError("22023", f'unrecognized privilege type: "{text}"')
    return "TEMPORARY" if name == "TEMP" else name


def _has_role(session: Session, arguments: Sequence[Value]) -> Value:
    """https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-ACCESS-TABLE."""
    given = list(arguments)
    privilege = str(given.pop()).upper()
    who = _role_named(session, given.pop(0)) if len(given) > 1 else session.role
    name = _role_named(session, given[0])
    if privilege == "MEMBER":
        return rights.belongs(session.catalog, who, name)
    if privilege == "USAGE":
        return name in rights.inherited(session.catalog, who)
    if privilege == "SET" and session.catalog.major >= 16:
        return rights.may_become(session.catalog, who, name)
    raise unsupported(f"pg_has_role(…, '{privilege}')")


def _setting(session: Session, arguments: Sequence[Value]) -> Value:
    return settings.shown(session, str(arguments[0]).lower())


def _version(session: Session, arguments: Sequence[Value]) -> Value:
    return f"PostgreSQL {session.instance.version} (the local cloud's stand-in)"


def _quoted(session: Session, arguments: Sequence[Value]) -> Value:
    text = str(arguments[0])
    plain = text.isidentifier() and text == text.lower() and text.isascii()
    return text if plain else '"' + text.replace('"', '""') + '"'


FUNCTIONS = {
    "current_database": Function(NAME, (0,), lambda session, _: session.database),
    "current_setting": Function(TEXT, (1,), _setting),
    "has_database_privilege": Function(BOOL, (2, 3), _has_database),
    "has_schema_privilege": Function(BOOL, (2, 3), _has_schema),
    "pg_advisory_lock": Function(VOID, (1, 2), _take(transaction=False, wait=True)),
    "pg_advisory_unlock": Function(BOOL, (1, 2), _give),
    "pg_advisory_unlock_all": Function(VOID, (0,), _give_all),
    "pg_advisory_xact_lock": Function(VOID, (1, 2), _take(transaction=True, wait=True)),
    "pg_backend_pid": Function(INT4, (0,), lambda session, _: session.process),
    "pg_get_userbyid": Function(NAME, (1,), lambda session, given: _role_named(session, cast(given[0], OID))),
    "pg_has_role": Function(BOOL, (2, 3), _has_role),
    "pg_terminate_backend": Function(BOOL, (1,), _terminate),
    "pg_try_advisory_lock": Function(BOOL, (1, 2), _take(transaction=False, wait=False)),
    "pg_try_advisory_xact_lock": Function(BOOL, (1, 2), _take(transaction=True, wait=False)),
    "quote_ident": Function(TEXT, (1,), _quoted),
    "version": Function(TEXT, (0,), _version),
}

#: Functions that are called without parentheses.
WORDS: dict[str, Callable[[Session], str]] = {
    "current_catalog": lambda session: session.database,
    "current_role": lambda session: session.role,
    "current_user": lambda session: session.role,
    "session_user": lambda session: session.user,
    "user": lambda session: session.role,
}
