"""CloudWatch's metric math for one moment, as far as our expressions use it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {ast.GtE: operator.ge, ast.Gt: operator.gt}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read what the page says of missing values."""

    missing_is_zero: bool = True
    """Whether arithmetic takes a missing value for 0 when another series has one; the page says so."""
    fills_empty: bool = True
    """Whether FILL fills a series that has no value at all; the page doesn't say."""


#: The page's own words.
DOCUMENTED = Reading()
#: Every way to read it: what must never happen must not happen in any.
READINGS = tuple(
    Reading(missing_is_zero=missing, fills_empty=fills) for missing in (True, False) for fills in (True, False)
)


def evaluate(expression: str, values: Mapping[str, float | None], reading: Reading = DOCUMENTED) -> float | None:
    """Return an expression's value, or None where CloudWatch drops the point."""
    return _value(ast.parse(expression, mode="eval").body, values, reading)


def _value(node: ast.expr, values: Mapping[str, float | None], reading: Reading) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, values, reading)
            return None if value is None else -value
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=sign, right=right):
            return _arithmetic(sign, left, right, values, reading)
        case ast.Compare(left=left, ops=[comparison], comparators=[ast.Constant() | ast.UnaryOp() as right]):
            first, second = (_value(side, values, reading) for side in (left, right))
            return None if first is None or second is None else float(_COMPARISONS[type(comparison)](first, second))
        case ast.Call(func=ast.Name(id="FILL"), args=[series, filler]):
            value = _value(series, values, reading)
            return _value(filler, values, reading) if value is None and reading.fills_empty else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, when_true, when_false]):
            decided = _value(condition, values, reading)
            if decided is None:
                return None
            # A missing value of the first is 0, one of the second is dropped.
            return (_value(when_true, values, reading) or 0.0) if decided else _value(when_false, values, reading)
    raise AssertionError(f"this part of metric math isn't here: {ast.unparse(node)}")


def _arithmetic(
    sign: ast.operator, left: ast.expr, right: ast.expr, values: Mapping[str, float | None], reading: Reading
) -> float | None:
    sides = [_value(side, values, reading) for side in (left, right)]
    series = [value for side, value in zip((left, right), sides, strict=True) if not isinstance(side, ast.Constant)]
    present = [value for value in series if value is not None]
    if (series and not present) or (len(present) < len(series) and not reading.missing_is_zero):
        return None
    first, second = (value or 0.0 for value in sides)
    return None if isinstance(sign, ast.Div) and second == 0 else _OPERATORS[type(sign)](first, second)
