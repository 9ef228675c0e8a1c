"""RDS instances as clients of PostgreSQL meet them."""

import socket
import threading
import time
from collections.abc import Callable

import pg8000.dbapi
import pg8000.native
import pytest

from localcloud.emulator import standins
from localcloud.provider.session import Session
from support.stores import MASTER, PASSWORD, Database, told

Make = Callable[..., Database]


@pytest.fixture
def made(database: Make) -> Database:
    return database()


def _refused(connection: pg8000.native.Connection, sql: str) -> tuple[str, str]:
    with pytest.raises(pg8000.native.DatabaseError) as caught:
        connection.run(sql)
    return told(caught.value)


# Logins


def test_the_master_user_logs_in_with_its_password_and_no_other(made: Database) -> None:
    assert made.log_in().run("SELECT current_user, session_user, current_database()") == [[MASTER, MASTER, "app"]]
    assert made.refusal(password="wrong") == ("28P01", f'password authentication failed for user "{MASTER}"')
    assert made.refusal("nobody") == ("28P01", 'password authentication failed for user "nobody"')


def test_a_changed_master_password_holds_at_once(made: Database, aws: Session) -> None:
    connection = made.log_in()
    aws.client("rds").modify_db_instance(DBInstanceIdentifier=made.name, MasterUserPassword="another-one")
    assert made.refusal()[0] == "28P01"
    assert made.log_in(password="another-one").run("SELECT 1") == [[1]]
    assert connection.run("SELECT 1") == [[1]], "who is in stays in"


def test_a_connection_in_the_clear_is_refused_unless_the_parameters_allow_it(database: Make, aws: Session) -> None:
    made = database()
    entry = 'no pg_hba.conf entry for host "127.0.0.1", user "demo", database "app", no encryption'
    assert made.refusal(tls=False) == ("28000", entry)
    rds = aws.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName="open", DBParameterGroupFamily="postgres16", Description="open to all"
    )
    parameter = {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "pending-reboot"}
    rds.modify_db_parameter_group(DBParameterGroupName="open", Parameters=[parameter])
    assert database(DBParameterGroupName="open").log_in(tls=False).run("SELECT 1") == [[1]]


def test_the_role_and_the_database_are_checked_after_the_password(made: Database) -> None:
    master = made.log_in()
    master.run("CREATE ROLE kept NOLOGIN PASSWORD 'kept-password'")
    assert made.refusal("kept", "wrong")[0] == "28P01"
    assert made.refusal("kept", "kept-password") == ("28000", 'role "kept" is not permitted to log in')
    master.run("ALTER ROLE kept LOGIN")
    assert made.refusal("kept", "kept-password", "none") == ("3D000", 'database "none" does not exist')
    master.run("REVOKE ALL ON DATABASE app FROM PUBLIC")
    assert made.refusal("kept", "kept-password") == ("42501", 'permission denied for database "app"')


# Protocol


def test_parameters_are_bound_by_the_extended_protocol(made: Database) -> None:
    connection = made.log_in()
    sql = "SELECT rolname, rolcanlogin, oid FROM pg_roles WHERE rolname = :name AND rolcanlogin = :able"
    [[name, able, oid]] = connection.run(sql, name=MASTER, able=True)
    assert (name, able) == (MASTER, True)
    prepared = connection.prepare("SELECT rolname FROM pg_roles WHERE oid = :oid")
    assert prepared.run(oid=oid) == [[MASTER]]
    assert prepared.run(oid=0) == []
    prepared.close()


def test_a_driver_that_begins_transactions_itself_commits_and_rolls_back(made: Database) -> None:
    known = standins.ask(made.url)

    def connect() -> pg8000.dbapi.Connection:
        sock = socket.create_connection(known.address(made.host, 5432))
        return pg8000.dbapi.connect(
            MASTER, host=made.host, sock=sock, database="app", password=PASSWORD, ssl_context=known.context()
        )

    first, second = connect(), connect()
    cursor, other = first.cursor(), second.cursor()
    count = "SELECT count(*) FROM pg_roles WHERE rolname = %s"
    for end, seen in ((first.rollback, 0), (first.commit, 1)):
        cursor.execute("CREATE ROLE kept")
        other.execute(count, ("kept",))
        assert other.fetchone() == [0], "nobody sees what isn't committed"
        second.rollback()
        end()
        other.execute(count, ("kept",))
        assert other.fetchone() == [seen]
        second.rollback()


def test_statements_that_come_as_one_fail_as_one(made: Database) -> None:
    connection = made.log_in()
    assert _refused(connection, "CREATE ROLE kept; CREATE ROLE kept") == ("42710", 'role "kept" already exists')
    assert connection.run("SELECT count(*) FROM pg_roles WHERE rolname = 'kept'") == [[0]]


# Sessions among each other


def test_an_advisory_lock_is_waited_for_until_its_session_ends(made: Database) -> None:
    first, second = made.log_in(), made.log_in()
    first.run("SELECT pg_advisory_lock(7)")
    assert second.run("SELECT pg_try_advisory_lock(7)") == [[False]]
    order: list[str] = []

    def wait() -> None:
        second.run("SELECT pg_advisory_lock(7)")
        order.append("taken")

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.05)
    order.append("given")
    first.close()
    waiting.join(timeout=10)
    assert order == ["given", "taken"]


def test_waiting_for_a_lock_ends_at_the_sessions_time_limit(made: Database) -> None:
    first, second = made.log_in(), made.log_in(startup_params={"lock_timeout": "50"})
    first.run("SELECT pg_advisory_lock(7)")
    late = ("55P03", "canceling statement due to lock timeout")
    assert _refused(second, "SELECT pg_advisory_lock(7)") == late
    first.run("BEGIN")
    first.run("CREATE ROLE kept")
    assert _refused(second, "CREATE ROLE kept") == late, "changes are made by one session at a time"


def test_ended_sessions_are_told_and_gone(made: Database) -> None:
    master = made.log_in()
    master.run("CREATE ROLE service LOGIN PASSWORD 'service-password'")
    service = made.log_in("service", "service-password")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'service'"
    assert master.run(end) == [[True]]
    with pytest.raises((pg8000.native.InterfaceError, OSError)):
        service.run("SELECT 1")
    assert master.run(end) == []


def test_a_session_that_ends_in_a_transaction_leaves_nothing_of_it(made: Database) -> None:
    first, second = made.log_in(), made.log_in()
    first.run("BEGIN")
    first.run("CREATE ROLE kept")
    first.close()
    second.run("CREATE ROLE kept")
    assert second.run("SELECT count(*) FROM pg_roles WHERE rolname = 'kept'") == [[1]]


# Instances


def test_what_is_in_an_instance_comes_back_from_its_snapshots(made: Database, aws: Session) -> None:
    rds = aws.client("rds")
    master = made.log_in()
    master.run("CREATE ROLE service LOGIN PASSWORD 'service-password'")
    rds.create_db_snapshot(DBInstanceIdentifier=made.name, DBSnapshotIdentifier="taken")
    rds.copy_db_snapshot(SourceDBSnapshotIdentifier="taken", TargetDBSnapshotIdentifier="copied")
    master.run("DROP ROLE service")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="old", DBSnapshotIdentifier="copied")
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=made.name, TargetDBInstanceIdentifier="new", UseLatestRestorableTime=True
    )
    for name, found in (("old", 1), ("new", 0)):
        address = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["Endpoint"]["Address"]
        restored = Database(name, address, made.url).log_in()
        assert restored.run("SELECT count(*) FROM pg_roles WHERE rolname = 'service'") == [[found]]
        restored.run(f"CREATE ROLE {name}")
    assert master.run("SELECT count(*) FROM pg_roles WHERE rolname IN ('old', 'new')") == [[0]]


def test_a_stopped_instance_lets_nobody_in_and_keeps_what_it_holds(made: Database, aws: Session) -> None:
    rds = aws.client("rds")
    connection = made.log_in()
    connection.run("CREATE ROLE kept")
    rds.stop_db_instance(DBInstanceIdentifier=made.name)
    with pytest.raises((pg8000.native.InterfaceError, OSError)):
        made.log_in()
    with pytest.raises((pg8000.native.InterfaceError, OSError)):
        connection.run("SELECT 1")
    rds.start_db_instance(DBInstanceIdentifier=made.name)
    assert made.log_in().run("SELECT count(*) FROM pg_roles WHERE rolname = 'kept'") == [[1]]


def test_a_deleted_instance_ends_its_sessions_and_another_of_its_name_is_empty(database: Make, aws: Session) -> None:
    made = database("again")
    connection = made.log_in()
    connection.run("CREATE ROLE kept")
    aws.client("rds").delete_db_instance(DBInstanceIdentifier="again", SkipFinalSnapshot=True)
    assert (made.host, 5432) not in standins.ask(made.url).ports
    with pytest.raises((pg8000.native.InterfaceError, OSError)):
        connection.run("SELECT 1")
    assert database("again").log_in().run("SELECT count(*) FROM pg_roles WHERE rolname = 'kept'") == [[0]]


# What is said of it


def test_a_role_that_acts_as_its_owner_does_so_from_its_login_on(made: Database) -> None:
    master = made.log_in()
    for sql in (
        "CREATE ROLE app_owner NOLOGIN",
        "CREATE ROLE app LOGIN PASSWORD 'app-password'",
        "ALTER ROLE app SET role TO app_owner",
    ):
        master.run(sql)
    connection = made.log_in("app", "app-password")
    assert connection.run("SELECT current_user") == [["app"]]
    assert [notice[b"M"] for notice in connection.notices] == [b'permission denied to set role "app_owner"']
    master.run("GRANT app_owner TO app")
    connection = made.log_in("app", "app-password")
    assert connection.run("SELECT current_user, session_user") == [["app_owner", "app"]]


def test_a_role_is_not_its_creators_to_give_things_to(database: Make) -> None:
    """https://www.postgresql.org/docs/16/release-16.html#RELEASE-16-PRIVILEGES."""
    give = "ALTER DATABASE app OWNER TO app_owner"
    new = database().log_in()
    new.run("CREATE ROLE app_owner")
    assert _refused(new, give) == ("42501", 'must be able to SET ROLE "app_owner"')
    new.run("GRANT app_owner TO demo")
    new.run(give)
    grantors = (
        "SELECT g.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        "JOIN pg_roles g ON g.oid = a.grantor WHERE r.rolname = 'app_owner' ORDER BY g.rolname"
    )
    assert new.run(grantors) == [["demo"], ["rdsadmin"]]
