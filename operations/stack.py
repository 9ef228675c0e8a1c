"""What a stack's state knows: its outputs, its resources, and which migrations were run.

With the official CLI the state is what `pulumi stack export` prints. On the local cloud it is a file in the same format
(version 3 of Pulumi's deployment format). Neither is decrypted here: a secret stays sealed, and reads `[secret]`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from operations import rotation
from operations.errors import OperationError
from operations.rotation import Rotation

#: By which key the deployment format marks a secret:
#: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/signature.go
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_MIGRATION_RUN = "pulumi-python:dynamic/alicerce:MigrationRun"
_ROTATION_GUARD = "pulumi-python:dynamic/alicerce:RotationGuard"
_ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
    repositories: Mapping[str, str]
    """URLs of its repositories, by image."""
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


def on_local_cloud() -> bool:
    """Tell whether AWS is the emulated account: `python -m localcloud exec` says so."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _LOOPBACK


def read(name: str, root: Path) -> Stack:
    """Read a stack's state.

    Args:
        name: the stack.
        root: the project's folder.

    Raises:
        OperationError: it can't be read, with what to do.
    """
    if on_local_cloud():
        text, preview = _local(name, root)
    else:
        text, preview = _official(name, root), ("pulumi", "preview", "--stack", name)
    return _parsed(name, text, preview)


def _local(name: str, root: Path) -> tuple[str, tuple[str, ...]]:
    """Return the state of the local cloud's engine, or of the official CLI where that deployed to the local cloud."""
    from localcloud.engine import ConfigError, Project

    try:
        local = Project(root).stack(name)
    except ConfigError as error:
        raise OperationError(str(error)) from None
    cloud = (sys.executable, "-m", "localcloud")
    if local.state_file.exists():
        return local.state_file.path.read_text(encoding="utf-8"), (*cloud, "preview", "--stack", name)
    backend = local.home.resolve() / "pulumi"
    if backend.exists() and shutil.which("pulumi"):
        # Where `localcloud exec -- pulumi` keeps its stacks.
        from localcloud.engine.secrets import DEFAULT_PASSPHRASE

        environment = {"PULUMI_BACKEND_URL": backend.as_uri(), "PULUMI_CONFIG_PASSPHRASE": DEFAULT_PASSPHRASE}
        text = _official(name, root, {**environment, **os.environ})
        return text, (*cloud, "exec", "--stack", name, "--", "pulumi", "preview", "--stack", name)
    raise OperationError(
        f"there is no stack {name!r} in {local.home}. Bring it up first: python -m localcloud up --stack {name}"
    )


def _official(name: str, root: Path, environment: Mapping[str, str] | None = None) -> str:
    if shutil.which("pulumi") is None:
        raise OperationError(
            f"the state of stack {name!r} can't be read: there is no `pulumi` on the PATH. Install it, or look at the "
            "local cloud: python -m localcloud exec -- python -m operations …"
        )
    done = subprocess.run(
        ["pulumi", "stack", "export", "--stack", name, "--cwd", str(root)],
        env=None if environment is None else dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise OperationError(f"the state of stack {name!r} can't be read: pulumi stack export says: {reason}")
    return done.stdout


def _parsed(name: str, text: str, preview: tuple[str, ...]) -> Stack:
    resources = [_plain(item) for item in (json.loads(text).get("deployment") or {}).get("resources") or ()]
    current = [resource for resource in resources if not resource.get("delete")]
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
            if resource["type"] in _ALARMS and not _scales(resource)
        ),
        preview_command=preview,
    )


def _scales(alarm: Mapping[str, Any]) -> bool:
    """Tell whether an alarm only starts tasks: it is on whenever there is something to do.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_ScalingPolicy.html (PolicyARN)
    """
    actions = [str(action) for action in alarm.get("inputs", {}).get("alarmActions") or ()]
    return bool(actions) and all(":scalingPolicy:" in action for action in actions)


def _remembered(resources: Iterable[Mapping[str, Any]], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (system, outputs) of what the program's own resources of a kind remember."""
    for resource in resources:
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
        repositories=outputs["repositories"],
        secrets=outputs.get("secrets") or {},
        database=str(outputs.get("database") or ""),
        migrations=migrations,
        rotation=rotation.parsed(outputs, begun),
        queue_depth=outputs.get("queueDepth"),
    )


def _migrations(outputs: Mapping[str, Any]) -> Migrations:
    return Migrations(
        digest=str(outputs.get("digest")),
        outcome=str(outputs.get("outcome")),
        finished={digest: str(run["finished"]) for digest, run in (outputs.get("migrated") or {}).items()},
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with `[secret]` for every sealed value."""
    if isinstance(value, dict):
        return "[secret]" if _SIGNATURE in value else {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names)) or "none"
