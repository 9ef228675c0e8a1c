"""Refusals, by SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""


class SqlError(Exception):
    """A statement or a login that is refused.

    Args:
        sqlstate: PostgreSQL's code.
        message: what is wrong.
        detail: more about it, where PostgreSQL says more.
    """

    def __init__(self, sqlstate: str, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail


def unsupported(what: str) -> SqlError:
    """Return the refusal of what a real server may know and this one doesn't."""
    return SqlError("0A000", f"the local cloud's stand-in for PostgreSQL doesn't know: {what}")


def no_role(name: str) -> SqlError:
    """Return the refusal of a role that isn't there."""
    return SqlError("42704", f'role "{name}" does not exist')


def no_database(name: str) -> SqlError:
    """Return the refusal of a database that isn't there."""
    return SqlError("3D000", f'database "{name}" does not exist')


def denied(message: str, detail: str = "") -> SqlError:
    """Return the refusal for want of a privilege."""
    return SqlError("42501", message, detail)
