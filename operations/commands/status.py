"""`status`: a stack on one screen."""

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from operations import screen
from operations.account import alarms, services
from operations.account.alarms import AlarmReport
from operations.account.images import Registry
from operations.account.services import ServiceReport
from operations.commands import target
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement
from operations.state.stack import System

_Systems = Sequence[tuple[System, Sequence[ServiceReport]]]


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs."""
    return [*services.permissions(scope), *alarms.permissions()]


def main(options: argparse.Namespace) -> int:
    """Show what a stack runs, and what isn't as it should be."""
    account, stack = target.account_and_stack(options)
    registry = Registry(account)
    systems = [(system, services.reports(account, stack, system, registry)) for system in stack.systems.values()]
    found = alarms.reports(account, stack.alarms)
    problems = _problems(systems, found)
    console = screen.console()
    _show_services(systems, console)
    console.print(_alarms(found))
    screen.print_problems(console, problems, f"stack {stack.name} is as it should be")
    return 1 if problems else 0


def _problems(systems: _Systems, alarms: Sequence[AlarmReport]) -> list[str]:
    found = [
        f"{service.physical}: {problem}"
        for _, services in systems
        for service in services
        for problem in service.problems
    ]
    found += [f"alarm {alarm.name} is on: {alarm.reason}" for alarm in alarms if alarm.state == "ALARM"]
    found += [f"alarm {alarm.name} isn't there; run up again" for alarm in alarms if alarm.state == "missing"]
    return found


def _show_services(systems: _Systems, console: Console) -> None:
    rows: list[list[Text | str]] = []
    for system, found in systems:
        rows += [_row(service) for service in found] or [[system.name, "", Text("no release yet", screen.FAINT)]]
    screen.print_table(
        console, ("service", "tasks", "release", "revision", "image", "last deployment", "targets"), rows
    )


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
