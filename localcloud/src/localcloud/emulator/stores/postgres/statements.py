"""Which statement is carried out by whom."""

from collections.abc import Callable, Sequence
from functools import partial

from localcloud.emulator.stores.postgres import grants, owners, roles, select, settings
from localcloud.emulator.stores.postgres.errors import SqlError, unsupported
from localcloud.emulator.stores.postgres.lexer import Cursor
from localcloud.emulator.stores.postgres.session import Column, Prepared, Result, Session, Text
from localcloud.emulator.stores.postgres.types import TEXT

_Command = Callable[[Session, Cursor], Result]

#: Statements by their first words. They have no parameters, and answer without rows.
_COMMANDS: dict[tuple[str, ...], _Command] = {
    ("create", "role"): partial(roles.create, login=False),
    ("create", "user"): partial(roles.create, login=True),
    ("alter", "role"): roles.alter,
    ("alter", "user"): roles.alter,
    ("drop", "role"): roles.drop,
    ("drop", "user"): roles.drop,
    ("grant",): grants.grant,
    ("revoke",): grants.revoke,
    ("create", "database"): owners.create_database,
    ("alter", "database"): owners.alter_database,
    ("drop", "database"): owners.drop_database,
    ("alter", "schema"): owners.alter_schema,
    ("reassign", "owned"): owners.reassign,
    ("set",): settings.change,
    ("reset",): settings.reset,
}

#: What begins and ends transactions, by first word.
#: https://www.postgresql.org/docs/current/sql-begin.html
_BEGIN, _COMMIT, _ROLLBACK = ("begin", "start"), ("commit", "end"), ("rollback", "abort")


def prepare(session: Session, cursor: Cursor) -> Prepared:
    """Read a statement."""
    if cursor.accept("select"):
        return select.prepare(session, cursor)
    if cursor.accept("show"):
        return _show(session, cursor)
    for word in (*_BEGIN, *_COMMIT, *_ROLLBACK):
        if cursor.accept(word):
            return _transaction(session, cursor, word)
    for words, command in _COMMANDS.items():
        if cursor.accept(*words):
            return _command(session, cursor, command)
    raise unsupported(cursor.text)


def _command(session: Session, cursor: Cursor, command: _Command) -> Prepared:
    return Prepared(lambda parameters: command(session, cursor))


def _show(session: Session, cursor: Cursor) -> Prepared:
    name = "timezone" if cursor.accept("time", "zone") else cursor.name()
    cursor.end()
    return Prepared(lambda parameters: Result("SHOW", [[settings.shown(session, name)]]), [Column(name, TEXT)])


def _transaction(session: Session, cursor: Cursor, word: str) -> Prepared:
    if not cursor.accept("transaction"):
        cursor.accept("work")
    cursor.end()

    def run(parameters: Sequence[Text]) -> Result:
        if word in _BEGIN:
            if session.block:
                session.warn("there is already a transaction in progress", "25001")
            session.block = True
            return Result("BEGIN")
        if not session.block:
            session.warn("there is no transaction in progress", "25P01")
        commit = word in _COMMIT and not session.failed
        session.leave(commit=commit)
        return Result("COMMIT" if commit else "ROLLBACK")

    return Prepared(run, ends_failure=word not in _BEGIN)


def carry_out(session: Session, prepared: Prepared, parameters: Sequence[Text] = ()) -> Result:
    """Carry a statement out, in a transaction that goes on until it is ended.

    Raises:
        SqlError: when it is refused; a transaction that was begun explicitly has failed with it.
    """
    if session.failed and not prepared.ends_failure:
        raise SqlError("25P02", "current transaction is aborted, commands ignored until end of transaction block")
    session.enter()
    return prepared.run(parameters)


def fail(session: Session) -> None:
    """Undo what a refused statement is part of; a transaction that was begun explicitly waits for its end."""
    if session.block:
        session.failed = True
    else:
        session.leave(commit=False)


def settle(session: Session) -> None:
    """Commit what stands alone."""
    if not session.block:
        session.leave(commit=True)
