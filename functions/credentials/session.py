"""Connections to PostgreSQL: verified, bounded in time, and with errors that tell no value."""

import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Any

import pg8000.native
from pg8000.exceptions import DatabaseError, InterfaceError

from .errors import CredentialsError, NotYetError, RefusedError
from .statements import Statement

#: Seconds to wait for an answer.
_TIMEOUT = 30
#: What a session is set to from its start. A database's owner, and a login for itself, may set each of these for the
#: sessions to come, and what a client asks for at the start comes before what they set: a search path could put their
#: functions and operators in place of PostgreSQL's own, a role or a time-out could disable us.
#: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-SQL
_PINNED = {
    "search_path": "pg_catalog, pg_temp",
    # Milliseconds; less than the above, or the server would go on waiting when nobody else does.
    "lock_timeout": "10000",
    "statement_timeout": "29000",
    "idle_in_transaction_session_timeout": "0",
    "tcp_user_timeout": "0",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "default_transaction_isolation": "read committed",
    "row_security": "on",
    "standard_conforming_strings": "on",
    "client_encoding": "UTF8",
    "client_min_messages": "warning",
    "DateStyle": "ISO, MDY",
    "bytea_output": "hex",
    "check_function_bodies": "on",
    "default_tablespace": "",
    "temp_tablespaces": "",
    "default_table_access_method": "heap",
    "local_preload_libraries": "",
    "password_encryption": "scram-sha-256",
    "synchronous_commit": "on",
    "jit": "off",
}
#: What later versions know beside, by the first number of the version that brought it.
_PINNED_SINCE = {
    14: {"idle_session_timeout": "0"},
    16: {"createrole_self_grant": ""},
    17: {"transaction_timeout": "0"},
}

# SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
#: The password is wrong, or the role may not log in.
_REFUSED = ("28P01", "28000")
#: The server starts, stops or has no connection free.
_NOT_YET = ("57P01", "57P02", "57P03", "53300")
#: Somebody else held a lock for too long.
_BUSY = "55P03"


class BusyError(CredentialsError):
    """Somebody else holds a lock that a statement needs."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A PostgreSQL server.

    Attributes:
        host: its DNS name, which its certificate has to have.
        port: its port.
        context: whom to believe.
    """

    host: str
    port: int
    context: ssl.SSLContext = field(repr=False)

    def connect(
        self, user: str, password: str, database: str, version: int = 0, role: str | None = "none"
    ) -> "Session":
        """Log in, with nothing left of what others set for the session.

        Args:
            user: the login.
            password: its password.
            database: where to.
            version: the server's, as far as it is known; what it knows beyond older ones is set too.
            role: whom to act as; None leaves that to what the login is set to.

        Raises:
            RefusedError: when the server refuses the password, or lets the user not log in.
            NotYetError: when the server can't be reached, or takes nobody now.
            CredentialsError: when it isn't to be believed, or refuses for another reason.
        """
        where = f"postgres {self.host}: {user}"
        try:
            connection = pg8000.native.Connection(
                user,
                host=self.host,
                port=self.port,
                database=database,
                password=password,
                ssl_context=self.context,
                timeout=_TIMEOUT,
                application_name="alicerce-credentials",
                startup_params=_start(version, role),
            )
        except ssl.SSLCertVerificationError as error:
            raise CredentialsError(f"{where}: log in: its certificate isn't trusted: {error.verify_message}") from None
        except DatabaseError as error:
            code, reason = _told(error)
            if code in _REFUSED:
                raise RefusedError(reason) from None
            if code in _NOT_YET:
                raise NotYetError(reason) from None
            raise CredentialsError(f"{where}: log in: {reason}") from None
        except (InterfaceError, OSError) as error:
            raise NotYetError(f"it can't be reached ({type(error.__cause__ or error).__name__})") from None
        return Session(where, connection)


class Session:
    """A connection.

    Args:
        where: store, host and user, for errors.
        connection: the driver's connection.
    """

    def __init__(self, where: str, connection: pg8000.native.Connection) -> None:
        self.where = where
        self._connection = connection

    def run(self, statement: Statement) -> list[list[Any]]:
        """Run a statement; return its rows.

        Raises:
            CredentialsError: when it fails; `BusyError`, when it waited for a lock in vain.
        """
        where = f"{self.where}: {statement.name}"
        try:
            return self._connection.run(statement.sql) or []
        except DatabaseError as error:
            code, reason = _told(error)
            kind = BusyError if code == _BUSY else CredentialsError
            raise kind(f"{where}: {code if statement.hidden else reason}") from None
        except (InterfaceError, OSError) as error:
            raise CredentialsError(f"{where}: the connection was lost ({type(error).__name__})") from None

    def __enter__(self) -> "Session":
        """Return the session itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Log out; whatever lock there was is free."""
        with contextlib.suppress(InterfaceError, OSError):
            self._connection.close()


def _start(version: int, role: str | None) -> dict[str, str]:
    later = {
        name: value for since, pinned in _PINNED_SINCE.items() if version >= since for name, value in pinned.items()
    }
    return _PINNED | later | ({} if role is None else {"role": role})


def _told(error: DatabaseError) -> tuple[str, str]:
    """Return SQLSTATE, and the server's message with it."""
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    code = str(fields.get("C", "unknown"))
    return code, f"{code} {fields.get('M', '')}".strip()
