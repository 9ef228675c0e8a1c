"""`status`: a stack on one screen."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from operations import screen
from operations.account import alarms, services
from operations.account.account import Account
from operations.account.alarms import AlarmReport
from operations.account.images import Registry
from operations.account.services import ServiceReport
from operations.commands import arguments
from operations.state.stack import Stack, System

HELP = "show services, deployments, targets and alarms; exit 1 when something is wrong"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none of its own."""


def main(options: argparse.Namespace) -> int:
    """Show the stack."""
    found = report(*arguments.account_and_stack(options))
    show(found, screen.console())
    return 1 if found.problems else 0


@dataclass(frozen=True, kw_only=True)
class Report:
    """A stack as it stands."""

    stack: Stack
    """The stack."""
    systems: Sequence[tuple[System, Sequence[ServiceReport]]]
    """Its systems, each with its services."""
    alarms: Sequence[AlarmReport]
    """Its alarms."""

    @property
    def problems(self) -> list[str]:
        """What isn't as it should be."""
        problems = [
            f"{service.physical}: {problem}"
            for _, found in self.systems
            for service in found
            for problem in service.problems
        ]
        problems += [f"alarm {alarm.name} is on: {alarm.reason}" for alarm in self.alarms if alarm.state == "ALARM"]
        problems += [
            f"alarm {alarm.name} isn't there; run up again" for alarm in self.alarms if alarm.state == "missing"
        ]
        return problems


def report(account: Account, stack: Stack) -> Report:
    """Report on everything that a stack runs."""
    registry = Registry(account)
    return Report(
        stack=stack,
        systems=[(system, services.reports(account, stack, system, registry)) for system in stack.systems.values()],
        alarms=alarms.reports(account, stack.alarms),
    )


def show(report: Report, console: Console) -> None:
    """Print a report."""
    rows: list[list[Text | str]] = []
    for system, found in report.systems:
        rows += [_row(service) for service in found] or [[system.name, "", Text("no release yet", screen.FAINT)]]
    screen.print_table(
        console, ("service", "tasks", "release", "revision", "image", "last deployment", "targets"), rows
    )
    console.print(_alarms(report.alarms))
    screen.print_problems(console, report.problems, f"stack {report.stack.name} is as it should be")


def _row(service: ServiceReport) -> list[Text | str]:
    revision, last = service.revision, service.last_deployment
    if revision is None:
        return [Text(service.physical, screen.BAD), Text("isn't there", screen.BAD)]
    return [
        Text(service.physical, screen.BAD if service.problems else ""),
        Text(
            f"{service.running} of {service.desired}", screen.GOOD if service.running >= service.desired else screen.BAD
        ),
        ", ".join(service.tags or ()) or "no tag",
        str(revision.number),
        Text(revision.image.short, screen.FAINT),
        screen.deployment(last) if last else Text("none in 90 days", screen.FAINT),
        _targets(service.targets),
    ]


def _targets(targets: Sequence[str]) -> Text:
    states = [target.split(":")[0] for target in targets]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return Text(counted, screen.GOOD if set(states) <= {"healthy"} else screen.UNSURE)


def _alarms(found: Sequence[AlarmReport]) -> Text:
    if not found:
        return Text("alarms: none defined", screen.FAINT)
    on = [alarm for alarm in found if alarm.state == "ALARM"]
    return Text(f"alarms: {len(on)} of {len(found)} on", screen.BAD if on else screen.GOOD)
