"""Between Pulumi's property values and the plain values that resource types work with."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue

from localcloud.provider.base import UNKNOWN, Properties, Value

PropertyMap = Mapping[str, PropertyValue]


def plain(value: PropertyValue) -> Value:
    """Return a property value without secret marks: `UNKNOWN` for what isn't known, int for a whole number."""
    inner = value.value
    if isinstance(inner, Computed):
        return UNKNOWN
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if inner is None or isinstance(inner, bool | str | pulumi.Asset | pulumi.Archive):
        return inner
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence):
        return [plain(item) for item in inner if isinstance(item, PropertyValue)]
    return inner  # a resource reference: no type of ours takes one


def plain_map(values: PropertyMap) -> Properties:
    """Return every property as a plain value, without those that are null (the official provider drops them too)."""
    return {key: result for key, value in values.items() if (result := plain(value)) is not None}


def secret_keys(values: PropertyMap) -> set[str]:
    """Return the top-level properties that are secret or hold a secret."""
    return {key for key, value in values.items() if value.contains_secret()}


def wrap(value: Value) -> PropertyValue:
    """Return a plain value as a property value."""
    if value is UNKNOWN:
        return PropertyValue.computed()
    if isinstance(value, bool) or value is None or isinstance(value, str | pulumi.Asset | pulumi.Archive):
        return PropertyValue(value)
    if isinstance(value, int | float):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue({key: wrap(item) for key, item in value.items() if item is not None})
    if isinstance(value, list | tuple | set | frozenset):
        return PropertyValue([wrap(item) for item in value])
    raise TypeError(f"a provider answered with a {type(value).__name__}, which is no property value: {value!r}")


def wrap_map(values: Mapping[str, Value], secret: set[str] | frozenset[str]) -> dict[str, PropertyValue]:
    """Return plain properties as property values, the named ones marked secret. None members are left out."""
    return {
        key: wrap(value).with_secret(True) if key in secret else wrap(value)
        for key, value in values.items()
        if value is not None
    }


def contains_unknown(value: Any) -> bool:  # noqa: ANN401 - any plain value
    """Tell whether a plain value is, or holds, `UNKNOWN`."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return False
