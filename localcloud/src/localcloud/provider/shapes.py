"""Between Pulumi's shapes and botocore's: case of keys, lists of tags, resources that are gone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError


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


def tag_list(tags: Mapping[str, str] | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Return tags as AWS's list of pairs; ECS and a few others spell the members in lower case."""
    return [{key: name, value: text} for name, text in (tags or {}).items()]


def tag_map(tags: Iterable[Mapping[str, str]] | None, key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Return AWS's list of pairs as a map, without the tags that AWS itself sets."""
    return {tag[key]: tag.get(value, "") for tag in tags or () if not tag[key].startswith("aws:")}


def tag_changes(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> tuple[dict[str, str], list[str]]:
    """Return (tags to set, keys to remove) that lead from the old tags to the new ones."""
    before, after = old or {}, new or {}
    return {k: v for k, v in after.items() if before.get(k) != v}, [k for k in before if k not in after]


def changed(old: Mapping[str, Any], new: Mapping[str, Any], *keys: str) -> bool:
    """Tell whether any of the named members differs."""
    return any(old.get(key) != new.get(key) for key in keys)


def code_of(error: ClientError) -> str:
    """Return AWS's error code, such as `ResourceNotFoundException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def ignoring(*codes: str) -> "_Ignoring":
    """Return a context that swallows these AWS error codes: for deleting what is gone already."""
    return _Ignoring(codes)


class _Ignoring:
    """See `ignoring`."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, ClientError) and code_of(error) in self.codes


def found(call: Callable[[], Any], *codes: str) -> Any:  # noqa: ANN401 - botocore's answers are dicts of anything
    """Return what a describe call answers, or None when AWS says that the resource isn't there.

    Args:
        call: the call, without arguments.
        codes: AWS error codes that mean "not there".
    """
    try:
        return call()
    except ClientError as error:
        if code_of(error) in codes:
            return None
        raise
