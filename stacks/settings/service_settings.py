"""What a service gets in a stack: what config says, else what the system says for the profile."""

from dataclasses import dataclass

from components.compute.fargate import TaskSize
from components.delivery.deployment_strategy import DeploymentStrategy
from components.services.autoscaling import Scaling
from components.services.backlog import AcceptedLatency
from stacks.profiles.spec import Profile
from stacks.settings.models import ServiceConfig
from stacks.systems.spec import BacklogSpec, Role, ServiceSpec


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How one service is sized and deployed in this stack."""

    size: TaskSize
    """CPU and memory of a task."""
    scaling: Scaling
    """How many tasks."""
    deployment: DeploymentStrategy
    """How a new revision takes the place of the old one."""


def service_settings(service: ServiceSpec, config: ServiceConfig, profile: Profile) -> ServiceSettings:
    """Return the settings of a service whose config is known to be right."""
    cpu, memory = size_of(service, config, profile)
    minimum, maximum = tasks_of(service, config, profile)
    latency, default = None, DeploymentStrategy()
    if service.backlog is not None:
        seconds, job_seconds = times_of(service.backlog, config)
        latency = AcceptedLatency(seconds=seconds, job_seconds=job_seconds, concurrency=service.backlog.concurrency)
    return ServiceSettings(
        size=TaskSize(cpu=cpu, memory=memory),
        scaling=Scaling(minimum=minimum, maximum=maximum, latency=latency),
        deployment=DeploymentStrategy(
            strategy=config.deployment or default.strategy,
            bake_minutes=config.bakeMinutes or default.bake_minutes,
            canary_percent=config.canaryPercent or default.canary_percent,
        ),
    )


def size_of(service: ServiceSpec, config: ServiceConfig, profile: Profile) -> tuple[int, int]:
    """Return CPU units and MiB of a service's tasks."""
    size = service.size if profile.full_size else service.small_size
    return config.cpu or size.cpu, config.memory or size.memory


def tasks_of(service: ServiceSpec, config: ServiceConfig, profile: Profile) -> tuple[int, int]:
    """Return the least and the most tasks of a service."""
    count = profile.workers if service.role is Role.WORKER else profile.web
    minimum = count.minimum if config.minimum is None else config.minimum
    return minimum, config.maximum or max(minimum, service.most_tasks if count.grows else count.minimum, 1)


def times_of(backlog: BacklogSpec, config: ServiceConfig) -> tuple[float, float]:
    """Return how long a job of a queue may wait and how long one takes, in seconds."""
    return config.latencySeconds or backlog.latency_seconds, config.jobSeconds or backlog.job_seconds
