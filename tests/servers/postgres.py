"""PostgreSQL as RDS runs it: TLS and SCRAM only, our own parameters, and a master user that is no superuser."""

import contextlib
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pg8000.native

from components.data.database import PARAMETERS
from tests.servers.authority import Authority
from tests.servers.processes import ADDRESS, HOST, account, folder_of, free_port, give, running
from tests.servers.programs import POSTGRES

#: The superuser of an RDS instance, which belongs to AWS.
_SUPERUSER = "rdsadmin"
_SUPERUSER_PASSWORD = "the-superusers-own"
#: What RDS makes beside the master user, and the roles that it may act as.
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
_MASTER_ROLE = "rds_superuser"
_PREDEFINED = ("pg_monitor", "pg_signal_backend", "pg_checkpoint")


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A PostgreSQL server.

    Attributes:
        host: the name that its certificate has.
        port: where it listens, with TLS only.
        version: what it says of itself, for instance `15.14`.
        authority: who signed its certificate, as a PEM file.
        log: the server's own log.
        superuser: RDS's own user, for what a test has to see or break.
        superuser_password: its password.
        master: the master user as on RDS: CREATEROLE, CREATEDB, rds_superuser, owner of `postgres` and `template1`.
        master_password: its password.
    """

    host: str = HOST
    port: int
    version: str
    authority: Path
    log: Path
    superuser: str = _SUPERUSER
    superuser_password: str = field(default=_SUPERUSER_PASSWORD, repr=False)
    master: str = "alicerce"
    master_password: str = field(default="the-masters-own", repr=False)

    @property
    def product(self) -> str:
        """The server and its version."""
        return f"PostgreSQL {self.version}"

    @contextmanager
    def connect(self, user: str, password: str, database: str = "postgres") -> Iterator[pg8000.native.Connection]:
        """Connect as a user, with TLS verified."""
        connection = _connect(self.port, self.authority, user, password, database)
        try:
            yield connection
        finally:
            with contextlib.suppress(pg8000.native.InterfaceError):  # a test may have ended it on the server
                connection.close()

    def as_superuser(self, *statements: str, database: str = "postgres") -> list[list[object]]:
        """Run statements as RDS's own user; return the last one's rows."""
        rows: list[list[object]] = []
        with self.connect(self.superuser, self.superuser_password, database) as connection:
            for statement in statements:
                rows = connection.run(statement) or []
        return rows


def _connect(port: int, authority: Path, user: str, password: str, database: str) -> pg8000.native.Connection:
    context = ssl.create_default_context(cafile=str(authority))
    return pg8000.native.Connection(
        user, host=HOST, port=port, database=database, password=password, ssl_context=context, timeout=20
    )


@contextmanager
def postgres(programs: Path | None = None) -> Iterator[PostgresServer]:
    """Run a PostgreSQL server.

    Args:
        programs: the folder of another version's `postgres` and `initdb`.
    """
    folder_of_programs = programs or POSTGRES.need().parent
    who = account("postgres", "nobody")
    with folder_of("postgres", who) as folder:
        data, log, port = folder / "data", folder / "server.log", free_port()
        password = folder / "password"
        password.write_text(_SUPERUSER_PASSWORD)
        files = Authority().issue(folder)
        log.touch()
        give(folder, who)
        subprocess.run(
            [
                *who.prefix,
                folder_of_programs / "initdb",
                f"--pgdata={data}",
                f"--username={_SUPERUSER}",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
        )
        # No line for a connection without TLS or with another method: such a one is refused.
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        settings = {
            "listen_addresses": ADDRESS,
            "port": str(port),
            "unix_socket_directories": "",
            "ssl": "on",
            "ssl_cert_file": str(files.certificate),
            "ssl_key_file": str(files.key),
            "max_connections": "60",
            "shared_buffers": "16MB",
            # Nothing is kept, so nothing has to be safe: a database is made in a fraction of the time.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_wal_size": "64MB",
            "autovacuum": "off",
            **{name: value for name, value in PARAMETERS.items() if not name.startswith("rds.")},
        }
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        (data / "postgresql.auto.conf").write_text(lines)
        command = [*who.prefix, str(folder_of_programs / "postgres"), "-D", str(data)]

        def ready() -> None:
            _connect(port, files.authority, _SUPERUSER, _SUPERUSER_PASSWORD, "postgres").close()

        with running(command, log, ready, stop_signal=signal.SIGQUIT):
            yield _like_rds(PostgresServer(port=port, version="", authority=files.authority, log=log))


def _like_rds(server: PostgresServer) -> PostgresServer:
    [[version]] = server.as_superuser("SHOW server_version")
    known = {str(name) for (name,) in server.as_superuser("SELECT rolname FROM pg_roles")}
    server.as_superuser(
        f"CREATE ROLE {_MASTER_ROLE} NOLOGIN",
        *(f"GRANT {role} TO {_MASTER_ROLE}" for role in _PREDEFINED if role in known),
        f"CREATE ROLE {server.master} LOGIN CREATEROLE CREATEDB PASSWORD '{server.master_password}'",
        f"GRANT {_MASTER_ROLE} TO {server.master}",
        f"ALTER DATABASE postgres OWNER TO {server.master}",
        f"ALTER DATABASE template1 OWNER TO {server.master}",
    )
    return PostgresServer(port=server.port, version=str(version).split()[0], authority=server.authority, log=server.log)
