"""When secrets are due for rotation: what config says of it, and what is wrong with that."""

from collections.abc import Iterator, Mapping

from components.core.did_you_mean import did_you_mean
from stacks.profiles.spec import Profile
from stacks.settings.models import NEVER_DUE, PlatformConfig, SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command
from stacks.systems.spec import Generated, Supplied, SystemSpec


def rotated(system: SystemSpec) -> dict[str, Generated | Supplied]:
    """Return the secrets that have rotations of their own, by variable; composed ones follow their parts."""
    return {**system.generated, **system.supplied}


def policy_problems(system: SystemSpec, config: SystemConfig) -> Iterator[ConfigProblem]:
    """Report days for what has no rotations of its own."""
    known = rotated(system)
    for variable in sorted(set(config.rotationDays) - set(known)):
        key = f"{system.name}:rotationDays.{variable}"
        composed = system.composed.get(variable)
        yield ConfigProblem(
            key=key,
            problem=f"names no secret that is rotated{did_you_mean(variable, known)}"
            if composed is None
            else f"names a secret that is composed of others, and follows {composed.password}",
            allowed=", ".join(known),
            remedy=remove_command(key),
        )


def due_days_of(
    system: SystemSpec, config: SystemConfig, platform: PlatformConfig, profile: Profile
) -> dict[str, int | None]:
    """Return after how many days each rotated secret is due: config's for it, else the stack's, else the profile's."""
    stack = profile.rotation_days if platform.rotationDays is None else platform.rotationDays
    days = {variable: config.rotationDays.get(variable, stack) for variable in rotated(system)}
    return {variable: None if number == NEVER_DUE else number for variable, number in days.items()}


def secret_problems(
    system: SystemSpec, values: Mapping[str, str], secrets: frozenset[str], profile: Profile | None
) -> Iterator[ConfigProblem]:
    """Report supplied secrets that are missing, and those that stand in plain text."""
    for variable, supplied in system.supplied.items():
        key = f"{system.name}:{variable}"
        remedy = f"pulumi config set --secret {key}"
        if not values.get(key):
            if supplied.required and not (profile and profile.placeholder_secrets):
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
