"""Revisions and deployments as AWS would tell of them."""

from datetime import UTC, datetime, timedelta

from operations.account.deployments import ServiceDeployment
from operations.account.images import Image
from operations.account.revisions import Revision

START = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO, BOTH = "sha256:1", "sha256:2", "sha256:12"
TAGS = {ONE: ("v1",), TWO: ("v2",), BOTH: ("v1", "v2")}


def revision(number: int, digest: str, minute: int) -> Revision:
    return Revision(
        arn=f"arn:aws:ecs:us-east-1:123456789012:task-definition/family:{number}",
        family="family",
        number=number,
        registered=START + timedelta(minutes=minute),
        container="api",
        image=Image(f"r@{digest}", "123456789012", "us-east-1", "r", digest),
        secrets=(),
        listens=True,
        log_group="/log",
        log_prefix="task",
    )


def deployment(status: str, reason: str = "") -> ServiceDeployment:
    return ServiceDeployment(task_definition="", status=status, reason=reason, created=START)
