"""Property paths, such as `a.b[0]["c d"]`: what differs, what a path names, and setting it back.

https://www.pulumi.com/docs/iac/concepts/miscellaneous/property-paths/
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.engine.values import NULL, PropertyMap, as_secret, make, mapping, same

PropertyPath = tuple[str | int, ...]


def changed_paths(old: Mapping[str, PropertyValue], new: Mapping[str, PropertyValue]) -> dict[str, str]:
    """Return the paths that differ, each with `add`, `delete` or `update`, as deep as both have the same shape."""
    found: dict[str, str] = {}
    _walk_map((), old, new, found)
    return found


def _walk_map(
    path: PropertyPath,
    old: Mapping[str, PropertyValue],
    new: Mapping[str, PropertyValue],
    found: dict[str, str],
) -> None:
    for key in sorted(old.keys() | new.keys()):
        _walk((*path, key), old.get(key), new.get(key), found)


def _walk(path: PropertyPath, old: PropertyValue | None, new: PropertyValue | None, found: dict[str, str]) -> None:
    if same(old, new):
        return
    if old is None or new is None:
        found[format_path(path)] = "add" if old is None else "delete"
        return
    left, right = old.value, new.value
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        _walk_map(path, left, right, found)
    elif isinstance(left, tuple) and isinstance(right, tuple):
        for index in range(max(len(left), len(right))):
            a = left[index] if index < len(left) else None
            b = right[index] if index < len(right) else None
            _walk((*path, index), a, b, found)
    else:
        found[format_path(path)] = "update"


def parse_path(path: str) -> PropertyPath:
    """Parse a property path such as `a.b[0]["c d"]` or `a[*].b`.

    Raises:
        ValueError: when the path isn't one.
    """
    elements: list[str | int] = []
    at = 0
    if path.startswith("."):
        raise ValueError(f"{path!r} isn't a property path: it has to start with a name or an index")
    while at < len(path):
        if path[at] == ".":
            at += 1
            if at == len(path):
                raise ValueError(f"{path!r} isn't a property path: it has to end with a name or an index")
        elif path.startswith('["', at):
            at += 2
            key = ""
            while True:
                if at >= len(path):
                    raise ValueError(f"{path!r} isn't a property path: a closing quote is missing")
                if path[at] == '"':
                    break
                if path.startswith('\\"', at):
                    at += 1
                key += path[at]
                at += 1
            if not path.startswith('"]', at):
                raise ValueError(f"{path!r} isn't a property path: a closing bracket is missing")
            elements.append(key)
            at += 2
        elif path[at] == "[":
            end = path.find("]", at)
            if end < 0:
                raise ValueError(f"{path!r} isn't a property path: a closing bracket is missing")
            segment = path[at + 1 : end]
            if segment != "*" and not segment.isdigit():
                raise ValueError(f"{path!r} isn't a property path: {segment!r} isn't an index")
            elements.append(segment if segment == "*" else int(segment))
            at = end + 1
        else:
            end = at
            while end < len(path) and path[end] not in ".[":
                end += 1
            elements.append(path[at:end])
            at = end
    return tuple(elements)


def format_path(path: Iterable[str | int]) -> str:
    """Write a property path as the official engine does."""
    text = ""
    for element in path:
        if isinstance(element, int):
            text += f"[{element}]"
        elif element.replace("_", "").isalnum() and element.isascii():
            text += f".{element}" if text else element
        else:
            text += '["' + element.replace('"', '\\"') + '"]'
    return text


def path_contains(outer: PropertyPath, inner: PropertyPath) -> bool:
    """Tell whether a path names a property that holds another path's; `*` stands for any element."""
    return len(inner) >= len(outer) and all(
        a == "*" or (type(a) is type(b) and a == b) for a, b in zip(outer, inner, strict=False)
    )


def get_path(properties: Mapping[str, PropertyValue], path: str) -> PropertyValue | None:
    """Return the value at a path, or None when there is none. A value inside a secret is secret."""
    value = mapping(properties)
    for element in parse_path(path):
        raw: Any = value.value
        found: PropertyValue | None = None
        if (isinstance(raw, Mapping) and element in raw) or (
            isinstance(raw, tuple) and isinstance(element, int) and element < len(raw)
        ):
            found = raw[element]  # type: ignore[index]
        if found is None:
            return None
        value = as_secret(found) if value.is_secret else found
    return value


def reset_path(path: str, old: PropertyMap, new: PropertyMap) -> tuple[PropertyMap, bool]:
    """Return the new properties with the value at a path set back to the old one, and whether that was possible.

    It isn't possible where an element of a list was added or removed, as in the official engine:
    https://www.pulumi.com/docs/iac/concepts/options/ignorechanges/
    """
    result, ok = _reset(parse_path(path), mapping(old), mapping(new), False, False)
    return (dict(result.value), True) if ok and isinstance(result.value, Mapping) else (new, ok)


def _reset(
    path: PropertyPath, old: PropertyValue, new: PropertyValue, old_secret: bool, new_secret: bool
) -> tuple[PropertyValue, bool]:
    """Do the work of `reset_path` one element down; the returned value is `new` itself where nothing changes."""
    old_secret, new_secret = old_secret or old.is_secret, new_secret or new.is_secret
    key, rest = path[0], path[1:]
    before, after = old.value, new.value

    def kept(value: PropertyValue) -> PropertyValue:
        return as_secret(value) if old_secret and not new_secret else value

    def inner(a: PropertyValue, b: PropertyValue) -> tuple[PropertyValue, bool]:
        return (kept(a), True) if not rest else _reset(rest, a, b, old_secret, new_secret)

    if isinstance(key, int):
        if not isinstance(before, tuple) or not isinstance(after, tuple):
            return new, not isinstance(before, tuple) and not isinstance(after, tuple)
        if key >= len(before) or key >= len(after):
            return new, not rest and key >= len(before) and key >= len(after)
        value, ok = inner(before[key], after[key])
        return (make((*after[:key], value, *after[key + 1 :]), new.is_secret), True) if ok else (new, False)
    if key == "*":
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            if not rest:
                return make(MappingProxyType({k: kept(v) for k, v in before.items()}), new.is_secret), True
            merged = dict(after)
            for name, value in before.items():
                if name not in after:
                    return new, False
                merged[name], ok = inner(value, after[name])
                if not ok:
                    return new, False
            return make(MappingProxyType(merged), new.is_secret), True
        if isinstance(before, tuple) and isinstance(after, tuple):
            if len(before) != len(after):
                return new, False
            pairs = [inner(a, b) for a, b in zip(before, after, strict=True)]
            return (
                (make(tuple([v for v, _ in pairs]), new.is_secret), True) if all(o for _, o in pairs) else (new, False)
            )
        return new, not rest and isinstance(after, (Mapping, tuple))
    if not rest:
        had = isinstance(before, Mapping) and key in before
        if not isinstance(after, Mapping):
            return new, not had
        merged = dict(after)
        if had and isinstance(before, Mapping):
            merged[key] = kept(before[key])
        else:
            merged.pop(key, None)
        return make(MappingProxyType(merged), new.is_secret), True
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return new, not isinstance(before, Mapping) and not isinstance(after, Mapping)
    if key not in after:
        return new, key not in before
    value, ok = inner(before.get(key, NULL), after[key])
    return (make(MappingProxyType({**after, key: value}), new.is_secret), True) if ok else (new, False)
