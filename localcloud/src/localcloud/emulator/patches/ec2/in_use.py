"""Who uses a subnet or a security group.

In AWS every service that runs something in a VPC holds a network interface there, and it is the interface that keeps
subnet and groups from being deleted. moto (5.2.5) makes interfaces for instances only, so that the services are asked.
"""

import sys
from collections.abc import Iterator
from typing import Any


def group_users(ec2: Any, group: str) -> Iterator[str]:
    """Yield what holds a security group: interfaces, other groups' rules, load balancers, databases, brokers, tasks."""
    for eni in ec2.enis.values():
        if group in [item.id for item in eni.group_set or ()]:
            yield str(eni.id)
    for others in ec2.groups.values():
        for other in others.values():
            rules = [*other.ingress_rules, *other.egress_rules]
            if other.id != group and any(rule.source_group.get("GroupId") == group for rule in rules):
                yield str(other.id)
    for balancer in _of(ec2, "elbv2", "load_balancers"):
        if group in balancer.security_groups:
            yield str(balancer.arn)
    for database in _of(ec2, "rds", "_databases"):
        if group in (getattr(database, "vpc_security_group_ids", None) or ()):
            yield str(database.db_instance_identifier)
    for broker in _of(ec2, "mq", "brokers"):
        if group in (getattr(broker, "security_groups", None) or ()):
            yield str(broker.arn)
    for service in _of(ec2, "ecs", "services"):
        if service.status == "ACTIVE" and group in _tasks_in(service, "securityGroups"):
            yield str(service.arn)


def subnet_users(ec2: Any, subnet: str) -> Iterator[str]:
    """Yield what stands in a subnet: interfaces, load balancers, brokers, tasks."""
    for eni in ec2.enis.values():
        if eni.subnet.id == subnet:
            yield str(eni.id)
    for balancer in _of(ec2, "elbv2", "load_balancers"):
        if subnet in [item.id for item in balancer.subnets]:
            yield str(balancer.arn)
    for broker in _of(ec2, "mq", "brokers"):
        if subnet in (getattr(broker, "subnet_ids", None) or ()):
            yield str(broker.arn)
    for service in _of(ec2, "ecs", "services"):
        if service.status == "ACTIVE" and subnet in _tasks_in(service, "subnets"):
            yield str(service.arn)


def _of(ec2: Any, service: str, store: str) -> list[Any]:
    """Return what a service's backend holds, without loading the service for that."""
    module = sys.modules.get(f"moto.{service}.models")
    backends = getattr(module, f"{service}_backends", None)
    if backends is None:
        return []
    held = getattr(backends[ec2.account_id][ec2.region_name], store, None) or {}
    return list(held.values())


def _tasks_in(service: Any, key: str) -> list[str]:
    network = getattr(service, "network_configuration", None) or {}
    return list((network.get("awsvpcConfiguration") or {}).get(key) or ())
