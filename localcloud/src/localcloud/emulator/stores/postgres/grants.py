"""GRANT and REVOKE, of roles and on databases and schemas: https://www.postgresql.org/docs/current/sql-grant.html."""

from localcloud.emulator.stores.postgres import rights, roles
from localcloud.emulator.stores.postgres.catalog import (
    DATABASE_PRIVILEGES,
    PUBLIC,
    SCHEMA_PRIVILEGES,
    Catalog,
    Owned,
)
from localcloud.emulator.stores.postgres.errors import SqlError, denied, unsupported
from localcloud.emulator.stores.postgres.lexer import Cursor
from localcloud.emulator.stores.postgres.session import Result, Session

_OPTIONS = ("admin", "inherit", "set")
_SAME = {"TEMP": "TEMPORARY"}
_KINDS = {"database": DATABASE_PRIVILEGES, "schema": SCHEMA_PRIVILEGES}


def grant(session: Session, cursor: Cursor) -> Result:
    """GRANT."""
    words = _list(cursor)
    if cursor.accept("on"):
        things = _things(session, cursor, words, "were granted", "01007")
        cursor.expect("to")
        grantees = _grantees(session, cursor)
        cursor.end()
        for thing, privileges in things:
            acl = _changing(thing)
            for grantee in grantees:
                acl.setdefault(grantee, set()).update(privileges)
        return Result("GRANT")
    cursor.expect("to")
    members = _grantees(session, cursor)
    options = _options(cursor)
    cursor.end()
    catalog = session.changing()
    for name in words:
        roles.may_grant(catalog, session.role, name)
        for member in members:
            _join(session, catalog, name, member, options)
    return Result("GRANT ROLE")


def _list(cursor: Cursor) -> list[str]:
    """Go past names of privileges or roles."""
    names = cursor.names()
    if names == ["all"]:
        cursor.accept("privileges")
    return names


def _options(cursor: Cursor) -> dict[str, bool]:
    found: dict[str, bool] = {}
    if cursor.accept("with"):
        while True:
            name = cursor.name()
            if name not in _OPTIONS:
                raise unsupported(cursor.text)
            found[name] = not cursor.accept("false")
            if found[name] and not cursor.accept("true"):
                cursor.expect("option")
            if not cursor.accept(","):
                break
    return found


def _join(session: Session, catalog: Catalog, name: str, member: str, options: dict[str, bool]) -> None:
    inherit = rights.role(catalog, member).inherit
    if member == name or rights.belongs(catalog, name, member):
        raise SqlError("0LP01", f'role "{name}" is a member of role "{member}"')
    old = catalog.major < 16
    if old and options.keys() - {"admin"}:
        raise unsupported(f"{', '.join(options)} options before version 16")
    for one in catalog.members:
        if (one.role, one.member) == (name, member) and (old or one.grantor == session.role):
            if not options:
                told = f'role "{member}" is already a member of role "{name}"'
                if not old:
                    told = f'role "{member}" has already been granted membership in role "{name}" by role '
                    told += f'"{session.role}"'
                session.notice(told)
            for key, value in options.items():
                setattr(one, key, value)
            return
    catalog.join(name, member, session.role, **{"inherit": inherit, **options})


def revoke(session: Session, cursor: Cursor) -> Result:
    """REVOKE."""
    option = next((one for one in _OPTIONS if cursor.accept(one, "option", "for")), None)
    words = _list(cursor)
    if cursor.accept("on"):
        things = _things(session, cursor, words, "could be revoked", "01006")
        cursor.expect("from")
        grantees = _grantees(session, cursor)
        if not cursor.accept("restrict"):
            cursor.accept("cascade")  # the same here, where nobody grants who doesn't own
        cursor.end()
        for thing, privileges in things:
            acl = _changing(thing)
            for grantee in grantees:
                acl.setdefault(grantee, set()).difference_update(privileges)
                if not acl[grantee]:
                    del acl[grantee]
        return Result("REVOKE")
    cursor.expect("from")
    members = _grantees(session, cursor)
    cursor.end()
    catalog = session.changing()
    for name in words:
        roles.may_grant(catalog, session.role, name, "revoke")
        for member in members:
            _part(session, catalog, name, member, option)
    return Result("REVOKE ROLE")


def _part(session: Session, catalog: Catalog, name: str, member: str, option: str | None) -> None:
    found = [
        one
        for one in catalog.members
        if (one.role, one.member) == (name, member) and (catalog.major < 16 or one.grantor == session.role)
    ]
    if not found:
        told = f'role "{member}" is not a member of role "{name}"'
        if catalog.major >= 16:
            told = f'role "{member}" has not been granted membership in role "{name}" by role "{session.role}"'
        session.warn(told)
    for one in found:
        own = [two for two in catalog.members if (two.role, two.member) == (name, member) and two is not one]
        given = any((two.role, two.grantor) == (name, member) for two in catalog.members)
        if option in (None, "admin") and one.admin and given and not any(two.admin for two in own):
            raise SqlError("2BP01", "dependent privileges exist")
        if option is None:
            catalog.members.remove(one)
        else:
            setattr(one, option, False)


def _things(
    session: Session, cursor: Cursor, words: list[str], what: str, sqlstate: str
) -> list[tuple[Owned, set[str]]]:
    """Go past what privileges are about; return each thing with the privileges that are meant.

    Whoever isn't the owner changes nothing: with privileges of its own it is warned, without any refused.

    Args:
        session: whose statement it is.
        cursor: where it stands.
        words: privileges.
        what: what didn't happen, for the warning.
        sqlstate: the warning's.
    """
    kind = next((one for one in _KINDS if cursor.accept(one)), None)
    if kind is None:
        raise unsupported(cursor.text)
    known = _KINDS[kind]
    privileges = {_SAME.get(word.upper(), word.upper()) for word in words}
    if privileges == {"ALL"}:
        privileges = set(known)
    for one in privileges - set(known):
        raise SqlError("0LP01", f"invalid privilege type {one} for {kind}")
    catalog = session.changing()
    found: list[tuple[Owned, set[str]]] = []
    for name in cursor.names():
        thing: Owned = rights.database(catalog, name) if kind == "database" else rights.schema(session.here, name)
        if rights.owns(catalog, session.role, thing, session.here):
            found.append((thing, privileges))
        elif any(rights.permitted(catalog, session.role, thing, one, session.here) for one in known):
            session.warn(f'no privileges {what} for "{name}"', sqlstate)
            _changing(thing)
        else:
            raise denied(f"permission denied for {kind} {name}")
    return found


def _changing(thing: Owned) -> dict[str, set[str]]:
    if thing.acl is None:
        thing.acl = rights.default_acl(thing)
    return thing.acl


def _grantees(session: Session, cursor: Cursor) -> list[str]:
    found = []
    while True:
        if cursor.accept("public"):
            found.append(PUBLIC)
        else:
            name = roles.named(session, cursor)
            rights.role(session.catalog, name)
            found.append(name)
        if not cursor.accept(","):
            return found
