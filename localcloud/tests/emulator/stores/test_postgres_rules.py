"""The stand-in for PostgreSQL beside the real server: the same statements, the same answers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pg8000.native
import pytest

from emulator.stores.conftest import MASTER, PASSWORD, Database
from tests.servers.postgres import PostgresServer

_Connect = Callable[[str, str, str], pg8000.native.Connection]

#: Who says what, and in which database; what is indented goes on. Roles and databases are the test's own: `rule…`.
CONVERSATION = """
demo: CREATE ROLE rule_owner NOLOGIN
demo: CREATE ROLE rule_owner NOLOGIN
demo: CREATE ROLE rule_a LOGIN PASSWORD 'rule-password'
demo: CREATE USER rule_b PASSWORD 'rule-password'
demo: CREATE ROLE pg_mine
demo: CREATE ROLE public
demo: CREATE ROLE rule_s SUPERUSER
demo: ALTER ROLE rule_none LOGIN
demo: ALTER ROLE rdsadmin PASSWORD 'x'
demo: SELECT rolname, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolconfig FROM pg_roles WHERE
    rolname LIKE 'rule\\_%' ORDER BY rolname
demo: GRANT rule_owner TO demo
demo: GRANT rule_owner TO rule_a
demo: GRANT rule_owner TO rule_a
demo: GRANT rule_a TO rule_owner
demo: GRANT rule_none TO rule_a
demo: GRANT rdsadmin TO rule_a
demo: CREATE DATABASE rule OWNER rule_owner
demo: CREATE DATABASE rule
demo: SELECT r.rolname, d.datacl::text FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE
    d.datname = 'rule'
demo: REVOKE ALL ON DATABASE rule FROM PUBLIC
demo: GRANT CONNECT ON DATABASE rule TO rule_b
demo: GRANT SELECT ON DATABASE rule TO rule_b
demo: GRANT CONNECT ON DATABASE rule_none TO rule_b
demo: GRANT CONNECT ON DATABASE rule TO rule_none
demo: SELECT datacl::text FROM pg_database WHERE datname = 'rule'
demo: ALTER ROLE rule_a SET role TO 'rule_owner'
demo: ALTER ROLE rule_a SET statement_timeout TO '3s'
demo: ALTER ROLE rule_a IN DATABASE rule SET lock_timeout = 1000
demo: SELECT rolconfig FROM pg_roles WHERE rolname = 'rule_a'
rule_a: SELECT current_user, session_user
rule_a: SHOW statement_timeout
rule_a: SHOW lock_timeout
rule_a: SHOW role
rule_a: SET ROLE none
rule_a: SELECT current_user
rule_a: RESET ROLE
rule_a: SELECT current_user
rule_a: SET ROLE demo
rule_a: SET ROLE rule_none
rule_a: CREATE ROLE rule_z
rule_a: ALTER ROLE rule_b PASSWORD 'x'
rule_a: DROP ROLE rule_b
rule_a: CREATE DATABASE rule_z
rule_a: DROP DATABASE rule
rule_a: SELECT has_database_privilege('rule', 'CONNECT'), has_database_privilege('rule_b', 'rule', 'create')
rule_a: SELECT pg_has_role('rule_a', 'rule_owner', 'MEMBER'), pg_has_role('demo', 'USAGE')
rule_b: SELECT current_user
rule_b: REVOKE ALL ON DATABASE rule FROM PUBLIC
rule_b: GRANT CONNECT ON DATABASE rule TO rule_a
rule_b: ALTER DATABASE rule OWNER TO rule_b
rule_b: SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rule_a'
rule_b: ALTER ROLE rule_b PASSWORD 'rule-password'
rule_b: SELECT rolname FROM pg_authid
rule_b: SELECT passwd FROM pg_shadow
demo: SELECT 'role=rule_owner' = ANY(setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid =
    s.setrole WHERE r.rolname = 'rule_a' AND setdatabase = 0
demo: ALTER ROLE rule_a RESET role
demo: ALTER ROLE rule_a SET role TO rule_none
demo: SELECT rolconfig FROM pg_roles WHERE rolname = 'rule_a'
demo: REVOKE rule_owner FROM rule_b
demo: REVOKE rule_owner FROM rule_a
demo: ALTER ROLE rule_b NOLOGIN PASSWORD NULL
rule_b: SELECT 1
demo: ALTER ROLE rule_b LOGIN
rule_b: SELECT 1
demo: BEGIN
demo: CREATE ROLE rule_t
demo: CREATE ROLE rule_t
demo: SELECT 1
demo: COMMIT
demo: SELECT count(*) FROM pg_roles WHERE rolname = 'rule_t'
demo: BEGIN
demo: CREATE DATABASE rule_t
demo: ROLLBACK
demo: COMMIT
demo: DROP ROLE rule_owner
demo: DROP ROLE demo
demo: DROP ROLE IF EXISTS rule_none
demo: DROP ROLE rule_none
demo: SELECT pg_advisory_lock(5)
demo: SELECT pg_advisory_unlock(5)
demo: SELECT pg_advisory_unlock(5)
demo: SELECT DISTINCT rolsuper FROM pg_roles ORDER BY rolsuper LIMIT 1
demo: SELECT rolname FROM pg_roles WHERE oid IN (SELECT datdba FROM pg_database WHERE datname = 'rule')
demo: SELECT (SELECT rolname FROM pg_roles WHERE oid = d.datdba) FROM pg_database d WHERE datname = 'rule'
demo: SELECT (SELECT rolname FROM pg_roles)
demo: SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'rule_a') AS there
demo: SELECT null, true, 1, 'a', 'a' || 'b', 1 = 1, NULL = 1, coalesce(NULL, 'x'), NULL IS NULL, 2 IN (1, 2)
demo: SELECT nothing FROM pg_roles
demo: SELECT r.rolname FROM pg_roles x
demo: SELECT oid FROM pg_roles a, pg_database b
demo: SELECT 'x'::int
demo: SELECT 'pg_database'::regclass = 1262
demo: SELECT 1 FROM rule_none
demo: SELECT 1; SELECT 2
demo: SET lock_timeout = '2000ms'
demo: SHOW lock_timeout
demo: SET lock_timeout = 'soon'
demo: RESET lock_timeout
demo: SHOW lock_timeout
demo: REASSIGN OWNED BY rdsadmin TO rule_owner
demo: SELECT DISTINCT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid JOIN pg_database d
    ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND d.datname = 'rule'
rule_owner@rule: SELECT 1
demo@rule: SELECT r.rolname, n.nspacl::text FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE
    n.nspname = 'public'
demo@rule: REVOKE CREATE ON SCHEMA public FROM PUBLIC
demo@rule: GRANT USAGE, CREATE ON SCHEMA public TO rule_a
demo@rule: SELECT has_schema_privilege('rule_a', 'public', 'CREATE'), has_schema_privilege('rule_b',
    'public', 'CREATE')
demo@rule: ALTER SCHEMA public OWNER TO rule_owner
demo@rule: SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'
demo@rule: SELECT DISTINCT r.rolname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid JOIN
    pg_database d ON d.oid = s.dbid WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o' AND
    d.datname = 'rule'
demo@rule: ALTER SCHEMA rule_none OWNER TO rule_owner
demo@rule: ALTER DATABASE rule OWNER TO demo
demo@rule: REASSIGN OWNED BY rule_owner TO demo
demo@rule: DROP DATABASE rule
demo@rule: DROP DATABASE IF EXISTS rule_none
"""


class Side:
    """One of the two servers.

    Args:
        connect: logs in to it.
    """

    def __init__(self, connect: _Connect) -> None:
        self._connect = connect
        self._sessions: dict[str, pg8000.native.Connection] = {}

    def say(self, who: str, sql: str) -> object:
        """Return what it answers: rows, types and notices, or the refusal; names of columns and numbers count too."""
        user, _, database = who.partition("@")
        try:
            if who not in self._sessions:
                password = PASSWORD if user == MASTER else "rule-password"
                self._sessions[who] = self._connect(
                    user, password, database or ("postgres" if user == MASTER else "rule")
                )
            connection = self._sessions[who]
            rows = connection.run(sql)
        except pg8000.native.DatabaseError as error:
            return error.args[0]["C"]
        except pg8000.native.InterfaceError as error:  # the driver's own: a COMMIT that rolled back
            return str(error)
        notices = [notice[b"C"] for notice in connection.notices]
        connection.notices.clear()
        columns = [(column["name"], column["type_oid"]) for column in connection.columns or ()]
        return rows, columns, connection.row_count, notices


@pytest.fixture
def real(postgres_server: PostgresServer) -> Iterator[Side]:
    with ExitStack() as sessions:

        def connect(user: str, password: str, database: str) -> pg8000.native.Connection:
            own = postgres_server.master_password if user == MASTER else password
            return sessions.enter_context(postgres_server.connect(user, own, database))

        yield Side(connect)
    names = [
        str(name) for (name,) in postgres_server.as_superuser("SELECT rolname FROM pg_roles WHERE rolname LIKE 'rule%'")
    ]
    postgres_server.as_superuser("DROP DATABASE IF EXISTS rule (FORCE)", *(f'DROP ROLE "{name}"' for name in names))


def test_every_answer_is_the_real_servers(
    database: Callable[..., Database], postgres_server: PostgresServer, real: Side
) -> None:
    made = database(EngineVersion=postgres_server.version.split(".")[0])
    ours = Side(lambda user, password, name: made.log_in(user, password, name))
    differences: list[Any] = []
    for line in CONVERSATION.replace("\n    ", " ").split("\n")[1:-1]:
        who, _, sql = line.partition(": ")
        given, wanted = ours.say(who, sql), real.say(who, sql)
        if given != wanted:
            differences.append((line, given, wanted))
    assert not differences
