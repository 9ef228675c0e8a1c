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
        limited: whether it inherits, makes neither roles nor databases, and logs in at any time any number of times.
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
        owner_may_connect: whether the owner of a database may connect to it.
        unlimited: whether a database takes as many sessions as there are.
        trigger_on_login: whether a database runs something for each login.
    """

    owner: str
    open: bool
    owner_may_connect: bool = True
    unlimited: bool = True
    trigger_on_login: bool = False


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is set for sessions to come, by who needs no right for it.

    Attributes:
        database: in which database; None for all.
        role: whose sessions; None for everybody's.
        name: what.
    """

    database: str | None
    role: str | None
    name: str


def roles(session: Session, names: Iterable[str]) -> dict[str, Role]:
    """Return those of the roles that exist."""
    return {
        str(name): Role(
            can_log_in=bool(can_log_in),
            limited=bool(limited),
            settings=tuple(settings or ()),
        )
        for name, can_log_in, limited, settings in session.run(statements.read_roles(names))
    }


def databases(session: Session) -> dict[str, Owned]:
    """Return all databases."""
    rows = session.run(statements.read_databases())
    # Without a list of rights, those are in force that PostgreSQL gives by itself: everybody may connect.
    # https://www.postgresql.org/docs/current/ddl-priv.html
    return {
        str(name): Owned(
            owner=str(owner),
            open=rights is None or _may("", "c", rights),
            owner_may_connect=rights is None or _may(str(owner), "c", rights),
            unlimited=bool(unlimited),
            trigger_on_login=bool(trigger),
        )
        for name, owner, rights, unlimited, trigger in rows
    }


def owners(session: Session, database: str, names: Iterable[str]) -> set[str]:
    """Return those of the roles that own something inside a database."""
    return {str(name) for (name,) in session.run(statements.read_owners(database, names))}


def public_schema(session: Session) -> Owned | None:
    """Return this database's schema `public`, if there is one."""
    for owner, rights in session.run(statements.read_public_schema()):
        return Owned(owner=str(owner), open=rights is not None and _may("", "C", rights))
    return None


def memberships(session: Session, names: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return (role, member, who granted it) of all in which the roles are either."""
    return [(str(role), str(member), str(by)) for role, member, by in session.run(statements.read_memberships(names))]


def version(session: Session) -> int:
    """Return the first number of the server's version."""
    [[number]] = session.run(statements.read_version())
    return int(number)


def settings(session: Session) -> list[Setting]:
    """Return what is set for sessions to come, but what took a right to set, and what applications made up."""
    privileged = {str(name).lower() for (name,) in session.run(statements.read_privileged_settings())}
    return [
        Setting(database=database, role=role, name=name)
        for database, role, config in session.run(statements.read_settings())
        for name in (str(entry).split("=")[0] for entry in config or ())
        if name.lower() not in privileged and "." not in name
    ]


def foreign_settings(session: Session) -> list[str]:
    """Return what somebody else has set for this session."""
    return [str(name) for (name,) in session.run(statements.read_foreign_settings())]


def _may(grantee: str, right: str, rights: str) -> bool:
    """Whether somebody, or without a name everybody, has a right, by a list of `grantee=rights/grantor`."""
    entries = rights.strip("{}").split(",")
    return any(entry.startswith(f"{grantee}=") and right in entry.split("/")[0].split("=")[1] for entry in entries)
