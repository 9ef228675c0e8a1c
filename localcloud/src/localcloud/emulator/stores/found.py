"""The stores of the emulated account that are answered for, and where each stands in its network."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from moto.ec2.models import ec2_backends
from moto.elasticache.models import elasticache_backends
from moto.mq.models import Broker, mq_backends
from moto.rds.models import DBInstance, rds_backends


class Kind(StrEnum):
    """What answers."""

    POSTGRES = "postgres"
    RABBITMQ = "rabbitmq"
    VALKEY = "valkey"


@dataclass(frozen=True, kw_only=True)
class Store:
    """One store.

    Attributes:
        source: moto's own object.
        kind: what answers for it.
        title: what people call it.
        host: the name of its endpoint.
        port: the port that clients ask for.
        account: whose it is.
        region: where.
        vpc_id: its VPC.
        blocks: the address ranges of its subnets: it may stand in any of them, after a failover for one.
        group_ids: its security groups.
        public: whether its address is one of the internet's.
        up: whether it answers; one that is stopped keeps what it holds.
    """

    source: Any
    kind: Kind
    title: str
    host: str
    port: int
    account: str
    region: str
    vpc_id: str
    blocks: tuple[ipaddress.IPv4Network, ...]
    group_ids: tuple[str, ...]
    public: bool
    up: bool = True


def stores(account: str, region: str) -> Iterator[Store]:
    """Yield the stores of a region; called by what holds the request lock."""
    for instance in rds_backends[account][region].databases.values():
        # Replicas, members of clusters and other engines aren't answered for.
        if instance.engine == "postgres" and not instance.is_replica and not instance.db_cluster_identifier:
            yield _database(instance, account, region)
    for broker in mq_backends[account][region].brokers.values():
        if broker.engine_type.upper() == "RABBITMQ":
            yield _broker(broker, account, region)
    for group in elasticache_backends[account][region].replication_groups.values():
        if not vars(group)["cluster_enabled"]:  # a cluster would need a server for each shard
            yield _cache(group, account, region)


def everywhere() -> Iterator[Store]:
    """Yield the stores of all accounts and regions; called by what holds the request lock."""
    backends = (rds_backends, mq_backends, elasticache_backends)
    places = {(account, region) for one in backends for account, region, _ in one.iter_backends()}
    for account, region in sorted(places):
        yield from stores(account, region)


def there(store: Store) -> bool:
    """Tell whether a store is still there and up; called by what holds the request lock."""
    return any(one.source is store.source and one.up for one in stores(store.account, store.region))


def _database(instance: DBInstance, account: str, region: str) -> Store:
    group = getattr(instance, "db_subnet_group", None)
    vpc_id, subnets = _place(account, region, [subnet.id for subnet in group._subnets] if group is not None else [])
    return Store(
        source=instance,
        kind=Kind.POSTGRES,
        title=f"DB instance {instance.db_instance_identifier}",
        host=instance.address,
        port=int(instance.port or 5432),
        account=account,
        region=region,
        vpc_id=vpc_id,
        blocks=subnets,
        group_ids=tuple(instance.vpc_security_group_ids),
        public=bool(instance.publicly_accessible),
        up=instance.status == "available",
    )


def _broker(broker: Broker, account: str, region: str) -> Store:
    vpc_id, subnets = _place(account, region, broker.subnet_ids)
    url = urlsplit(str(broker.instances[0]["ConsoleURL"]))
    assert url.hostname is not None
    return Store(
        source=broker,
        kind=Kind.RABBITMQ,
        title=f"broker {broker.name}",
        host=url.hostname,
        port=url.port or 443,
        account=account,
        region=region,
        vpc_id=vpc_id,
        blocks=subnets,
        group_ids=tuple(broker.security_groups) or _default_group(account, region, vpc_id),
        public=broker.publicly_accessible,
    )


def _cache(group: Any, account: str, region: str) -> Store:  # noqa: ANN401 - `patches.elasticache.clusters.Group`
    """Return a replication group by its primary endpoint; its replicas' aren't answered at."""
    member = group.members[0]
    known = elasticache_backends[account][region].cache_subnet_groups.get(member.cache_subnet_group_name or "")
    vpc_id, subnets = _place(account, region, [one["SubnetIdentifier"] for one in known.subnets] if known else [])
    endpoint = group.node_groups[0]["PrimaryEndpoint"]
    return Store(
        source=group,
        kind=Kind.VALKEY,
        title=f"replication group {group.replication_group_id}",
        host=endpoint["Address"],
        port=int(endpoint["Port"]),
        account=account,
        region=region,
        vpc_id=vpc_id,
        blocks=subnets,
        group_ids=tuple(member.security_group_ids) or _default_group(account, region, vpc_id),
        public=False,
    )


def _place(account: str, region: str, subnet_ids: list[str]) -> tuple[str, tuple[ipaddress.IPv4Network, ...]]:
    """Return the VPC of subnets and their address ranges; the default VPC's where none is named."""
    ec2 = ec2_backends[account][region]
    known = {subnet.id: subnet for zone in ec2.subnets.values() for subnet in zone.values()}
    chosen = [known[one] for one in subnet_ids if one in known]
    if not chosen:
        default = ec2.default_vpc
        if default is None:
            return "", ()
        chosen = [subnet for subnet in known.values() if subnet.vpc_id == default.id]
        return str(default.id), tuple(ipaddress.IPv4Network(subnet.cidr_block) for subnet in chosen)
    return str(chosen[0].vpc_id), tuple(ipaddress.IPv4Network(subnet.cidr_block) for subnet in chosen)


def _default_group(account: str, region: str, vpc_id: str) -> tuple[str, ...]:
    group = ec2_backends[account][region].get_default_security_group(vpc_id)
    return (str(group.id),) if group is not None else ()
