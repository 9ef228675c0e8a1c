"""What a stack's state knows of its resources in AWS."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from operations.errors import OperationError

_CLUSTER = "aws:ecs/cluster:Cluster"
_KEY = "aws:kms/key:Key"
_TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
_SERVICE = "aws:ecs/service:Service"
#: What tells a stack's resources from those of others.
_TAGS = ("Project", "Environment")
_MIGRATION_RUN = "pulumi-python:dynamic/alicerce:MigrationRun"


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What policies for a stack are made of, beside its outputs."""

    cluster: str
    """ARN of its cluster."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The tags that every resource of the stack has."""
    key: str | None = None
    """ARN of its key."""
    task_roles: tuple[str, ...] = ()
    """ARNs of the roles that its tasks run with, and that start them."""
    traffic_roles: tuple[str, ...] = ()
    """ARNs of the roles with which ECS shifts traffic from one revision to another."""
    snapshotted: tuple[str, ...] = ()
    """The databases of which a migration takes a snapshot first."""


def parsed(resources: Iterable[Mapping[str, Any]], stack: str) -> Resources:
    """Find them among the resources of a stack's state.

    Raises:
        OperationError: the state has no cluster.
    """
    outputs: dict[str, list[Mapping[str, Any]]] = {}
    for resource in resources:
        outputs.setdefault(resource["type"], []).append(resource.get("outputs") or {})
    cluster = next(iter(outputs.get(_CLUSTER, ())), {})
    if not cluster.get("arn") or not set(_TAGS) <= set(cluster.get("tags") or {}):
        raise OperationError(
            f"the state of stack {stack!r} has no cluster with the tags {' and '.join(_TAGS)}: run up for stack "
            f"{stack!r}, and try again"
        )
    definitions = outputs.get(_TASK_DEFINITION, ())
    balancers = [balancer for one in outputs.get(_SERVICE, ()) for balancer in one.get("loadBalancers") or ()]
    return Resources(
        cluster=str(cluster["arn"]),
        tags={
            key: str(value) for key, value in (cluster.get("tags") or {}).items() if key in ("Project", "Environment")
        },
        key=next((str(one["arn"]) for one in outputs.get(_KEY, ()) if one.get("arn")), None),
        task_roles=_distinct(one.get(role) for one in definitions for role in ("executionRoleArn", "taskRoleArn")),
        traffic_roles=_distinct((one.get("advancedConfiguration") or {}).get("roleArn") for one in balancers),
        snapshotted=_distinct(one.get("database") for one in outputs.get(_MIGRATION_RUN, ()) if one.get("snapshot")),
    )


def _distinct(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({one for one in found if one}))
