"""What the function does on a real PostgreSQL server, as a master user that is no superuser."""

import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pg8000.native
import pytest

from functions.credentials.errors import CredentialsError
from functions.credentials.patience import Patience
from functions.credentials.postgres import Postgres
from tests.functions.calling import Caller, call
from tests.functions.shapes import postgres_shape
from tests.servers.authority import Authority
from tests.servers.postgres import PostgresServer
from tests.servers.processes import ADDRESS, free_port


def _call(server: PostgresServer, event: dict[str, Any]) -> list[str]:
    return call(event, server.authority)


def _code(error: pytest.ExceptionInfo[pg8000.native.DatabaseError]) -> str:
    return str(error.value.args[0]["C"])


def test_a_system_gets_an_owner_that_cannot_log_in_and_a_role_that_can_and_may_nothing_else(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    done = _call(postgres_server, caller.postgres(postgres_server, "first"))

    system, master = caller.system, postgres_server.master
    assert done[:5] == [
        "create owner",
        "create role",
        f"let {master} act as owner",
        f"let {system} act as owner",
        "create database",
    ]
    assert done[-3:] == [f"close database {system}", f"make {system} act as owner", "set password"]
    assert postgres_shape(postgres_server, system) == {
        "roles": [
            ["S", True, False, True, False, False, ["role=S_owner"]],
            ["S_owner", False, False, True, False, False, None],
        ],
        "members": [["S_owner", master], ["S_owner", "S"]],
        "databases": [
            ["S", "S_owner", "{S_owner=CTc/S_owner}"],
            ["postgres", master, f"{{{master}=CTc/{master}}}"],
            ["template1", master, f"{{{master}=CTc/{master}}}"],
        ],
    }


def test_a_second_run_changes_nothing(postgres_server: PostgresServer, caller: Caller) -> None:
    event = caller.postgres(postgres_server, "first")
    _call(postgres_server, event)
    [[before]] = postgres_server.as_superuser(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{caller.system}'")

    assert _call(postgres_server, event) == []
    [[after]] = postgres_server.as_superuser(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{caller.system}'")
    assert after == before


def test_the_server_keeps_a_scram_verifier(postgres_server: PostgresServer, caller: Caller) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    [[kept]] = postgres_server.as_superuser(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{caller.system}'")

    assert str(kept).startswith("SCRAM-SHA-256$4096:")


def test_what_one_role_makes_the_other_may_change_and_drop(postgres_server: PostgresServer, caller: Caller) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    system = caller.system
    with postgres_server.connect(system, "first", system) as connection:
        connection.run("CREATE TABLE made (number int)")
        connection.run("INSERT INTO made VALUES (1)")
    with postgres_server.connect(f"{system}_2", "second", system) as connection:
        assert connection.run("SELECT current_user, session_user") == [[f"{system}_owner", f"{system}_2"]]
        connection.run("ALTER TABLE made ADD COLUMN letter text")
        assert connection.run("SELECT number FROM made") == [[1]]
        connection.run("DROP TABLE made")


def test_a_connection_that_a_pool_has_cleaned_still_acts_as_the_owner(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    with postgres_server.connect(caller.system, "first", caller.system) as connection:
        for cleaning in ("DISCARD ALL", "RESET ALL", "RESET ROLE"):
            connection.run(cleaning)
            assert connection.run("SELECT current_user") == [[f"{caller.system}_owner"]]


def test_nobody_else_may_connect(postgres_server: PostgresServer, caller: Caller) -> None:
    other = Caller(caller.vault, f"{caller.system}b")
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    _call(postgres_server, other.postgres(postgres_server, "first"))
    for database in (caller.system, "postgres", "template1"):
        with (
            pytest.raises(pg8000.native.DatabaseError) as caught,
            postgres_server.connect(other.system, "first", database),
        ):
            pass
        assert _code(caught) == "42501", "a system's role reaches its own database alone"


def test_ensuring_one_role_leaves_the_other_as_it_is(postgres_server: PostgresServer, caller: Caller) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    done = _call(postgres_server, caller.postgres(postgres_server, "second", 2))

    assert done == [
        "create role",
        f"let {caller.system}_2 act as owner",
        f"make {caller.system}_2 act as owner",
        "set password",
    ]
    with postgres_server.connect(caller.system, "first", caller.system):
        pass


def test_a_third_rotation_changes_the_password_of_the_first_role_alone(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    for rotation, password in enumerate(("first", "second", "third"), start=1):
        done = _call(postgres_server, caller.postgres(postgres_server, password, rotation))

    assert done == ["set password"]
    with postgres_server.connect(f"{caller.system}_2", "second", caller.system):
        pass
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        postgres_server.connect(caller.system, "first", caller.system).__enter__()
    assert _code(caught) == "28P01"


def test_retire_lets_nobody_log_in_as_the_other_and_ends_its_sessions(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    with postgres_server.connect(caller.system, "first", caller.system) as connection:
        done = _call(postgres_server, caller.postgres(postgres_server, "second", 2, "retire"))
        with pytest.raises((pg8000.native.DatabaseError, pg8000.native.InterfaceError)):
            connection.run("SELECT 1")

    assert done == [f"disable {caller.system}", f"end sessions of {caller.system}"]
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        postgres_server.connect(caller.system, "first", caller.system).__enter__()
    assert _code(caught) == "28P01", "its password is gone"
    assert _call(postgres_server, caller.postgres(postgres_server, "second", 2, "retire")) == []


def test_a_retired_role_is_brought_back(postgres_server: PostgresServer, caller: Caller) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    _call(postgres_server, caller.postgres(postgres_server, "second", 2, "retire"))

    assert _call(postgres_server, caller.postgres(postgres_server, "third", 3)) == ["set password"]
    with postgres_server.connect(caller.system, "third", caller.system):
        pass


def test_retire_does_nothing_when_the_new_credential_is_refused(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    with pytest.raises(CredentialsError) as caught:
        _call(postgres_server, caller.postgres(postgres_server, "never set", 2, "retire"))

    user = f"{caller.system}_2"
    assert str(caught.value) == f"postgres localhost: {user}: log in: the password is refused"
    with postgres_server.connect(caller.system, "first", caller.system):
        pass


def test_retire_does_nothing_when_another_rotation_has_begun(postgres_server: PostgresServer, caller: Caller) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    _call(postgres_server, caller.postgres(postgres_server, "second", 2))
    stale = caller.postgres(postgres_server, "second", 2, "retire")
    caller.vault.put(caller.username(2), "third")
    with pytest.raises(CredentialsError, match="another rotation has begun since; let its `up` end, then retire again"):
        _call(postgres_server, stale)
    with postgres_server.connect(caller.system, "first", caller.system):
        pass


def test_there_may_be_nobody_to_retire(postgres_server: PostgresServer, caller: Caller) -> None:
    _call(postgres_server, caller.postgres(postgres_server, "first"))

    assert _call(postgres_server, caller.postgres(postgres_server, "first", 1, "retire")) == []


def test_a_database_from_before_is_given_to_the_owner_and_its_role_never_loses_access(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    system, master = caller.system, postgres_server.master
    with postgres_server.connect(master, postgres_server.master_password) as connection:
        connection.run(f"CREATE ROLE {system} LOGIN CREATEDB CREATEROLE NOINHERIT PASSWORD 'old'")
        connection.run(f"CREATE DATABASE {system}")
    with postgres_server.connect(master, postgres_server.master_password, system) as connection:
        connection.run("CREATE TABLE of_the_master (number int)")
        connection.run("CREATE TYPE mood AS ENUM ('good')")
        connection.run("GRANT CREATE ON SCHEMA public TO PUBLIC")
    with postgres_server.connect(system, "old", system) as old:
        old.run("CREATE TABLE of_the_role (number int)")
        done = _call(postgres_server, caller.postgres(postgres_server, "second", 2))
        assert old.run("SELECT * FROM of_the_role") == [], "a session that goes on keeps its tables"

    assert {"limit role", "give database", f"give objects of {master}", f"give objects of {system}"} <= set(done)
    assert {"close schema", f"close database {system}"} <= set(done)
    owners = postgres_server.as_superuser(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'", database=system
    )
    assert owners == [[f"{system}_owner"]]
    shape = postgres_shape(postgres_server, system)
    assert ["postgres", master] in [row[:2] for row in shape["databases"]], "REASSIGN OWNED takes databases along"
    [[may_set]] = postgres_server.as_superuser(
        "SELECT count(*) FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.grantor "
        f"WHERE a.roleid = '{system}'::regrole AND g.rolname = '{master}'"
    )
    assert may_set == 0, "the membership was borrowed"
    with postgres_server.connect(system, "old", system) as old:
        old.run("ALTER TABLE of_the_role ADD COLUMN letter text")
        assert old.run("SELECT * FROM of_the_master") == []
    assert _call(postgres_server, caller.postgres(postgres_server, "second", 2)) == []


def test_a_database_that_the_role_itself_owns_is_given_to_the_owner(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    system = caller.system
    with postgres_server.connect(postgres_server.master, postgres_server.master_password) as connection:
        connection.run(f"CREATE ROLE {system} LOGIN PASSWORD 'old'")
    postgres_server.as_superuser(
        f"CREATE DATABASE {system} OWNER {system}",
        f"CREATE DATABASE {system}_notes OWNER {system}",
    )
    done = _call(postgres_server, caller.postgres(postgres_server, "first"))

    assert f"give objects of {system}" in done
    owners = postgres_server.as_superuser(
        f"SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE datname LIKE '{system}%' ORDER BY 1"
    )
    assert owners == [[system, f"{system}_owner"], [f"{system}_notes", system]]


def test_an_owner_that_could_log_in_no_longer_can(postgres_server: PostgresServer, caller: Caller) -> None:
    with postgres_server.connect(postgres_server.master, postgres_server.master_password) as connection:
        connection.run(f"CREATE ROLE {caller.system}_owner LOGIN PASSWORD 'open'")

    assert "close owner" in _call(postgres_server, caller.postgres(postgres_server, "first"))
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        postgres_server.connect(f"{caller.system}_owner", "open", caller.system).__enter__()
    assert _code(caught) == "28000"


def test_a_role_that_does_not_act_as_the_owner_is_an_error(postgres_server: PostgresServer, caller: Caller) -> None:
    system = caller.system
    _call(postgres_server, caller.postgres(postgres_server, "first"))
    postgres_server.as_superuser(f"ALTER ROLE {system} IN DATABASE {system} SET role TO none")
    with patch.object(Postgres, "_take_back"), pytest.raises(CredentialsError) as caught:
        _call(postgres_server, caller.postgres(postgres_server, "first"))

    assert str(caught.value) == f"postgres localhost: {system}: log in: acts as {system}, not as {system}_owner"


def test_it_waits_for_a_master_password_that_the_server_does_not_take_yet(
    postgres_server: PostgresServer, caller: Caller
) -> None:
    server, later = postgres_server, "the-masters-next"
    event = caller.postgres(server, "first")
    event["admin"]["password"] = caller.vault.put("master-next", later)
    change = threading.Timer(1.0, server.as_superuser, [f"ALTER ROLE {server.master} PASSWORD '{later}'"])
    change.start()
    try:
        with patch.object(Patience.__init__, "__defaults__", (0.1,)):
            assert "set password" in _call(server, event)
    finally:
        change.join()
        server.as_superuser(f"ALTER ROLE {server.master} PASSWORD '{server.master_password}'")


def test_it_gives_up_on_a_master_password_that_is_refused(postgres_server: PostgresServer, caller: Caller) -> None:
    event = caller.postgres(postgres_server, "first")
    event["admin"]["password"] = caller.vault.put("master-wrong", "wrong")
    with pytest.raises(CredentialsError) as caught:
        call(event, postgres_server.authority, patience="1")

    assert str(caught.value) == (
        'postgres localhost: alicerce: log in: 28P01 password authentication failed for user "alicerce", '
        "and still after 1 s"
    )


def test_it_gives_up_on_a_server_that_cannot_be_reached(postgres_server: PostgresServer, caller: Caller) -> None:
    with pytest.raises(CredentialsError) as caught:
        call(caller.postgres(postgres_server, "first", port=free_port()), postgres_server.authority, patience="1")

    assert str(caught.value) == (
        "postgres localhost: alicerce: log in: it can't be reached (ConnectionRefusedError), and still after 1 s"
    )


def test_a_server_of_another_authority_is_refused(
    postgres_server: PostgresServer, caller: Caller, tmp_path: Path
) -> None:
    bundle = tmp_path / "other.pem"
    bundle.write_bytes(Authority().pem())
    for authority in (bundle, None):  # without a variable, RDS's own are trusted, and no others
        with pytest.raises(
            CredentialsError, match=r"^postgres localhost: alicerce: log in: its certificate isn't trusted: "
        ):
            call(caller.postgres(postgres_server, "first"), authority)


def test_a_server_of_another_name_is_refused(postgres_server: PostgresServer, caller: Caller) -> None:
    with pytest.raises(CredentialsError) as caught:
        _call(postgres_server, caller.postgres(postgres_server, "first", host=ADDRESS))

    assert str(caught.value) == (
        "postgres 127.0.0.1: alicerce: log in: its certificate isn't trusted: "
        "IP address mismatch, certificate is not valid for '127.0.0.1'."
    )


def test_a_bundle_that_is_not_there_is_named(postgres_server: PostgresServer, caller: Caller, tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"^CA_BUNDLE: .*/none\.pem is no PEM file of authorities: "):
        call(caller.postgres(postgres_server, "first"), tmp_path / "none.pem")


def test_a_secret_that_is_not_there_is_named(postgres_server: PostgresServer, caller: Caller) -> None:
    missing = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:none-abcdef"
    version = "11111111-2222-3333-4444-555555555555"
    event = caller.postgres(postgres_server, "first")
    event["password"] = {"secret": missing, "version": version}
    with pytest.raises(CredentialsError) as caught:
        _call(postgres_server, event)

    assert str(caught.value) == f"secret {missing}, version {version}: ResourceNotFoundException"
