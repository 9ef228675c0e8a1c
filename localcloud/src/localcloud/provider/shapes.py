"""Between Pulumi's shapes and botocore's: names and types of arguments, lists of tags, resources that aren't there."""

import fnmatch
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud.provider.session import BOTOCORE


@functools.cache
def _operations(service: str) -> tuple[Any, Mapping[str, str]]:
    model = BOTOCORE.get_service_model(service)
    return model, {xform_name(name): name for name in model.operation_names}


@functools.cache
def input_shape(service: str, method: str) -> Any:  # noqa: ANN401 - botocore's shapes have no types
    """Return botocore's shape of the arguments of a client's method."""
    model, names = _operations(service)
    return model.operation_model(names[method]).input_shape


def output_shape(service: str, method: str, path: str) -> Any:  # noqa: ANN401 - as above
    """Return the shape of a part of a method's answer by its JMESPath, None where that isn't a plain path."""
    model, names = _operations(service)
    shape = model.operation_model(names[method]).output_shape
    for step in re.sub(r"\[[^]]*]|@", "", path).replace(" | ", ".").split("."):
        while getattr(shape, "type_name", "") == "list":
            shape = shape.member
        if step and shape is not None:
            shape = shape.members.get(step) if shape.type_name == "structure" else None
    return shape


@functools.cache
def _by_letters(shape: Any) -> Mapping[str, str]:  # noqa: ANN401 - as above
    return {name.lower(): name for name in shape.members}


def member_name(key: str, shape: Any, renames: Mapping[str, str]) -> str | None:  # noqa: ANN401 - as above
    """Return the API's name of a property: its own but for the case of letters and the number, or by `renames`."""
    if renames.get(key) in shape.members:
        return renames[key]
    names, word = _by_letters(shape), key.lower()
    forms = (word, word.removesuffix("s"), f"{word}s", f"{word}es", re.sub("ies$", "y", word), re.sub("es$", "", word))
    return next((names[form] for form in forms if form in names), None)


def to_api(value: Any, shape: Any, renames: Mapping[str, str]) -> Any:  # noqa: ANN401 - any plain value
    """Return a value of the schema as the API takes it, led by the API's own shape.

    The schema writes a block that the API takes as a list of one, and the other way round; documents as JSON text; and
    pairs of a name and a value as a map.

    Raises:
        ValueError: when the API has no such member.
    """
    kind = shape.type_name
    if isinstance(value, str) and (kind in ("structure", "map") or (kind == "list" and value.startswith("["))):
        value = json.loads(value)
    if kind == "structure":
        if isinstance(value, list):
            value = value[0] if value else {}
        return value if shape.is_document_type else _structure(value, shape, renames)
    if kind == "list":
        if isinstance(value, Mapping) and (pair := _pair(shape.member)):
            return [dict(zip(pair, item, strict=True)) for item in value.items()]
        items = value if isinstance(value, list) else [value]
        return [to_api(item, shape.member, renames) for item in items if item is not None]
    if kind == "map":
        return {key: to_api(item, shape.value, renames) for key, item in value.items()}
    if kind == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "boolean":
        return value.lower() == "true" if isinstance(value, str) else bool(value)
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    return value.encode() if kind == "blob" and isinstance(value, str) else value


def _structure(value: Mapping[str, Any], shape: Any, renames: Mapping[str, str]) -> dict[str, Any]:  # noqa: ANN401
    built = {}
    for key, item in value.items():
        name = member_name(key, shape, renames)
        if name is None and item is not None:
            raise ValueError(f"{shape.name} has no {key}: it has {', '.join(sorted(shape.members))}")
        if name is not None and item is not None:
            built[name] = to_api(item, shape.members[name], renames)
    return built


def _pair(shape: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as above
    """Return the names of the members of a pair, such as a tag's; None for anything else."""
    members = list(shape.members) if shape.type_name == "structure" else []
    if len(members) == 2 and members[1].lower().endswith("value") and members[0].lower().endswith(("key", "name")):
        return members[0], members[1]
    return None


def from_api(value: Any, shape: Any = None) -> Any:  # noqa: ANN401 - any API value
    """Return an API value under the schema's names; the keys of a map stay as they are."""
    if isinstance(value, Mapping):
        if shape is not None and shape.type_name == "map":
            return {key: from_api(item, shape.value) for key, item in value.items()}
        members = shape.members if shape is not None and shape.type_name == "structure" else {}
        return {_property(key): from_api(item, members.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        member = shape.member if shape is not None and shape.type_name == "list" else None
        return [from_api(item, member) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _property(name: str) -> str:
    """Return the schema's name: `MultiAZ` is `multiAz`, `KMSKeyId` is `kmsKeyId`."""
    name = re.sub(r"([A-Z])([A-Z]+)(?=[A-Z][a-z]|$)", lambda match: match[1] + match[2].lower(), name)
    return name[:1].lower() + name[1:]


def tags_as(tags: Mapping[str, str] | Iterable[str], shape: Any) -> Any:  # noqa: ANN401 - botocore's
    """Return tags, or the keys of tags, in the shape in which an argument takes them."""
    if shape.type_name == "map" and isinstance(tags, Mapping):
        return dict(tags)
    if shape.member.type_name == "string":
        return list(tags)
    key, value = _pair(shape.member) or ("Key", "Value")
    if isinstance(tags, Mapping):
        return [{key: name, value: text} for name, text in tags.items()]
    return [{key: name} for name in tags]


def pascal(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with each key's first letter in upper case, at every depth; None members are left out."""
    return _rename(value, lambda key: key[:1].upper() + key[1:])


def camel(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with each key's first letter in lower case, at every depth; None members are left out."""
    return _rename(value, lambda key: key[:1].lower() + key[1:])


def _rename(value: Any, rename: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return {rename(key): _rename(item, rename) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_rename(item, rename) for item in value]
    return value


def pick(source: Mapping[str, Any], *keys: str, **renamed: str) -> dict[str, Any]:
    """Return the named members that are there and not None.

    Args:
        source: where to take them from.
        keys: names in the source, taken with the first letter's case swapped (`cidrBlock` gives `CidrBlock`, and the
            other way round).
        renamed: `target=source` for names that differ by more than that.
    """
    found = {swap(key): source[key] for key in keys if source.get(key) is not None}
    found.update({target: source[key] for target, key in renamed.items() if source.get(key) is not None})
    return found


def swap(key: str) -> str:
    """Return a key with the case of its first letter swapped."""
    return key[:1].swapcase() + key[1:]


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return tags as AWS's list of pairs."""
    return [{"Key": name, "Value": text} for name, text in (tags or {}).items()]


def tag_map(tags: Mapping[str, str] | Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Return tags as a map, whatever the service's spelling of the pairs, without the tags that AWS itself sets."""
    if isinstance(tags, Mapping):
        found = dict(tags)
    else:
        found = {}
        for tag in tags or ():
            spelt = {name.lower().removeprefix("tag"): text for name, text in tag.items()}
            found[spelt["key"]] = spelt.get("value", "")
    return {name: text for name, text in found.items() if not name.startswith("aws:")}


def tag_changes(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> tuple[dict[str, str], list[str]]:
    """Return (tags to set, keys to remove) that lead from the old tags to the new ones."""
    before, after = old or {}, new or {}
    return {k: v for k, v in after.items() if before.get(k) != v}, [k for k in before if k not in after]


def changed(old: Mapping[str, Any], new: Mapping[str, Any], *keys: str) -> bool:
    """Tell whether any of the named members differs."""
    return any(old.get(key) != new.get(key) for key in keys)


def added_and_removed(old: Mapping[str, Any], new: Mapping[str, Any], key: str) -> tuple[list[Any], list[Any]]:
    """Return (items to add, items to remove) that lead from the old list to the new one, whatever their order."""
    before, after = set(old.get(key) or ()), set(new.get(key) or ())
    return sorted(after - before), sorted(before - after)


def version_as_asked(live: str, asked: object) -> str:
    """Return a version as it was asked for: `16` where 16.4 runs, `6.x` where 6.2.6 does."""
    text = str(asked or "")
    stem = text.removesuffix("x")
    return text if text and (live == text or live.startswith(stem if stem.endswith(".") else f"{text}.")) else live


def as_cased(live: Any, asked: object) -> Any:  # noqa: ANN401 - any plain value
    """Return a word in the case in which it was asked for; AWS keeps many in lower case."""
    return asked if isinstance(asked, str) and isinstance(live, str) and asked.lower() == live.lower() else live


def code_of(error: ClientError) -> str:
    """Return AWS's error code, such as `ResourceNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def ignoring(*codes: str) -> "_Ignoring":
    """Return a context that swallows these AWS error codes (`*` for anything), to delete what isn't there any more."""
    return _Ignoring(codes)


class _Ignoring:
    """See `ignoring`."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ClientError) and _matches(error, self.codes)


def _matches(error: ClientError, codes: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(code_of(error), code) for code in codes)


def found(call: Callable[[], Any], *codes: str) -> Any:  # noqa: ANN401 - botocore's answers are dicts of anything
    """Return what a describe call answers, or None when AWS says that the resource isn't there.

    Args:
        call: the call, without arguments.
        codes: AWS error codes that mean "not there".
    """
    try:
        return call()
    except ClientError as error:
        if _matches(error, codes):
            return None
        raise
