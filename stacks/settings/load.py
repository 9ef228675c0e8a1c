"""What a person sets for a stack, typed and checked as a whole before anything is created.

`load()` reads the stack's config once. Whatever is wrong is reported at once, each problem with its key, its value,
what is allowed and the command that fixes it. Values of secrets stay Outputs, and are never read here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi.runtime import config as runtime_config

from components.core import aws_clients
from stacks.profiles.spec import Profile
from stacks.settings.host_rules import host_of, host_problems
from stacks.settings.image_rules import image_problems
from stacks.settings.models import NEVER_DUE, PLATFORM, PlatformConfig, ServiceConfig, SystemConfig
from stacks.settings.network_rules import network_problems
from stacks.settings.parsing import parse, system_model
from stacks.settings.problems import SettingsError
from stacks.settings.secret_rules import due_days_problems, rotation_problems, secret_problems
from stacks.settings.service_rules import service_problems
from stacks.settings.service_settings import ServiceSettings, service_settings
from stacks.settings.stack_rules import chosen_profile, provider_problems, stack_problems, unknown_namespaces
from stacks.systems.spec import SystemSpec


@dataclass(frozen=True, kw_only=True)
class SystemSettings:
    """What is set for one system."""

    system: SystemSpec
    """The system itself."""
    config: SystemConfig
    """Its keys in config, without its URLs and secrets."""
    urls: Mapping[str, str]
    """Its public URLs by variable."""
    rotation: Mapping[str, int]
    """How often each generated secret was made, by variable; 1 at first."""
    due_days: Mapping[str, int | None]
    """After how many days each secret that has rotations of its own is due, by variable; None for never."""
    services: Mapping[str, ServiceSettings]
    """Its services' sizes, numbers and deployments by name."""
    supplied: frozenset[str]
    """Which of its supplied secrets are set, by variable."""

    @property
    def hosts(self) -> dict[str, str]:
        """The public host of each web service, by the service's name."""
        return {
            name: host_of(self.urls[service.url])
            for name, service in self.system.services.items()
            if service.url is not None
        }

    def supplied_secret(self, variable: str) -> pulumi.Output[str] | None:
        """Return a supplied secret, or None when it isn't set and the system works without it."""
        if variable in self.supplied:
            return pulumi.Config(self.system.name).require_secret(variable)
        if self.system.supplied[variable].required:  # only a profile with placeholder secrets comes here
            return pulumi.Output.secret(f"stand-in-{variable}")
        return None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that is set for a stack."""

    stack: str
    """The stack's name: the environment."""
    profile: Profile
    """What kind of environment it is."""
    config: PlatformConfig
    """The project's own keys in config."""
    log_retention_days: int
    """How long log lines stay."""
    backup_retention_days: int
    """How far back a point-in-time recovery reaches."""
    keep_releases: int
    """How many releases' images stay."""
    protection: bool
    """Whether stateful parts refuse to be deleted."""
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
    problems = [*stack_problems(stack), *unknown_namespaces(values, systems), *provider_problems(values)]
    platform = parse(PLATFORM, PlatformConfig, values, problems)
    profile = chosen_profile(stack, platform, problems)
    if platform is not None:
        problems.extend(network_problems(platform, profile, values.get("aws:region")))
    parsed: list[tuple[SystemSpec, SystemConfig]] = []
    for system in systems:
        config = parse(system.name, system_model(system), values, problems, system)
        problems.extend(secret_problems(system, values, secrets, profile))
        if config is not None:
            parsed.append((system, config))
            problems.extend(image_problems(system, config))
            problems.extend(rotation_problems(system, config))
            problems.extend(due_days_problems(system, config))
            problems.extend(service_problems(system, config, profile))
    problems.extend(host_problems(parsed))
    if problems or platform is None or profile is None:
        raise SettingsError(stack, problems)

    return Settings(
        stack=stack,
        profile=profile,
        config=platform,
        log_retention_days=platform.retention.logs or profile.log_retention_days,
        backup_retention_days=platform.retention.backups or profile.database.backup_retention_days,
        keep_releases=platform.retention.releases or profile.keep_releases,
        protection=profile.protection and platform.protection != "off",
        systems={
            system.name: SystemSettings(
                system=system,
                config=config,
                urls={variable: getattr(config, variable) for variable in system.urls},
                rotation={variable: config.rotation.get(variable, 1) for variable in system.generated},
                due_days=_due_days(system, config, platform, profile),
                services={
                    name: service_settings(service, config.services.get(name, ServiceConfig()), profile)
                    for name, service in system.services.items()
                },
                supplied=frozenset(variable for variable in system.supplied if values.get(f"{system.name}:{variable}")),
            )
            for system, config in parsed
        },
    )


def _due_days(
    system: SystemSpec, config: SystemConfig, platform: PlatformConfig, profile: Profile
) -> dict[str, int | None]:
    """Return after how many days each rotated secret is due: config's for it, else the stack's, else the profile's."""
    stack = profile.rotation_days if platform.rotationDays is None else platform.rotationDays
    days = {variable: config.rotationDays.get(variable, stack) for variable in system.rotated}
    return {variable: None if number == NEVER_DUE else number for variable, number in days.items()}


def _config() -> tuple[dict[str, str], frozenset[str]]:
    # `pulumi.Config` can look a key up but not list them, and a misspelt key must not pass unseen.
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    keys = [
        *runtime_config.get_config_secret_keys_env(),
        *(key for key in values if runtime_config.is_config_secret(key)),
    ]
    return values, frozenset(keys)
