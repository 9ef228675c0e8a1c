"""Staging: the same parts as production, one of each, cheap and easy to throw away."""

from components.compute.fargate import CapacityProvider, CapacityShare
from components.data.broker import DeploymentMode
from components.network.network import NatStrategy
from stacks.profiles.spec import PRIVATE_ENDPOINTS, BrokerSize, CacheSize, DatabaseSize, Profile, TaskCount

#: Spot alone: where it has no capacity for a while staging waits, which is why it is cheap.
_SPOT = (CapacityShare(provider=CapacityProvider.SPOT),)

STAGING = Profile(
    name="staging",
    availability_zones=2,
    nat=NatStrategy.SINGLE,
    interface_endpoints=PRIVATE_ENDPOINTS,
    database=DatabaseSize(
        instance_class="db.t4g.medium", storage_gb=20, max_storage_gb=100, multi_az=False, backup_retention_days=3
    ),
    cache=CacheSize(node_type="cache.t4g.small", replicas=0, snapshot_retention_days=0),
    broker=BrokerSize(instance_type="mq.m7g.medium", deployment_mode=DeploymentMode.SINGLE_INSTANCE),
    full_size=False,
    web=TaskCount(minimum=1, grows=False),
    workers=TaskCount(minimum=1, grows=False),
    web_capacity=_SPOT,
    worker_capacity=_SPOT,
    log_retention_days=30,
    keep_releases=30,
    protection=False,
    secret_recovery_days=7,
    rotation_days=180,
    waf_rate_limit=2000,
    placeholder_secrets=False,
    execute_command=False,
)
