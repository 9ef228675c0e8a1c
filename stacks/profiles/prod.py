"""Production: survives the loss of a zone, keeps what it holds, refuses to be deleted."""

from components.compute.fargate import CapacityProvider, CapacityShare
from components.data.broker import DeploymentMode
from components.network.network import NatStrategy
from stacks.profiles.spec import PRIVATE_ENDPOINTS, BrokerSize, CacheSize, DatabaseSize, Profile, TaskCount

PROD = Profile(
    name="prod",
    availability_zones=3,
    nat=NatStrategy.PER_ZONE,
    interface_endpoints=PRIVATE_ENDPOINTS,
    database=DatabaseSize(
        instance_class="db.m7g.large", storage_gb=100, max_storage_gb=1000, multi_az=True, backup_retention_days=14
    ),
    cache=CacheSize(node_type="cache.m7g.large", replicas=1, snapshot_retention_days=7),
    broker=BrokerSize(instance_type="mq.m7g.large", deployment_mode=DeploymentMode.CLUSTER_MULTI_AZ),
    full_size=True,
    web=TaskCount(minimum=2, grows=True),
    workers=TaskCount(minimum=2, grows=True),
    web_capacity=(CapacityShare(provider=CapacityProvider.ON_DEMAND),),
    # One task on demand always works; of the others three in four are Spot.
    worker_capacity=(
        CapacityShare(provider=CapacityProvider.ON_DEMAND, base=1, weight=1),
        CapacityShare(provider=CapacityProvider.SPOT, weight=3),
    ),
    log_retention_days=365,
    keep_releases=30,
    protection=True,
    secret_recovery_days=30,
    # What SecretsManager.4 asks for unless it is told otherwise.
    # https://docs.aws.amazon.com/config/latest/developerguide/secretsmanager-secret-periodic-rotation.html
    rotation_days=90,
    waf_rate_limit=2000,
    placeholder_secrets=False,
    execute_command=False,
)
