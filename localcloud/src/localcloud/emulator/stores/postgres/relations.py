"""The system catalogue's tables and views: https://www.postgresql.org/docs/current/catalogs.html.

Of tables, functions and types, which this server doesn't have, there are no rows.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from localcloud.emulator.stores.postgres.catalog import FIRST_OID, PUBLIC, Owned
from localcloud.emulator.stores.postgres.errors import denied
from localcloud.emulator.stores.postgres.session import Session
from localcloud.emulator.stores.postgres.types import ACL, BOOL, INT4, NAME, OID, TABLES, TEXT, TEXT_ARRAY, Value

Row = Mapping[str, Value]


@dataclass(frozen=True)
class Relation:
    """A table or a view.

    Attributes:
        columns: the type of each column, by name.
        rows: what it holds, as a session sees it.
    """

    columns: Mapping[str, int]
    rows: Callable[[Session], Iterator[Row]]


def _roles(session: Session) -> Iterator[Row]:
    for role in session.catalog.roles.values():
        everywhere = role.settings.get(PUBLIC)
        yield {
            "oid": role.oid,
            "rolname": role.name,
            "rolsuper": role.superuser,
            "rolinherit": role.inherit,
            "rolcreaterole": role.createrole,
            "rolcreatedb": role.createdb,
            "rolcanlogin": role.login,
            "rolreplication": role.superuser,
            "rolconnlimit": role.limit,
            "rolpassword": "********",
            "rolvaliduntil": None,
            "rolbypassrls": role.superuser,
            "rolconfig": [f"{key}={value}" for key, value in everywhere.items()] if everywhere else None,
        }


def _users(session: Session) -> Iterator[Row]:
    for row in _roles(session):
        if row["rolcanlogin"]:
            yield {"usename": row["rolname"], "usesysid": row["oid"], "usesuper": row["rolsuper"]}


def _oid(session: Session, name: str) -> int:
    return session.catalog.roles[name].oid


def _members(session: Session) -> Iterator[Row]:
    for one in session.catalog.members:
        yield {
            "oid": one.oid,
            "roleid": _oid(session, one.role),
            "member": _oid(session, one.member),
            "grantor": _oid(session, one.grantor),
            "admin_option": one.admin,
            "inherit_option": one.inherit,
            "set_option": one.set,
        }


def _databases(session: Session) -> Iterator[Row]:
    for one in session.catalog.databases.values():
        yield {
            "oid": one.oid,
            "datname": one.name,
            "datdba": _oid(session, one.owner),
            "datistemplate": one.template,
            "datallowconn": one.connectable,
            "datconnlimit": one.limit,
            "datacl": _acl(one),
        }


#: The letters of privileges: https://www.postgresql.org/docs/current/ddl-priv.html#PRIVILEGE-ABBREVS-TABLE
_LETTERS = {"USAGE": "U", "CREATE": "C", "TEMPORARY": "T", "CONNECT": "c"}


def _acl(thing: Owned) -> Value:
    """Return privileges as PostgreSQL writes them, NULL while they are as they come."""
    if thing.acl is None:
        return None
    given = {
        who: "".join(letter for name, letter in _LETTERS.items() if name in held) for who, held in thing.acl.items()
    }
    return [f"{who}={letters}/{thing.owner}" for who, letters in given.items()]


def _schemas(session: Session) -> Iterator[Row]:
    for one in session.here.schemas.values():
        yield {"oid": one.oid, "nspname": one.name, "nspowner": _oid(session, one.owner), "nspacl": _acl(one)}


def _owned(session: Session) -> Iterator[Row]:
    """Who owns what: https://www.postgresql.org/docs/current/catalog-pg-shdepend.html.

    Roles that came with the server are in no row of it.
    """
    for database in session.catalog.databases.values():
        things: list[tuple[int, str, Owned]] = [(0, "pg_database", database)]
        things += [(database.oid, "pg_namespace", schema) for schema in database.schemas.values()]
        for where, kind, thing in things:
            owner = _oid(session, thing.owner)
            if owner >= FIRST_OID:
                yield {
                    "dbid": where,
                    "classid": TABLES[kind],
                    "objid": thing.oid,
                    "refclassid": TABLES["pg_authid"],
                    "refobjid": owner,
                    "deptype": "o",
                }


def _settings(session: Session) -> Iterator[Row]:
    databases = session.catalog.databases
    for database in databases.values():
        if database.settings:
            config = [f"{key}={value}" for key, value in database.settings.items()]
            yield {"setdatabase": database.oid, "setrole": 0, "setconfig": config}
    for role in session.catalog.roles.values():
        for name, given in role.settings.items():
            if given and (name == PUBLIC or name in databases):
                config = [f"{key}={value}" for key, value in given.items()]
                where = databases[name].oid if name else 0
                yield {"setdatabase": where, "setrole": role.oid, "setconfig": config}


def _activity(session: Session) -> Iterator[Row]:
    for one in tuple(session.instance.sessions.values()):
        database = session.catalog.databases.get(one.database)
        role = session.catalog.roles.get(one.user)
        yield {
            "datid": database.oid if database else None,
            "datname": one.database,
            "pid": one.process,
            "usesysid": role.oid if role else None,
            "usename": one.user,
            "application_name": one.settings.get("application_name", ""),
            "state": "active" if one is session else "idle in transaction" if one.block else "idle",
            "backend_type": "client backend",
        }


def _nothing(session: Session) -> Iterator[Row]:
    return iter(())


def _secret(name: str, kind: str) -> Callable[[Session], Iterator[Row]]:
    """Return the rows of what only a superuser reads: nobody here."""

    def rows(session: Session) -> Iterator[Row]:
        raise denied(f"permission denied for {kind} {name}")

    return rows


_ROLE_COLUMNS = {
    "oid": OID,
    "rolname": NAME,
    "rolsuper": BOOL,
    "rolinherit": BOOL,
    "rolcreaterole": BOOL,
    "rolcreatedb": BOOL,
    "rolcanlogin": BOOL,
    "rolreplication": BOOL,
    "rolconnlimit": INT4,
    "rolpassword": TEXT,
    "rolvaliduntil": TEXT,
    "rolbypassrls": BOOL,
}

RELATIONS = {
    "pg_roles": Relation({**_ROLE_COLUMNS, "rolconfig": TEXT_ARRAY}, _roles),
    "pg_authid": Relation(_ROLE_COLUMNS, _secret("pg_authid", "table")),
    "pg_user": Relation({"usename": NAME, "usesysid": OID, "usesuper": BOOL}, _users),
    "pg_shadow": Relation({"usename": NAME, "passwd": TEXT}, _secret("pg_shadow", "view")),
    "pg_auth_members": Relation(
        {
            "oid": OID,
            "roleid": OID,
            "member": OID,
            "grantor": OID,
            "admin_option": BOOL,
            "inherit_option": BOOL,
            "set_option": BOOL,
        },
        _members,
    ),
    "pg_database": Relation(
        {
            "oid": OID,
            "datname": NAME,
            "datdba": OID,
            "datistemplate": BOOL,
            "datallowconn": BOOL,
            "datconnlimit": INT4,
            "datacl": ACL,
        },
        _databases,
    ),
    "pg_namespace": Relation({"oid": OID, "nspname": NAME, "nspowner": OID, "nspacl": ACL}, _schemas),
    "pg_shdepend": Relation(
        {"dbid": OID, "classid": OID, "objid": OID, "refclassid": OID, "refobjid": OID, "deptype": TEXT}, _owned
    ),
    "pg_db_role_setting": Relation({"setdatabase": OID, "setrole": OID, "setconfig": TEXT_ARRAY}, _settings),
    "pg_stat_activity": Relation(
        {
            "datid": OID,
            "datname": NAME,
            "pid": INT4,
            "usesysid": OID,
            "usename": NAME,
            "application_name": TEXT,
            "state": TEXT,
            "backend_type": TEXT,
        },
        _activity,
    ),
    "pg_class": Relation(
        {"oid": OID, "relname": NAME, "relnamespace": OID, "relowner": OID, "relkind": TEXT}, _nothing
    ),
    "pg_proc": Relation({"oid": OID, "proname": NAME, "pronamespace": OID, "proowner": OID, "prokind": TEXT}, _nothing),
    "pg_type": Relation({"oid": OID, "typname": NAME, "typnamespace": OID, "typowner": OID, "typtype": TEXT}, _nothing),
    "pg_tables": Relation({"schemaname": NAME, "tablename": NAME, "tableowner": NAME}, _nothing),
}
