"""What is wrong with config of queues whose single values are right."""

from collections.abc import Iterator

from stacks.profiles.spec import Profile
from stacks.settings.models import ServiceConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command
from stacks.settings.service_settings import tasks_of, times_of
from stacks.systems.spec import BacklogSpec, ServiceSpec, SystemSpec


def backlog_problems(
    key: str, system: SystemSpec, name: str, config: ServiceConfig, profile: Profile
) -> Iterator[ConfigProblem]:
    """Report times of a queue that isn't there, that scale nothing, or that no number of tasks can keep.

    Args:
        key: the service's full key in config.
        system: the system of the service.
        name: the service.
        config: what config says of it.
        profile: the stack's profile.
    """
    service = system.services[name]
    minimum, maximum = tasks_of(service, config, profile)
    given = [option for option in ("latencySeconds", "jobSeconds") if getattr(config, option) is not None]
    if service.backlog is None:
        yield from _without_queue(key, system, name, given, minimum)
        return
    if minimum == maximum:
        for option in given:
            yield ConfigProblem(
                key=f"{key}.{option}",
                problem=f"is set, and {name} has {minimum} tasks at the least and at the most",
                allowed="a minimum below the maximum, where times are given",
                remedy=set_command(f"{key}.maximum", str(minimum + 1)),
            )
        return
    yield from _impossible_times(key, service, service.backlog, config)


def _without_queue(key: str, system: SystemSpec, name: str, given: list[str], minimum: int) -> Iterator[ConfigProblem]:
    queued = [other for other, service in system.services.items() if service.backlog is not None]
    for option in given:
        yield ConfigProblem(
            key=f"{key}.{option}",
            problem=f"is set, and {name} works on no queue",
            allowed=f"times for services that work on one: {', '.join(queued) or 'none'}",
            remedy=remove_command(f"{key}.{option}"),
        )
    if minimum == 0:
        yield ConfigProblem(
            key=f"{key}.minimum",
            problem=f"is 0, and {name} works on no queue that could start its first task",
            allowed=f"1 or more; 0 for services that work on a queue: {', '.join(queued) or 'none'}",
            remedy=set_command(f"{key}.minimum", "1"),
        )


def _impossible_times(
    key: str, service: ServiceSpec, backlog: BacklogSpec, config: ServiceConfig
) -> Iterator[ConfigProblem]:
    latency, job = times_of(backlog, config)
    if job > service.longest_request_seconds:
        yield ConfigProblem(
            key=f"{key}.jobSeconds",
            problem=f"is {job:g}, and a stopping task has {service.longest_request_seconds} seconds to finish its job",
            allowed=f"seconds above 0, up to {service.longest_request_seconds}",
            remedy=set_command(f"{key}.jobSeconds", f"{backlog.job_seconds:g}")
            + ", and hand longer work over in parts",
        )
    elif latency < job:
        yield ConfigProblem(
            key=f"{key}.latencySeconds",
            problem=f"is {latency:g}, and a job takes {job:g} seconds",
            allowed="at least as long as a job takes",
            remedy=set_command(f"{key}.latencySeconds", f"{job * 2:g}"),
        )
