"""What a change of config changes, as a test compares it."""

from typing import Any

from localcloud.engine import Result
from tests.stacks.conftest import Account, succeed


def changes(result: Result) -> list[tuple[str, str, str]]:
    """Return (operation, type, name) of everything that changes, components' own outputs left out."""
    return sorted((step.op, step.type, step.name) for step in result.changes)


def applied(account: Account, config: dict[str, Any] | None = None, secrets: dict[str, str] | None = None) -> Result:
    """Preview a change, apply it, hold the two against each other, and hold a second `up` against nothing."""
    previewed = succeed(account.stack("staging", config, secrets).preview())
    done = succeed(account.stack("staging", config, secrets).up())
    assert changes(previewed) == changes(done), "a preview that shows other steps than `up` takes is no preview"
    again = succeed(account.stack("staging", config, secrets).up())
    assert changes(again) == []
    return done


def services(names: set[str], system: str) -> list[tuple[str, str, str]]:
    """Return what a new revision of some services changes."""
    return sorted(
        change
        for name in names
        for change in (
            ("replace", "aws:ecs/taskDefinition:TaskDefinition", f"{system}-{name}-definition"),
            ("update", "aws:ecs/service:Service", f"{system}-{name}-service"),
            ("update", "pulumi-python:dynamic/alicerce:Rollout", f"{system}-{name}-rollout"),
        )
    )


def version(system: str, variable: str) -> list[tuple[str, str, str]]:
    """Return what a new value of a secret changes."""
    name = f"{system}-{variable.lower().replace('_', '-')}"
    return [("replace", "aws:secretsmanager/secretVersion:SecretVersion", f"{name}-version")]
