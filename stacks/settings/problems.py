"""How config is refused: every problem at once, each with its key, its value, what is allowed and the way out."""

from collections.abc import Iterable
from dataclasses import dataclass

import pulumi


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


def set_command(key: str, example: str, *, secret: bool = False) -> str:
    """Return the command that sets a key; inside an object it needs a path."""
    flags = " --secret" if secret else ""
    if "." in key:
        return f"pulumi config set{flags} --path '{key}' {example}"
    return f"pulumi config set{flags} {key} {example}"


def remove_command(key: str) -> str:
    """Return the command that removes a key; inside an object it needs a path."""
    return f"pulumi config rm --path '{key}'" if "." in key else f"pulumi config rm {key}"
