"""What a compromised container can put in the master user's way: rounds of random objects and settings.

In each round a system gets a database of its own. Whoever has its login makes random objects and settings in it, all
of which end in a function that takes the master user's rights whenever it runs as the master user. Then the credential
is rotated and the old one retired by the function. The master user's rights, memberships and settings have to be those
of before, and the login that was compromised may do nothing any more.

`make hostile-owner` prints what became of 2,000 rounds.
"""

import argparse
import contextlib
import logging
import time
from collections import Counter
from random import Random

import pg8000.native

from functions.credentials.errors import CredentialsError
from tests.functions.calling import Caller, call, opened_vault
from tests.servers.postgres import PostgresServer, postgres

_ROUNDS = 2000
#: Most of what a round's owner makes.
_MOST = 30

#: Runs as whoever meets it; notes where, and takes what it can when that is the master user.
_FOUNDATION = (
    "CREATE SCHEMA IF NOT EXISTS evil",
    "GRANT USAGE, CREATE ON SCHEMA evil TO PUBLIC",
    """CREATE FUNCTION evil.take() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
       IF session_user = '{master}' THEN
         EXECUTE 'GRANT {master} TO {system}'; EXECUTE 'ALTER ROLE {system} CREATEROLE CREATEDB LOGIN';
       END IF; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN true; END $$""",
    "GRANT EXECUTE ON FUNCTION evil.take() TO PUBLIC",
)
_CATALOGUES = (
    "pg_roles", "pg_auth_members", "pg_database", "pg_shdepend", "pg_namespace", "pg_settings", "pg_db_role_setting",
    "pg_stat_activity", "pg_locks", "pg_extension", "pg_publication", "pg_event_trigger", "pg_foreign_server",
)  # fmt: skip
_FUNCTIONS = (
    "pg_terminate_backend(int)", "pg_advisory_lock(bigint)", "current_setting(text)", "pg_get_userbyid(oid)",
    "to_jsonb(anyelement)", "unnest(text[])", "coalesce2(text)",
)  # fmt: skip
_TYPES = ("name", "text", "oid", "int4", "regclass", "bool", "jsonb")
_SETTINGS = {
    "search_path": ("evil", "evil, pg_catalog", "'\"$user\"', evil", "pg_temp, evil, pg_catalog"),
    "role": ("{system}_owner", "{system}", "none"),
    "statement_timeout": ("1", "5"),
    "lock_timeout": ("1",),
    "idle_in_transaction_session_timeout": ("1",),
    "idle_session_timeout": ("1",),
    "tcp_user_timeout": ("1",),
    "default_transaction_read_only": ("on",),
    "default_transaction_isolation": ("serializable",),
    "row_security": ("off",),
    "standard_conforming_strings": ("off",),
    "client_encoding": ("LATIN1", "SJIS"),
    "DateStyle": ("SQL",),
    "check_function_bodies": ("off",),
    "default_tablespace": ("''",),
    "local_preload_libraries": ("evil",),
    "client_min_messages": ("error",),
    "transform_null_equals": ("on",),
    "quote_all_identifiers": ("on",),
    "password_encryption": ("md5",),
    "work_mem": ("64",),
    "TimeZone": ("UTC",),
    "debug_print_plan": ("on",),
    "force_parallel_mode": ("on",),
}


def _statement(random: Random, number: int) -> str:
    """Return something that an owner may do, or may try to do."""
    setting = random.choice(sorted(_SETTINGS))
    value = random.choice(_SETTINGS[setting])
    catalogue, kind = random.choice(_CATALOGUES), random.choice(_TYPES)
    whom = random.choice(["{system}", "{system}_2", "{system}_owner", "{master}", "PUBLIC"])
    return random.choice([
        f"ALTER DATABASE {{system}} SET {setting} = {value}",
        f"ALTER ROLE {{system}} SET {setting} = {value}",
        f"ALTER ROLE {{system}} IN DATABASE {{system}} SET {setting} = {value}",
        f"ALTER ROLE {whom} IN DATABASE {{system}} SET {setting} = {value}",
        f"CREATE VIEW evil.{catalogue} AS SELECT * FROM pg_catalog.{catalogue} WHERE evil.take()",
        f"CREATE VIEW public.{catalogue} AS SELECT * FROM pg_catalog.{catalogue} WHERE evil.take()",
        f"CREATE TEMP VIEW {catalogue} AS SELECT * FROM pg_catalog.{catalogue} WHERE evil.take()",
        f"CREATE FUNCTION evil.{random.choice(_FUNCTIONS)} RETURNS bool LANGUAGE sql AS 'SELECT evil.take()'",
        f"CREATE FUNCTION evil.f{number}({kind}, {kind}) RETURNS bool LANGUAGE sql AS 'SELECT evil.take()'; "
        f"CREATE OPERATOR evil.= (LEFTARG = {kind}, RIGHTARG = {kind}, FUNCTION = evil.f{number})",
        f"CREATE DOMAIN evil.{kind} AS pg_catalog.text CHECK (evil.take())",
        f"CREATE TYPE evil.t{number} AS (a int); "
        f"CREATE FUNCTION evil.c{number}(evil.t{number}) RETURNS {kind} LANGUAGE sql AS 'SELECT NULL::{kind}'; "
        f"CREATE CAST (evil.t{number} AS {kind}) WITH FUNCTION evil.c{number}(evil.t{number}) AS IMPLICIT",
        f"CREATE TABLE public.m{number} (a int DEFAULT 1, b bool DEFAULT evil.take(), CHECK (evil.take()))",
        f"CREATE TABLE public.i{number} (a bool); CREATE FUNCTION evil.x{number}(bool) RETURNS bool IMMUTABLE "
        f"LANGUAGE sql AS 'SELECT evil.take()'; CREATE INDEX ON public.i{number} (evil.x{number}(a))",
        f"CREATE TABLE public.r{number} (a int); ALTER TABLE public.r{number} ENABLE ROW LEVEL SECURITY; "
        f"CREATE POLICY p ON public.r{number} USING (evil.take())",
        f"CREATE TABLE public.g{number} (a int); CREATE FUNCTION evil.g{number}() RETURNS trigger LANGUAGE plpgsql "
        f"AS 'BEGIN PERFORM evil.take(); RETURN NEW; END'; CREATE TRIGGER t BEFORE INSERT ON public.g{number} "
        f"FOR EACH ROW EXECUTE FUNCTION evil.g{number}()",
        f"CREATE FUNCTION evil.e{number}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM evil.take(); END'; "
        f"CREATE EVENT TRIGGER e{number} ON ddl_command_start EXECUTE FUNCTION evil.e{number}()",
        f"SET ROLE none; CREATE TABLE public.o{number} (a bool DEFAULT evil.take()); RESET ROLE",
        f"SET ROLE none; CREATE FUNCTION public.o{number}() RETURNS bool LANGUAGE sql "
        "AS 'SELECT evil.take()'; RESET ROLE",
        f"GRANT ALL ON DATABASE {{system}} TO {whom}",
        f"GRANT CREATE ON SCHEMA public TO {whom}",
        f"REVOKE ALL ON DATABASE {{system}} FROM {whom}",
        f"GRANT {{system}} TO {whom}",
        f"GRANT {{system}}_owner TO {whom} WITH ADMIN OPTION",
        "GRANT {master} TO {system}",
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {whom}",
        "ALTER DATABASE {system} CONNECTION LIMIT 0",
        "ALTER DATABASE {system} ALLOW_CONNECTIONS false",
        "ALTER DATABASE {system} IS_TEMPLATE true",
        "ALTER DATABASE {system} OWNER TO {master}",
        "ALTER SCHEMA public RENAME TO other",
        "DROP SCHEMA public CASCADE",
        "SET ROLE none; ALTER ROLE {system} PASSWORD 'mine'; RESET ROLE",
        f"CREATE EXTENSION IF NOT EXISTS {random.choice(['pg_trgm', 'hstore', 'citext', 'plpgsql'])}",
        f"COMMENT ON DATABASE {{system}} IS '{number}'",
        f"SELECT pg_advisory_lock({number})",
        f"SELECT lo_create({number})",
    ])  # fmt: skip


def master_shape(server: PostgresServer) -> list[list[list[object]]]:
    """Return the master user's rights, memberships and settings, who else has its kind of rights, and its databases."""
    master = server.master
    return [
        server.as_superuser(query)
        for query in (
            "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, "
            "rolbypassrls, rolconnlimit, rolvaliduntil::text, rolpassword FROM pg_authid "
            f"WHERE rolname = '{master}' OR rolsuper OR rolcreaterole OR rolcreatedb ORDER BY 1",
            "SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
            f"JOIN pg_roles m ON m.oid = a.member WHERE r.rolname IN ('{master}', 'rds_superuser') "
            f"OR (m.rolname = '{master}' AND r.rolname NOT LIKE 'app%') ORDER BY 1, 2",
            f"SELECT setdatabase, setconfig FROM pg_db_role_setting WHERE setrole IN (0, '{master}'::regrole) "
            "AND setdatabase = 0 ORDER BY 1",
            "SELECT datname, pg_get_userbyid(datdba), datconnlimit, datallowconn, datacl::text FROM pg_database "
            "WHERE datname IN ('postgres', 'template1') ORDER BY 1",
        )
    ]


def attack(server: PostgresServer, caller: Caller, random: Random) -> Counter[str]:
    """Let an owner make what it likes, rotate and retire; return what was tried and what the function said it did.

    Raises:
        AssertionError: when the master user isn't as it was, or the login that was compromised may still do something.
    """
    system, names = caller.system, {"system": caller.system, "master": server.master}
    told: Counter[str] = Counter()
    call(caller.postgres(server, "first"), server.authority)
    before = master_shape(server)
    with server.connect(system, "first", system) as held:
        for statement in _FOUNDATION:
            held.run(statement.format(**names))
        for number in range(random.randint(2, _MOST)):
            statement = _statement(random, number).format(**names)
            try:
                held.run(statement)
                told["made"] += 1
            except pg8000.native.DatabaseError:
                told["refused"] += 1
        for rotation, action in ((2, "ensure"), (2, "retire")):
            done = call(caller.postgres(server, "second", rotation, action), server.authority)
            told.update(f"{action}: {step.replace(system, 'S')}" for step in done)
            assert master_shape(server) == before, f"after {action}: {master_shape(server)}, before: {before}"
        with contextlib.suppress(pg8000.native.DatabaseError, pg8000.native.InterfaceError):
            held.run("SELECT 1")
            raise AssertionError("the compromised session goes on")
    left = server.as_superuser(
        "SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        f"JOIN pg_roles m ON m.oid = a.member WHERE (r.rolname LIKE '{system}%' OR m.rolname LIKE '{system}%') "
        f"AND m.rolname <> '{server.master}' ORDER BY 1, 2"
    )
    assert left == [[f"{system}_owner", system], [f"{system}_owner", f"{system}_2"]], left
    for password in ("first", "mine"):
        try:
            with server.connect(system, password, system):
                raise AssertionError("the compromised login logs in")
        except pg8000.native.DatabaseError:
            pass
    server.as_superuser(f"ALTER DATABASE {system} IS_TEMPLATE false", f"DROP DATABASE {system} WITH (FORCE)")
    server.as_superuser(*(f"DROP ROLE {system}{end}" for end in ("", "_2", "_owner")))
    return told


def main() -> int:
    """Run the rounds; print what was tried and what the function did."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # of each round, what is unexpected
    told: Counter[str] = Counter()
    failures, began = 0, time.monotonic()
    with postgres() as server, opened_vault() as vault:
        for seed in range(options.seed, options.seed + options.rounds):
            try:
                told.update(attack(server, Caller(vault, f"app{seed}"), Random(seed)))
            except (AssertionError, CredentialsError, pg8000.native.DatabaseError) as error:
                failures += 1
                print(f"seed {seed}: {type(error).__name__}: {error}", flush=True)
        product = server.product
    for step, number in told.most_common():
        print(f"{number:7}  {step}")
    print(f"{product}: {options.rounds} rounds in {time.monotonic() - began:.0f} s, {failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
