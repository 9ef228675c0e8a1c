"""From config as text to config as typed models; what doesn't fit its model becomes a `ConfigProblem`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast, get_origin

from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from stacks.settings.models import Model, PublicUrl, SystemConfig, models_in
from stacks.settings.problems import ConfigProblem, remove_command, set_command, unknown_name
from stacks.systems.spec import Generated, SystemSpec

_Model = TypeVar("_Model", bound=Model)


def system_model(system: SystemSpec) -> type[SystemConfig]:
    """Return a system's model: the keys that all systems have, and its own URLs."""
    urls = {variable: (PublicUrl, ...) for variable in system.urls}
    return cast(type[SystemConfig], create_model(f"{system.name}_config", __base__=SystemConfig, **cast(Any, urls)))


def parse(
    namespace: str,
    model: type[_Model],
    values: Mapping[str, str],
    problems: list[ConfigProblem],
    system: SystemSpec | None = None,
) -> _Model | None:
    """Return a namespace's config as its model, or None after adding to the problems.

    Args:
        namespace: what the keys begin with.
        model: what they should be.
        values: config as text by full key.
        problems: what was found wrong so far; added to.
        system: the system of the namespace. Its supplied secrets aren't read.
    """
    supplied = system.supplied if system is not None else {}
    keys = {key: key.removeprefix(f"{namespace}:") for key in values if key.startswith(f"{namespace}:")}
    # Pulumi.yaml declares the keys of systems with an empty value, which stands for "not set".
    own = {name: _decoded(values[key]) for key, name in keys.items() if values[key] not in ("", "{}")}
    try:
        return model.model_validate({name: value for name, value in own.items() if name not in supplied})
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
    inner, field = _found(model, path)
    if field is None:
        return _unknown_key(key, path, inner, system)
    about = cast(dict[str, str], field.json_schema_extra)
    if detail["type"] == "missing":
        problem = "is missing"
    else:
        reason = detail["msg"].removeprefix("Value error, ")
        if reason.startswith("Input "):  # pydantic's own words
            reason = reason[:1].lower() + reason[1:]
        problem = f"is {detail['input']!r}: {reason}"
    settable = key
    if detail["type"] == "tuple_type":
        settable = f"{key}[0]"
    elif isinstance(detail["loc"][-1], int):
        settable = f"{namespace}:{'.'.join(path[:-1])}[{path[-1]}]"
    return ConfigProblem(
        key=key, problem=problem, allowed=about["allowed"], remedy=set_command(settable, about["example"])
    )


def _unknown_key(key: str, path: list[str], model: type[Model], system: SystemSpec | None) -> ConfigProblem:
    known = [*_keys(model)]
    if system is not None and len(path) == 1:
        if path[0] in system.secrets:
            generated = isinstance(system.secrets[path[0]], Generated)
            how = "is made by the program" if generated else "is composed of other values"
            return ConfigProblem(
                key=key,
                problem=f"can't be set: {path[0]} {how}",
                allowed=f"{system.name}:rotation, which makes another value",
                remedy=remove_command(key),
            )
        known += system.supplied
    return unknown_name(key, "is unknown", path[-1], sorted(known))


def _keys(model: type[Model]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _found(model: type[Model], path: Sequence[str]) -> tuple[type[Model], FieldInfo | None]:
    """Return the innermost model that a path leads to, and its field that the path names, if it has that field."""
    field = _keys(model).get(path[0])
    if field is None:
        return model, None
    # In an object of objects a name of the person's choice comes before the inner model's fields.
    rest = path[2:] if get_origin(field.annotation) is dict else path[1:]
    inner = models_in(field)
    return _found(inner[0], rest) if inner and rest else (model, field)
