"""SELECT over the catalogue: https://www.postgresql.org/docs/current/sql-select.html.

Lists, DISTINCT, FROM with aliases and inner joins, WHERE, ORDER BY, LIMIT, `count(*)` alone, queries in parentheses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from localcloud.emulator.stores.postgres import types
from localcloud.emulator.stores.postgres.errors import SqlError, unsupported
from localcloud.emulator.stores.postgres.expressions import Columns, Expression, Reader, Scope, column
from localcloud.emulator.stores.postgres.lexer import Cursor, Kind
from localcloud.emulator.stores.postgres.relations import RELATIONS, Relation
from localcloud.emulator.stores.postgres.session import Column, Prepared, Result, Session, Text
from localcloud.emulator.stores.postgres.types import INT8, REGCLASS, TEXT, UNKNOWN, Value

#: Words that follow a relation or an expression, and so are no alias of it.
_NO_ALIAS = frozenset(
    {"cross", "except", "fetch", "for", "from", "full", "group", "having", "inner", "intersect", "join", "left"}
    | {"limit", "natural", "offset", "on", "order", "right", "union", "using", "where", "window"}
)
_ENDS_LIST = ("from", "where", "order", "limit")

#: What is answered for a scope: rows of values.
_Answer = Callable[[Scope], list[list[Value]]]


@dataclass(frozen=True)
class _Source:
    """What FROM names.

    Attributes:
        alias: the name that the statement gives it.
        relation: what it is.
        condition: what ON says of it and of those before it.
    """

    alias: str
    relation: Relation
    condition: Expression | None = None


@dataclass(frozen=True)
class _Query:
    """A query.

    Attributes:
        list: its columns.
        answer: its rows.
    """

    list: Sequence[Expression]
    answer: _Answer


def prepare(session: Session, cursor: Cursor) -> Prepared:
    """Read a SELECT, whose first word the cursor is past."""
    query = _read(session, cursor, ())
    cursor.end()
    if any(one.oid == REGCLASS for one in query.list):
        raise unsupported("an answer of the type regclass")
    columns = [Column(one.name, TEXT if one.oid == UNKNOWN else one.oid) for one in query.list]

    def run(parameters: Sequence[Text]) -> Result:
        found = query.answer(Scope({}, parameters))
        return Result(f"SELECT {len(found)}", [[types.written(value) for value in row] for row in found])

    return Prepared(run, columns, cursor.parameters)


def _read(session: Session, cursor: Cursor, outer: Columns) -> _Query:
    """Read a query; its list comes last, since it names what FROM brings."""
    columns: dict[str, Mapping[str, int]] = {}
    sources: list[_Source] = []

    def select(cursor: Cursor, columns: Columns) -> tuple[Expression, Callable[[Scope], list[Value]]]:
        inner = _read(session, cursor, columns)
        return inner.list[0], lambda scope: [row[0] for row in inner.answer(scope)]

    reader = Reader(session, cursor, (columns, *outer), select)
    distinct = cursor.accept("distinct")
    beginning = cursor.place
    cursor.skip_to(*_ENDS_LIST)
    if cursor.accept("from"):
        sources.append(_source(cursor, columns))
        while True:
            if cursor.accept("inner", "join") or cursor.accept("join"):
                source = _source(cursor, columns)
                cursor.expect("on")
                sources.append(replace(source, condition=reader.read()))
            elif cursor.accept(","):
                sources.append(_source(cursor, columns))
            else:
                break
    where = reader.read() if cursor.accept("where") else None
    order = _order(cursor, reader)
    limit = int(cursor.take(Kind.NUMBER).value) if cursor.accept("limit") else None
    end, cursor.place = cursor.place, beginning

    def scopes(scope: Scope) -> list[Scope]:
        found = [one for one in _combined(session, sources, scope) if where is None or where.value(one) is True]
        for expression, descending in reversed(order):
            found.sort(key=_key(expression), reverse=descending)
        return found

    if cursor.accept("count", "(", "*", ")"):
        listed = [Expression(INT8, lambda scope: None, "count")]

        def answer(scope: Scope) -> list[list[Value]]:
            return [[len(scopes(scope))]]

    else:
        listed = _list(cursor, reader, sources)

        def answer(scope: Scope) -> list[list[Value]]:
            rows = [[one.value(found) for one in listed] for found in scopes(scope)[: None if distinct else limit]]
            if distinct:
                rows = [row for place, row in enumerate(rows) if row not in rows[:place]]
            return rows[:limit]

    if cursor.next is not None and not cursor.peek(")") and not any(cursor.peek(one) for one in _ENDS_LIST):
        raise cursor.lost()
    cursor.place = end
    return _Query(listed, answer)


def _source(cursor: Cursor, columns: dict[str, Mapping[str, int]]) -> _Source:
    """Go past a relation and its alias, and add its columns to what may be named."""
    name = cursor.name()
    if cursor.accept("."):
        name = cursor.name() if name == "pg_catalog" else f"{name}.{cursor.name()}"
    if name not in RELATIONS:
        raise SqlError(
            "42P01", f'relation "{name}" does not exist', "The local cloud has no tables but the catalogue's."
        )
    alias = name
    if cursor.accept("as") or (
        cursor.next is not None and cursor.next.kind is Kind.NAME and cursor.next.value not in _NO_ALIAS
    ):
        alias = cursor.name()
    if alias in columns:
        raise SqlError("42712", f'table name "{alias}" specified more than once')
    columns[alias] = RELATIONS[name].columns
    return _Source(alias, RELATIONS[name])


def _list(cursor: Cursor, reader: Reader, sources: Sequence[_Source]) -> list[Expression]:
    found: list[Expression] = []
    while True:
        if cursor.accept("*"):
            for source in sources:
                found += [column(source.alias, name, oid) for name, oid in source.relation.columns.items()]
        else:
            expression = reader.read()
            word = cursor.next
            if cursor.accept("as") or (
                word is not None and word.kind in (Kind.NAME, Kind.QUOTED) and word.value not in _NO_ALIAS
            ):
                expression = Expression(expression.oid, expression.value, cursor.name())
            found.append(expression)
        if not cursor.accept(","):
            return found


def _order(cursor: Cursor, reader: Reader) -> list[tuple[Expression, bool]]:
    found: list[tuple[Expression, bool]] = []
    if cursor.accept("order", "by"):
        while True:
            expression = reader.read()
            descending = cursor.accept("desc")
            if not descending:
                cursor.accept("asc")
            found.append((expression, descending))
            if not cursor.accept(","):
                break
    return found


def _combined(session: Session, sources: Sequence[_Source], scope: Scope) -> list[Scope]:
    """Return every combination of rows that the joins allow."""
    found = [scope]
    for source in sources:
        rows = list(source.relation.rows(session))
        wider = [Scope({**one.rows, source.alias: row}, one.parameters) for one in found for row in rows]
        on = source.condition
        found = wider if on is None else [one for one in wider if on.value(one) is True]
    return found


def _key(expression: Expression) -> Callable[[Scope], tuple[bool, Value]]:
    """Return what to sort by: NULL comes last."""

    def key(scope: Scope) -> tuple[bool, Value]:
        value = expression.value(scope)
        return (value is None, "" if value is None else value)

    return key
