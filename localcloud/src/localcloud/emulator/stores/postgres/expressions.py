"""Expressions over the catalogue's rows: https://www.postgresql.org/docs/current/sql-expressions.html."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localcloud.emulator.stores.postgres import types
from localcloud.emulator.stores.postgres.errors import SqlError, unsupported
from localcloud.emulator.stores.postgres.functions import FUNCTIONS, WORDS
from localcloud.emulator.stores.postgres.lexer import Cursor, Kind
from localcloud.emulator.stores.postgres.relations import Row
from localcloud.emulator.stores.postgres.session import Session, Text
from localcloud.emulator.stores.postgres.types import BOOL, INT4, INT8, NAME, TEXT, TEXT_ARRAY, UNKNOWN, Value


@dataclass(frozen=True)
class Scope:
    """What an expression is evaluated in.

    Attributes:
        rows: one row of each relation, by the name that the statement gives it.
        parameters: the statement's, in text format.
    """

    rows: dict[str, Row]
    parameters: Sequence[Text]


@dataclass(frozen=True)
class Expression:
    """An expression.

    Attributes:
        oid: the type of its value.
        value: computes it.
        name: what PostgreSQL calls a column of it.
    """

    oid: int
    value: Callable[[Scope], Value]
    name: str = "?column?"


#: Types of columns, by the names that a query gives its relations; queries around it come after it.
Columns = Sequence[Mapping[str, Mapping[str, int]]]
_SubQuery = Callable[[Cursor, Columns], tuple[Expression, Callable[[Scope], list[Value]]]]

_COMPARE: dict[str, Callable[..., bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class Reader:
    """Reads expressions.

    Args:
        session: whose statement it is.
        cursor: where they stand.
        columns: what they may name.
        select: reads a query in parentheses; it returns its first column, and computes that column's values.
    """

    def __init__(self, session: Session, cursor: Cursor, columns: Columns, select: _SubQuery) -> None:
        self._session, self._cursor, self._columns, self._select = session, cursor, columns, select

    def read(self) -> Expression:
        """Go past an expression and return it."""
        left = self._and()
        while self._cursor.accept("or"):
            left = _either(left, self._and())
        return left

    def _and(self) -> Expression:
        left = self._not()
        while self._cursor.accept("and"):
            left = _both(left, self._not())
        return left

    def _not(self) -> Expression:
        if not self._cursor.accept("not"):
            return self._comparison()
        inner = self._not()

        def value(scope: Scope) -> Value:
            given = inner.value(scope)
            return None if given is None else not given

        return Expression(BOOL, value)

    def _comparison(self) -> Expression:
        left = self._joined()
        cursor = self._cursor
        if cursor.accept("is"):
            negative = cursor.accept("not")
            if cursor.accept("null"):
                return Expression(BOOL, lambda scope: (left.value(scope) is None) != negative)
            wanted = not cursor.accept("false")
            if wanted:
                cursor.expect("true")
            return Expression(BOOL, lambda scope: (left.value(scope) is wanted) != negative)
        negative = cursor.accept("not")
        if cursor.accept("in"):
            return self._in(left, negative)
        if cursor.accept("like"):
            return _like(left, self._joined(), negative)
        if negative:
            raise unsupported(cursor.text)
        for sign, compare in _COMPARE.items():
            if cursor.accept(sign):
                if cursor.accept("any"):
                    return self._any(left, compare)
                return _compared(left, self._joined(), compare)
        return left

    def _in(self, left: Expression, negative: bool) -> Expression:
        cursor = self._cursor
        cursor.expect("(")
        if cursor.accept("select"):
            first, values = self._select(cursor, self._columns)
            cursor.expect(")")
            return _within(left, first.oid, values, negative)
        others = [self.read()]
        while cursor.accept(","):
            others.append(self.read())
        cursor.expect(")")
        equal = [_compared(left, other, _COMPARE["="]) for other in others]
        found = equal[0]
        for one in equal[1:]:
            found = _either(found, one)
        return Expression(BOOL, lambda scope: _negated(found.value(scope), negative))

    def _any(self, left: Expression, compare: Callable[..., bool]) -> Expression:
        cursor = self._cursor
        cursor.expect("(")
        if cursor.accept("select"):
            first, values = self._select(cursor, self._columns)
            oid = first.oid
        else:
            array = self.read()
            oid = left.oid

            def values(scope: Scope) -> list[Value]:
                given = types.cast(array.value(scope), TEXT_ARRAY)
                return list(given) if isinstance(given, list) else []

        cursor.expect(")")

        def value(scope: Scope) -> Value:
            for one in values(scope):
                a, b = types.together(left.value(scope), left.oid, one, oid)
                if a is not None and b is not None and compare(a, b):
                    return True
            return False

        return Expression(BOOL, value)

    def _joined(self) -> Expression:
        left = self._primary()
        while self._cursor.accept("||"):
            left = _concatenated(left, self._primary())
        return left

    def _primary(self) -> Expression:
        found = self._bare()
        while self._cursor.accept("::"):
            found = _cast(found, self._type())
        return found

    def _type(self) -> int:
        name = self._cursor.name()
        array = self._cursor.accept("[", "]")
        return types.named(name, array=array)

    def _bare(self) -> Expression:
        cursor = self._cursor
        if cursor.accept("("):
            if cursor.accept("select"):
                return self._scalar()
            inner = self.read()
            cursor.expect(")")
            return inner
        if cursor.accept("exists"):
            cursor.expect("(", "select")
            _, values = self._select(cursor, self._columns)
            cursor.expect(")")
            return Expression(BOOL, lambda scope: bool(values(scope)), "exists")
        if cursor.accept("-"):
            number = -int(cursor.take(Kind.NUMBER).value)
            return Expression(INT4, lambda scope: number)
        word = cursor.take(Kind.NAME, Kind.QUOTED, Kind.STRING, Kind.NUMBER, Kind.PARAMETER)
        if word.kind is Kind.STRING:
            return Expression(UNKNOWN, lambda scope: word.value)
        if word.kind is Kind.NUMBER:
            if "." in word.value:
                raise unsupported("numbers with a fraction")
            whole = int(word.value)
            return Expression(INT4 if whole < 1 << 31 else INT8, lambda scope: whole)
        if word.kind is Kind.PARAMETER:
            index = int(word.value) - 1
            return Expression(UNKNOWN, lambda scope: scope.parameters[index])
        if word.kind is Kind.NAME and word.value in ("null", "true", "false"):
            constant: Value = {"true": True, "false": False}.get(word.value)
            return Expression(UNKNOWN if constant is None else BOOL, lambda scope: constant)
        if word.kind is Kind.NAME and word.value == "array":
            return self._array()
        if word.kind is Kind.NAME and word.value == "cast" and cursor.accept("("):
            inner = self.read()
            cursor.expect("as")
            oid = self._type()
            cursor.expect(")")
            return _cast(inner, oid)
        if word.kind is Kind.NAME and word.value in WORDS:
            told = WORDS[word.value]
            return Expression(NAME, lambda scope: told(self._session), word.value)
        name, owner = word.value, None
        if cursor.accept("."):
            owner, name = name, cursor.name()
        if cursor.accept("("):
            return self._call(name if owner in (None, "pg_catalog") else f"{owner}.{name}")
        return self._column(owner, name)

    def _scalar(self) -> Expression:
        first, values = self._select(self._cursor, self._columns)
        self._cursor.expect(")")

        def value(scope: Scope) -> Value:
            found = values(scope)
            if len(found) > 1:
                raise SqlError("21000", "more than one row returned by a subquery used as an expression")
            return found[0] if found else None

        return Expression(first.oid, value, first.name)

    def _array(self) -> Expression:
        self._cursor.expect("[")
        parts = [] if self._cursor.peek("]") else [self.read()]
        while self._cursor.accept(","):
            parts.append(self.read())
        self._cursor.expect("]")
        return Expression(TEXT_ARRAY, lambda scope: [str(types.cast(one.value(scope), TEXT)) for one in parts], "array")

    def _call(self, name: str) -> Expression:
        cursor = self._cursor
        arguments: list[Expression] = []
        while not cursor.accept(")"):
            if arguments:
                cursor.expect(",")
            arguments.append(self.read())
        if name == "coalesce":
            return _coalesced(arguments)
        function = FUNCTIONS.get(name)
        if function is None or len(arguments) not in function.takes:
            raise unsupported(f"the function {name} with {len(arguments)} arguments")

        def value(scope: Scope) -> Value:
            given = [one.value(scope) for one in arguments]
            return None if any(one is None for one in given) else function.call(self._session, given)

        return Expression(function.returns, value, name)

    def _column(self, owner: str | None, name: str) -> Expression:
        if owner is not None and not any(owner in level for level in self._columns):
            raise SqlError("42P01", f'missing FROM-clause entry for table "{owner}"')
        for level in self._columns:
            places = [one for one, own in level.items() if name in own and owner in (None, one)]
            if len(places) > 1:
                raise SqlError("42702", f'column reference "{name}" is ambiguous')
            if places:
                return column(places[0], name, level[places[0]][name])
        called = f'"{name}"' if owner is None else f"{owner}.{name}"
        raise SqlError("42703", f"column {called} does not exist")


def column(alias: str, name: str, oid: int) -> Expression:
    """Return a relation's column."""
    return Expression(oid, lambda scope: scope.rows[alias][name], name)


def _negated(value: Value, negative: bool) -> Value:
    return None if value is None else bool(value) != negative


def _both(left: Expression, right: Expression) -> Expression:
    def value(scope: Scope) -> Value:
        a = left.value(scope)
        if a is False:
            return False
        b = right.value(scope)
        return False if b is False else None if a is None or b is None else True

    return Expression(BOOL, value)


def _either(left: Expression, right: Expression) -> Expression:
    def value(scope: Scope) -> Value:
        a = left.value(scope)
        if a is True:
            return True
        b = right.value(scope)
        return True if b is True else None if a is None or b is None else False

    return Expression(BOOL, value)


def _compared(left: Expression, right: Expression, compare: Callable[..., bool]) -> Expression:
    def value(scope: Scope) -> Value:
        a, b = types.together(left.value(scope), left.oid, right.value(scope), right.oid)
        return None if a is None or b is None else compare(a, b)

    return Expression(BOOL, value)


def _within(left: Expression, oid: int, values: Callable[[Scope], list[Value]], negative: bool) -> Expression:
    def value(scope: Scope) -> Value:
        pairs = [types.together(left.value(scope), left.oid, one, oid) for one in values(scope)]
        if any(a == b and a is not None for a, b in pairs):
            return not negative
        return None if any(a is None or b is None for a, b in pairs) else negative

    return Expression(BOOL, value)


def _like(left: Expression, right: Expression, negative: bool) -> Expression:
    def value(scope: Scope) -> Value:
        text, pattern = left.value(scope), right.value(scope)
        if text is None or pattern is None:
            return None
        parts = re.findall(r"\\.|.", str(pattern), re.DOTALL)
        known = {"%": ".*", "_": "."}
        matches = re.fullmatch("".join(known.get(one, re.escape(one[-1])) for one in parts), str(text), re.DOTALL)
        return bool(matches) != negative

    return Expression(BOOL, value)


def _concatenated(left: Expression, right: Expression) -> Expression:
    def value(scope: Scope) -> Value:
        a, b = (types.cast(one.value(scope), TEXT) for one in (left, right))
        return None if a is None or b is None else f"{a}{b}"

    return Expression(TEXT, value)


def _cast(inner: Expression, oid: int) -> Expression:
    return Expression(oid, lambda scope: types.cast(inner.value(scope), oid), inner.name)


def _coalesced(arguments: list[Expression]) -> Expression:
    def value(scope: Scope) -> Value:
        return next((found for one in arguments if (found := one.value(scope)) is not None), None)

    return Expression(next((one.oid for one in arguments if one.oid != UNKNOWN), TEXT), value, "coalesce")
