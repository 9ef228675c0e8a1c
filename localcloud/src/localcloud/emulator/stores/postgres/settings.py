"""SET, RESET, SHOW and the settings of roles and databases: https://www.postgresql.org/docs/current/sql-set.html."""

from collections.abc import Mapping

from localcloud.emulator.stores.postgres import durations, rights
from localcloud.emulator.stores.postgres.catalog import Catalog
from localcloud.emulator.stores.postgres.errors import SqlError, denied, unsupported
from localcloud.emulator.stores.postgres.lexer import Cursor, Kind
from localcloud.emulator.stores.postgres.session import Result, Session

#: The settings that are known, and what each is at first. Of them, the role and two timeouts do something here.
DEFAULTS = {
    "application_name": "",
    "client_encoding": "UTF8",
    "client_min_messages": "notice",
    "createrole_self_grant": "",
    "datestyle": "ISO, MDY",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "extra_float_digits": "1",
    "idle_in_transaction_session_timeout": "0",
    "intervalstyle": "postgres",
    "lock_timeout": "0",
    "log_statement": "none",
    "password_encryption": "scram-sha-256",
    "search_path": '"$user", public',
    "server_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "timezone": "UTC",
}
_DURATIONS = frozenset(name for name in DEFAULTS if name.endswith("_timeout"))
#: Those that only are what they are: another value would promise what isn't kept.
_FIXED = frozenset(
    {
        "client_encoding",
        "createrole_self_grant",
        "default_transaction_read_only",
        "log_statement",
        "password_encryption",
        "server_encoding",
        "standard_conforming_strings",
    }
)


def checked(name: str, value: str) -> str:
    """Return a setting's value as it is shown; refuse one that isn't known, or that can't be another."""
    if name not in DEFAULTS:
        raise unsupported(f"the setting {name}")
    if name in _FIXED and value.lower().replace("-", "") != DEFAULTS[name].lower().replace("-", ""):
        raise unsupported(f"the setting {name} = {value}")
    return durations.written(durations.milliseconds(name, value)) if name in _DURATIONS else value


# Reading statements


def _name(cursor: Cursor) -> str:
    return "timezone" if cursor.accept("time", "zone") else cursor.name().lower()


def _value(cursor: Cursor) -> str | None:
    """Go past a value, None for DEFAULT."""
    if cursor.accept("default"):
        return None
    values = [cursor.take(Kind.NAME, Kind.QUOTED, Kind.STRING, Kind.NUMBER).value]
    while cursor.accept(","):
        values.append(cursor.take(Kind.NAME, Kind.QUOTED, Kind.STRING, Kind.NUMBER).value)
    return ", ".join(values)


def _assigned(cursor: Cursor) -> tuple[str, str | None]:
    """Go past `name = value` or `name TO value`."""
    name = _name(cursor)
    if not cursor.accept("to"):
        cursor.expect("=")
    value = _value(cursor)
    cursor.end()
    return name, value


# Of roles and databases


def alter(session: Session, cursor: Cursor, settings: dict[str, str]) -> None:
    """Change the settings of a role or a database by the rest of ALTER … SET or RESET."""
    if cursor.accept("reset"):
        name = _name(cursor)
        cursor.end()
        if name == "all":
            settings.clear()
        settings.pop(name, None)
        return
    cursor.expect("set")
    name, value = _assigned(cursor)
    if value is None:
        settings.pop(name, None)
    elif name == "role":
        # Only told of now; whether it may is seen at each login.
        if value not in session.catalog.roles and value != "none":
            session.notice(f'role "{value}" does not exist', "42704")
        elif value != "none" and not rights.may_become(session.catalog, session.user, value):
            session.notice(f'permission will be denied to set role "{value}"', "42501")
        settings[name] = value
    else:
        checked(name, value)
        settings[name] = value


# Of sessions


def change(session: Session, cursor: Cursor) -> Result:
    """SET."""
    if cursor.accept("local"):
        raise unsupported(cursor.text)
    if cursor.accept("session", "authorization"):
        raise denied(f'permission denied to set session authorization "{_value(cursor)}"')
    cursor.accept("session")
    if cursor.accept("role"):
        if not cursor.accept("to"):
            cursor.accept("=")
        become(session, cursor.take(Kind.NAME, Kind.QUOTED, Kind.STRING).value)
        cursor.end()
        return Result("SET")
    name, value = _assigned(cursor)
    if value is None:
        _put_back(session, name)
    else:
        session.settings[name] = checked(name, value)
    return Result("SET")


def reset(session: Session, cursor: Cursor) -> Result:
    """RESET."""
    name = _name(cursor)
    cursor.end()
    _put_back(session, name)
    return Result("RESET")


def _put_back(session: Session, name: str) -> None:
    """Make a setting what it was at login; `all` is all of them but the role."""
    if name == "role":
        become(session, session.first.get("role", "none"))
    elif name == "all":
        session.settings = _without_role(session.first)
    else:
        shown(session, name)  # refuses one that isn't known
        session.settings.pop(name, None)
        if name in session.first:
            session.settings[name] = session.first[name]


def become(session: Session, name: str) -> None:
    """SET ROLE."""
    if name == "none":
        session.role = session.user
        return
    if name not in session.catalog.roles:
        raise SqlError("22023", f'role "{name}" does not exist')
    if not rights.may_become(session.catalog, session.user, name):
        raise denied(f'permission denied to set role "{name}"')
    session.role = name


def shown(session: Session, name: str) -> str:
    """Return what a setting is."""
    told = {
        "is_superuser": "off",
        "role": session.role if session.role != session.user else "none",
        "server_version": session.instance.version,
        "session_authorization": session.user,
    }
    if name in told:
        return told[name]
    if name not in DEFAULTS:
        raise unsupported(f"the setting {name}")
    return session.settings.get(name, DEFAULTS[name])


def at_login(catalog: Catalog, user: str, database: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Return what a session begins with: by role and database, by role, by database, the client's own last.

    https://www.postgresql.org/docs/current/sql-alterrole.html
    """
    role = catalog.roles[user]
    given = {
        **catalog.databases[database].settings,
        **role.settings.get("", {}),
        **role.settings.get(database, {}),
        **{name.lower(): value for name, value in asked.items()},
    }
    return {name: value if name == "role" else checked(name, value) for name, value in given.items()}


def begin(session: Session) -> None:
    """Take over what the session begins with; where it mayn't become the role of that, it is only warned."""
    session.settings = _without_role(session.first)
    try:
        become(session, session.first.get("role", "none"))
    except SqlError as error:
        session.warn(error.message, error.sqlstate)


def _without_role(settings: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in settings.items() if key != "role"}
