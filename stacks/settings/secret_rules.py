"""What is wrong with a system's secrets: with their values, their rotations, and when they are due for one."""

from collections.abc import Iterator, Mapping

from stacks.profiles.spec import Profile
from stacks.settings.models import SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command, unknown_name
from stacks.systems.spec import SystemSpec


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


def rotation_problems(system: SystemSpec, config: SystemConfig) -> Iterator[ConfigProblem]:
    """Report rotations of what isn't generated, and those that end something for good and aren't confirmed."""
    ends = {variable: secret.ends for variable, secret in system.generated.items() if secret.ends}
    for variable, rotation in sorted(config.rotation.items()):
        key, confirmation = (f"{system.name}:{name}.{variable}" for name in ("rotation", "confirmRotation"))
        if variable not in system.generated:
            yield unknown_name(key, "names no generated secret", variable, system.generated)
        elif variable in ends and rotation > 1 and config.confirmRotation.get(variable) != rotation:
            yield ConfigProblem(
                key=key,
                problem=f"is {rotation}, and with that rotation {ends[variable]}",
                allowed=f"{rotation} together with {confirmation} set to {rotation}",
                remedy=set_command(confirmation, str(rotation)),
            )
    for variable in sorted(set(config.confirmRotation) - set(ends)):
        key = f"{system.name}:confirmRotation.{variable}"
        yield ConfigProblem(
            key=key,
            problem="confirms what needs no confirmation",
            allowed=", ".join(ends) or f"nothing in {system.name}",
            remedy=remove_command(key),
        )


def due_days_problems(system: SystemSpec, config: SystemConfig) -> Iterator[ConfigProblem]:
    """Report days for what has no rotations of its own."""
    for variable in sorted(set(config.rotationDays) - set(system.rotated)):
        key = f"{system.name}:rotationDays.{variable}"
        if variable not in system.composed:
            yield unknown_name(key, "names no secret that is rotated", variable, system.rotated)
            continue
        followed = system.composed[variable].password
        yield ConfigProblem(
            key=key,
            problem=f"names a secret that is composed of others, and follows {followed}",
            allowed=", ".join(system.rotated),
            remedy=remove_command(key),
        )
