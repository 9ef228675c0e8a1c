"""What is wrong with a stack as a whole: its name, its profile, and keys of other namespaces in its config."""

import re
from collections.abc import Iterator, Mapping, Sequence

from components.core.aws_clients import SUPPORTED, UNSUPPORTED
from components.core.did_you_mean import did_you_mean
from components.secrets.credentials import known_regions
from stacks.profiles.local import LOCAL
from stacks.profiles.prod import PROD
from stacks.profiles.spec import Profile
from stacks.profiles.staging import STAGING
from stacks.settings.models import PLATFORM, PlatformConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command, unknown_name
from stacks.systems.spec import SystemSpec

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (PROD, STAGING, LOCAL)}

#: Namespaces that belong to others.
_FOREIGN = frozenset({"aws", "docker", "pulumi", "random"})


def unknown_namespaces(values: Mapping[str, str], systems: Sequence[SystemSpec]) -> Iterator[ConfigProblem]:
    """Report keys in a namespace whose name is nearly that of a system or the project."""
    known = [PLATFORM, *(system.name for system in systems)]
    for namespace in sorted({key.partition(":")[0] for key in values} - set(known) - _FOREIGN):
        if did_you_mean(namespace, known):
            key = min(key for key in values if key.startswith(f"{namespace}:"))
            yield unknown_name(key, "is in an unknown namespace", namespace, known)


def provider_problems(values: Mapping[str, str]) -> Iterator[ConfigProblem]:
    """Report what the AWS provider would take and other parts of the program can't: credentials, and a region."""
    region = values.get("aws:region")
    if region and region not in known_regions():
        yield ConfigProblem(
            key="aws:region",
            problem=f"is {region!r}, and the authorities of its databases aren't packed with functions/credentials",
            allowed=", ".join(known_regions()),
            remedy=f"{set_command('aws:region', 'us-east-1')}, or add its as functions/credentials/rds-ca.txt says",
        )
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
