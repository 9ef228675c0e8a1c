"""Every statement that PostgreSQL is sent, each with the name by which logs, errors and the answer speak of it.

They are plain SQL without parameters, sent by the simple protocol. Names in them were checked by `events` (lower case
letters, digits and underscores), so that quotes are all the quoting that is needed; names that others chose are quoted
by `_quoted`; the one value is a SCRAM verifier. Catalogues and functions are named with their schema, and the session's
search path has PostgreSQL's own alone, operators and types among them: what a database's owner made is never run.
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


def _quoted(name: str) -> str:
    """Quote a name that anybody may have chosen."""
    return '"' + name.replace('"', '""') + '"'


def shown(name: str) -> str:
    """Return a name that anybody may have chosen so that it can be written anywhere."""
    return name[:63].encode("unicode_escape").decode()


# What is read.


def lock() -> Statement:
    """Wait until no other run is at work on this server; the lock ends with the connection."""
    return Statement(name="lock", sql=f"SELECT pg_catalog.pg_advisory_lock({_LOCK})")


def read_roles(roles: Iterable[str]) -> Statement:
    """Return name, may log in, is limited, and settings, of those that exist."""
    return Statement(
        name="read roles",
        sql="SELECT rolname, rolcanlogin, rolinherit AND NOT rolcreatedb AND NOT rolcreaterole AND rolconnlimit = -1 "
        "AND coalesce(rolvaliduntil, 'infinity') = 'infinity', rolconfig FROM pg_catalog.pg_roles "
        f"WHERE rolname IN ({_names(roles)})",
    )


def read_memberships(roles: Iterable[str]) -> Statement:
    """Return (role, member, grantor) of all that these roles are a member of, and of all their members."""
    return Statement(
        name="read memberships",
        sql="SELECT r.rolname, m.rolname, g.rolname FROM pg_catalog.pg_auth_members a "
        "JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member "
        "JOIN pg_catalog.pg_roles g ON g.oid = a.grantor "
        f"WHERE r.rolname IN ({_names(roles)}) OR m.rolname IN ({_names(roles)}) ORDER BY 1, 2, 3",
    )


def read_version() -> Statement:
    """Return the first number of the server's version."""
    return Statement(
        name="read version",
        sql="SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 / 10000",
    )


def read_settings() -> Statement:
    """Return (database, role, names) of what is set for sessions to come by who needs no right for it."""
    return Statement(
        name="read settings",
        sql="SELECT d.datname, r.rolname, s.setconfig FROM pg_catalog.pg_db_role_setting s "
        "LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase "
        "LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole ORDER BY 1, 2",
    )


def read_privileged_settings() -> Statement:
    """Return the names of the settings that take a right to be set."""
    return Statement(
        name="read settings",
        sql="SELECT name FROM pg_catalog.pg_settings WHERE context <> 'user'",
    )


def read_foreign_settings() -> Statement:
    """Return what somebody else has set for this session."""
    return Statement(
        name="read settings",
        sql="SELECT name FROM pg_catalog.pg_settings WHERE context = 'user' AND name NOT LIKE '%.%' "
        "AND source IN ('database', 'user', 'database user') ORDER BY 1",
    )


def read_unexpected(roles: Iterable[str], databases: Iterable[str]) -> Statement:
    """Return (kind, name) of what there is on the server, beside these and what PostgreSQL and RDS make.

    Names that begin with `pg_` are PostgreSQL's, and nobody else can make one; nor one with `rds` on RDS.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html
    """
    own = _names(roles)
    return Statement(
        name="audit",
        sql=f"SELECT 'role', rolname FROM pg_catalog.pg_roles WHERE rolname NOT IN ({own}) AND rolname !~ '^(pg_|rds)' "
        "UNION ALL SELECT 'special rights of role', rolname FROM pg_catalog.pg_roles "
        f"WHERE rolname IN ({own}) AND (rolsuper OR rolreplication OR rolbypassrls) "
        "UNION ALL SELECT 'membership in ' || r.rolname || ' of', m.rolname FROM pg_catalog.pg_auth_members a "
        "JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member "
        f"WHERE r.rolname NOT IN ({own}) AND m.rolname !~ '^(pg_|rds)' "
        f"AND NOT (m.rolname IN ({own}) AND r.rolname ~ '^rds') "
        f"OR r.rolname IN ({own}) AND m.rolname NOT IN ({own}) "
        f"UNION ALL SELECT 'database', datname FROM pg_catalog.pg_database "
        f"WHERE datname NOT IN ({_names(databases)}, 'postgres', 'template0', 'template1', 'rdsadmin') "
        "UNION ALL SELECT 'replication slot', slot_name FROM pg_catalog.pg_replication_slots "
        "WHERE slot_name !~ '^rds' "
        "UNION ALL SELECT 'prepared transaction', gid FROM pg_catalog.pg_prepared_xacts "
        "UNION ALL SELECT 'subscription', subname FROM pg_catalog.pg_subscription "
        "ORDER BY 1, 2",
    )


def read_unexpected_inside() -> Statement:
    """Return (kind, name) of what there is in this database beside tables and the like."""
    return Statement(
        name="audit",
        sql="SELECT 'extension', extname::pg_catalog.text FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' "
        "UNION ALL SELECT 'publication', pubname FROM pg_catalog.pg_publication "
        "UNION ALL SELECT 'event trigger', evtname FROM pg_catalog.pg_event_trigger "
        "UNION ALL SELECT 'foreign server', srvname FROM pg_catalog.pg_foreign_server "
        "UNION ALL SELECT 'default rights of', pg_catalog.pg_get_userbyid(defaclrole) FROM pg_catalog.pg_default_acl "
        "ORDER BY 1, 2",
    )


def read_databases() -> Statement:
    """Return (name, owner, rights, takes sessions without a limit, has a trigger on login) of every database.

    The trigger is from PostgreSQL 17 on. https://www.postgresql.org/docs/17/catalog-pg-database.html
    """
    return Statement(
        name="read databases",
        sql="SELECT d.datname, r.rolname, d.datacl::pg_catalog.text, "
        "d.datallowconn AND d.datconnlimit = -1 AND NOT d.datistemplate, "
        "pg_catalog.to_jsonb(d) ->> 'dathasloginevt' = 'true' FROM pg_catalog.pg_database d "
        "JOIN pg_catalog.pg_roles r ON r.oid = d.datdba",
    )


def read_owners(database: str, roles: Iterable[str]) -> Statement:
    """Return which of the roles own something inside a database."""
    return Statement(
        name="read owners",
        sql="SELECT DISTINCT r.rolname FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid "
        "JOIN pg_catalog.pg_database d ON d.oid = s.dbid "
        "WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'o' "
        f"AND d.datname = '{database}' AND r.rolname IN ({_names(roles)})",
    )


def read_public_schema() -> Statement:
    """Return (owner, rights) of this database's schema `public`."""
    return Statement(
        name="read schema",
        sql="SELECT r.rolname, n.nspacl::pg_catalog.text FROM pg_catalog.pg_namespace n "
        "JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner "
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
    return Statement(
        name="limit role",
        sql=f"ALTER ROLE \"{role}\" INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT -1 VALID UNTIL 'infinity'",
    )


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
    """Make the database, from the template that nobody can have put anything into."""
    return Statement(name="create database", sql=f'CREATE DATABASE "{database}" OWNER "{owner}" TEMPLATE template0')


def give_database(database: str, owner: str) -> Statement:
    """Change a database's owner."""
    return Statement(name="give database", sql=f'ALTER DATABASE "{database}" OWNER TO "{owner}"')


def close_database(database: str) -> Statement:
    """Take from everybody what PostgreSQL gives to everybody: to connect to a database, and to make tables in it."""
    return Statement(name=f"close database {database}", sql=f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')


def close_schema() -> Statement:
    """Let nobody but its owner make anything in `public`, as it is by itself from PostgreSQL 15 on."""
    return Statement(name="close schema", sql="REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def lift_limits(database: str) -> Statement:
    """Let sessions into a database, of which its owner may forbid all, or limit the number."""
    return Statement(
        name=f"lift limits of {database}",
        sql=f'ALTER DATABASE "{database}" WITH ALLOW_CONNECTIONS true CONNECTION LIMIT -1 IS_TEMPLATE false',
    )


def open_database(database: str, owner: str) -> Statement:
    """Give a database's owner what it may have taken from itself."""
    return Statement(name=f"open database {database}", sql=f'GRANT ALL ON DATABASE "{database}" TO "{owner}"')


def reset(setting: str, database: str | None, role: str | None) -> Statement:
    """Take back what is set for sessions to come in a database, of a role, or of a role in a database."""
    where = f"DATABASE {_quoted(database or '')}"
    if role is not None:
        where = f"ROLE {_quoted(role)}" + (f" IN {where}" if database is not None else "")
    names = [shown(name) for name in (role, database) if name is not None]
    return Statement(name=f"reset {setting} of {' in '.join(names)}", sql=f"ALTER {where} RESET {_quoted(setting)}")


def revoke(role: str, member: str, grantor: str | None) -> Statement:
    """End a membership, and those that came of it.

    Args:
        role: of which it is.
        member: whose it is.
        grantor: who granted it, where each grantor's is one of its own: from PostgreSQL 16 on.
            https://www.postgresql.org/docs/16/sql-revoke.html
    """
    by = "" if grantor is None else f" GRANTED BY {_quoted(grantor)}"
    return Statement(
        name=f"revoke {shown(role)} from {shown(member)}",
        sql=f"REVOKE {_quoted(role)} FROM {_quoted(member)}{by} CASCADE",
    )


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


def end_holders(roles: Iterable[str]) -> Statement:
    """End those sessions of these roles that hold a lock on what a role or a database is: applications need none."""
    return Statement(
        name="end sessions that hold a lock",
        sql="SELECT DISTINCT a.pid, pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_locks l "
        "JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype IN ('relation', 'object', 'tuple') AND l.database = 0 AND l.mode <> 'AccessShareLock' "
        f"AND a.usename IN ({_names(roles)})",
    )


def end_sessions(role: str) -> Statement:
    """End the sessions of a role; return a row for each."""
    literal = "'" + role.replace("'", "''") + "'"
    return Statement(
        name=f"end sessions of {shown(role)}",
        sql=f"SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = {literal}",
    )
