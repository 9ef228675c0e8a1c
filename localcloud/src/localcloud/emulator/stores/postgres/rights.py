"""Who may do what, as it follows from roles, memberships, owners and privileges.

https://www.postgresql.org/docs/current/role-membership.html
"""

from collections.abc import Callable, Iterable

from localcloud.emulator.stores.postgres.catalog import (
    DATABASE_OWNER,
    DATABASE_PRIVILEGES,
    PUBLIC,
    SCHEMA_PRIVILEGES,
    Catalog,
    Database,
    Membership,
    Owned,
    Role,
)
from localcloud.emulator.stores.postgres.errors import SqlError, no_database, no_role


def role(catalog: Catalog, name: str) -> Role:
    """Return a role, or refuse."""
    if name not in catalog.roles:
        raise no_role(name)
    return catalog.roles[name]


def database(catalog: Catalog, name: str) -> Database:
    """Return a database, or refuse."""
    if name not in catalog.databases:
        raise no_database(name)
    return catalog.databases[name]


def schema(within: Database, name: str) -> Owned:
    """Return a schema of a database, or refuse."""
    if name not in within.schemas:
        raise SqlError("3F000", f'schema "{name}" does not exist')
    return within.schemas[name]


def _above(catalog: Catalog, name: str, follows: Callable[[Membership], bool]) -> set[str]:
    """Return a role and all that it reaches by memberships of a kind."""
    reached, waiting = {name}, [name]
    while waiting:
        current = waiting.pop()
        for one in catalog.members:
            if one.member == current and one.role not in reached and follows(one):
                reached.add(one.role)
                waiting.append(one.role)
    return reached


def inherited(catalog: Catalog, name: str, within: Database | None = None) -> set[str]:
    """Return the roles whose privileges a role has at any time, its own included.

    Before version 16 the member's own attribute says whether it inherits; since then it is each membership's.
    """
    roles = catalog.roles

    def follows(one: Membership) -> bool:
        return one.inherit if catalog.major >= 16 else roles[one.member].inherit

    reached = _above(catalog, name, follows)
    if within is not None and within.owner in reached:
        reached |= _above(catalog, DATABASE_OWNER, follows)
    return reached


def belongs(catalog: Catalog, member: str, name: str) -> bool:
    """Tell whether a role is a member of another, directly or not."""
    return name in _above(catalog, member, lambda one: True)


def may_become(catalog: Catalog, member: str, name: str) -> bool:
    """Tell whether a role may SET ROLE to another, and so give it what it owns."""
    return role(catalog, member).superuser or name in _above(catalog, member, lambda one: one.set or catalog.major < 16)


def administers(catalog: Catalog, member: str, name: str) -> bool:
    """Tell whether a role has the ADMIN option on another."""
    if role(catalog, member).superuser:
        return True
    own = _above(catalog, member, lambda one: True)
    return any(one.role == name and one.admin and one.member in own for one in catalog.members)


def owns(catalog: Catalog, name: str, thing: Owned, within: Database | None = None) -> bool:
    """Tell whether a role has the rights of a thing's owner."""
    return role(catalog, name).superuser or thing.owner in inherited(catalog, name, within)


def default_acl(thing: Owned) -> dict[str, set[str]]:
    """Return the privileges of a thing that nobody changed."""
    if isinstance(thing, Database):
        return {PUBLIC: {"CONNECT", "TEMPORARY"}, thing.owner: set(DATABASE_PRIVILEGES)}
    return {thing.owner: set(SCHEMA_PRIVILEGES)}


def permitted(catalog: Catalog, name: str, thing: Owned, privilege: str, within: Database | None = None) -> bool:
    """Tell whether a role has a privilege on a thing."""
    if role(catalog, name).superuser:
        return True
    acl = thing.acl if thing.acl is not None else default_acl(thing)
    held: Iterable[str] = {PUBLIC, *inherited(catalog, name, within)}
    return any(privilege in acl.get(one, ()) for one in held)
