"""`secrets`: every secret of a stack with its age, how often it was rotated, who reads it, and when it is due."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.text import Text

from operations import screen
from operations.account import revisions, secret_versions
from operations.account.account import Account
from operations.account.secret_versions import Version
from operations.commands import target
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow
from operations.state.rotation import SecretFacts
from operations.state.stack import Stack, System

#: What functions are called among a secret's readers.
_CREDENTIALS, _QUEUE_DEPTH = "credentials function", "queue depth function"
#: How many days before it is due a secret is shown in another colour.
_SOON_DAYS = 14


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs."""
    functions = (system.queue_depth for system in scope.stack.systems.values())
    return [
        *revisions.permissions(),
        *secret_versions.permissions(scope),
        allow(
            "lambda:GetFunctionConfiguration",
            scope.arns("lambda", (f"function:{function}" for function in functions if function)),
        ),
    ]


def main(options: argparse.Namespace) -> int:
    """Show the secrets."""
    account, stack = target.account_and_stack(options)
    return 1 if show(stack, reports(account, stack), screen.console()) else 0


@dataclass(frozen=True, kw_only=True)
class SecretReport:
    """One secret as it stands."""

    system: str
    """Whose it is."""
    variable: str
    """Its variable."""
    facts: SecretFacts
    """What the stack's state knows of it."""
    found: Sequence[Version] | None = None
    """Its versions; None where Secrets Manager hasn't got it."""
    expected: bool = True
    """Whether Secrets Manager is to have it, by itself or inside another."""
    inside: str | None = None
    """The secret that it is in, where it has none of its own."""
    readers: tuple[str, ...] = ()
    """The services, the migration and the functions that read it."""

    @property
    def changed(self) -> datetime | None:
        """When its current value was made."""
        return next((version.created for version in self.found or () if version.current), None)

    @property
    def due(self) -> datetime | None:
        """When it is due; None for never, and for what follows another."""
        if self.changed is None or self.facts.due_days is None:
            return None
        return self.changed + timedelta(days=self.facts.due_days)

    def problem(self, stack: str, now: datetime) -> str | None:
        """Return what is wrong with it, and what to do."""
        if self.expected and self.changed is None:
            return (
                f"{self.variable} of {self.system} isn't in Secrets Manager any more; run up for stack {stack!r} again"
            )
        if self.due is None or now < self.due:
            return None
        if self.facts.kind == "supplied":
            command = f"pulumi config set --secret {self.system}:{self.variable} --stack {stack}"
        else:
            confirm = " --confirm" if self.facts.ends else ""
            command = f"python -m operations rotate {self.system} {self.variable} --stack {stack}{confirm}"
        return (
            f"{self.variable} of {self.system} has been due since {screen.moment(self.due)}, "
            f"{self.facts.due_days} days after its last change: {command}"
        )


def reports(account: Account, stack: Stack) -> list[SecretReport]:
    """Report on every secret that a stack's systems may have. No value is read."""
    return [report for system in stack.systems.values() for report in _of_system(account, stack, system)]


def _of_system(account: Account, stack: Stack, system: System) -> list[SecretReport]:
    system.rotation.require(system.name, stack.name)
    readers = _readers(account, system)
    facts = system.rotation.secrets
    found = []
    for variable, own in sorted(facts.items()):
        if own.kind == "previous" and variable not in system.secrets:
            continue  # there is none before the first rotation
        inside = None
        if own.kind == "generated" and variable not in system.secrets:
            inside = next(
                (name for name, one in facts.items() if one.follows == variable and name in system.secrets), None
            )
        arn = system.secrets.get(inside or variable)
        found.append(
            SecretReport(
                system=system.name,
                variable=variable,
                facts=own,
                found=secret_versions.of_secret(account, arn) if arn else None,
                expected=arn is not None,
                inside=inside,
                readers=tuple(readers.get(arn or "", ())) if inside is None else (),
            )
        )
    return found


def _readers(account: Account, system: System) -> dict[str, list[str]]:
    """Return who reads each secret, by ARN: what the stack deployed, and its functions."""
    ecs = account.client("ecs")
    readers: dict[str, list[str]] = {}
    for name, arn in system.all_task_definitions.items():
        for secret in sorted({secret.arn for secret in revisions.describe(ecs, arn).secrets}):
            readers.setdefault(secret, []).append(name)
    for secret in sorted(system.rotation.read_by_function):
        readers.setdefault(secret, []).append(_CREDENTIALS)
    if system.queue_depth is not None:
        function = account.client("lambda").get_function_configuration(FunctionName=system.queue_depth)
        for secret in sorted(set((function.get("Environment") or {}).get("Variables", {}).values())):
            readers.setdefault(secret, []).append(_QUEUE_DEPTH)
    return readers


def show(stack: Stack, reports: Sequence[SecretReport], console: Console, now: datetime | None = None) -> list[str]:
    """Print secrets; return what is wrong."""
    now = now or datetime.now(UTC)
    rows = [
        (
            report.system,
            report.variable,
            _rotation(report),
            f"{(now - report.changed).days} d" if report.changed else "",
            _due(report, now),
            Text(f"in {report.inside}" if report.inside else ", ".join(report.readers), screen.FAINT),
        )
        for report in reports
    ]
    screen.print_table(console, ("system", "secret", "rotation", "age", "due", "read by"), rows, heading=1)
    problems = [problem for report in reports if (problem := report.problem(stack.name, now))]
    screen.print_problems(console, problems, f"no secret of stack {stack.name} is overdue")
    return problems


def _rotation(report: SecretReport) -> str:
    """Return the counter of a generated secret, or of a supplied one how many versions there are."""
    if report.facts.rotation is not None:
        return str(report.facts.rotation)
    if report.facts.kind != "supplied" or report.found is None:
        return ""
    kept = sum(version.kept for version in report.found)
    count = len(report.found)
    return f"{count} version{'s' if count != 1 else ''}" + (f", {kept} kept" if kept != count else "")


def _due(report: SecretReport, now: datetime) -> Text:
    if report.facts.follows is not None:
        return Text(f"with {report.facts.follows}", screen.FAINT)
    if report.changed is None:
        return Text("isn't there" if report.expected else "not set", screen.BAD if report.expected else screen.FAINT)
    if report.due is None:
        return Text("never", screen.FAINT)
    days = (report.due - now).days
    if now >= report.due:
        return Text(f"{-days - 1} d ago" if days < -1 else "now", screen.BAD)
    return Text(f"in {days} d", screen.UNSURE if days < _SOON_DAYS else screen.GOOD)
