"""What a person sets for a stack, typed and checked as a whole before anything is created.

`load()` reads the stack's config once. Whatever is wrong is reported at once, each problem with its key, its value,
what is allowed and the command that fixes it. Values of secrets stay Outputs, and are never read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config

from components.compute.fargate import TaskSize
from components.core import aws_clients
from components.delivery.deployment_strategy import DeploymentStrategy
from components.services.autoscaling import Scaling
from stacks.profiles.spec import Profile
from stacks.settings.host_rules import host_of, host_problems
from stacks.settings.models import PLATFORM, PlatformConfig, SystemConfig
from stacks.settings.network_rules import network_problems
from stacks.settings.parsing import parse, system_model
from stacks.settings.problems import SettingsError
from stacks.settings.secret_rules import due_days_of, policy_problems, secret_problems
from stacks.settings.services import deployment_of, latency_of, size_of, tasks_of
from stacks.settings.stack_rules import chosen_profile, credential_problems, stack_problems, unknown_namespaces
from stacks.settings.system_rules import system_problems
from stacks.systems.spec import ServiceSpec, SystemSpec


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """How one service is sized and deployed in this stack."""

    size: TaskSize
    """CPU and memory of a task."""
    scaling: Scaling
    """How many tasks."""
    deployment: DeploymentStrategy
    """How a new revision takes the place of the old one."""


@dataclass(frozen=True, kw_only=True)
class SystemSettings:
    """What is set for one system."""

    system: SystemSpec
    """The system itself."""
    release: str | None
    """The image tag that runs; None before the first."""
    source: str | None
    """The checkout that its images are built from; None where they are pushed by someone else."""
    registry_stack: str | None
    """The stack whose repositories hold its images; None for repositories of its own."""
    shared_with: tuple[str, ...]
    """Stacks that take its images from its repositories, and whose releases these therefore keep."""
    migrate: bool
    """Whether a new release's migration is run."""
    zone: str
    """The hosted zone that its hosts are in."""
    urls: Mapping[str, str]
    """Its public URLs by variable."""
    rotation: Mapping[str, int]
    """How often each generated secret was made, by variable; 1 at first."""
    due_days: Mapping[str, int | None]
    """After how many days each secret that has rotations of its own is due, by variable; None for never."""
    services: Mapping[str, ServiceSettings]
    """Its services' sizes by name."""
    supplied: frozenset[str]
    """Which of its supplied secrets are set, by variable."""

    def supplied_secret(self, variable: str) -> pulumi.Output[str] | None:
        """Return a supplied secret, or None when it isn't set and the system works without it."""
        if variable in self.supplied:
            return pulumi.Config(self.system.name).require_secret(variable)
        if self.system.supplied[variable].required:  # only a profile with placeholder secrets comes here
            return pulumi.Output.secret(f"stand-in-{variable}")
        return None

    def host(self, service: ServiceSpec) -> str:
        """Return the host name of a web service."""
        if service.url is None:
            raise ValueError("only web services have a host")
        return host_of(self.urls[service.url])


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


def load(systems: Sequence[SystemSpec]) -> Settings:
    """Read and check the stack's config.

    Args:
        systems: the systems that the program knows.

    Raises:
        SettingsError: with every problem that was found.
    """
    values, secrets = _config()
    # What speaks to AWS beside the provider, resource hooks for one, does so with the provider's credentials.
    aws_clients.configure(values.get)
    return check(pulumi.get_stack(), systems, values, secrets)


def check(stack: str, systems: Sequence[SystemSpec], values: Mapping[str, str], secrets: frozenset[str]) -> Settings:
    """Check a stack's config; see `load`.

    Args:
        stack: the stack's name.
        systems: the systems that the program knows.
        values: config as text by full key, objects as JSON.
        secrets: the keys whose values are encrypted.

    Raises:
        SettingsError: with every problem that was found.
    """
    problems = [*stack_problems(stack), *unknown_namespaces(values, systems), *credential_problems(values)]
    platform = cast(PlatformConfig | None, parse(PLATFORM, PlatformConfig, values, problems, frozenset()))
    profile = chosen_profile(stack, platform, problems)
    if platform is not None:
        problems.extend(network_problems(platform, profile))
    parsed: dict[str, tuple[SystemSpec, SystemConfig]] = {}
    for system in systems:
        # Supplied secrets are not read: only that they are there, and encrypted.
        found = cast(
            SystemConfig | None,
            parse(system.name, system_model(system), values, problems, frozenset(system.supplied), system),
        )
        problems.extend(secret_problems(system, values, secrets, profile))
        if found is not None:
            parsed[system.name] = (system, found)
            problems.extend(system_problems(system, found, profile))
            problems.extend(policy_problems(system, found))
    problems.extend(host_problems(parsed))
    if problems or platform is None or profile is None:
        raise SettingsError(stack, problems)

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
                shared_with=config.registry.sharedWith if config.registry else (),
                migrate=config.migrate,
                zone=config.zone,
                urls={variable: getattr(config, variable) for variable in system.urls},
                rotation={variable: config.rotation.get(variable, 1) for variable in system.generated},
                due_days=due_days_of(system, config, platform, profile),
                services={
                    service: ServiceSettings(
                        size=TaskSize(**size_of(system.services[service], config.services.get(service), profile)),
                        scaling=Scaling(
                            **tasks_of(system.services[service], config.services.get(service), profile),
                            latency=latency_of(system.services[service], config.services.get(service)),
                        ),
                        deployment=deployment_of(config.services.get(service)),
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
