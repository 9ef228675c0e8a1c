"""What a person sets for a stack, typed and checked as a whole before anything is created.

`load()` reads the stack's config once. Whatever is wrong is reported at once, each mistake with its key, its value,
what is allowed and the command that mends it. Values of secrets stay Outputs, and are never read here.
"""

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import urlsplit

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.autoscaling import Scaling
from components.checks import Refusal
from components.cidr import plan_subnets
from components.fargate import TaskSize, size_mistake
from stacks.config_models import Model, PlatformConfig, PublicUrl, ServiceConfig, SystemConfig
from stacks.local import LOCAL
from stacks.mistakes import Mistake, SettingsError, nearest, remove_command, set_command
from stacks.prod import PROD
from stacks.profile import Profile
from stacks.staging import STAGING
from stacks.system import AmqpUrl, Generated, Role, Service, System

#: The project's own namespace in config.
PLATFORM = "alicerce"

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (PROD, STAGING, LOCAL)}

#: Namespaces that belong to others.
_FOREIGN = frozenset({"aws", "docker", "pulumi", "random"})


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How one service is sized in this stack."""

    size: TaskSize
    """CPU and memory of a task."""
    scaling: Scaling
    """How many tasks."""


@dataclass(frozen=True, kw_only=True)
class SystemSettings:
    """What is set for one system."""

    system: System
    """The system itself."""
    release: str | None
    """The image tag that runs; None before the first."""
    source: str | None
    """The checkout that its images are built from; None where they are pushed by someone else."""
    registry_stack: str | None
    """The stack whose repositories hold its images; None for repositories of its own."""
    migrate: bool
    """Whether a new release's migration is run."""
    zone: str
    """The hosted zone that its hosts are in."""
    urls: Mapping[str, str]
    """Its public URLs by variable."""
    rotation: Mapping[str, int]
    """How often each generated secret was made, by variable; 1 at first."""
    services: Mapping[str, ServiceSettings]
    """Its services' sizes by name."""
    supplied: frozenset[str]
    """Which of its supplied secrets are set, by variable."""

    def supplied_secret(self, variable: str) -> pulumi.Output[str] | None:
        """Return a supplied secret, or None when it isn't set and the system works without it."""
        if variable in self.supplied:
            return pulumi.Config(self.system.name).require_secret(variable)
        if self.system.supplied[variable].required:  # only a profile with stand-ins comes here
            return pulumi.Output.secret(f"stand-in-{variable}")
        return None

    def host(self, service: Service) -> str:
        """Return the host name of a web service."""
        if service.url is None:
            raise ValueError("only web services have a host")
        return _host(self.urls[service.url])


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that is set for a stack."""

    stack: str
    """The stack's name: the environment."""
    profile: Profile
    """What kind of environment it is."""
    cidr: str
    """The network's address block."""
    admin_cidrs: Sequence[str]
    """From where private paths are reached, through the internal load balancer; nothing means from nowhere."""
    availability_zones: Sequence[str]
    """The zones to use; empty for the region's first."""
    create_zones: bool
    """Whether hosted zones are created, or found."""
    log_retention_days: int
    """How long log lines stay."""
    backup_retention_days: int
    """How far back a point-in-time recovery reaches."""
    keep_releases: int
    """How many releases' images stay."""
    protection: bool
    """Whether stateful parts refuse to be deleted."""
    promoted_from: str | None
    """The stack that has to have run a release before this one does; None for no such rule."""
    systems: Mapping[str, SystemSettings]
    """The systems by name."""


def load(systems: Sequence[System]) -> Settings:
    """Read and check the stack's config.

    Args:
        systems: the systems that the program knows.

    Raises:
        SettingsError: with every mistake that was found.
    """
    values, secrets = _config()
    return check(pulumi.get_stack(), systems, values, secrets)


def check(stack: str, systems: Sequence[System], values: Mapping[str, str], secrets: frozenset[str]) -> Settings:
    """Check a stack's config; see `load`.

    Args:
        stack: the stack's name.
        systems: the systems that the program knows.
        values: config as text by full key, objects as JSON.
        secrets: the keys whose values are encrypted.

    Raises:
        SettingsError: with every mistake that was found.
    """
    mistakes = list(_unknown_namespaces(values, systems))
    platform = cast(PlatformConfig | None, _parse(PLATFORM, PlatformConfig, values, mistakes, frozenset()))
    profile = _profile(stack, platform, mistakes)
    if platform is not None:
        mistakes.extend(_network_mistakes(platform, profile))
    parsed: dict[str, tuple[System, SystemConfig]] = {}
    for system in systems:
        # Supplied secrets are not read: only that they are there, and encrypted.
        found = cast(
            SystemConfig | None,
            _parse(system.name, _model(system), values, mistakes, frozenset(system.supplied), system),
        )
        mistakes.extend(_secret_mistakes(system, values, secrets, profile))
        if found is not None:
            parsed[system.name] = (system, found)
            mistakes.extend(_system_mistakes(system, found, profile))
    mistakes.extend(_host_mistakes(parsed))
    if mistakes or platform is None or profile is None:
        raise SettingsError(stack, mistakes)

    return Settings(
        stack=stack,
        profile=profile,
        cidr=platform.cidr,
        admin_cidrs=platform.adminCidrs,
        availability_zones=platform.availabilityZones,
        create_zones=platform.createZones,
        log_retention_days=platform.retention.logs or profile.log_retention_days,
        backup_retention_days=platform.retention.backups or profile.database.backup_retention_days,
        keep_releases=platform.retention.releases or profile.keep_releases,
        protection=profile.protection and platform.protection != "off",
        promoted_from=platform.promotion.from_ if platform.promotion else None,
        systems={
            name: SystemSettings(
                system=system,
                release=config.release,
                source=config.source,
                registry_stack=config.registry.stack if config.registry else None,
                migrate=config.migrate,
                zone=config.zone,
                urls={variable: getattr(config, variable) for variable in system.urls},
                rotation={variable: config.rotation.get(variable, 1) for variable in system.generated},
                services={
                    service: ServiceSettings(
                        size=TaskSize(**_size(system.services[service], config.services.get(service), profile)),
                        scaling=Scaling(**_tasks(system.services[service], config.services.get(service), profile)),
                    )
                    for service in system.services
                },
                supplied=frozenset(variable for variable in system.supplied if values.get(f"{name}:{variable}")),
            )
            for name, (system, config) in parsed.items()
        },
    )


def _config() -> tuple[dict[str, str], frozenset[str]]:
    # `pulumi.Config` can look a key up but not list them, and a misspelt key must not pass unseen.
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    keys = [
        *runtime_config.get_config_secret_keys_env(),
        *(key for key in values if runtime_config.is_config_secret(key)),
    ]
    return values, frozenset(keys)


def _model(system: System) -> type[SystemConfig]:
    """Return a system's model: the keys that all systems have, and its own URLs."""
    urls = {variable: (PublicUrl, ...) for variable in system.urls}
    return cast(type[SystemConfig], create_model(f"{system.name}_config", __base__=SystemConfig, **cast(Any, urls)))


def _parse(
    namespace: str,
    model: type[Model],
    values: Mapping[str, str],
    mistakes: list[Mistake],
    unread: frozenset[str],
    system: System | None = None,
) -> Model | None:
    own = {
        key.partition(":")[2]: _decoded(text)
        for key, text in values.items()
        # Pulumi.yaml declares the keys of systems with an empty value, which stands for "not set".
        if key.startswith(f"{namespace}:") and text not in ("", "{}") and key.partition(":")[2] not in unread
    }
    try:
        return model.model_validate(own)
    except ValidationError as error:
        mistakes.extend(_mistake(namespace, model, detail, system) for detail in error.errors())
        return None


def _decoded(text: str) -> Any:  # noqa: ANN401 - any JSON value
    if text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _mistake(namespace: str, model: type[Model], detail: ErrorDetails, system: System | None) -> Mistake:
    path = [str(part) for part in detail["loc"]]
    key = f"{namespace}:{'.'.join(path)}"
    if detail["type"] == "extra_forbidden":
        return _unknown_key(key, path, model, system)
    about = _extra(model, path)
    allowed, example = about["allowed"], about["example"]
    if detail["type"] == "missing":
        return Mistake(key=key, problem="is missing", allowed=allowed, remedy=set_command(key, example))
    reason = detail["msg"].removeprefix("Value error, ")
    if reason.startswith("Input "):  # pydantic's own words
        reason = reason[:1].lower() + reason[1:]
    # A list is set as a whole, not member by member.
    settable = key.rstrip("0123456789").rstrip(".") + ("[0]" if path[-1].isdigit() else "")
    return Mistake(
        key=key,
        problem=f"is {detail['input']!r}: {reason}",
        allowed=allowed,
        remedy=set_command(settable, example)
        if settable == key
        else f"pulumi config set --path '{settable}' {example}",
    )


def _unknown_key(key: str, path: list[str], model: type[Model], system: System | None) -> Mistake:
    if len(path) == 1 and system is not None and path[0] in system.secrets:
        generated = isinstance(system.secrets[path[0]], Generated)
        how = "is made by the program" if generated else "is composed of other values"
        return Mistake(
            key=key,
            problem=f"can't be set: {path[0]} {how}",
            allowed=f"{system.name}:rotation, which makes another value",
            remedy=remove_command(key),
        )
    known = sorted(_fields(model, path[:-1]))
    if system is not None and len(path) == 1:
        known = sorted({*known, *system.supplied})
    return Mistake(
        key=key,
        problem=f"is unknown{nearest(path[-1], known)}",
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


def _unknown_namespaces(values: Mapping[str, str], systems: Sequence[System]) -> Iterator[Mistake]:
    ours = [PLATFORM, *(system.name for system in systems)]
    for namespace in sorted({key.partition(":")[0] for key in values} - set(ours) - _FOREIGN):
        if hint := nearest(namespace, ours):
            keys = sorted(key for key in values if key.startswith(f"{namespace}:"))
            yield Mistake(
                key=keys[0],
                problem=f"is in an unknown namespace{hint}",
                allowed=", ".join(ours),
                remedy=remove_command(keys[0]),
            )


def _profile(stack: str, platform: PlatformConfig | None, mistakes: list[Mistake]) -> Profile | None:
    chosen = (platform.profile if platform else "") or stack
    if chosen not in PROFILES and platform is not None:
        problem = (
            f"is {platform.profile!r}, which is no profile"
            if platform.profile
            else (f"is not set, and the stack's name {stack!r} is no profile")
        )
        mistakes.append(
            Mistake(
                key=f"{PLATFORM}:profile",
                problem=problem,
                allowed=", ".join(PROFILES),
                remedy=set_command(f"{PLATFORM}:profile", "staging"),
            )
        )
    return PROFILES.get(chosen)


def _network_mistakes(platform: PlatformConfig, profile: Profile | None) -> Iterator[Mistake]:
    key = f"{PLATFORM}:cidr"
    zones = profile.availability_zones if profile else 2
    try:
        plan_subnets(platform.cidr, [chr(ord("a") + number) for number in range(zones)])
    except Refusal as refusal:
        yield Mistake(
            key=key,
            problem=f"is {platform.cidr!r}",
            allowed=refusal.allowed,
            remedy=f"{refusal.remedy}, for instance {set_command(key, '10.0.0.0/16')}",
        )
        return
    for reserved in platform.reservedCidrs:
        if ipaddress.IPv4Network(platform.cidr).overlaps(ipaddress.IPv4Network(reserved)):
            yield Mistake(
                key=key,
                problem=f"is {platform.cidr!r}, which overlaps {reserved} of {PLATFORM}:reservedCidrs",
                allowed="a block that no other network of yours uses",
                remedy=set_command(key, "10.1.0.0/16"),
            )
    if platform.availabilityZones and len(platform.availabilityZones) != zones:
        yield Mistake(
            key=f"{PLATFORM}:availabilityZones",
            problem=f"names {len(platform.availabilityZones)} zones, where the profile has {zones}",
            allowed=f"{zones} zones, or an empty list for the region's first {zones}",
            remedy=remove_command(f"{PLATFORM}:availabilityZones"),
        )


def _secret_mistakes(
    system: System, values: Mapping[str, str], secrets: frozenset[str], profile: Profile | None
) -> Iterator[Mistake]:
    for variable, supplied in system.supplied.items():
        key = f"{system.name}:{variable}"
        remedy = f"pulumi config set --secret {key}"
        if not values.get(key):
            if supplied.required and not (profile and profile.stand_ins):
                yield Mistake(
                    key=key, problem="is missing", allowed=f"{supplied.description}, encrypted", remedy=remedy
                )
        elif key not in secrets:
            # Its value is not repeated here: it is in a file already, and need not be in a log too.
            yield Mistake(
                key=key,
                problem="is in plain text, and whoever reads the file has it",
                allowed="an encrypted value",
                remedy=f"{remedy}, and have whoever issued it issue another",
            )


def _system_mistakes(system: System, config: SystemConfig, profile: Profile | None) -> Iterator[Mistake]:
    yield from _source_mistakes(system, config)
    for variable in sorted(config.rotation):
        key = f"{system.name}:rotation.{variable}"
        if variable not in system.generated:
            yield Mistake(
                key=key,
                problem=f"names no generated secret{nearest(variable, system.generated)}",
                allowed=", ".join(system.generated),
                remedy=remove_command(key),
            )
        elif system.broker and variable == system.broker.password and config.rotation[variable] != 1:
            users = [name for name, secret in system.secrets.items() if isinstance(secret, AmqpUrl)]
            yield Mistake(
                key=key,
                problem=(
                    f"is {config.rotation[variable]}: Amazon MQ doesn't change a broker's user from here, so that "
                    f"{', '.join(users)} would name a password that the broker refuses"
                ),
                allowed="1",
                remedy=set_command(key, "1"),
            )
    for name in sorted(config.services):
        key = f"{system.name}:services.{name}"
        if name not in system.services:
            yield Mistake(
                key=key,
                problem=f"is no service{nearest(name, system.services)}",
                allowed=", ".join(system.services),
                remedy=remove_command(key),
            )
        elif profile is not None:
            yield from _service_mistakes(key, system.services[name], config.services[name], profile)


def _source_mistakes(system: System, config: SystemConfig) -> Iterator[Mistake]:
    if config.source is None:
        return
    key = f"{system.name}:source"
    missing = [
        image.dockerfile for image in system.images.values() if not Path(config.source, image.dockerfile).is_file()
    ]
    if missing:
        yield Mistake(
            key=key,
            problem=f"is {config.source!r}, where {', '.join(missing)} can't be found",
            allowed=f"the path of a checkout of {system.name}",
            remedy=f"{set_command(key, '../' + system.name)}, or {remove_command(key)} to take images that were pushed",
        )
    if config.release is None:
        yield Mistake(
            key=f"{system.name}:release",
            problem="is missing, and images are built",
            allowed="the tag to push the images under",
            remedy=set_command(f"{system.name}:release", "v1.0.0"),
        )
    if config.registry is not None:
        yield Mistake(
            key=key,
            problem=f"is set, and so is {system.name}:registry",
            allowed="one of the two: images are built here, or taken from another stack's repositories",
            remedy=remove_command(key),
        )


def _service_mistakes(key: str, service: Service, config: ServiceConfig, profile: Profile) -> Iterator[Mistake]:
    size = _size(service, config, profile)
    if mistake := size_mistake(**size):
        yield Mistake(
            key=key,
            problem=f"has cpu {size['cpu']} and memory {size['memory']}: {mistake}",
            allowed="a pair of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html",
            remedy=set_command(f"{key}.memory", str(size["cpu"] * 2)),
        )
    tasks = _tasks(service, config, profile)
    if tasks["minimum"] > tasks["maximum"]:
        yield Mistake(
            key=key,
            problem=f"has minimum {tasks['minimum']} and maximum {tasks['maximum']}",
            allowed="a minimum that is no more than the maximum",
            remedy=set_command(f"{key}.maximum", str(tasks["minimum"])),
        )


def _host_mistakes(parsed: Mapping[str, tuple[System, SystemConfig]]) -> Iterator[Mistake]:
    taken: dict[str, str] = {}
    for name, (system, config) in parsed.items():
        for variable in system.urls:
            key, host = f"{name}:{variable}", _host(getattr(config, variable))
            if host != config.zone and not host.endswith(f".{config.zone}"):
                yield Mistake(
                    key=key,
                    problem=f"has the host {host}, which is outside the zone {config.zone} of {name}:zone",
                    allowed=f"{config.zone} or a name that ends in .{config.zone}",
                    remedy=set_command(key, f"https://api.{config.zone}"),
                )
            if host in taken:
                yield Mistake(
                    key=key,
                    problem=f"has the host {host}, which {taken[host]} has already",
                    allowed="a host of its own for each URL",
                    remedy=set_command(key, f"https://{name}.{config.zone}"),
                )
            taken.setdefault(host, key)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _size(service: Service, config: ServiceConfig | None, profile: Profile) -> dict[str, int]:
    size = service.size if profile.full_size else service.small_size
    if config is None:
        return {"cpu": size.cpu, "memory": size.memory}
    return {"cpu": config.cpu or size.cpu, "memory": config.memory or size.memory}


def _tasks(service: Service, config: ServiceConfig | None, profile: Profile) -> dict[str, int]:
    count = profile.workers if service.role is Role.WORKER else profile.web
    minimum = count.minimum if config is None or config.minimum is None else config.minimum
    default = max(minimum, service.most_tasks if count.grows else count.minimum, 1)
    maximum = default if config is None or config.maximum is None else config.maximum
    return {"minimum": minimum, "maximum": maximum}
