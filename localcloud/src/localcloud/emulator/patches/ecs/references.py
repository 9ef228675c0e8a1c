"""What CreateService, UpdateService and RunTask refuse: references to what isn't there or doesn't fit.

moto checks that the cluster, the task definition, the subnets and the security groups exist, and nothing else.
"""

from collections.abc import Iterator
from typing import Any

from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.elbv2.models import elbv2_backends
from moto.servicediscovery.models import servicediscovery_backends

from localcloud.emulator.patches.ecs.definitions import containers_of
from localcloud.emulator.patches.references import check_security_groups, subnets


def active_definition(backend: EC2ContainerServiceBackend, name: str) -> TaskDefinition:
    """Return a task definition that tasks can be started from."""
    try:
        definition = backend.describe_task_definition(name)
    except ECSException as error:
        raise EcsClientException("TaskDefinition not found.") from error
    if definition.status != "ACTIVE":
        raise EcsClientException("TaskDefinition is inactive")
    return definition


def check_network(
    backend: EC2ContainerServiceBackend, definition: TaskDefinition, network: dict[str, Any] | None
) -> None:
    """Refuse a network configuration that doesn't fit the task definition or itself."""
    if definition.network_mode != "awsvpc":
        if network:
            raise InvalidParameterException(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        return
    if not network:
        raise InvalidParameterException(
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        )
    vpc = network["awsvpcConfiguration"]
    if not vpc.get("subnets"):
        raise InvalidParameterException("subnets can not be empty.")
    found = subnets(
        backend,
        vpc["subnets"],
        lambda id: InvalidParameterException(
            f"Error retrieving subnet information for [{id}]: The subnet ID '{id}' does not exist "
            "(ErrorCode: InvalidSubnetID.NotFound)"
        ),
    )
    vpcs = {subnet.vpc_id for subnet in found}
    if len(vpcs) > 1:
        raise InvalidParameterException("subnets must all belong to the same VPC.")
    check_security_groups(
        backend,
        vpc.get("securityGroups") or [],
        vpcs.pop(),
        lambda id: InvalidParameterException(
            f"Error retrieving security group information for [{id}]: The security group '{id}' does not exist "
            "(ErrorCode: InvalidGroup.NotFound)"
        ),
        lambda group: InvalidParameterException(
            f"Security Group {group.id} does not appear to belong to the same VPC as the input subnets."
        ),
    )


def check_load_balancers(
    backend: EC2ContainerServiceBackend, definition: TaskDefinition, load_balancers: list[dict[str, Any]]
) -> None:
    """Refuse target groups that can't send requests to the service's containers."""
    elb = elbv2_backends[backend.account_id][backend.region_name]
    for item in load_balancers:
        name, port = item.get("containerName"), item.get("containerPort")
        container = next((one for one in containers_of(definition) if one.get("name") == name), None)
        if container is None:
            raise InvalidParameterException(f"The container {name} does not exist in the task definition.")
        if all(mapping.get("containerPort") != port for mapping in container.get("portMappings") or []):
            raise InvalidParameterException(f"The container {name} did not have a container port {port} defined.")
        advanced = item.get("advancedConfiguration") or {}
        for arn in filter(None, (item.get("targetGroupArn"), advanced.get("alternateTargetGroupArn"))):
            group = elb.target_groups.get(arn)
            if group is None:
                raise InvalidParameterException(
                    "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS "
                    "service role being passed has the proper permissions."
                )
            if definition.network_mode == "awsvpc" and group.target_type != "ip":
                raise InvalidParameterException(
                    f"The provided target group {arn} has target type {group.target_type}, which is incompatible with "
                    "the awsvpc network mode specified in the task definition."
                )
            if arn not in set(_forwarded(elb)):
                raise InvalidParameterException(
                    f"The target group with targetGroupArn {arn} does not have an associated load balancer."
                )


def _forwarded(elb: Any) -> Iterator[str]:
    """Yield the target groups that any listener forwards to."""
    for balancer in elb.load_balancers.values():
        for listener in balancer.listeners.values():
            actions = list(listener.default_actions)
            for rule in listener.rules.values():
                actions.extend(rule.actions)
            for action in actions:
                if action.type == "forward":
                    yield from elb._get_target_group_arns_from(action_data=action.data)


def check_service_connect(
    backend: EC2ContainerServiceBackend,
    definition: TaskDefinition,
    connect: dict[str, Any] | None,
    defaults: dict[str, str] | None,
) -> None:
    """Refuse a namespace that isn't there and a port that no container names."""
    if not connect or not connect.get("enabled"):
        return
    namespace = connect.get("namespace") or (defaults or {}).get("namespace")
    if not namespace:
        raise InvalidParameterException(
            "Service Connect namespace is required: neither the service nor the cluster names one."
        )
    namespaces = servicediscovery_backends[backend.account_id][backend.region_name].namespaces.values()
    if not any(namespace in (one.arn, one.id, one.name) for one in namespaces):
        raise ECSException("NamespaceNotFoundException", f"The specified namespace wasn't found: {namespace}")
    ports = {
        mapping.get("name")
        for container in containers_of(definition)
        for mapping in container.get("portMappings") or []
    }
    for service in connect.get("services") or []:
        if service["portName"] not in ports:
            raise InvalidParameterException(
                f"Service Connect portName '{service['portName']}' isn't named in any port mapping of the task "
                "definition."
            )
