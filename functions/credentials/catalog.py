"""What PostgreSQL says of its roles and databases."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import statements
from .session import Session


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role.

    Attributes:
        can_log_in: whether it may.
        limited: whether it inherits, and makes neither roles nor databases.
        settings: what it is set to at login, as `name=value`.
    """

    can_log_in: bool
    limited: bool
    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A database, or a schema.

    Attributes:
        owner: the role that owns it.
        open: whether everybody may use it: connect to the database, make tables in the schema.
    """

    owner: str
    open: bool


def roles(session: Session, names: Iterable[str]) -> dict[str, Role]:
    """Return those of the roles that exist."""
    return {
        str(name): Role(
            can_log_in=bool(can_log_in),
            limited=bool(inherits) and not databases and not roles,
            settings=tuple(settings or ()),
        )
        for name, can_log_in, inherits, databases, roles, settings in session.run(statements.read_roles(names))
    }


def members(session: Session, owner: str) -> set[tuple[str, str]]:
    """Return (member, who granted it) of a role."""
    return {(str(member), str(grantor)) for member, grantor in session.run(statements.read_members(owner))}


def databases(session: Session) -> dict[str, Owned]:
    """Return all databases."""
    rows = session.run(statements.read_databases())
    # Without a list of rights, those are in force that PostgreSQL gives by itself: everybody may connect.
    # https://www.postgresql.org/docs/current/ddl-priv.html
    return {
        str(name): Owned(owner=str(owner), open=rights is None or _everybody_may("c", rights))
        for name, owner, rights in rows
    }


def owners(session: Session, database: str, names: Iterable[str]) -> set[str]:
    """Return those of the roles that own something inside a database."""
    return {str(name) for (name,) in session.run(statements.read_owners(database, names))}


def public_schema(session: Session) -> Owned | None:
    """Return this database's schema `public`, if there is one."""
    for owner, rights in session.run(statements.read_public_schema()):
        return Owned(owner=str(owner), open=rights is not None and _everybody_may("C", rights))
    return None


def _everybody_may(right: str, rights: str) -> bool:
    """Whether everybody has a right: of a list's entries, `grantee=rights/grantor`, theirs has no grantee."""
    entries = rights.strip("{}").split(",")
    return any(entry.startswith("=") and right in entry.split("/")[0] for entry in entries)
