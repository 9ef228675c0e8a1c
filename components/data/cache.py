"""A cache and queue store on ElastiCache."""

import re
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.core.checks import (
    InvalidValue,
    check_between,
    invalid_secret,
    plain,
)
from components.core.endpoint import Endpoint
from components.core.naming import component_tags, physical_name
from components.core.placement import Placement
from components.data.cache_users import ENGINE, IDENTIFIER, cache_users
from components.data.windows import DAILY_WINDOW, WEEKLY_WINDOW
from components.observability.log_group import LogGroup, LogGroupArgs

#: The port of Valkey and Redis.
PORT = 6379
#: Most replicas of a primary.
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
MOST_REPLICAS = 5

_USERNAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}")
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUser.html
_PASSWORD = re.compile(r"[\x21-\x7e]{16,128}")


#: Versions that a new cache may have.
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
ENGINE_VERSIONS = ("7.2", "8.0", "8.1", "8.2", "9.0", "9.1")


def parameter_group_family(engine_version: str) -> str:
    """Return the parameter group family of a version: `valkey8` for Valkey 8.2.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
    """
    return f"{ENGINE}{engine_version.split('.')[0]}"


@dataclass(frozen=True, kw_only=True)
class CacheArgs:
    """What a `Cache` is made from."""

    placement: Placement
    """Where it is: in the isolated subnets, of which it needs two with replicas."""
    username: str
    """The application's user."""
    password: pulumi.Input[str] = field(repr=False)
    """The application's password: 16 to 128 printable ASCII characters."""
    node_type: str
    """For instance `cache.m7g.large`."""
    replicas: int
    """Copies of the primary, each in a zone of its own where there are enough: 0 to 5. One or more turn Multi-AZ and
    automatic failover on."""
    snapshot_retention_days: int
    """How long daily snapshots are kept: 0 (none) to 35."""
    final_snapshot: bool
    """Whether a destroy leaves a snapshot behind."""
    engine_version: str = "8.2"
    """Major and minor version at creation; later changes are ignored unless `follow_engine_version` is set."""
    follow_engine_version: bool = False
    """Whether a higher `engine_version` is carried out; set it for that one `up`."""
    previous_password: pulumi.Input[str] | None = field(default=None, repr=False)
    """A second password that still opens, while clients move to the new one."""
    apply_immediately: bool = False
    """Whether a change that interrupts waits for the maintenance window (False) or doesn't (True)."""
    protect: bool = True
    """Whether Pulumi refuses to delete or replace the replication group."""

    def __post_init__(self) -> None:
        """Refuse what ElastiCache would refuse."""
        owner = "CacheArgs"
        check_between(f"{owner}.replicas", self.replicas, 0, MOST_REPLICAS, "add shards elsewhere, not replicas")
        needed = 2 if self.replicas else 1
        if len(self.placement.isolated_subnet_ids) < needed:
            raise InvalidValue(
                f"{owner}.placement.isolated_subnet_ids",
                len(self.placement.isolated_subnet_ids),
                f"{needed} or more subnets with {self.replicas} replicas",
                "give one of each zone's",
            )
        if self.username == "default" or not _USERNAME.fullmatch(self.username):
            raise InvalidValue(
                f"{owner}.username",
                self.username,
                "1 to 64 letters, digits, hyphens and underscores, beginning with a letter, other than default",
                "name it after the system",
            )
        for part, value in (("password", self.password), ("previous_password", self.previous_password)):
            known = plain(value)
            if known is not None and not _PASSWORD.fullmatch(known):
                raise invalid_secret(
                    f"{owner}.{part}",
                    len(known),
                    "16 to 128 printable ASCII characters without spaces",
                    "generate one of letters and digits",
                )
        if self.engine_version not in ENGINE_VERSIONS:
            raise InvalidValue(
                f"{owner}.engine_version",
                self.engine_version,
                f"{', '.join(ENGINE_VERSIONS)} for {ENGINE}",
                "give major and minor version",
            )
        if not self.node_type.startswith("cache."):
            raise InvalidValue(
                f"{owner}.node_type",
                self.node_type,
                "a type of cache nodes, beginning with cache.",
                'write it like "cache.m7g.large"',
            )
        check_between(
            f"{owner}.snapshot_retention_days", self.snapshot_retention_days, 0, 35, "0 turns daily snapshots off"
        )


class Cache(pulumi.ComponentResource):
    """One replication group for one system: its cache, and the queues of its workers.

    Creates a replication group of one shard (cluster mode off: RQ and most queue libraries want every key on one
    server), its subnet group, parameter group, security group, log groups, the application's user, a `default` user
    that is off, and the user group of the two.

    Guarantees:

    - Private, encrypted with the given key, TLS only, in reach of nobody: its security group has no rules until a
      `Connection` adds them.
    - Nobody gets in without a name and a password, from the first second: users come with the group, so there is never
      the open `default` user that AWS would put there, nor a token to set afterwards.
      https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    - Full memory is an error, not a lost job: nothing is evicted (`noeviction`), since queues live here. A cache entry
      has to carry its own time to live.
      https://docs.bullmq.io/guide/going-to-production#max-memory-policy
    - With a replica, losing a node or a zone costs a failover.
    - ElastiCache chooses the minor version. The provider would take a version that ElastiCache raised for a planned
      downgrade, and replace the group; so `engine_version` is ignored after creation, except for an `up` with
      `follow_engine_version`.
      https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/elasticache/engine_version.go
    """

    address: pulumi.Output[str]
    """The primary's host; it stays the same through a failover."""
    username: pulumi.Output[str]
    """The application's user."""
    user: aws.elasticache.User
    """The same user, for what has to wait until the cache accepts its password."""
    endpoint: Endpoint
    """Where clients reach it, with TLS, for a `Connection`."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Cache", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.placement.tags, "cache", Name=name)

        # The keeper is what ElastiCache can't change on a replication group, so that a replacement gets an id of its
        # own. https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/replicationgroup/
        suffix = random.RandomId(
            f"{name}-suffix", byte_length=4, keepers={"kms_key_arn": args.placement.kms_key_arn}, opts=child
        )
        base = physical_name(IDENTIFIER - 9, name).lower()
        identifier = pulumi.Output.concat(base, "-", suffix.hex)

        security_group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args.placement.vpc_id,
            description="Cache clients by security group",
            tags=tags,
            opts=child,
        )
        subnet_group = aws.elasticache.SubnetGroup(
            f"{name}-subnet-group",
            description="Isolated subnets of the cache",
            subnet_ids=list(args.placement.isolated_subnet_ids),
            tags=tags,
            opts=child,
        )
        parameter_group = aws.elasticache.ParameterGroup(
            f"{name}-parameter-group",
            family=parameter_group_family(args.engine_version),
            description="Queues live here, so nothing is evicted",
            parameters=[aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value="noeviction")],
            tags=tags,
            opts=child,
        )
        self.user, user_group = cache_users(
            name,
            username=args.username,
            passwords=[args.password] if args.previous_password is None else [args.password, args.previous_password],
            tags=tags,
            opts=child,
        )

        # Under this prefix the log delivery service needs no entry of its own in the account's resource policy, which
        # has room for few.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
        logs = {
            log_type: LogGroup(
                f"{name}-{log_type}",
                LogGroupArgs(
                    log_group_name=pulumi.Output.concat("/aws/vendedlogs/elasticache/", identifier, "/", log_type),
                    retention_days=args.placement.log_retention_days,
                    kms_key_arn=args.placement.kms_key_arn,
                    tags=args.placement.tags,
                ),
                child,
            )
            for log_type in ("slow-log", "engine-log")
        }
        replication_group = aws.elasticache.ReplicationGroup(
            f"{name}-replication-group",
            replication_group_id=identifier,
            description=f"{name}: cache and queues",
            engine=ENGINE,
            engine_version=args.engine_version,
            auto_minor_version_upgrade=True,
            node_type=args.node_type,
            port=PORT,
            num_cache_clusters=1 + args.replicas,
            automatic_failover_enabled=args.replicas > 0,
            multi_az_enabled=args.replicas > 0,
            parameter_group_name=parameter_group.name,
            subnet_group_name=subnet_group.name,
            security_group_ids=[security_group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=args.placement.kms_key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            user_group_ids=[user_group.user_group_id],
            snapshot_retention_limit=args.snapshot_retention_days,
            snapshot_window=DAILY_WINDOW,
            final_snapshot_identifier=(pulumi.Output.concat(identifier, "-final") if args.final_snapshot else None),
            maintenance_window=WEEKLY_WINDOW,
            apply_immediately=args.apply_immediately,
            log_delivery_configurations=[
                aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
                    destination=group.log_group_name,
                    destination_type="cloudwatch-logs",
                    log_format="json",
                    log_type=log_type,
                )
                for log_type, group in logs.items()
            ],
            tags=tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=None if args.follow_engine_version else ["engineVersion"],
            ),
        )

        self.address = replication_group.primary_endpoint_address
        self.username = pulumi.Output.from_input(args.username)
        self.endpoint = Endpoint(security_group_id=security_group.id, port=PORT)
        self.register_outputs(
            {
                "address": self.address,
                "port": self.endpoint.port,
                "username": self.username,
                "security_group_id": self.endpoint.security_group_id,
            }
        )
