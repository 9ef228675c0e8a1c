"""What a service gets in a stack: config's word, else the system's for the profile."""

from components.delivery.deployment_strategy import DeploymentStrategy, Strategy
from components.services.backlog import AcceptedLatency
from stacks.profiles.spec import Profile
from stacks.settings.models import ServiceConfig
from stacks.systems.spec import BacklogSpec, Role, ServiceSpec


def size_of(service: ServiceSpec, config: ServiceConfig | None, profile: Profile) -> dict[str, int]:
    """Return CPU units and MiB of a service's tasks: config's, else the system's for this profile."""
    size = service.size if profile.full_size else service.small_size
    if config is None:
        return {"cpu": size.cpu, "memory": size.memory}
    return {"cpu": config.cpu or size.cpu, "memory": config.memory or size.memory}


def tasks_of(service: ServiceSpec, config: ServiceConfig | None, profile: Profile) -> dict[str, int]:
    """Return fewest and most tasks of a service: config's, else the profile's."""
    count = profile.workers if service.role is Role.WORKER else profile.web
    minimum = count.minimum if config is None or config.minimum is None else config.minimum
    default = max(minimum, service.most_tasks if count.grows else count.minimum, 1)
    maximum = default if config is None or config.maximum is None else config.maximum
    return {"minimum": minimum, "maximum": maximum}


def deployment_of(config: ServiceConfig | None) -> DeploymentStrategy:
    """Return how a service is deployed: as config says, else rolling."""
    default = DeploymentStrategy()
    if config is None:
        return default
    return DeploymentStrategy(
        strategy=Strategy(config.deployment or default.strategy),
        bake_minutes=config.bakeMinutes or default.bake_minutes,
        canary_percent=config.canaryPercent or default.canary_percent,
    )


def latency_of(service: ServiceSpec, config: ServiceConfig | None) -> AcceptedLatency | None:
    """Return what is accepted of a service's queue: config's, else the system's; None for one without a queue."""
    if service.backlog is None:
        return None
    seconds, job_seconds = times_of(service.backlog, config)
    return AcceptedLatency(seconds=seconds, job_seconds=job_seconds, concurrency=service.backlog.concurrency)


def times_of(backlog: BacklogSpec, config: ServiceConfig | None) -> tuple[float, float]:
    """Return how long a job of a queue may wait and how long one takes, in seconds: config's, else the system's."""
    if config is None:
        return backlog.latency_seconds, backlog.job_seconds
    return config.latencySeconds or backlog.latency_seconds, config.jobSeconds or backlog.job_seconds
