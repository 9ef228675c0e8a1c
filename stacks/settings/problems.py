"""How config is refused: every problem at once, each with its key, its value, what is allowed and the way out."""

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi

from components.core.checks import InvalidValue
from components.core.did_you_mean import did_you_mean


@dataclass(frozen=True, kw_only=True)
class ConfigProblem:
    """One thing that is wrong in a stack's config."""

    key: str
    """The full key, with the path inside an object: `aprendeai:services.ai.cpu`."""
    problem: str
    """What is wrong, beginning with a verb: `is '10.0.0.0/30', …` or `is missing`. Never the value of a secret."""
    allowed: str
    """What would be right."""
    remedy: str
    """The command or the edit that fixes it."""

    def __str__(self) -> str:
        """Return one line for a person."""
        return f"{self.key} {self.problem}. Allowed: {self.allowed}. Fix: {self.remedy}"


class SettingsError(pulumi.RunError):
    """The stack's config can't be used; nothing was created.

    A `pulumi.RunError`, so that the CLI prints the message without a Python traceback.
    """

    def __init__(self, stack: str, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem" + ("s" if len(self.problems) != 1 else "")
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{count} in Pulumi.{stack}.yaml, nothing was created:\n{lines}")


class ValueRefused(pulumi.RunError):
    """A value of the stack's config turned out to be wrong while the stack was being built."""

    def __init__(self, problem: ConfigProblem) -> None:
        super().__init__(str(problem))


def unknown_name(key: str, problem: str, name: str, known: Iterable[str]) -> ConfigProblem:
    """Return the problem of a key that names what isn't there, with the known name that is most like it."""
    known = list(known)
    return ConfigProblem(
        key=key,
        problem=f"{problem}{did_you_mean(name, known)}",
        allowed=", ".join(known),
        remedy=remove_command(key),
    )


def invalid_value(key: str, value: object, error: InvalidValue, example: str) -> ConfigProblem:
    """Return a component's refusal of a key's value as a problem of that key."""
    return ConfigProblem(
        key=key,
        problem=f"is {value!r}",
        allowed=error.allowed,
        remedy=f"{error.remedy}, for instance {set_command(key, example)}",
    )


def set_command(key: str, example: str) -> str:
    """Return the command that sets a key."""
    return f"pulumi config set {_path(key)} {example}"


def remove_command(key: str) -> str:
    """Return the command that removes a key."""
    return f"pulumi config rm {_path(key)}"


def _path(key: str) -> str:
    """Return a key as a command takes it: what is inside an object or a list needs a path."""
    return f"--path '{key}'" if "." in key or "[" in key else key
