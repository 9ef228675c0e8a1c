"""What a database's owner puts in the function's way on a real PostgreSQL server, and what becomes of it."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

import pg8000.native
import pytest

from functions.credentials import handler, session
from functions.credentials.errors import CredentialsError
from functions.credentials.events import Request
from functions.credentials.statements import Statement
from studies.hostile_owner import attack, master_shape
from tests.functions.calling import Caller, call
from tests.servers.postgres import PostgresServer

#: A schema whose catalogue gives whoever reads it, the master user above all, away to the attacker.
_TRAP = (
    "CREATE SCHEMA evil",
    "GRANT USAGE ON SCHEMA evil TO PUBLIC",
    """CREATE FUNCTION evil.take() RETURNS bool LANGUAGE plpgsql VOLATILE AS $$ BEGIN
       IF session_user = 'alicerce' THEN
         EXECUTE 'GRANT alicerce TO {system}'; EXECUTE 'ALTER ROLE {system} CREATEROLE CREATEDB';
       END IF; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$""",
    "CREATE VIEW evil.pg_namespace AS SELECT n.* FROM pg_catalog.pg_namespace n WHERE evil.take()",
    "CREATE VIEW evil.pg_settings AS SELECT s.* FROM pg_catalog.pg_settings s WHERE evil.take()",
    """CREATE FUNCTION evil.eq(name, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
       PERFORM evil.take(); RETURN $1::text OPERATOR(pg_catalog.=) $2; END $$""",
    "CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = text, FUNCTION = evil.eq)",
    "GRANT SELECT ON ALL TABLES IN SCHEMA evil TO PUBLIC",
    "ALTER DATABASE {system} SET search_path = evil, pg_catalog",
)


def _call(server: PostgresServer, event: dict[str, Any]) -> list[str]:
    return call(event, server.authority)


@pytest.fixture
def system(postgres_server: PostgresServer, caller: Caller) -> str:
    """A system whose first credential is in the attacker's hands."""
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    return caller.system


@contextmanager
def _inside(server: PostgresServer, system: str) -> Iterator[pg8000.native.Connection]:
    with server.connect(system, "first", system) as connection:
        yield connection


def _rights(server: PostgresServer, role: str) -> list[list[object]]:
    return server.as_superuser(
        "SELECT r.rolcreaterole, r.rolcreatedb, array(SELECT o.rolname::text FROM pg_auth_members m JOIN pg_roles o "
        f"ON o.oid = m.roleid WHERE m.member = r.oid ORDER BY 1) FROM pg_roles r WHERE r.rolname = '{role}'"
    )


@pytest.mark.parametrize("pinned", [False, True])
def test_a_search_path_of_the_owners_runs_nothing_as_the_master_user(
    postgres_server: PostgresServer, caller: Caller, system: str, pinned: bool
) -> None:
    with _inside(postgres_server, system) as connection:
        for statement in _TRAP:
            connection.run(statement.format(system=system))
        connection.run("SET ROLE none")
        connection.run(
            "CREATE TABLE public.bait (number int)"
        )  # its owner is the login: the master user has to come in
    if pinned:
        done = _call(postgres_server, caller.postgres(postgres_server, "second", 2))
        assert f"reset search_path of {system}" in done
        assert _rights(postgres_server, system) == [[False, False, [f"{system}_owner"]]]
        return
    # The session as it was before: nothing pinned, and the catalogue read by its short name in the owner's database.
    own = session.Server(
        host=postgres_server.host,
        port=postgres_server.port,
        context=ssl.create_default_context(cafile=postgres_server.authority),
    )
    with (
        patch.object(session, "_PINNED", {"lock_timeout": "10000"}),
        patch.object(session, "_PINNED_SINCE", {}),
        own.connect(postgres_server.master, postgres_server.master_password, system) as entered,
    ):
        entered.run(Statement(name="before", sql="SELECT * FROM pg_namespace WHERE nspname = 'public'"))
    assert _rights(postgres_server, system)[0][:2] == [True, True], "the attack works where nothing stands against it"


@pytest.mark.parametrize("action", ["ensure", "retire", "retire-by-force"])
@pytest.mark.parametrize(
    ("statement", "done"),
    [
        ("ALTER DATABASE {s} CONNECTION LIMIT 0", "lift limits of {s}"),
        ("ALTER DATABASE {s} IS_TEMPLATE true", "lift limits of {s}"),
        ("REVOKE ALL ON DATABASE {s} FROM {s}_owner", "open database {s}"),
        ("ALTER DATABASE {s} SET role = {s}_owner", "reset role of {s}"),
        ("ALTER DATABASE {s} SET statement_timeout = 1", "reset statement_timeout of {s}"),
        ("ALTER DATABASE {s} SET default_transaction_read_only = on", "reset default_transaction_read_only of {s}"),
        ("ALTER DATABASE {s} SET local_preload_libraries = 'none'", "reset local_preload_libraries of {s}"),
    ],
)
def test_what_an_owner_sets_to_keep_others_out_is_taken_back(
    postgres_server: PostgresServer, caller: Caller, system: str, action: str, statement: str, done: str
) -> None:
    if action != "ensure":
        _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    with _inside(postgres_server, system) as connection:
        connection.run(statement.format(s=system))
        assert done.format(s=system) in _call(postgres_server, caller.postgres(postgres_server, "second", 2, action))
    assert _call(postgres_server, caller.postgres(postgres_server, "second", 2)) == []


def test_a_login_that_locks_its_own_role_is_ended(postgres_server: PostgresServer, caller: Caller, system: str) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    with _inside(postgres_server, system) as connection:
        connection.run("SET ROLE none")
        connection.run("BEGIN")
        connection.run(f"ALTER ROLE {system} PASSWORD 'mine'")
        with patch.dict(session._PINNED, lock_timeout="300"):
            done = _call(postgres_server, caller.postgres(postgres_server, "second", 2, "retire"))
    assert done[:2] == ["end sessions that hold a lock", f"disable {system}"]


def test_a_membership_that_a_login_gave_away_is_ended_with_its_sessions(
    postgres_server: PostgresServer, caller: Caller, system: str
) -> None:
    stranger = f'{system}"; stranger'
    quoted = '"' + stranger.replace('"', '""') + '"'
    postgres_server.as_superuser(f"CREATE ROLE {quoted} LOGIN PASSWORD 'theirs'", f"GRANT {system}_owner TO {quoted}")
    with postgres_server.connect(stranger, "theirs", system) as connection:
        done = _call(postgres_server, caller.postgres(postgres_server, "second", 2))
        with pytest.raises((pg8000.native.DatabaseError, pg8000.native.InterfaceError)):
            connection.run("SELECT 1")
    assert {f"revoke {system}_owner from {stranger}", f"end sessions of {stranger}"} <= set(done)
    postgres_server.as_superuser(f"DROP ROLE {quoted}")


def test_more_rights_than_a_login_needs_are_taken_or_named(
    postgres_server: PostgresServer, caller: Caller, system: str
) -> None:
    postgres_server.as_superuser(
        f"ALTER ROLE {system} CREATEROLE VALID UNTIL '2020-01-01' CONNECTION LIMIT 0 BYPASSRLS",
        f"GRANT rds_superuser TO {system}",
    )
    answer = _answer(postgres_server, caller.postgres(postgres_server, "first"))
    assert answer["done"] == ["limit role", f"revoke rds_superuser from {system}"]
    assert f"special rights of role {system}" in answer["unexpected"]
    postgres_server.as_superuser(f"ALTER ROLE {system} NOBYPASSRLS")


def _answer(server: PostgresServer, event: dict[str, Any]) -> dict[str, Any]:
    answers = []
    run = handler._run

    def noted(request: Request, context: handler.Context) -> dict[str, Any]:
        answers.append(run(request, context))
        return answers[-1]

    with patch.object(handler, "_run", noted), patch.object(handler, "_NAMED", 10_000):
        _call(server, event)
    return answers[0]


def test_force_throws_out_who_changed_the_current_password(
    postgres_server: PostgresServer, caller: Caller, system: str
) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    with postgres_server.connect(f"{system}_2", "second", system) as connection:
        connection.run("SET ROLE none")
        connection.run(f"ALTER ROLE {system}_2 PASSWORD 'mine'")
        with pytest.raises(CredentialsError, match="the password is refused"):
            _call(postgres_server, caller.postgres(postgres_server, "second", 2, "retire"))
        done = _call(postgres_server, caller.postgres(postgres_server, "second", 2, "retire-by-force"))
        with pytest.raises((pg8000.native.DatabaseError, pg8000.native.InterfaceError)):
            connection.run("SELECT 1")
    assert done == ["set password", f"disable {system}", f"end sessions of {system}_2"]
    with postgres_server.connect(f"{system}_2", "second", system):
        pass


def test_force_ends_no_login_that_has_the_current_password(
    postgres_server: PostgresServer, caller: Caller, system: str
) -> None:
    event = caller.postgres(postgres_server, "first", 1, "retire-by-force")
    event["username"], event["other"] = event["other"], event["username"]
    with pytest.raises(CredentialsError, match="takes the current password, so it isn't the old one"):
        _call(postgres_server, event)
    with _inside(postgres_server, system):
        pass


def test_an_audit_names_what_was_planted_and_changes_nothing(
    postgres_server: PostgresServer, caller: Caller, system: str
) -> None:
    postgres_server.as_superuser(
        f"CREATE ROLE {system}_planted", f"CREATE DATABASE {system}_planted", f"GRANT pg_monitor TO {system}_planted"
    )
    postgres_server.as_superuser(
        "CREATE FUNCTION said() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE EVENT TRIGGER planted_trigger ON ddl_command_end EXECUTE FUNCTION said()",
        "CREATE PUBLICATION planted_publication",
        "CREATE FOREIGN DATA WRAPPER planted",
        "CREATE SERVER planted_server FOREIGN DATA WRAPPER planted",
        f"ALTER DEFAULT PRIVILEGES FOR ROLE {system}_owner GRANT ALL ON TABLES TO PUBLIC",
        database=system,
    )
    before = master_shape(postgres_server)
    answer = _answer(postgres_server, caller.postgres(postgres_server, "first", 1, "audit"))
    assert answer["done"] == []
    assert set(answer["unexpected"]) >= {
        f"role {system}_planted",
        f"database {system}_planted",
        f"membership in pg_monitor of {system}_planted",
        "event trigger planted_trigger",
        "publication planted_publication",
        "foreign server planted_server",
        f"default rights of {system}_owner",
    }
    assert master_shape(postgres_server) == before
    postgres_server.as_superuser(f"DROP DATABASE {system}_planted", f"DROP ROLE {system}_planted")


@pytest.mark.parametrize("seed", range(20))
def test_whatever_an_owner_makes_the_master_user_stays_as_it_was(
    postgres_server: PostgresServer, caller: Caller, seed: int
) -> None:
    attack(postgres_server, caller, Random(seed))
