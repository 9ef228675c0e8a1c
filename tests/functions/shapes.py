"""What a server says of a system, to compare one run's end with another's."""

from tests.servers.postgres import PostgresServer

Rows = list[list[object]]


def postgres_shape(server: PostgresServer, system: str) -> dict[str, Rows]:
    """Return a system's roles, memberships and databases, with S for its name, and the master user's databases.

    From PostgreSQL 16 on, who made a role has a membership that lets them hand it on: that one isn't told.
    """
    like = f"'{system}%'"
    asked = {
        "roles": "SELECT rolname, rolcanlogin, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolconfig "
        f"FROM pg_roles WHERE rolname LIKE {like} ORDER BY 1",
        "members": "SELECT DISTINCT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        f"JOIN pg_roles m ON m.oid = a.member WHERE r.rolname LIKE {like} AND NOT a.admin_option ORDER BY 1, 2",
        "databases": "SELECT datname, pg_get_userbyid(datdba), datacl::text FROM pg_database "
        f"WHERE datname LIKE {like} OR datname IN ('postgres', 'template1') ORDER BY datname LIKE {like} DESC, 1",
    }
    return {name: [_named(row, system) for row in server.as_superuser(query)] for name, query in asked.items()}


def _named(row: list[object], system: str) -> list[object]:
    return [
        [str(item).replace(system, "S") for item in value]
        if isinstance(value, list)
        else value.replace(system, "S")
        if isinstance(value, str)
        else value
        for value in row
    ]
