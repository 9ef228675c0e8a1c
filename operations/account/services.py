"""A stack's services in the account: tasks, images, deployments, targets."""

from dataclasses import dataclass, field
from typing import Any

from operations.account import deployments, images, revisions
from operations.account.account import Account, in_batches
from operations.account.deployments import ServiceDeployment
from operations.account.images import Registry
from operations.account.revisions import Revision
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow
from operations.state.stack import Stack, System

#: How many services a call takes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
_SERVICES_PER_CALL = 10
#: States of a target that nothing is wrong with: it starts, serves, or leaves.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
_GOOD_TARGETS = ("initial", "healthy", "draining")


@dataclass(frozen=True, kw_only=True)
class ServiceReport:
    """One service as it stands."""

    name: str
    """Its name in the system."""
    physical: str
    """Its name in ECS."""
    desired: int = 0
    """How many tasks it is to have."""
    running: int = 0
    """How many run."""
    revision: Revision | None = None
    """What it runs; None when it isn't there."""
    tags: tuple[str, ...] | None = ()
    """Tags of the image that it runs; None when the image isn't in its registry any more."""
    last_deployment: ServiceDeployment | None = None
    """Its last deployment; None when ECS remembers none."""
    targets: tuple[str, ...] = ()
    """The state of each of its load balancer targets."""
    problems: list[str] = field(default_factory=list)
    """What isn't as it should be."""


def permissions(scope: Scope) -> list[Statement]:
    """Return what `reports` needs."""
    return [
        *description_permissions(scope),
        *deployments.permissions(scope),
        *images.permissions(scope),
        allow("elasticloadbalancing:DescribeTargetHealth"),  # takes no resource
    ]


def description_permissions(scope: Scope) -> list[Statement]:
    """Return what `describe` needs."""
    return [allow("ecs:DescribeServices", scope.in_ecs("service")), *revisions.permissions()]


def describe_all(account: Account, stack: Stack, physical: list[str]) -> dict[str, dict[str, Any]]:
    """Return ECS's descriptions of the services that are there and active, by name.

    Raises:
        OperationError: there is no such cluster.
    """
    ecs = account.client("ecs")
    try:
        return {
            service["serviceName"]: service
            for batch in in_batches(physical, _SERVICES_PER_CALL)
            for service in ecs.describe_services(cluster=stack.cluster, services=batch)["services"]
            if service["status"] == "ACTIVE"
        }
    except ecs.exceptions.ClusterNotFoundException:
        raise OperationError(
            f"there is no cluster {stack.cluster!r} in {account.region}: this isn't the account or the region that "
            f"stack {stack.name!r} is in"
        ) from None


def describe(account: Account, stack: Stack, physical: str) -> tuple[dict[str, Any], Revision]:
    """Return ECS's description of one service, and the revision that it runs.

    Raises:
        OperationError: it isn't there.
    """
    found = describe_all(account, stack, [physical])
    if physical not in found:
        raise OperationError(f"the service {physical} isn't there; run up for stack {stack.name!r} again")
    return found[physical], _revision(account, found[physical])


def _revision(account: Account, service: dict[str, Any]) -> Revision:
    # While a deployment is in progress, and after it was rolled back, the service names what it runs in the end.
    return revisions.describe(account.client("ecs"), service["taskDefinition"])


def reports(account: Account, stack: Stack, system: System, registry: Registry) -> list[ServiceReport]:
    """Report on every service that a system is to have."""
    found = describe_all(account, stack, list(system.services.values()))
    return [
        _report(account, stack, system, registry, name, found[physical])
        if physical in found
        else ServiceReport(name=name, physical=physical, problems=["it isn't there; run up again"])
        for name, physical in sorted(system.services.items())
    ]


def _target_groups(service: dict[str, Any]) -> list[str]:
    """Return the target groups of a service; where ECS shifts traffic its tasks may be in either of two."""
    return [
        group
        for balancer in service.get("loadBalancers") or ()
        for group in (
            balancer["targetGroupArn"],
            (balancer.get("advancedConfiguration") or {}).get("alternateTargetGroupArn"),
        )
        if group
    ]


def _report(
    account: Account, stack: Stack, system: System, registry: Registry, name: str, service: dict[str, Any]
) -> ServiceReport:
    revision = _revision(account, service)
    last = deployments.last_of(account.client("ecs"), stack.cluster, service["serviceName"])
    targets = tuple(
        _target(target)
        for group in _target_groups(service)
        for target in account.client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    )
    tags = registry.tags(revision.image)
    problems = []
    if service["runningCount"] < service["desiredCount"]:
        problems.append(f"{service['runningCount']} of {service['desiredCount']} tasks run")
    if last is not None and last.failed:
        of = f" of revision {revisions.number_of(last.task_definition)}" if last.task_definition else ""
        problems.append(f"the last deployment{of}: {last.outcome_and_reason}")
    wanted = system.task_definitions.get(name)
    if tags is None:
        problems.append(f"its image {revision.image.short} isn't in {revision.image.repository} any more")
    if wanted and wanted != revision.arn:
        problems.append(
            f"runs {', '.join(tags or ()) or revision.image.short} as revision {revision.number}, and the stack's "
            f"outputs say {system.release} as revision {revisions.number_of(wanted)}: the last `up` didn't end well, "
            "or somebody changed the service"
        )
    elif tags is not None and system.release and revision.image.repository and system.release not in tags:
        problems.append(f"runs {', '.join(tags) or revision.image.short}, and the stack's release is {system.release}")
    failing = [target for target in targets if target.split(":")[0] not in _GOOD_TARGETS]
    if failing:
        problems.append(f"{len(failing)} of {len(targets)} targets fail: {', '.join(sorted(set(failing)))}")
    if service.get("loadBalancers") and service["desiredCount"] and not targets:
        problems.append("no target is registered with its load balancer")
    return ServiceReport(
        name=name,
        physical=service["serviceName"],
        desired=service["desiredCount"],
        running=service["runningCount"],
        revision=revision,
        tags=tags,
        last_deployment=last,
        targets=targets,
        problems=problems,
    )


def _target(target: dict[str, Any]) -> str:
    health = target["TargetHealth"]
    return f"{health['State']}: {health['Reason']}" if health.get("Reason") else str(health["State"])
