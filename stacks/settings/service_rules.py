"""What is wrong with a system's services whose single values are right: names, sizes, counts and deployments."""

from collections.abc import Iterator

from components.compute.fargate import size_problem
from components.delivery.deployment_strategy import Strategy
from stacks.profiles.spec import Profile
from stacks.settings.backlog_rules import backlog_problems
from stacks.settings.models import ServiceConfig, SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command, unknown_name
from stacks.settings.service_settings import size_of, tasks_of
from stacks.systems.spec import Role, ServiceSpec, SystemSpec


def service_problems(system: SystemSpec, config: SystemConfig, profile: Profile | None) -> Iterator[ConfigProblem]:
    """Report services that the system doesn't have, and what its services can't be given."""
    for name in sorted(config.services):
        key = f"{system.name}:services.{name}"
        if name not in system.services:
            yield unknown_name(key, "is no service", name, system.services)
        elif profile is not None:
            yield from _size_problems(key, system.services[name], config.services[name], profile)
            yield from _deployment_problems(key, system.services[name], config.services[name])
            yield from backlog_problems(key, system, name, config.services[name], profile)


def _size_problems(key: str, service: ServiceSpec, config: ServiceConfig, profile: Profile) -> Iterator[ConfigProblem]:
    cpu, memory = size_of(service, config, profile)
    if problem := size_problem(cpu, memory):
        yield ConfigProblem(
            key=key,
            problem=f"has cpu {cpu} and memory {memory}: {problem}",
            allowed="a pair of https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html",
            remedy=set_command(f"{key}.memory", str(cpu * 2)),
        )
    minimum, maximum = tasks_of(service, config, profile)
    if minimum > maximum:
        yield ConfigProblem(
            key=key,
            problem=f"has minimum {minimum} and maximum {maximum}",
            allowed="a minimum that is no more than the maximum",
            remedy=set_command(f"{key}.maximum", str(minimum)),
        )


def _deployment_problems(key: str, service: ServiceSpec, config: ServiceConfig) -> Iterator[ConfigProblem]:
    strategy = config.deployment or Strategy.ROLLING
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
