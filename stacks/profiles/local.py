"""The local cloud: production's shape at the smallest sizes, for previews, tests and learning."""

from components.compute.fargate import CapacityProvider, CapacityShare
from components.data.broker import DeploymentMode
from components.network.network import NatStrategy
from stacks.profiles.spec import BrokerSize, CacheSize, DatabaseSize, Profile, TaskCount

_ON_DEMAND = (CapacityShare(provider=CapacityProvider.ON_DEMAND),)

LOCAL = Profile(
    name="local",
    availability_zones=2,
    nat=NatStrategy.SINGLE,
    interface_endpoints=(),
    database=DatabaseSize(
        instance_class="db.t4g.micro", storage_gb=20, max_storage_gb=40, multi_az=True, backup_retention_days=1
    ),
    cache=CacheSize(node_type="cache.t4g.micro", replicas=1, snapshot_retention_days=1),
    broker=BrokerSize(instance_type="mq.m7g.medium", deployment_mode=DeploymentMode.CLUSTER_MULTI_AZ),
    full_size=False,
    web=TaskCount(minimum=1, grows=False),
    workers=TaskCount(minimum=1, grows=False),
    web_capacity=_ON_DEMAND,
    worker_capacity=_ON_DEMAND,
    log_retention_days=7,
    keep_releases=5,
    protection=False,
    secret_recovery_days=0,
    rotation_days=None,
    waf_rate_limit=2000,
    placeholder_secrets=True,
    execute_command=False,
)
