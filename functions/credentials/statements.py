"""Every statement that PostgreSQL is sent, each with the name by which logs, errors and the answer speak of it.

They are plain SQL without parameters, sent by the simple protocol. Names in them were checked by `events` (lower case
letters, digits and underscores), so that quotes are all the quoting that is needed; the one value is a SCRAM verifier.
They run as RDS's master user, which is no superuser: it has CREATEROLE, CREATEDB and the membership in rds_superuser.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

#: The lock under which roles are changed: the bytes of "alicerce" as a number.
_LOCK = int.from_bytes(b"alicerce", "big")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement.

    Attributes:
        name: what it does.
        sql: its text.
        hidden: whether the text has something in it that no error may tell.
    """

    name: str
    sql: str = field(repr=False)
    hidden: bool = False


def _names(roles: Iterable[str]) -> str:
    return ", ".join(f"'{role}'" for role in roles)


# What is read.


def lock() -> Statement:
    """Wait until no other run is at work on this server; the lock ends with the connection."""
    return Statement(name="lock", sql=f"SELECT pg_advisory_lock({_LOCK})")


def read_roles(roles: Iterable[str]) -> Statement:
    """Return name, may log in, inherits, may create databases, may create roles, settings; of those that exist."""
    return Statement(
        name="read roles",
        sql="SELECT rolname, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolconfig FROM pg_roles "
        f"WHERE rolname IN ({_names(roles)})",
    )


def read_members(owner: str) -> Statement:
    """Return (member, grantor) of a role."""
    return Statement(
        name="read members",
        sql="SELECT m.rolname, g.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        f"JOIN pg_roles m ON m.oid = a.member JOIN pg_roles g ON g.oid = a.grantor WHERE r.rolname = '{owner}'",
    )


def read_databases() -> Statement:
    """Return (name, owner, rights) of every database."""
    return Statement(
        name="read databases",
        sql="SELECT d.datname, r.rolname, d.datacl::text FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba",
    )


def read_owners(database: str, roles: Iterable[str]) -> Statement:
    """Return which of the roles own something inside a database."""
    return Statement(
        name="read owners",
        sql="SELECT DISTINCT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid "
        "JOIN pg_database d ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' "
        f"AND d.datname = '{database}' AND r.rolname IN ({_names(roles)})",
    )


def read_public_schema() -> Statement:
    """Return (owner, rights) of this database's schema `public`."""
    return Statement(
        name="read schema",
        sql="SELECT r.rolname, n.nspacl::text FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner "
        "WHERE n.nspname = 'public'",
    )


def read_user() -> Statement:
    """Return whom this session acts as."""
    return Statement(name="log in", sql="SELECT current_user")


# What is changed.


def create_owner(owner: str) -> Statement:
    """Make the role that owns a system's database."""
    return Statement(name="create owner", sql=f'CREATE ROLE "{owner}" NOLOGIN')


def close_owner(owner: str) -> Statement:
    """Let nobody log in as the owner."""
    return Statement(name="close owner", sql=f'ALTER ROLE "{owner}" NOLOGIN')


def create_login(role: str) -> Statement:
    """Make a role to log in with: without a password it can't yet."""
    return Statement(name="create role", sql=f'CREATE ROLE "{role}" LOGIN')


def limit_login(role: str) -> Statement:
    """Take from a role that was there before what it doesn't need."""
    return Statement(name="limit role", sql=f'ALTER ROLE "{role}" INHERIT NOCREATEDB NOCREATEROLE')


def join_owner(owner: str, member: str) -> Statement:
    """Let a role act as the owner.

    The master user too: from PostgreSQL 16 on, who creates a role may hand it on, and isn't a member by that.
    https://www.postgresql.org/docs/16/role-attributes.html
    """
    return Statement(name=f"let {member} act as owner", sql=f'GRANT "{owner}" TO "{member}"')


def act_as_owner(owner: str, role: str) -> Statement:
    """Make a role act as the owner from its login on, so that both roles' objects are the owner's."""
    return Statement(name=f"make {role} act as owner", sql=f"ALTER ROLE \"{role}\" SET role TO '{owner}'")


def create_database(database: str, owner: str) -> Statement:
    """Make the database."""
    return Statement(name="create database", sql=f'CREATE DATABASE "{database}" OWNER "{owner}"')


def give_database(database: str, owner: str) -> Statement:
    """Change a database's owner."""
    return Statement(name="give database", sql=f'ALTER DATABASE "{database}" OWNER TO "{owner}"')


def close_database(database: str) -> Statement:
    """Take from everybody what PostgreSQL gives to everybody: to connect to a database, and to make tables in it."""
    return Statement(name=f"close database {database}", sql=f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')


def close_schema() -> Statement:
    """Let nobody but its owner make anything in `public`, as it is by itself from PostgreSQL 15 on."""
    return Statement(name="close schema", sql="REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def give_objects(role: str, owner: str, admin: str, others: Iterable[str]) -> list[Statement]:
    """Give all that a role owns in this database to the owner, as a whole or not at all.

    REASSIGN OWNED takes the role's other databases along (of the master user: `postgres` and `template1`), so they are
    given back. https://www.postgresql.org/docs/current/sql-reassign-owned.html
    """
    name = f"give objects of {role}"
    borrowed = role != admin
    texts = [
        "BEGIN",
        *([f'GRANT "{role}" TO "{admin}"'] if borrowed else []),
        f'REASSIGN OWNED BY "{role}" TO "{owner}"',
        *(f'ALTER DATABASE "{database}" OWNER TO "{role}"' for database in others),
        *([f'REVOKE "{role}" FROM "{admin}"'] if borrowed else []),
        "COMMIT",
    ]
    return [Statement(name=name, sql=text) for text in texts]


def set_password(role: str, verifier: str) -> Statement:
    """Let a role log in with a password, of which the server gets the verifier alone.

    https://www.postgresql.org/docs/current/catalog-pg-authid.html
    """
    return Statement(name="set password", sql=f"ALTER ROLE \"{role}\" LOGIN PASSWORD '{verifier}'", hidden=True)


def disable(role: str) -> Statement:
    """Let nobody log in as a role, whatever password they have."""
    return Statement(name=f"disable {role}", sql=f'ALTER ROLE "{role}" NOLOGIN PASSWORD NULL')


def end_sessions(role: str) -> Statement:
    """End the sessions of a role; return a row for each."""
    return Statement(
        name=f"end sessions of {role}",
        sql=f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'",
    )
