"""The section `config` of `Pulumi.yaml`, written from the models: `python -m stacks.settings.declarations`.

It declares every key that a stack file may set, with its description. Pulumi checks types and fills in defaults for the
project's own namespace. For a system's it takes neither (`docs/decisions/0001-config-keys-of-systems.md`), only a
value: an empty one stands for "not set".
"""

import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast, get_origin

from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from stacks.settings.models import PlatformConfig, SystemConfig, models_in
from stacks.systems import SYSTEMS
from stacks.systems.spec import SystemSpec

FILE = Path(__file__).resolve().parents[2] / "Pulumi.yaml"
_COMMENT = "# Every key that a stack file may set, written by `make config`. The values are in Pulumi.<stack>.yaml.\n"


def config_section(systems: Sequence[SystemSpec]) -> str:
    """Return the section's text, with the comment before it."""
    parts = [f"  # {PlatformConfig.__doc__}\n", _yaml(_platform())]
    for system in systems:
        parts += [f"\n  # The keys of the namespace `{system.name}`.\n", _yaml(_system(system))]
    return f"{_COMMENT}config:\n{''.join(parts)}"


def whole(text: str, systems: Sequence[SystemSpec]) -> str:
    """Return the text of `Pulumi.yaml` with the section as it should be."""
    before, comment, section = text.partition(_COMMENT)
    if not comment:
        raise SystemExit(f"{FILE} lacks the comment that the section begins with: {_COMMENT}")
    after = re.search(r"^(?!config:)\S", section, re.MULTILINE)
    return before + config_section(systems) + (f"\n{section[after.start() :]}" if after else "")


def _yaml(declared: Iterator[tuple[str, dict[str, Any]]]) -> str:
    text = io.StringIO()
    writer = YAML()
    writer.width = 116
    writer.dump(dict(declared), text)
    return textwrap.indent(text.getvalue(), "  ")


def _platform() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in PlatformConfig.model_fields.items():
        kind = _kind(field)
        items = {"items": {"type": "string"}} if kind == "array" else {}
        yield name, {"type": kind, **items, "description": field.description, "default": _unset(field)}


def _system(system: SystemSpec) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in SystemConfig.model_fields.items():
        required = " Required." if field.is_required() else ""
        yield f"{system.name}:{name}", {"description": f"{field.description}{required}", "value": _unset(field)}
    for variable, description in system.urls.items():
        text = f"{description}: https:// and a host in the zone. Required."
        yield f"{system.name}:{variable}", {"description": text, "value": ""}
    for variable, supplied in system.supplied.items():
        description = f"{supplied.description[:1].upper()}{supplied.description[1:]}. Encrypted."
        # What Pulumi knows as secret has to be set.
        secret = {"secret": True} if supplied.required else {}
        text = f"{description}{' Required.' if supplied.required else ''}"
        yield f"{system.name}:{variable}", {"description": text, **secret, "value": ""}


def _kind(field: FieldInfo) -> str:
    """Return Pulumi's name of a field's type."""
    kind = get_origin(field.annotation) or field.annotation
    if kind is dict or models_in(field):
        return "object"
    return {tuple: "array", bool: "boolean"}.get(cast(type[object], kind), "string")


def _unset(field: FieldInfo) -> object:
    """Return what stands for a key that isn't set."""
    if isinstance(field.default, bool | str):
        return field.default
    return {"array": [], "object": {}, "string": ""}[_kind(field)]


if __name__ == "__main__":
    FILE.write_text(whole(FILE.read_text(), SYSTEMS))
