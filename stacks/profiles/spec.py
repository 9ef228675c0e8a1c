"""The shape of a profile: what differs between environments, as typed data."""

from dataclasses import dataclass

from components.compute.fargate import CapacityShare
from components.data.broker import DeploymentMode
from components.network.network import NatStrategy


@dataclass(frozen=True, kw_only=True)
class DatabaseSize:
    """How a system's database is sized and kept."""

    instance_class: str
    """RDS instance class."""
    storage_gb: int
    """Storage at first, in GiB."""
    max_storage_gb: int
    """Storage that it may grow to by itself, in GiB."""
    multi_az: bool
    """Whether a standby in another zone takes over."""
    backup_retention_days: int
    """How far back a point-in-time recovery reaches."""


@dataclass(frozen=True, kw_only=True)
class CacheSize:
    """How a system's cache is sized and kept."""

    node_type: str
    """ElastiCache node type."""
    replicas: int
    """Replicas beside the primary; one or more fail over by themselves."""
    snapshot_retention_days: int
    """How many daily snapshots stay."""


@dataclass(frozen=True, kw_only=True)
class BrokerSize:
    """How a system's broker is sized."""

    instance_type: str
    """Amazon MQ instance type."""
    deployment_mode: DeploymentMode
    """One broker, or a cluster of three."""


@dataclass(frozen=True, kw_only=True)
class TaskCount:
    """How many tasks a service has."""

    minimum: int
    """Fewest tasks."""
    grows: bool
    """Whether it may grow to the most that the system allows it."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What an environment is like."""

    name: str
    """What `alicerce:profile` calls it; a stack of the same name takes it without being told."""
    availability_zones: int
    """In how many zones the network has subnets."""
    nat: NatStrategy
    """One NAT gateway a zone, or one for all."""
    interface_endpoints: tuple[str, ...]
    """AWS services that are reached without leaving the network."""
    database: DatabaseSize
    """Each system's database."""
    cache: CacheSize
    """Each system's cache."""
    broker: BrokerSize
    """Each system's broker."""
    full_size: bool
    """Whether services get their full size, or the small one."""
    web: TaskCount
    """Web and internal services' tasks."""
    workers: TaskCount
    """Workers' tasks."""
    web_capacity: tuple[CapacityShare, ...]
    """Where web and internal services' tasks run."""
    worker_capacity: tuple[CapacityShare, ...]
    """Where workers' tasks run."""
    log_retention_days: int
    """How long log lines stay."""
    keep_releases: int
    """How many releases' images stay."""
    protection: bool
    """Whether stateful parts refuse to be deleted and leave a final snapshot."""
    secret_recovery_days: int
    """How long a deleted secret can be brought back; 0 frees its name at once."""
    rotation_days: int | None
    """After how many days a secret is due for rotation; None for never."""
    waf_rate_limit: int
    """Requests in five minutes from one address before it is blocked."""
    placeholder_secrets: bool
    """Whether a supplied secret that isn't set gets a placeholder."""
    execute_command: bool
    """Whether ECS Exec may open a shell in a task; takes the read-only root file system away."""


#: AWS services that tasks speak to; prod and staging reach them without the internet.
#: FSBP EC2.55 to .57 ask for ECR and Systems Manager.
PRIVATE_ENDPOINTS = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages")
