"""Databases, and who owns what: CREATE and DROP DATABASE, ALTER … OWNER TO, REASSIGN OWNED.

https://www.postgresql.org/docs/current/sql-alterdatabase.html
"""

from localcloud.emulator.stores.postgres import rights, roles, settings
from localcloud.emulator.stores.postgres.catalog import Catalog, Owned
from localcloud.emulator.stores.postgres.errors import SqlError, denied, unsupported
from localcloud.emulator.stores.postgres.lexer import Cursor, Kind
from localcloud.emulator.stores.postgres.session import Result, Session


def create_database(session: Session, cursor: Cursor) -> Result:
    """CREATE DATABASE."""
    session.refuse_block("CREATE DATABASE")
    name = cursor.name()
    catalog = session.changing()
    owner = session.role
    cursor.accept("with")
    if cursor.accept("owner"):
        cursor.accept("=")
        owner = roles.named(session, cursor)
    cursor.end()
    rights.role(catalog, owner)
    if not rights.role(catalog, session.role).createdb:
        raise denied("permission denied to create database")
    _may_give(catalog, session.role, owner)
    if name in catalog.databases:
        raise SqlError("42P04", f'database "{name}" already exists')
    catalog.add_database(name, owner)
    return Result("CREATE DATABASE")


def drop_database(session: Session, cursor: Cursor) -> Result:
    """DROP DATABASE."""
    session.refuse_block("DROP DATABASE")
    if_there = cursor.accept("if", "exists")
    name = cursor.name()
    cursor.end()
    catalog = session.changing()
    if if_there and name not in catalog.databases:
        session.notice(f'database "{name}" does not exist, skipping')
        return Result("DROP DATABASE")
    database = rights.database(catalog, name)
    if not rights.owns(catalog, session.role, database, database):
        raise denied(f"must be owner of database {name}")
    if name == session.database:
        raise SqlError("55006", "cannot drop the currently open database")
    others = sum(1 for one in tuple(session.instance.sessions.values()) if one.database == name)
    if others:
        told = f"There are {others} other sessions" if others > 1 else "There is 1 other session"
        raise SqlError("55006", f'database "{name}" is being accessed by other users', f"{told} using the database.")
    del catalog.databases[name]
    return Result("DROP DATABASE")


def alter_database(session: Session, cursor: Cursor) -> Result:
    """ALTER DATABASE."""
    name = cursor.name()
    catalog = session.changing()
    database = rights.database(catalog, name)
    if not rights.owns(catalog, session.role, database, database):
        raise denied(f"must be owner of database {name}")
    if cursor.accept("owner", "to"):
        owner = roles.named(session, cursor)
        cursor.end()
        rights.role(catalog, owner)
        if database.owner != owner:
            _may_give(catalog, session.role, owner)
            if not rights.role(catalog, session.role).createdb:
                raise denied("permission denied to change owner of database")
            _give(database, owner)
    elif cursor.peek("set") or cursor.peek("reset"):
        settings.alter(session, cursor, database.settings)
    else:
        cursor.accept("with")
        if cursor.accept("allow_connections"):
            database.connectable = not cursor.accept("false")
            cursor.accept("true")
        elif cursor.accept("connection", "limit"):
            negative = cursor.accept("-")
            database.limit = int(cursor.take(Kind.NUMBER).value) * (-1 if negative else 1)
        cursor.end()
    return Result("ALTER DATABASE")


def alter_schema(session: Session, cursor: Cursor) -> Result:
    """ALTER SCHEMA … OWNER TO."""
    name = cursor.name()
    if not cursor.accept("owner", "to"):
        raise unsupported(cursor.text)
    owner = roles.named(session, cursor)
    cursor.end()
    catalog = session.changing()
    schema = rights.schema(session.here, name)
    if not rights.owns(catalog, session.role, schema, session.here):
        raise denied(f"must be owner of schema {name}")
    rights.role(catalog, owner)
    if schema.owner != owner:
        _may_give(catalog, session.role, owner)
        if not rights.permitted(catalog, session.role, session.here, "CREATE", session.here):
            raise denied(f"permission denied for database {session.database}")
        _give(schema, owner)
    return Result("ALTER SCHEMA")


def reassign(session: Session, cursor: Cursor) -> Result:
    """REASSIGN OWNED: databases, and what is in this one."""
    cursor.expect("by")
    before = [roles.named(session, cursor)]
    while cursor.accept(","):
        before.append(roles.named(session, cursor))
    cursor.expect("to")
    owner = roles.named(session, cursor)
    cursor.end()
    catalog = session.changing()
    for name in (*before, owner):
        rights.role(catalog, name)
        if name not in rights.inherited(catalog, session.role):
            raise denied(
                "permission denied to reassign objects",
                f'Only roles with privileges of role "{name}" may reassign objects '
                f"{'to' if name == owner else 'owned by'} it.",
            )
    for thing in (*catalog.databases.values(), *session.here.schemas.values()):
        if thing.owner in before:
            _give(thing, owner)
    return Result("REASSIGN OWNED")


def _may_give(catalog: Catalog, who: str, owner: str) -> None:
    if not rights.may_become(catalog, who, owner):
        told = f'must be able to SET ROLE "{owner}"' if catalog.major >= 16 else f'must be member of role "{owner}"'
        raise denied(told)


def _give(thing: Owned, owner: str) -> None:
    """Change the owner; its privileges go along."""
    if thing.acl is not None:
        before, thing.acl = thing.acl, {}
        for name, privileges in before.items():
            thing.acl.setdefault(owner if name == thing.owner else name, set()).update(privileges)
    thing.owner = owner
