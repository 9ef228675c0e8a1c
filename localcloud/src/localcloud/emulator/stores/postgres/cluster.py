"""A PostgreSQL server of an instance's own: https://www.postgresql.org/docs/current/runtime.html."""

import functools
import secrets
import shutil
import signal
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pg8000.native

from localcloud.emulator.stores import servers
from localcloud.emulator.stores.programs import POSTGRES

#: The superuser of every instance, which belongs to AWS.
_SUPERUSER = "rdsadmin"
#: It logs in from the emulator only, which alone knows its password.
_PASSWORD = secrets.token_urlsafe(24)

#: What RDS makes in a new instance. A master user is a member of `rds_superuser` and no superuser.
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
#: Which predefined roles there are depends on the version: https://www.postgresql.org/docs/current/predefined-roles.html
_LIKE_RDS = f"""
ALTER ROLE {_SUPERUSER} PASSWORD '{_PASSWORD}';

CREATE ROLE rds_superuser;

CREATE ROLE rds_iam;

CREATE ROLE rds_password;

CREATE ROLE rds_replication;

GRANT rds_iam, rds_password, rds_replication TO rds_superuser WITH ADMIN OPTION;

DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT rolname FROM pg_roles WHERE rolname IN ('pg_checkpoint', 'pg_create_subscription', 'pg_monitor',
        'pg_signal_backend', 'pg_use_reserved_connections')
    LOOP
        EXECUTE format('GRANT %I TO rds_superuser WITH ADMIN OPTION', name);
    END LOOP;
END $$;

CREATE DATABASE {_SUPERUSER};

REVOKE ALL ON DATABASE {_SUPERUSER} FROM PUBLIC;

"""

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "dynamic_shared_memory_type": "mmap",  # in the folder, where it is removed with everything else
    "shared_buffers": "16MB",
    "min_wal_size": "2MB",
    "checkpoint_timeout": "1h",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What is kept lasts as long as the emulator, so that nothing has to survive the machine's end.
    "fsync": "off",
}


class Contents:
    """What was in an instance at a moment: a data folder that nothing writes to, as long as anybody holds this.

    Args:
        folder: that folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


class Cluster:
    """A server with the roles and databases of one instance.

    Args:
        contents: what it begins with, None for a new one.
        master: the name of a new instance's master user.
        database: the database that a new instance is made with.

    Attributes:
        socket: where it listens.

    Raises:
        NoServerError: when PostgreSQL isn't installed.
        ServerFailedError: when it doesn't start.
    """

    def __init__(self, contents: Contents | None, master: str, database: str | None) -> None:
        programs = servers.readable(POSTGRES.folder())
        with servers.once:
            origin = contents.folder if contents is not None else _template(programs)
        self._data = _copied(origin)
        self.socket = self._data / ".s.PGSQL.5432"
        command = [str(programs / "postgres"), "-D", str(self._data)]
        # SIGQUIT is the immediate shutdown: https://www.postgresql.org/docs/current/server-shutdown.html
        self._process = servers.Process(command, self._data / "server.log", signal.SIGQUIT, self._answers)
        if contents is None:
            self._make(master, database)

    def _make(self, master: str, database: str | None) -> None:
        name = pg8000.native.identifier(master)
        with self.as_superuser() as session:
            session.run(f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB")
            session.run(f"GRANT rds_superuser TO {name} WITH ADMIN OPTION")
            for given in ("postgres", "template1"):
                session.run(f"ALTER DATABASE {given} OWNER TO {name}")
            if database:
                session.run(f"CREATE DATABASE {pg8000.native.identifier(database)} OWNER {name}")

    @contextmanager
    def as_superuser(self) -> Iterator[pg8000.native.Connection]:
        """Log in as RDS does itself."""
        session = pg8000.native.Connection(
            _SUPERUSER, unix_sock=str(self.socket), password=_PASSWORD, database=_SUPERUSER
        )
        try:
            yield session
        finally:
            session.close()

    def _answers(self) -> bool:
        try:
            with self.as_superuser():
                return True
        except (pg8000.native.InterfaceError, pg8000.native.DatabaseError):
            return False

    def set_password(self, role: str, password: str) -> None:
        """Give a role that is there another password."""
        with self.as_superuser() as session:
            if session.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=role):
                name, text = pg8000.native.identifier(role), pg8000.native.literal(password)
                session.run(f"ALTER ROLE {name} PASSWORD {text}")

    def copy(self) -> Contents:
        """Return what is in it now; sessions go on meanwhile.

        https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
        """
        with self.as_superuser() as session:
            session.run("SELECT pg_backup_start('snapshot', fast => true)")
            folder = _copied(self._data, "pg_wal", "postmaster.*", ".s.PGSQL.*", "server.log")
            [[label]] = session.run("SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)")
        shutil.copytree(self._data / "pg_wal", folder / "pg_wal")
        (folder / "backup_label").write_text(label)
        servers.give(folder)
        return Contents(folder)

    def end(self) -> None:
        """End it, and everything that is in it."""
        self._process.end()
        shutil.rmtree(self._data, ignore_errors=True)


def _copied(source: Path, *without: str) -> Path:
    folder = servers.new_folder("postgres")
    ignore = shutil.ignore_patterns(*without)
    shutil.copytree(source, folder, ignore=ignore, copy_function=_copied_if_there, dirs_exist_ok=True)
    servers.give(folder)
    return folder


def _copied_if_there(source: str, target: str) -> None:
    """Copy a file; PostgreSQL takes temporary ones away while they are copied."""
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        return


@functools.cache
def _template(programs: Path) -> Path:
    """Return the data folder that new instances are copies of; it is made with the first one."""
    root = servers.folder() / "postgres-template"
    root.mkdir()
    servers.give(root)
    data, log = root / "data", root / "made.log"
    initdb = [str(programs / "initdb"), f"--pgdata={data}", f"--username={_SUPERUSER}", "--auth=trust"]
    servers.run([*initdb, "--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync"], log)
    (data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    lines = (f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
    (data / "postgresql.auto.conf").write_text("".join(lines))
    # https://www.postgresql.org/docs/current/app-postgres.html#APP-POSTGRES-SINGLE-USER
    alone = [str(programs / "postgres"), "--single", "-j", "-D", str(data), "-c", "exit_on_error=on", "postgres"]
    servers.run(alone, log, _LIKE_RDS)
    return data
