"""`status`: a stack on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from operations import screen, services
from operations.account import Account, in_batches
from operations.images import Registry
from operations.services import ServiceReport
from operations.stack import Alarm, Stack, System

#: How many alarms a call takes:
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class AlarmReport:
    """One alarm as it stands."""

    name: str
    """Its name."""
    state: str
    """`OK`, `ALARM`, `INSUFFICIENT_DATA`, or `missing`."""
    reason: str = ""
    """CloudWatch's reason for the state."""
    acts: bool = False
    """Whether it does something when it goes off."""


@dataclass(frozen=True, kw_only=True)
class SystemReport:
    """One system as it stands."""

    system: System
    """The system."""
    services: Sequence[ServiceReport]
    """Its services."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A stack as it stands."""

    stack: Stack
    """The stack."""
    systems: Sequence[SystemReport]
    """Its systems."""
    alarms: Sequence[AlarmReport]
    """Its alarms."""

    @property
    def problems(self) -> list[str]:
        """What isn't as it should be."""
        found = [
            f"{service.physical}: {problem}"
            for system in self.systems
            for service in system.services
            for problem in service.problems
        ]
        found += [f"alarm {alarm.name} is on: {alarm.reason}" for alarm in self.alarms if alarm.state == "ALARM"]
        found += [f"alarm {alarm.name} isn't there; run up again" for alarm in self.alarms if alarm.state == "missing"]
        return found


def look(account: Account, stack: Stack) -> Report:
    """Look at everything that a stack runs."""
    registry = Registry(account)
    return Report(
        stack=stack,
        systems=[
            SystemReport(system=system, services=services.reports(account, stack, system, registry))
            for system in stack.systems.values()
        ],
        alarms=alarms(account, stack.alarms),
    )


def alarms(account: Account, wanted: Sequence[Alarm]) -> list[AlarmReport]:
    """Look at alarms; one that isn't there has the state `missing`."""
    cloudwatch = account.client("cloudwatch")
    found = {}
    for names in in_batches([alarm.name for alarm in wanted], _AT_ONCE):
        answer = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"]):
            found[alarm["AlarmName"]] = AlarmReport(
                name=alarm["AlarmName"],
                state=alarm["StateValue"],
                reason=alarm.get("StateReason") or "no reason given",
                acts=bool(alarm["ActionsEnabled"] and alarm.get("AlarmActions")),
            )
    return [found.get(alarm.name) or AlarmReport(name=alarm.name, state="missing") for alarm in wanted]


def show(report: Report, console: Console) -> None:
    """Print a report."""
    table = screen.table("service", "tasks", "release", "revision", "image", "last deployment", "targets")
    for system in report.systems:
        if not system.services:
            table.add_row(f"{system.system.name}", "", screen.styled("no release yet", screen.FAINT))
        for service in system.services:
            table.add_row(*_cells(service))
    console.print(table)
    console.print(_alarms(report.alarms))
    for problem in report.problems:
        console.print(screen.styled(f"✗ {problem}", screen.BAD))
    if not report.problems:
        console.print(screen.styled(f"✓ stack {report.stack.name} is as it should be", screen.GOOD))


def _cells(service: ServiceReport) -> list[Text]:
    revision = service.revision
    if revision is None:
        return [screen.styled(service.physical, screen.BAD), screen.styled("isn't there", screen.BAD)]
    last = service.last
    return [
        screen.styled(service.physical, screen.BAD if service.problems else ""),
        screen.styled(
            f"{service.running} of {service.desired}", screen.GOOD if service.running >= service.desired else screen.BAD
        ),
        Text(", ".join(service.tags or ()) or "no tag"),
        Text(str(revision.number)),
        screen.styled(revision.image.short, screen.FAINT),
        screen.styled(f"{last.outcome} {screen.moment(last.created)}", _style(last.completed, last.under_way))
        if last
        else screen.styled("none in 90 days", screen.FAINT),
        _targets(service.targets),
    ]


def _style(good: bool, under_way: bool) -> str:
    return screen.GOOD if good else screen.UNSURE if under_way else screen.BAD


def _targets(targets: Sequence[str]) -> Text:
    states = [target.split(":")[0] for target in targets]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    return screen.styled(counted, screen.GOOD if set(states) <= {"healthy"} else screen.UNSURE)


def _alarms(found: Sequence[AlarmReport]) -> Text:
    if not found:
        return screen.styled("alarms: none defined", screen.FAINT)
    on = [alarm for alarm in found if alarm.state == "ALARM"]
    return screen.styled(f"alarms: {len(on)} of {len(found)} on", screen.BAD if on else screen.GOOD)
