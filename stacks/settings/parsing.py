"""From config as text to config as typed models; what doesn't fit its model becomes a `ConfigProblem`."""

import json
from collections.abc import Mapping
from typing import Any, cast, get_args

from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.core.did_you_mean import did_you_mean
from stacks.settings.models import Model, PublicUrl, ServiceConfig, SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command
from stacks.systems.spec import Generated, SystemSpec


def system_model(system: SystemSpec) -> type[SystemConfig]:
    """Return a system's model: the keys that all systems have, and its own URLs."""
    urls = {variable: (PublicUrl, ...) for variable in system.urls}
    return cast(type[SystemConfig], create_model(f"{system.name}_config", __base__=SystemConfig, **cast(Any, urls)))


def parse(
    namespace: str,
    model: type[Model],
    values: Mapping[str, str],
    problems: list[ConfigProblem],
    unread: frozenset[str],
    system: SystemSpec | None = None,
) -> Model | None:
    """Return a namespace's config as its model, or None after adding to the problems.

    Args:
        namespace: what the keys begin with.
        model: what they should be.
        values: config as text by full key.
        problems: what was found wrong so far; added to.
        unread: keys that aren't read here, since they hold secrets.
        system: the system of the namespace, for what is said about its secrets.
    """
    own = {
        key.partition(":")[2]: _decoded(text)
        for key, text in values.items()
        # Pulumi.yaml declares the keys of systems with an empty value, which stands for "not set".
        if key.startswith(f"{namespace}:") and text not in ("", "{}") and key.partition(":")[2] not in unread
    }
    try:
        return model.model_validate(own)
    except ValidationError as error:
        problems.extend(_problem(namespace, model, detail, system) for detail in error.errors())
        return None


def _decoded(text: str) -> Any:  # noqa: ANN401 - any JSON value
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _problem(namespace: str, model: type[Model], detail: ErrorDetails, system: SystemSpec | None) -> ConfigProblem:
    path = [str(part) for part in detail["loc"]]
    key = f"{namespace}:{'.'.join(path)}"
    if detail["type"] == "extra_forbidden":
        return _unknown_key(key, path, model, system)
    about = _extra(model, path)
    allowed, example = about["allowed"], about["example"]
    if detail["type"] == "missing":
        return ConfigProblem(key=key, problem="is missing", allowed=allowed, remedy=set_command(key, example))
    reason = detail["msg"].removeprefix("Value error, ")
    if reason.startswith("Input "):  # pydantic's own words
        reason = reason[:1].lower() + reason[1:]
    # A list is set as a whole, not member by member.
    of_list = path[-1].isdigit() or detail["type"] == "tuple_type"
    settable = key.rstrip("0123456789").rstrip(".") + ("[0]" if of_list else "")
    return ConfigProblem(
        key=key,
        problem=f"is {detail['input']!r}: {reason}",
        allowed=allowed,
        remedy=set_command(settable, example)
        if settable == key
        else f"pulumi config set --path '{settable}' {example}",
    )


def _unknown_key(key: str, path: list[str], model: type[Model], system: SystemSpec | None) -> ConfigProblem:
    if len(path) == 1 and system is not None and path[0] in system.secrets:
        generated = isinstance(system.secrets[path[0]], Generated)
        how = "is made by the program" if generated else "is composed of other values"
        return ConfigProblem(
            key=key,
            problem=f"can't be set: {path[0]} {how}",
            allowed=f"{system.name}:rotation, which makes another value",
            remedy=remove_command(key),
        )
    known = sorted(_fields(model, path[:-1]))
    if system is not None and len(path) == 1:
        known = sorted({*known, *system.supplied})
    return ConfigProblem(
        key=key,
        problem=f"is unknown{did_you_mean(path[-1], known)}",
        allowed=", ".join(known),
        remedy=remove_command(key),
    )


def _fields(model: type[Model], path: list[str]) -> dict[str, FieldInfo]:
    """Return the fields of the model that a path leads to, through objects and maps of objects."""
    if not path:
        return model.model_fields
    if path[0] == "services":
        return ServiceConfig.model_fields
    inner = _named(model, path[0]).annotation
    models = [kind for kind in (inner, *get_args(inner)) if isinstance(kind, type) and issubclass(kind, Model)]
    return models[0].model_fields


def _named(model: type[Model], key: str) -> FieldInfo:
    """Return the field that config calls by a key."""
    return next(info for name, info in model.model_fields.items() if key in (name, info.alias))


def _extra(model: type[Model], path: list[str]) -> dict[str, str]:
    info = _named(model, path[0])
    if path[0] == "services" and len(path) > 2:
        info = ServiceConfig.model_fields[path[2]]
    elif path[0] in ("retention", "promotion", "registry") and len(path) > 1:
        inner = _fields(model, path[:1])
        info = next(field for name, field in inner.items() if path[1] in (name, field.alias))
    return cast(dict[str, str], info.json_schema_extra)
