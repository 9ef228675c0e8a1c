"""Task definition revisions: what a service ran, and runs."""

import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from operations.account.images import Image
from operations.permissions.statements import Statement, allow

#: How many of a family's newest revisions a history is made of.
_NEWEST = 60
#: How many of them are asked for at the same time.
_PARALLEL = 8


@dataclass(frozen=True, kw_only=True)
class SecretReference:
    """A secret as a task definition names it."""

    variable: str
    """The variable that it is read into."""
    arn: str
    """The secret."""
    version: str
    """Its version; empty when the task definition names none."""


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One revision of a task definition of one container."""

    arn: str
    """Its ARN."""
    family: str
    """The task definition's name."""
    number: int
    """Which revision of the family."""
    registered: datetime
    """When it was registered."""
    container: str
    """Name of its container."""
    image: Image
    """What it runs."""
    secrets: tuple[SecretReference, ...]
    """The secrets that it reads."""
    listens: bool
    """Whether anybody reaches it by a port; a worker takes its work from a queue."""
    log_group: str
    """Where it logs."""
    log_prefix: str
    """What its log streams begin with."""

    def log_stream(self, task_arn: str) -> str:
        """Return the log stream of one task.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
        """
        return f"{self.log_prefix}/{self.container}/{task_arn.rsplit('/', 1)[-1]}"


def permissions() -> list[Statement]:
    """Return what it takes to describe a revision; the action takes no resource."""
    return [allow("ecs:DescribeTaskDefinition")]


def family_permissions() -> list[Statement]:
    """Return what it takes to describe a family; the actions take no resource."""
    return [allow("ecs:ListTaskDefinitions"), *permissions()]


@functools.cache
def describe(ecs: Any, arn: str) -> Revision:  # noqa: ANN401 - a boto3 client
    """Return a revision, which never changes."""
    found = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    container = found["containerDefinitions"][0]
    log = (container.get("logConfiguration") or {}).get("options") or {}
    return Revision(
        arn=found["taskDefinitionArn"],
        family=found["family"],
        number=found["revision"],
        registered=found["registeredAt"],
        container=container["name"],
        image=Image.parse(container["image"]),
        secrets=tuple(_secret(item["name"], item["valueFrom"]) for item in container.get("secrets") or ()),
        listens=bool(container.get("portMappings")),
        log_group=log.get("awslogs-group", ""),
        log_prefix=log.get("awslogs-stream-prefix", ""),
    )


def of_family(ecs: Any, family: str) -> list[Revision]:  # noqa: ANN401 - a boto3 client
    """Return the newest revisions of a family that are still registered, oldest first."""
    pages = ecs.get_paginator("list_task_definitions").paginate(
        familyPrefix=family, status="ACTIVE", sort="DESC", PaginationConfig={"MaxItems": _NEWEST}
    )
    arns = [arn for page in pages for arn in page["taskDefinitionArns"] if family_of(arn) == family]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return sorted(pool.map(lambda arn: describe(ecs, arn), arns), key=lambda revision: revision.number)


def family_of(arn: str) -> str:
    """Return the family of a revision's ARN."""
    return arn.rsplit("/", 1)[-1].rpartition(":")[0]


def number_of(arn: str) -> str:
    """Return the number of a revision's ARN."""
    return arn.rpartition(":")[2]


def _secret(variable: str, value_from: str) -> SecretReference:
    # arn:aws:secretsmanager:<region>:<account>:secret:<name>[:<json key>:<stage>:<version>]
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    parts = value_from.split(":")
    return SecretReference(variable=variable, arn=":".join(parts[:7]), version=parts[9] if len(parts) > 9 else "")
