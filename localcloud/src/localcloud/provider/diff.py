"""What differs between old and new inputs, by property path, and whether that replaces the resource."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.provider.base import UNKNOWN, Properties, ResourceType, Value
from localcloud.provider.values import contains_unknown


@dataclass(frozen=True)
class Difference:
    """One property that differs.

    Attributes:
        path: where, as Pulumi writes it: `tags.Name`, `ingress[0].cidrBlocks`, `tags["a.b"]`.
        kind: `add`, `delete` or `update`.
        replaces: whether this difference makes a new resource.
    """

    path: str
    kind: str
    replaces: bool


def differences(kind: ResourceType, old: Properties, new: Properties) -> list[Difference]:
    """Compare inputs as the official provider does.

    Lists that have no order in AWS are compared as sets and JSON documents by meaning. A new value that isn't known
    yet counts as changed, since it may turn out to be.
    """
    found: list[Difference] = []
    replacing = kind.replace | {"region"} | set(kind.replaces(old, new))
    for key in sorted(old.keys() | new.keys()):
        if key in kind.documents and _same_document(old.get(key), new.get(key)):
            continue
        if key in kind.content and _equal(old.get(kind.content[key], UNKNOWN), new.get(kind.content[key])):
            continue
        before, after = old.get(key), new.get(key)
        pairs = _compare(key, key, before, after, kind.unordered)
        found.extend(Difference(path, how, key in replacing) for path, how in pairs)
    return found


def _compare(
    path: str, plain_path: str, old: Value, new: Value, unordered: frozenset[str]
) -> Iterator[tuple[str, str]]:
    if _equal(old, new):
        return
    if _empty(old) and _empty(new):
        return  # an absent list, map or string and an empty one are the same to AWS's provider
    if old is None:
        yield path, "add"
    elif new is None:
        yield path, "delete"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare(_step(path, key), f"{plain_path}.{key}", old.get(key), new.get(key), unordered)
    elif isinstance(old, list) and isinstance(new, list):
        if plain_path in unordered:
            if contains_unknown(new) or sorted(map(_sortable, old)) != sorted(map(_sortable, new)):
                yield path, "update"
            return
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _compare(f"{path}[{index}]", plain_path, before, after, unordered)
    else:
        yield path, "update"


def _equal(old: Value, new: Value) -> bool:
    if new is UNKNOWN or old is UNKNOWN:
        return False
    if isinstance(old, bool) != isinstance(new, bool):
        return str(old).lower() == str(new).lower() if isinstance(old, str) or isinstance(new, str) else False
    if (
        isinstance(old, str) != isinstance(new, str)
        and isinstance(old, str | int | float)
        and isinstance(new, str | int | float)
    ):
        return str(old) == str(new)
    return bool(old == new) and not contains_unknown(new)


def _empty(value: Value) -> bool:
    return value is None or value == [] or value == {} or value == ""


def _step(path: str, key: str) -> str:
    return f"{path}.{key}" if key.replace("_", "a").replace("-", "a").isalnum() else f"{path}[{json.dumps(key)}]"


def _sortable(value: Any) -> str:  # noqa: ANN401 - any plain value
    return json.dumps(value, sort_keys=True, default=repr)


def _same_document(old: Value, new: Value) -> bool:
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    try:
        return bool(json.loads(old) == json.loads(new))
    except ValueError:
        return old == new
