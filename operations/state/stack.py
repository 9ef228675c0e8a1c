"""What a stack's state knows: its outputs, its resources, and which migrations were run.

Nothing is decrypted here: an encrypted value reads `[secret]`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from operations.errors import OperationError
from operations.state import resources, rotation, sources
from operations.state.resources import Resources
from operations.state.rotation import Rotation

#: By which key the deployment format marks a secret:
#: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/signature.go
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_MIGRATION_RUN = "pulumi-python:dynamic/alicerce:MigrationRun"
_ROTATION_GUARD = "pulumi-python:dynamic/alicerce:RotationGuard"
_ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")

#: What the migration's task definition is called among the services'.
MIGRATION = "migration"


@dataclass(frozen=True, kw_only=True)
class Migrations:
    """What a system's migration resource remembers."""

    digest: str
    """The image whose migration the stack's last `up` saw to."""
    outcome: str
    """How: `migrated`, `skipped` (it was migrated before) or `disabled`."""
    finished: Mapping[str, str]
    """When each image was migrated, by digest, oldest first."""


@dataclass(frozen=True, kw_only=True)
class System:
    """A system as the stack's outputs describe it."""

    name: str
    """Its name."""
    release: str | None
    """The image tag of the last `up`; None before the first release."""
    services: Mapping[str, str]
    """Physical names of its services, by name; none before the first release."""
    task_definitions: Mapping[str, str]
    """The revision of each service that the stack deployed, by name."""
    migration_task_definition: str | None
    """The revision of its migration; None before the first release."""
    secrets: Mapping[str, str]
    """ARNs of its secrets, by variable."""
    database: str
    """Where its database listens: `host:port`."""
    migrations: Migrations | None
    """What its migration resource remembers; None before the first release."""
    rotation: Rotation = field(default_factory=Rotation)
    """What is known of its secrets' rotation."""
    queue_depth: str | None = None
    """The function that publishes the depth of its queues; None where there is none."""
    repositories: tuple[str, ...] = ()
    """URLs of the repositories that its images come from."""

    @property
    def all_task_definitions(self) -> dict[str, str]:
        """The revisions of its services in order, then that of its migration, by name."""
        migration = self.migration_task_definition
        return dict(sorted(self.task_definitions.items())) | ({MIGRATION: migration} if migration else {})


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm of the stack."""

    name: str
    """Its name in CloudWatch."""
    system: str | None
    """The system that it watches; None for what all systems share."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack as its state describes it."""

    name: str
    """Its name."""
    cluster: str
    """Name of its ECS cluster."""
    systems: Mapping[str, System]
    """Its systems, by name."""
    alarms: tuple[Alarm, ...]
    """Its alarms, autoscaling's own left out."""
    preview_command: tuple[str, ...] = field(default=())
    """What previews it."""

    def system(self, name: str) -> System:
        """Return a system.

        Raises:
            OperationError: the stack has none of that name.
        """
        if name not in self.systems:
            raise OperationError(f"stack {self.name!r} has no system {name!r}; it has: {_listed(self.systems)}")
        return self.systems[name]

    def service(self, *words: str) -> tuple[System, str]:
        """Find a service by `aprendeai-api` or by `aprendeai`, `api`; return its system and its name there.

        Raises:
            OperationError: the stack has none of that name.
        """
        wanted = "-".join(words)
        known = {
            physical: (system, name) for system in self.systems.values() for name, physical in system.services.items()
        }
        if wanted not in known:
            raise OperationError(f"stack {self.name!r} has no service {wanted!r}; it has: {_listed(known)}")
        return known[wanted]


def read(name: str, root: Path) -> Stack:
    """Read a stack's state.

    Args:
        name: the stack.
        root: the project's folder.

    Raises:
        OperationError: it can't be read, with what to do.
    """
    source = sources.of_stack(name, root)
    return _parsed(name, _current(source.export()), source.preview_command)


def read_with_resources(name: str, root: Path) -> tuple[Stack, Resources]:
    """Read a stack's state with what it knows of resources that aren't among the outputs.

    Args:
        name: the stack.
        root: the project's folder.

    Raises:
        OperationError: it can't be read, with what to do.
    """
    source = sources.of_stack(name, root)
    current = _current(source.export())
    return _parsed(name, current, source.preview_command), resources.parsed(current, name)


def _current(text: str) -> list[dict[str, Any]]:
    """Return the resources of a state, without those that are about to be deleted."""
    found = (_plain(item) for item in (json.loads(text).get("deployment") or {}).get("resources") or ())
    return [resource for resource in found if not resource.get("delete")]


def _parsed(name: str, current: Sequence[Mapping[str, Any]], preview: tuple[str, ...]) -> Stack:
    outputs = next((r.get("outputs") or {} for r in current if r["type"] == "pulumi:pulumi:Stack"), {})
    if "cluster" not in outputs:
        raise OperationError(f"stack {name!r} isn't up: its state has no output `cluster`. Run up first")
    migrations = {system: _migrations(remembered) for system, remembered in _remembered(current, _MIGRATION_RUN)}
    begun = {system: remembered["counters"] for system, remembered in _remembered(current, _ROTATION_GUARD)}
    return Stack(
        name=name,
        cluster=str(outputs["cluster"]),
        systems={
            key: _system(key, value, migrations.get(key), begun.get(key))
            for key, value in outputs.items()
            if isinstance(value, dict) and "repositories" in value
        },
        alarms=tuple(
            Alarm(name=str(resource["id"]), system=(resource.get("inputs", {}).get("tags") or {}).get("System"))
            for resource in current
            if resource["type"] in _ALARMS and not _only_scales(resource)
        ),
        preview_command=preview,
    )


def _only_scales(alarm: Mapping[str, Any]) -> bool:
    """Tell whether an alarm only starts tasks: it is on whenever there is something to do.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingPolicy.html (PolicyARN)
    """
    actions = [str(action) for action in alarm.get("inputs", {}).get("alarmActions") or ()]
    return bool(actions) and all(":scalingPolicy:" in action for action in actions)


def _remembered(current: Iterable[Mapping[str, Any]], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (system, outputs) of what the program's own resources of a kind remember."""
    for resource in current:
        if resource["type"] == kind and resource.get("outputs"):
            yield str(resource["outputs"]["system"]), resource["outputs"]


def _system(
    name: str, outputs: Mapping[str, Any], migrations: Migrations | None, begun: Mapping[str, Any] | None
) -> System:
    return System(
        name=name,
        release=outputs.get("release"),
        services=outputs.get("services") or {},
        task_definitions=outputs.get("taskDefinitions") or {},
        migration_task_definition=(outputs.get("migration") or {}).get("taskDefinition"),
        secrets=outputs.get("secrets") or {},
        database=str(outputs.get("database") or ""),
        migrations=migrations,
        rotation=rotation.parsed(outputs, begun),
        queue_depth=outputs.get("queueDepth"),
        repositories=tuple(sorted(str(url) for url in (outputs.get("repositories") or {}).values())),
    )


def _migrations(outputs: Mapping[str, Any]) -> Migrations:
    return Migrations(
        digest=str(outputs.get("digest")),
        outcome=str(outputs.get("outcome")),
        finished={digest: str(run["finished"]) for digest, run in (outputs.get("migrated") or {}).items()},
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with `[secret]` for every encrypted value."""
    if isinstance(value, dict):
        return "[secret]" if _SIGNATURE in value else {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
