"""Who reaches a store, by VPC and security groups.

Security groups only: network ACLs, routes between VPCs and peering aren't looked at, so that what AWS lets through by
those may be refused here (another VPC), and the other way round (an ACL that denies).
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
"""

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule

from localcloud.emulator.stores.found import Kind, Store

_ANYWHERE = (ipaddress.IPv4Network("0.0.0.0/0"),)


def obstacle(network: Mapping[str, Any] | None, store: Store) -> str | None:
    """Say what keeps a function from a store, None where nothing does; called by what holds the request lock.

    Args:
        network: the function's own `VpcConfig`, None for a function in no VPC.
        store: what it wants to reach.
    """
    if not store.up:
        return f"{store.title} is stopped"
    vpc = str((network or {}).get("VpcId") or "")
    inside = vpc == store.vpc_id != ""
    if not inside and not store.public:
        where = f"in {vpc}" if vpc else "in no VPC"
        return f"the function is {where}, and {store.title} is private in {store.vpc_id}"
    ec2 = ec2_backends[store.account][store.region]
    own = list((network or {}).get("SecurityGroupIds") or ()) if vpc else []
    what = f"allows TCP {store.port}"
    if own and not _open(ec2, own, "egress", store.port, store.group_ids if inside else (), _of(store, inside)):
        return f"no egress rule of the function's {_called(ec2, own)} {what} to {store.title}"
    if store.kind is Kind.RABBITMQ and store.public:
        return None  # Amazon MQ gives it no security groups of the account's
    peers, blocks = (own, _subnets(ec2, network or {})) if inside else ((), _ANYWHERE)
    if not _open(ec2, store.group_ids, "ingress", store.port, peers, blocks):
        return f"no ingress rule of {store.title}'s {_called(ec2, store.group_ids)} {what} from the function" + (
            f"'s {_called(ec2, own)}" if own else ""
        )
    return None


def _of(store: Store, inside: bool) -> tuple[ipaddress.IPv4Network, ...]:
    return store.blocks if inside else _ANYWHERE


def _open(
    ec2: EC2Backend,
    group_ids: Iterable[str],
    way: str,
    port: int,
    peers: Collection[str],
    blocks: Collection[ipaddress.IPv4Network],
) -> bool:
    """Tell whether rules let a port through to or from groups, or to or from all of some address ranges.

    All of them, because neither side's address within its subnets is the same for ever.
    """
    ranges: list[ipaddress.IPv4Network] = []
    for group_id in group_ids:
        group = ec2.get_security_group_from_id(group_id)
        for rule in getattr(group, f"{way}_rules", ()):
            if rule.ip_protocol != "-1" and not (rule.ip_protocol == "tcp" and rule.from_port <= port <= rule.to_port):
                continue
            if rule.source_group.get("GroupId") in peers:
                return True
            ranges += _ranges(ec2, rule)
    return bool(blocks) and all(any(block.subnet_of(one) for one in ranges) for block in blocks)


def _ranges(ec2: EC2Backend, rule: SecurityGroupRule) -> Iterator[ipaddress.IPv4Network]:
    if rule.cidr_ipv4:
        yield ipaddress.IPv4Network(rule.cidr_ipv4)
    if rule.prefix_list_id in ec2.managed_prefix_lists:
        for cidr in ec2.managed_prefix_lists[rule.prefix_list_id].cidrs:  # type: ignore[attr-defined]
            if ":" not in cidr:
                yield ipaddress.IPv4Network(cidr)


def _subnets(ec2: EC2Backend, network: Mapping[str, Any]) -> list[ipaddress.IPv4Network]:
    ids = network.get("SubnetIds") or ()
    return [ipaddress.IPv4Network(one.cidr_block) for one in ec2.describe_subnets() if one.id in ids]


def _called(ec2: EC2Backend, group_ids: Collection[str]) -> str:
    names = []
    for group_id in group_ids:
        group = ec2.get_security_group_from_id(group_id)
        names.append(f"{group_id} ({group.name})" if group is not None else group_id)
    return f"security group{'s' if len(names) > 1 else ''} {', '.join(names)}"
