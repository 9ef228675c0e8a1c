"""What is wrong with config whose single values are right: hosts, networks, sizes and secrets beside each other."""

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from components.compute.fargate import size_problem
from components.core.aws_clients import SUPPORTED, UNSUPPORTED
from components.core.checks import InvalidValue
from components.core.did_you_mean import did_you_mean
from components.delivery.deployment_strategy import Strategy
from components.network.cidr import plan_subnets
from stacks.profiles.local import LOCAL
from stacks.profiles.prod import PROD
from stacks.profiles.spec import Profile
from stacks.profiles.staging import STAGING
from stacks.settings.backlog_rules import backlog_problems
from stacks.settings.models import PlatformConfig, ServiceConfig, SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command
from stacks.settings.services import size_of, tasks_of
from stacks.systems.spec import Role, ServiceSpec, SystemSpec

#: The project's own namespace in config.
PLATFORM = "alicerce"

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (PROD, STAGING, LOCAL)}

#: Namespaces that belong to others.
_FOREIGN = frozenset({"aws", "docker", "pulumi", "random"})


def unknown_namespaces(values: Mapping[str, str], systems: Sequence[SystemSpec]) -> Iterator[ConfigProblem]:
    """Report keys in a namespace that is nearly one of ours."""
    ours = [PLATFORM, *(system.name for system in systems)]
    for namespace in sorted({key.partition(":")[0] for key in values} - set(ours) - _FOREIGN):
        if hint := did_you_mean(namespace, ours):
            keys = sorted(key for key in values if key.startswith(f"{namespace}:"))
            yield ConfigProblem(
                key=keys[0],
                problem=f"is in an unknown namespace{hint}",
                allowed=", ".join(ours),
                remedy=remove_command(keys[0]),
            )


def credential_problems(values: Mapping[str, str]) -> Iterator[ConfigProblem]:
    """Report credentials of the AWS provider that migrations and rollouts couldn't take: they would have others."""
    for name in UNSUPPORTED:
        if values.get(f"aws:{name}"):
            yield ConfigProblem(
                key=f"aws:{name}",
                problem="is set, and migrations and rollouts can't take credentials that way",
                allowed=f"{', '.join(f'aws:{key}' for key in SUPPORTED)}, or credentials of the environment",
                remedy=remove_command(f"aws:{name}"),
            )


def stack_problems(stack: str) -> Iterator[ConfigProblem]:
    """Report a stack's name that can't begin the names of its repositories."""
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", stack):
        yield ConfigProblem(
            key=f"the stack's name {stack}",
            problem="can't begin the name of a registry's repository",
            allowed="lower case letters, digits and single hyphens between them",
            remedy="pulumi stack rename pr-123, for instance",
        )


def chosen_profile(stack: str, platform: PlatformConfig | None, problems: list[ConfigProblem]) -> Profile | None:
    """Return the profile that config names, or that the stack is named like; report it when there is none."""
    chosen = (platform.profile if platform else "") or stack
    if chosen not in PROFILES and platform is not None:
        problem = (
            f"is {platform.profile!r}, which is no profile"
            if platform.profile
            else (f"is not set, and the stack's name {stack!r} is no profile")
        )
        problems.append(
            ConfigProblem(
                key=f"{PLATFORM}:profile",
                problem=problem,
                allowed=", ".join(PROFILES),
                remedy=set_command(f"{PLATFORM}:profile", "staging"),
            )
        )
    return PROFILES.get(chosen)


def network_problems(platform: PlatformConfig, profile: Profile | None) -> Iterator[ConfigProblem]:
    """Report a network that is too small, overlaps another, is reached from outside, or has the wrong zones."""
    key = f"{PLATFORM}:cidr"
    for index, block in enumerate(platform.adminCidrs):
        if not ipaddress.IPv4Network(block).is_private:
            yield ConfigProblem(
                key=f"{PLATFORM}:adminCidrs.{index}",
                problem=f"is {block!r}, which reaches beyond private networks",
                allowed="private IPv4 blocks, such as a VPN's",
                remedy=f"pulumi config set --path '{PLATFORM}:adminCidrs[{index}]' 10.8.0.0/24",
            )
    zones = profile.availability_zones if profile else 2
    try:
        plan_subnets(platform.cidr, [chr(ord("a") + number) for number in range(zones)])
    except InvalidValue as error:
        yield ConfigProblem(
            key=key,
            problem=f"is {platform.cidr!r}",
            allowed=error.allowed,
            remedy=f"{error.remedy}, for instance {set_command(key, '10.0.0.0/16')}",
        )
        return
    for reserved in platform.reservedCidrs:
        if ipaddress.IPv4Network(platform.cidr).overlaps(ipaddress.IPv4Network(reserved)):
            yield ConfigProblem(
                key=key,
                problem=f"is {platform.cidr!r}, which overlaps {reserved} of {PLATFORM}:reservedCidrs",
                allowed="a block that no other network of yours uses",
                remedy=set_command(key, "10.1.0.0/16"),
            )
    if platform.availabilityZones and len(platform.availabilityZones) != zones:
        yield ConfigProblem(
            key=f"{PLATFORM}:availabilityZones",
            problem=f"names {len(platform.availabilityZones)} zones, where the profile has {zones}",
            allowed=f"{zones} zones, or an empty list for the region's first {zones}",
            remedy=remove_command(f"{PLATFORM}:availabilityZones"),
        )


def secret_problems(
    system: SystemSpec, values: Mapping[str, str], secrets: frozenset[str], profile: Profile | None
) -> Iterator[ConfigProblem]:
    """Report supplied secrets that are missing, and those that stand in plain text."""
    for variable, supplied in system.supplied.items():
        key = f"{system.name}:{variable}"
        remedy = f"pulumi config set --secret {key}"
        if not values.get(key):
            if supplied.required and not (profile and profile.stand_ins):
                yield ConfigProblem(
                    key=key, problem="is missing", allowed=f"{supplied.description}, encrypted", remedy=remedy
                )
        elif key not in secrets:
            # Its value is not repeated here: it is in a file already, and need not be in a log too.
            yield ConfigProblem(
                key=key,
                problem="is in plain text, and whoever reads the file has it",
                allowed="an encrypted value",
                remedy=f"{remedy}, and have whoever issued it issue another",
            )


def system_problems(system: SystemSpec, config: SystemConfig, profile: Profile | None) -> Iterator[ConfigProblem]:
    """Report rotations of what isn't generated, services that aren't there, sizes that Fargate hasn't."""
    yield from _source_problems(system, config)
    yield from _registry_problems(system, config)
    for variable in sorted(config.rotation):
        key = f"{system.name}:rotation.{variable}"
        if variable not in system.generated:
            yield ConfigProblem(
                key=key,
                problem=f"names no generated secret{did_you_mean(variable, system.generated)}",
                allowed=", ".join(system.generated),
                remedy=remove_command(key),
            )
        elif (ends := system.generated[variable].ends) and config.rotation[variable] > 1:
            yield from _unconfirmed(system, config, variable, ends)
    for variable in sorted(set(config.confirmRotation) - {name for name, one in system.generated.items() if one.ends}):
        key = f"{system.name}:confirmRotation.{variable}"
        yield ConfigProblem(
            key=key,
            problem="confirms what needs no confirmation",
            allowed=", ".join(name for name, one in system.generated.items() if one.ends)
            or f"nothing in {system.name}",
            remedy=remove_command(key),
        )
    for name in sorted(config.services):
        key = f"{system.name}:services.{name}"
        if name not in system.services:
            yield ConfigProblem(
                key=key,
                problem=f"is no service{did_you_mean(name, system.services)}",
                allowed=", ".join(system.services),
                remedy=remove_command(key),
            )
        elif profile is not None:
            yield from _service_problems(key, system.services[name], config.services[name], profile)
            yield from backlog_problems(key, system, name, config.services[name], profile)


def _unconfirmed(system: SystemSpec, config: SystemConfig, variable: str, ends: str) -> Iterator[ConfigProblem]:
    """Report a rotation that ends something for good, and that no second line confirms."""
    rotation = config.rotation[variable]
    if config.confirmRotation.get(variable) != rotation:
        yield ConfigProblem(
            key=f"{system.name}:rotation.{variable}",
            problem=f"is {rotation}, and with that rotation {ends}",
            allowed=f"{rotation} together with {system.name}:confirmRotation.{variable} set to {rotation}",
            remedy=set_command(f"{system.name}:confirmRotation.{variable}", str(rotation)),
        )


def _source_problems(system: SystemSpec, config: SystemConfig) -> Iterator[ConfigProblem]:
    if config.source is None:
        return
    key = f"{system.name}:source"
    missing = [
        image.dockerfile for image in system.images.values() if not Path(config.source, image.dockerfile).is_file()
    ]
    if missing:
        yield ConfigProblem(
            key=key,
            problem=f"is {config.source!r}, where {', '.join(missing)} can't be found",
            allowed=f"the path of a checkout of {system.name}",
            remedy=f"{set_command(key, '../' + system.name)}, or {remove_command(key)} to take images that were pushed",
        )
    if config.release is None:
        yield ConfigProblem(
            key=f"{system.name}:release",
            problem="is missing, and images are built",
            allowed="the tag to push the images under",
            remedy=set_command(f"{system.name}:release", "v1.0.0"),
        )
    if config.registry is not None and config.registry.stack is not None:
        yield ConfigProblem(
            key=key,
            problem=f"is set, and so is {system.name}:registry.stack",
            allowed="one of the two: images are built here, or taken from another stack's repositories",
            remedy=remove_command(key),
        )


def _registry_problems(system: SystemSpec, config: SystemConfig) -> Iterator[ConfigProblem]:
    if config.registry is None or config.registry.stack is None or not config.registry.sharedWith:
        return
    key = f"{system.name}:registry.sharedWith"
    yield ConfigProblem(
        key=key,
        problem=f"is set, and so is {system.name}:registry.stack",
        allowed="one of the two: the repositories are this stack's to share, or another stack's",
        remedy=remove_command(key),
    )


def _service_problems(
    key: str, service: ServiceSpec, config: ServiceConfig, profile: Profile
) -> Iterator[ConfigProblem]:
    size = size_of(service, config, profile)
    if problem := size_problem(**size):
        yield ConfigProblem(
            key=key,
            problem=f"has cpu {size['cpu']} and memory {size['memory']}: {problem}",
            allowed="a pair of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html",
            remedy=set_command(f"{key}.memory", str(size["cpu"] * 2)),
        )
    tasks = tasks_of(service, config, profile)
    if tasks["minimum"] > tasks["maximum"]:
        yield ConfigProblem(
            key=key,
            problem=f"has minimum {tasks['minimum']} and maximum {tasks['maximum']}",
            allowed="a minimum that is no more than the maximum",
            remedy=set_command(f"{key}.maximum", str(tasks["minimum"])),
        )
    yield from _deployment_problems(key, service, config)


def _deployment_problems(key: str, service: ServiceSpec, config: ServiceConfig) -> Iterator[ConfigProblem]:
    strategy = Strategy(config.deployment or Strategy.ROLLING)
    if strategy is not Strategy.ROLLING and service.role is not Role.WEB:
        yield ConfigProblem(
            key=f"{key}.deployment",
            problem=f"is {strategy.value!r}, and no load balancer sends requests to a service of role {service.role}",
            allowed="rolling; blue_green and canary are for web services",
            remedy=remove_command(f"{key}.deployment"),
        )
        return
    for name, value, strategies in (
        ("bakeMinutes", config.bakeMinutes, (Strategy.BLUE_GREEN, Strategy.CANARY)),
        ("canaryPercent", config.canaryPercent, (Strategy.CANARY,)),
    ):
        if value is not None and strategy not in strategies:
            yield ConfigProblem(
                key=f"{key}.{name}",
                problem=f"is {value}, and the deployment is {strategy.value}",
                allowed=f"only with the deployment {' or '.join(strategies)}",
                remedy=f"{remove_command(f'{key}.{name}')}, or {set_command(f'{key}.deployment', strategies[-1])}",
            )


def host_problems(parsed: Mapping[str, tuple[SystemSpec, SystemConfig]]) -> Iterator[ConfigProblem]:
    """Report hosts outside their zone, and hosts that two URLs have."""
    taken: dict[str, str] = {}
    for name, (system, config) in parsed.items():
        for variable in system.urls:
            key, host = f"{name}:{variable}", host_of(getattr(config, variable))
            if host != config.zone and not host.endswith(f".{config.zone}"):
                yield ConfigProblem(
                    key=key,
                    problem=f"has the host {host}, which is outside the zone {config.zone} of {name}:zone",
                    allowed=f"{config.zone} or a name that ends in .{config.zone}",
                    remedy=set_command(key, f"https://api.{config.zone}"),
                )
            if host in taken:
                yield ConfigProblem(
                    key=key,
                    problem=f"has the host {host}, which {taken[host]} has already",
                    allowed="a host of its own for each URL",
                    remedy=set_command(key, f"https://{name}.{config.zone}"),
                )
            taken.setdefault(host, key)


def host_of(url: str) -> str:
    """Return the host name of a URL."""
    return urlsplit(url).hostname or ""
