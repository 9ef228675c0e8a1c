"""The real servers that tests speak to, and what a test says where they can't be had."""

import ssl

import pg8000.native
import pika.exceptions
import pytest
import redis as client

from tests.servers.postgres import PostgresServer
from tests.servers.processes import ADDRESS
from tests.servers.programs import Program, ServerMissingError, install
from tests.servers.rabbitmq import RabbitmqServer
from tests.servers.redis import RedisServer

_NOWHERE = Program(name="Oracle", package="oracle-server", names=("oracle-server",), folders=("/usr/lib/oracle/*",))


def test_a_program_that_is_not_there_is_refused_with_the_command_that_installs_it() -> None:
    with pytest.raises(ServerMissingError) as caught:
        _NOWHERE.need()

    assert str(caught.value) == (
        "Oracle isn't on this machine, and this test needs the real server; install it with: "
        "apt-get install -y oracle-server"
    )


def test_who_is_not_root_is_told_the_command_that_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.servers.programs.PROGRAMS", (_NOWHERE,))
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(ServerMissingError) as caught:
        install()

    assert str(caught.value) == (
        "the tests need real servers, and these aren't on this machine: Oracle; install them as root with: "
        "apt-get update && apt-get install -y oracle-server"
    )


def test_postgres_lets_the_master_in_as_rds_does_and_makes_it_no_superuser(postgres_server: PostgresServer) -> None:
    with postgres_server.connect(postgres_server.master, postgres_server.master_password) as connection:
        rows = connection.run(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, pg_has_role('rds_superuser', 'MEMBER') "
            "FROM pg_roles WHERE rolname = current_user"
        )

    assert rows == [[False, True, True, True]]


def test_postgres_takes_no_connection_without_tls(postgres_server: PostgresServer) -> None:
    with pytest.raises(pg8000.native.DatabaseError, match=r"no pg_hba\.conf entry"):
        pg8000.native.Connection(
            postgres_server.master,
            host=ADDRESS,
            port=postgres_server.port,
            database="postgres",
            password=postgres_server.master_password,
            ssl_context=False,
        )


def test_redis_lets_in_who_has_a_user_and_nobody_else(redis_server: RedisServer) -> None:
    with redis_server.connect(redis_server.admin, redis_server.admin_password) as connection:
        assert connection.ping()
    with pytest.raises(client.AuthenticationError), redis_server.connect("default", ""):
        pass


def test_rabbitmq_takes_no_connection_without_tls(rabbitmq_server: RabbitmqServer) -> None:
    with pytest.raises(pika.exceptions.AMQPError):
        pika.BlockingConnection(
            pika.ConnectionParameters(
                host=ADDRESS,
                port=rabbitmq_server.port,
                credentials=pika.PlainCredentials(rabbitmq_server.admin, rabbitmq_server.admin_password),
            )
        )


def test_a_servers_certificate_is_for_its_name_alone(rabbitmq_server: RabbitmqServer) -> None:
    context = ssl.create_default_context(cafile=str(rabbitmq_server.authority))

    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        pika.BlockingConnection(
            pika.ConnectionParameters(
                host=ADDRESS, port=rabbitmq_server.port, ssl_options=pika.SSLOptions(context, ADDRESS)
            )
        )
