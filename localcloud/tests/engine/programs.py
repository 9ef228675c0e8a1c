"""Programs as data, which both engines run and tests change at random."""

from dataclasses import asdict, dataclass, field
from typing import Any

import pulumi
import pulumi_random

from engine.fake import Group, TestProvider, Thing


@dataclass(frozen=True)
class Item:
    """One resource of a program.

    Attributes:
        name: its logical name.
        group: whether it is a component.
        generated: whether it is a random text of our own provider, and no thing of the fake one.
        parent: name of the resource above it, or empty.
        values: plain inputs.
        secret: a secret input, or empty.
        takes: input names, each with the name of the resource whose `arn` it takes.
        depends_on: names of resources.
        provider: name of the explicit provider, or empty.
        options: keywords of `ResourceOptions`.
        was: the name that it had before, for an alias.
    """

    name: str
    group: bool = False
    generated: bool = False
    parent: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    secret: str = ""
    takes: dict[str, str] = field(default_factory=dict)
    depends_on: list[str] = field(default_factory=list)
    provider: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    was: str = ""


def dump(items: list[Item], providers: dict[str, str]) -> dict[str, Any]:
    """Return a program as JSON."""
    return {"items": [asdict(item) for item in items], "providers": providers}


def build(program: dict[str, Any]) -> None:
    """Run a program."""
    providers = {name: TestProvider(name, region=region) for name, region in program["providers"].items()}
    made: dict[str, pulumi.Resource] = {}
    for item in (Item(**raw) for raw in program["items"]):
        options = pulumi.ResourceOptions(
            parent=made.get(item.parent),
            depends_on=[made[name] for name in item.depends_on],
            provider=providers.get(item.provider),
            aliases=[pulumi.Alias(name=item.was)] if item.was else None,
            **item.options,
        )
        if item.group:
            group = Group(item.name, options)
            group.register_outputs({"name": item.name})
            made[item.name] = group
            continue
        if item.generated:
            kind = pulumi_random.RandomPassword if item.secret else pulumi_random.RandomString
            made[item.name] = kind(item.name, **item.values, opts=options)
            continue
        inputs: dict[str, Any] = dict(item.values)
        for key, name in item.takes.items():
            source = made[name]
            inputs[key] = source.arn if isinstance(source, Thing) else name
        if item.secret:
            inputs["hidden"] = pulumi.Output.secret(item.secret)
        made[item.name] = Thing(item.name, options, **inputs)
    for name, resource in made.items():
        if isinstance(resource, Thing):
            pulumi.export(name, resource.arn)
