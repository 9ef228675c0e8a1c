"""`checklist`: the list that a person goes through before a deployment, answered by the account itself.

Secrets in the manager, a recent backup, the release's migration run in staging, workers running, alarms active.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from rich.console import Console
from rich.text import Text

from operations import screen
from operations.account import alarms, completeness, revisions, services
from operations.account.account import Account
from operations.account.images import Registry
from operations.account.services import ServiceReport
from operations.commands import target
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow
from operations.state.stack import Stack, System, read

#: How old the newest backup may be.
_BACKUP_AGE = timedelta(hours=24)


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs."""
    return [
        *services.permissions(scope),
        *completeness.permissions(scope),
        *alarms.permissions(),
        # A database is found by its address, among all of the region's.
        allow("rds:DescribeDBInstances rds:DescribeDBSnapshots", scope.arns("rds", ("db:*", "snapshot:*"))),
    ]


def main(options: argparse.Namespace) -> int:
    """Check the stack."""
    account, stack = target.account_and_stack(options)
    checks = run(account, stack, options.cwd, options.staging)
    show(checks, screen.console())
    return 0 if all(check.outcome is Outcome.PASSED for check in checks) else 1


class Outcome(Enum):
    """How a check ended."""

    PASSED = ("✓", "passed", screen.GOOD)
    FAILED = ("✗", "failed", screen.BAD)
    NOT_CHECKED = ("?", "not checked", screen.UNSURE)

    @property
    def label(self) -> str:
        """The outcome as a person reads it."""
        return f"{self.value[0]} {self.value[1]}"

    @property
    def style(self) -> str:
        """Its style on the screen."""
        return self.value[2]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of one system."""

    system: str
    """The system."""
    item: str
    """What was checked."""
    outcome: Outcome
    """How it ended."""
    evidence: str
    """What was found."""


def run(account: Account, stack: Stack, root: Path, staging: str) -> list[Check]:
    """Check every system of a stack.

    Args:
        account: the account that the stack is in.
        stack: the stack.
        root: the project's folder.
        staging: the stack in which a release's migration has to have run before.
    """
    registry = Registry(account)
    before: Stack | OperationError
    try:
        before = stack if stack.name == staging else read(staging, root)
    except OperationError as error:
        before = error
    found = []
    for system in stack.systems.values():
        reports = services.reports(account, stack, system, registry)
        for item, (outcome, evidence) in (
            ("secrets in the manager, and used", _secrets(account, system, reports)),
            ("recent database backup", _backup(account, system)),
            (f"migration run in {staging}", _migrated_in_staging(system, staging, before)),
            (f"migration run in {stack.name}", _migrated(system, system, stack.name)),
            ("workers running", _workers(account, system, reports)),
            ("alarms active", _alarms(account, stack, system)),
        ):
            found.append(Check(system=system.name, item=item, outcome=outcome, evidence=evidence))
    return found


def show(checks: Sequence[Check], console: Console) -> None:
    """Print checks with their evidence."""
    rows = [
        (check.system, check.item, Text(check.outcome.label, check.outcome.style), check.evidence) for check in checks
    ]
    screen.print_table(console, ("system", "check", "", "evidence"), rows, heading=1)
    counted = Counter(check.outcome for check in checks)
    summary = ", ".join(f"{counted[outcome]} {outcome.value[1]}" for outcome in Outcome if counted[outcome])
    console.print(Text(summary, screen.GOOD if counted[Outcome.PASSED] == len(checks) else screen.BAD))


_Finding = tuple[Outcome, str]


def _no_release(system: System) -> _Finding:
    return Outcome.FAILED, f"{system.name} has no release yet: nothing of it runs"


def _secrets(account: Account, system: System, reports: Sequence[ServiceReport]) -> _Finding:
    if not system.services:
        return _no_release(system)
    ecs = account.client("ecs")
    running = [report.revision for report in reports if report.revision is not None]
    if system.migration_task_definition:
        running.append(revisions.describe(ecs, system.migration_task_definition))
    used = {secret for revision in running for secret in revision.secrets}
    problems = [f"{report.physical} isn't there" for report in reports if report.revision is None]
    problems += sorted({f"{secret.variable} is named without a version" for secret in used if not secret.version})
    problems += completeness.missing_versions(account, used)
    read = {secret.arn for secret in used} | system.rotation.read_by_function
    problems += sorted(
        f"{variable} is read by no task definition" for variable, arn in system.secrets.items() if arn not in read
    )
    if problems:
        return Outcome.FAILED, "; ".join(problems)
    return Outcome.PASSED, (
        f"{len(system.secrets)} secrets in Secrets Manager; {len(running)} task definitions name {len(used)} versions "
        "of them, which are all there"
    )


def _backup(account: Account, system: System) -> _Finding:
    rds = account.client("rds")
    address = system.database.partition(":")[0]
    instances = [
        instance
        for page in rds.get_paginator("describe_db_instances").paginate()
        for instance in page["DBInstances"]
        if (instance.get("Endpoint") or {}).get("Address") == address
    ]
    if not instances:
        return Outcome.FAILED, f"no database listens at {address or 'the address that the stack names'}"
    instance = instances[0]
    name = instance["DBInstanceIdentifier"]
    if not instance["BackupRetentionPeriod"]:
        return Outcome.FAILED, f"{name}: automated backups are off"
    snapshots = rds.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier=name, SnapshotType="automated")
    taken = [
        (snapshot["SnapshotCreateTime"], f"automated snapshot {snapshot['DBSnapshotIdentifier']}")
        for page in snapshots
        for snapshot in page["DBSnapshots"]
        if snapshot["Status"] == "available"
    ]
    # RDS archives the transaction logs every five minutes, so that a restore reaches almost to now:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html
    if instance.get("LatestRestorableTime"):
        taken.append((instance["LatestRestorableTime"], "point-in-time recovery"))
    if not taken:
        return Outcome.FAILED, f"{name}: there is no automated backup yet"
    when, what = max(taken)
    evidence = f"{name}: {what} reaches to {screen.moment(when)}, kept for {instance['BackupRetentionPeriod']} days"
    if datetime.now(UTC) - when > _BACKUP_AGE:
        return Outcome.FAILED, f"{evidence}; that is more than {_BACKUP_AGE.total_seconds() / 3600:.0f} hours ago"
    return Outcome.PASSED, evidence


def _migrated_in_staging(system: System, staging: str, before: Stack | OperationError) -> _Finding:
    if isinstance(before, OperationError):
        return Outcome.NOT_CHECKED, (
            f"{before}. Where {staging} is reached, look yourself: python -m operations releases --stack {staging} "
            f"{system.name}"
        )
    there = before.systems.get(system.name)
    if there is None:
        return Outcome.FAILED, f"stack {staging!r} has no {system.name}"
    return _migrated(system, there, staging)


def _migrated(system: System, where: System, stack: str) -> _Finding:
    """Tell whether the migration of a system's current image was run somewhere."""
    if system.migrations is None:
        return _no_release(system)
    digest, release = system.migrations.digest, system.release
    finished = where.migrations.finished.get(digest) if where.migrations else None
    if finished is not None:
        return Outcome.PASSED, f"{release} ({digest[:19]}) was migrated in {stack} on {screen.moment(finished)}"
    left_out = where is system and system.migrations.outcome == "disabled"
    return Outcome.FAILED, (
        f"the migration of {release} ({digest[:19]}) was "
        + (f"left out: {system.name}:migrate is false" if left_out else f"never run in {stack}")
    )


def _workers(account: Account, system: System, reports: Sequence[ServiceReport]) -> _Finding:
    if not system.services:
        return _no_release(system)
    ecs = account.client("ecs")
    workers, problems = [], []
    for report in reports:
        wanted = system.task_definitions.get(report.name)
        revision = report.revision or (revisions.describe(ecs, wanted) if wanted else None)
        if revision is not None and revision.listens:
            continue
        workers.append(f"{report.physical}: {report.running} of {report.desired} tasks run")
        if report.revision is None:
            problems.append(f"{report.physical} isn't there")
        elif not report.desired:
            problems.append(f"{report.physical} is to have no task")
        elif report.running < report.desired:
            problems.append(workers[-1])
    if problems or not workers:
        return Outcome.FAILED, "; ".join(problems) or f"{system.name} has no worker"
    return Outcome.PASSED, "; ".join(workers)


def _alarms(account: Account, stack: Stack, system: System) -> _Finding:
    wanted = [alarm for alarm in stack.alarms if alarm.system in (None, system.name)]
    if not wanted:
        return Outcome.FAILED, f"none defined: the stack has no alarm that watches {system.name}"
    found = alarms.reports(account, wanted)
    problems = []
    for alarm in found:
        if alarm.state == "missing":
            problems.append(f"{alarm.name} isn't there")
        elif not alarm.acts:
            problems.append(f"{alarm.name} does nothing when it goes off")
        elif alarm.state == "ALARM":
            problems.append(f"{alarm.name} is on: {alarm.reason}")
    if problems:
        return Outcome.FAILED, "; ".join(problems)
    return Outcome.PASSED, f"{len(found)} alarms are there, act, and are off"
