"""Values and their types, as far as the catalogue has them: https://www.postgresql.org/docs/current/datatype.html.

A value is None, bool, int, str or a list of str.
"""

from localcloud.emulator.stores.postgres.errors import SqlError, unsupported
from localcloud.emulator.stores.postgres.session import Text

Value = bool | int | str | list[str] | None

#: Types by the numbers that clients know: https://www.postgresql.org/docs/current/catalog-pg-type.html
BOOL, NAME, INT8, INT4, TEXT, OID, TEXT_ARRAY, VOID, UNKNOWN = 16, 19, 20, 23, 25, 26, 1009, 2278, 705
ACL, REGCLASS = 1034, 2205
_WHOLE = frozenset({INT8, INT4, OID, REGCLASS})

#: Catalogue tables by the numbers that other rows name them by, as a cast to regclass gives them.
TABLES = {"pg_authid": 1260, "pg_database": 1262, "pg_namespace": 2615}
_NAMED = {
    "bool": BOOL,
    "boolean": BOOL,
    "name": NAME,
    "bigint": INT8,
    "int8": INT8,
    "int": INT4,
    "int4": INT4,
    "integer": INT4,
    "text": TEXT,
    "varchar": TEXT,
    "oid": OID,
    "regclass": REGCLASS,
}
_TRUE, _FALSE = ("t", "true", "y", "yes", "on", "1"), ("f", "false", "n", "no", "off", "0")


def named(name: str, *, array: bool = False) -> int:
    """Return a type by its name."""
    oid = _NAMED.get(name)
    if oid is None or (array and oid not in (TEXT, NAME)):
        raise unsupported(f"the type {name}{'[]' if array else ''}")
    return TEXT_ARRAY if array else oid


def written(value: Value) -> Text:
    """Return a value in text format."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int):
        return str(value)
    return "{" + ",".join(_element(one) for one in value) + "}"


def _element(text: str) -> str:
    plain = text and not any(sign in text for sign in ' ,{}"\\') and text.lower() != "null"
    return text if plain else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def cast(value: Value, oid: int) -> Value:
    """Return a value as another type."""
    if value is None:
        return None
    if oid == REGCLASS and isinstance(value, str):
        if value not in TABLES:
            raise SqlError("42P01", f'relation "{value}" does not exist')
        return TABLES[value]
    if oid in _WHOLE:
        try:
            return int(value)  # type: ignore[arg-type] # a list is refused as what it is
        except (TypeError, ValueError) as error:
            kind = {INT8: "bigint", OID: "oid"}.get(oid, "integer")
            raise SqlError("22P02", f'invalid input syntax for type {kind}: "{written(value)}"') from error
    if oid == BOOL and isinstance(value, str):
        if value.strip().lower() in _TRUE + _FALSE:
            return value.strip().lower() in _TRUE
        raise SqlError("22P02", f'invalid input syntax for type boolean: "{value}"')
    if oid == TEXT_ARRAY and isinstance(value, str):
        return read_array(value)
    if oid in (TEXT, NAME) and isinstance(value, bool):
        return "true" if value else "false"
    return written(value) if oid in (TEXT, NAME) else value


def read_array(text: str) -> list[str]:
    """Read an array of one dimension in text format."""
    if not (text.startswith("{") and text.endswith("}")):
        raise SqlError("22P02", f'malformed array literal: "{text}"')
    found: list[str] = []
    current, quoted, escaped, any_of_it = "", False, False, False
    for sign in text[1:-1]:
        if escaped:
            current, escaped = current + sign, False
        elif sign == "\\":
            escaped = any_of_it = True
        elif sign == '"':
            quoted, any_of_it = not quoted, True
        elif sign == "," and not quoted:
            found.append(current)
            current, any_of_it = "", False
        else:
            current, any_of_it = current + sign, True
    return [*found, current] if any_of_it or found else []


def together(left: Value, left_oid: int, right: Value, right_oid: int) -> tuple[Value, Value]:
    """Return two values as they are compared: a literal or a parameter takes the other's type."""
    for oid in (left_oid, right_oid):
        if oid in _WHOLE or oid in (BOOL, TEXT_ARRAY):
            return cast(left, oid), cast(right, oid)
    return cast(left, TEXT), cast(right, TEXT)
