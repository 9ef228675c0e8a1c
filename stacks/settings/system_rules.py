"""What is wrong with a system's keys whose single values are right: images, rotations, sizes and deployments."""

from collections.abc import Iterator
from pathlib import Path

from components.compute.fargate import size_problem
from components.core.did_you_mean import did_you_mean
from components.delivery.deployment_strategy import Strategy
from stacks.profiles.spec import Profile
from stacks.settings.backlog_rules import backlog_problems
from stacks.settings.models import ServiceConfig, SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command
from stacks.settings.services import size_of, tasks_of
from stacks.systems.spec import Role, ServiceSpec, SystemSpec


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
