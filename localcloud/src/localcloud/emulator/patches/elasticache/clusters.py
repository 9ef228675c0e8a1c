"""Clusters, and replication groups with their member clusters."""

import hashlib
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.elasticache.exceptions import (
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ReplicationGroupAlreadyExists,
    ReplicationGroupNotFound,
)
from moto.elasticache.models import ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from localcloud.emulator.patches.elasticache import groups, networks, users
from localcloud.emulator.patching import patch
from localcloud.emulator.stores import listening
from localcloud.emulator.stores.programs import VALKEY, NoServerError

#: What runs when nothing more exact is asked for. AWS answers with a patch version where a program names
#: major and minor: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
_DEFAULT_VERSIONS = {"redis": "7.1", "valkey": "8.0"}
_PATCHES = {"7.2": "7.2.6", "8.0": "8.0.1", "6.2": "6.2.6", "6.x": "6.2.6"}

_MOST_REPLICAS = 5  # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis.Groups.html


def _version(engine: str, version: str | None) -> str:
    wanted = version or _DEFAULT_VERSIONS[engine]
    return _PATCHES.get(wanted) or (wanted if wanted.count(".") == 2 else f"{wanted}.0")


def _family(engine: str, version: str) -> str:
    major, minor = version.split(".")[:2]
    if engine == "valkey" or int(major) >= 7:
        return f"{engine}{major}"
    return f"redis{major}.x" if major == "6" else f"redis{major}.{minor}"


def _region_code(region: str) -> str:
    """`us-east-1` is `use1` in endpoints."""
    area, direction, number = region.split("-")[0], "".join(region.split("-")[1:-1]), region.split("-")[-1]
    return f"{area}{direction[:1]}{number}"


def _domain(backend: ElastiCacheBackend, name: str) -> str:
    digits = hashlib.sha256(f"{backend.account_id}/{name}".encode()).hexdigest()[:6]
    return f"{name}.{digits}.{_region_code(backend.region_name)}.cache.amazonaws.com"


def _zones(backend: ElastiCacheBackend, subnet_group: str | None) -> list[str]:
    if subnet_group:
        group = groups.find_subnets(backend, subnet_group)
        return sorted({subnet["SubnetAvailabilityZone"]["Name"] for subnet in group.subnets})
    return [zone.name for zone in ec2_backends[backend.account_id][backend.region_name].describe_availability_zones()]


class CacheCluster:
    """A cluster, with the members that DescribeCacheClusters answers under their snake case names."""

    def __init__(self, backend: ElastiCacheBackend, name: str, params: dict[str, Any]) -> None:
        self._backend = backend
        engine = str(params.get("Engine") or "redis").lower()
        self.cache_cluster_id = name
        self.arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:cluster:{name}"
        self.cache_cluster_status = self.status = "available"
        self.engine, self.engine_version = engine, _version(engine, params.get("EngineVersion"))
        self.cache_node_type = params.get("CacheNodeType")
        self.num_cache_nodes = 1
        self.port = int(params.get("Port") or 6379)
        self.cache_cluster_create_time = utcnow()
        self.cache_subnet_group_name = params.get("CacheSubnetGroupName")
        self.preferred_maintenance_window = str(
            params.get("PreferredMaintenanceWindow") or "sun:05:00-sun:06:00"
        ).lower()
        self.auto_minor_version_upgrade = params.get("AutoMinorVersionUpgrade", True)
        self.snapshot_retention_limit = int(params.get("SnapshotRetentionLimit") or 0)
        self.snapshot_window = params.get("SnapshotWindow") or "03:00-04:00"
        self.auth_token_enabled = bool(params.get("AuthToken"))
        self.transit_encryption_enabled = bool(params.get("TransitEncryptionEnabled"))
        self.at_rest_encryption_enabled = bool(params.get("AtRestEncryptionEnabled"))
        self.network_type, self.ip_discovery = params.get("NetworkType") or "ipv4", params.get("IpDiscovery") or "ipv4"
        self.replication_group_id = params.get("ReplicationGroupId")
        self.log_delivery_configurations: list[dict[str, Any]] = []
        self.replication_group_log_delivery_enabled = False
        self.pending_modified_values: dict[str, Any] = {}
        self.cache_security_groups: list[Any] = []
        self.notification_configuration: dict[str, str] | None = None
        self.cache_parameter_group_name = (
            params.get("CacheParameterGroupName") or f"default.{_family(engine, self.engine_version)}"
        )
        zones = _zones(backend, self.cache_subnet_group_name)
        self.preferred_availability_zone = params.get("PreferredAvailabilityZone") or zones[0]
        self._domain = params.get("Domain") or _domain(backend, name)
        self.security_group_ids: list[str] = []
        self.apply(params)

    def apply(self, params: dict[str, Any]) -> None:
        """Take what CreateCacheCluster and ModifyCacheCluster say alike."""
        if params.get("SecurityGroupIds") is not None:
            vpc = None
            if self.cache_subnet_group_name:
                vpc = groups.find_subnets(self._backend, self.cache_subnet_group_name).vpc_id
            networks.check_security_groups(self._backend, params["SecurityGroupIds"], vpc)
            self.security_group_ids = list(params["SecurityGroupIds"])
        if params.get("CacheParameterGroupName"):
            groups.find_parameters(self._backend, params["CacheParameterGroupName"])
            self.cache_parameter_group_name = params["CacheParameterGroupName"]
        if params.get("EngineVersion"):
            self.engine_version = _version(self.engine, params["EngineVersion"])
        if "NotificationTopicArn" in params:
            topic = params["NotificationTopicArn"]
            self.notification_configuration = {"TopicArn": topic, "TopicStatus": "active"} if topic else None
        plain = {
            "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
            "CacheNodeType": "cache_node_type",
            "IpDiscovery": "ip_discovery",
            "SnapshotRetentionLimit": "snapshot_retention_limit",
            "SnapshotWindow": "snapshot_window",
        }
        for key, member in plain.items():
            if params.get(key) is not None:
                setattr(self, member, params[key])
        if params.get("PreferredMaintenanceWindow"):
            self.preferred_maintenance_window = params["PreferredMaintenanceWindow"].lower()
        if params.get("LogDeliveryConfigurations"):
            self.log_delivery_configurations = networks.log_deliveries(
                self._backend, self.log_delivery_configurations, params["LogDeliveryConfigurations"]
            )

    @property
    def cache_parameter_group(self) -> dict[str, Any]:
        """The parameter group as clusters name it."""
        return {
            "CacheParameterGroupName": self.cache_parameter_group_name,
            "ParameterApplyStatus": "in-sync",
            "CacheNodeIdsToReboot": [],
        }

    @property
    def security_groups(self) -> list[dict[str, str]]:
        """The security groups as clusters name them."""
        return [{"SecurityGroupId": one, "Status": "active"} for one in self.security_group_ids]

    @property
    def cache_nodes(self) -> list[dict[str, Any]]:
        """The only node: several in one cluster are Memcached's."""
        return [
            {
                "CacheNodeId": "0001",
                "CacheNodeStatus": "available",
                "CacheNodeCreateTime": self.cache_cluster_create_time,
                "Endpoint": {"Address": self._domain, "Port": self.port},
                "ParameterGroupStatus": "in-sync",
                "CustomerAvailabilityZone": self.preferred_availability_zone,
            }
        ]


class ReplicationGroup:
    """A replication group, with the members that DescribeReplicationGroups answers under their snake case names."""

    def __init__(self, backend: ElastiCacheBackend, name: str, params: dict[str, Any]) -> None:
        self._backend, self._params = backend, dict(params)
        self.replication_group_id = name
        self.arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:replicationgroup:{name}"
        self.description = params["ReplicationGroupDescription"]
        self.status = "available"
        self.engine = str(params.get("Engine") or "redis").lower()
        self.cache_node_type = params.get("CacheNodeType") or "cache.t4g.micro"
        self.port = int(params.get("Port") or 6379)
        self.replication_group_create_time = utcnow()
        self.transit_encryption_enabled = bool(params.get("TransitEncryptionEnabled"))
        self.transit_encryption_mode = params.get("TransitEncryptionMode") or (
            "required" if self.transit_encryption_enabled else None
        )
        self.at_rest_encryption_enabled = bool(params.get("AtRestEncryptionEnabled"))
        self.kms_key_id = networks.check_key(backend, params.get("KmsKeyId"))
        self.data_tiering = "enabled" if params.get("DataTieringEnabled") else "disabled"
        self.network_type, self.ip_discovery = params.get("NetworkType") or "ipv4", params.get("IpDiscovery") or "ipv4"
        self.auto_minor_version_upgrade = params.get("AutoMinorVersionUpgrade", True)
        self.automatic_failover = "enabled" if params.get("AutomaticFailoverEnabled") else "disabled"
        self.multi_az = "enabled" if params.get("MultiAZEnabled") else "disabled"
        self.auth_token_enabled = bool(params.get("AuthToken"))
        self.auth_tokens = [params["AuthToken"]] if self.auth_token_enabled else []
        self.auth_token_last_modified_date = utcnow() if self.auth_token_enabled else None
        self.user_group_ids: list[str] = list(params.get("UserGroupIds") or [])
        self.snapshot_retention_limit = int(params.get("SnapshotRetentionLimit") or 0)
        self.snapshot_window = params.get("SnapshotWindow") or "03:00-04:00"
        self.log_delivery_configurations = networks.log_deliveries(
            backend, [], params.get("LogDeliveryConfigurations") or []
        )
        self.pending_modified_values: dict[str, Any] = {}
        self.member_clusters_outpost_arns: list[str] = []
        self.primary_cluster_id = ""
        self.global_replication_group_info = None
        version = _version(self.engine, params.get("EngineVersion"))
        shards = int(params.get("NumNodeGroups") or len(params.get("NodeGroupConfiguration") or []) or 1)
        parameters = params.get("CacheParameterGroupName")
        in_cluster_mode = shards > 1 or params.get("ClusterMode") in ("enabled", "compatible")
        if parameters:
            in_cluster_mode = in_cluster_mode or groups.find_parameters(backend, parameters).cluster_enabled
        else:
            suffix = ".cluster.on" if in_cluster_mode else ""
            self._params["CacheParameterGroupName"] = f"default.{_family(self.engine, version)}{suffix}"
        self.cluster_enabled = in_cluster_mode
        self.cluster_mode = params.get("ClusterMode") or ("enabled" if in_cluster_mode else "disabled")
        replicas = params.get("ReplicasPerNodeGroup")
        if replicas is None:
            replicas = int(params.get("NumCacheClusters") or 1) - 1
        self._domain = _domain(backend, name)
        self.node_groups: list[dict[str, Any]] = []
        self.build(shards, int(replicas))

    # Its members

    @property
    def members(self) -> list[CacheCluster]:
        """Its member clusters, primaries first in each shard."""
        return [self._backend.cache_clusters[name] for name in self.member_clusters]

    @property
    def member_clusters(self) -> list[str]:
        """The names of its member clusters."""
        return [member["CacheClusterId"] for shard in self.node_groups for member in shard["NodeGroupMembers"]]

    @property
    def snapshotting_cluster_id(self) -> str | None:
        """The member that snapshots are taken of: a replica, if there is one."""
        if not self.snapshot_retention_limit:
            return None
        return self.member_clusters[min(1, len(self.member_clusters) - 1)]

    @property
    def configuration_endpoint(self) -> dict[str, Any] | None:
        """Where clients find a group in cluster mode."""
        return {"Address": f"clustercfg.{self._domain}", "Port": self.port} if self.cluster_enabled else None

    def build(self, shards: int, replicas: int) -> None:
        """Make members until there are so many, and take away the rest."""
        if replicas > _MOST_REPLICAS:
            raise InvalidParameterValueException(f"The number of replicas must be at most {_MOST_REPLICAS}.")
        zones = _zones(self._backend, self._params.get("CacheSubnetGroupName"))
        zones = self._params.get("PreferredCacheClusterAZs") or zones
        before = set(self.member_clusters)
        self.node_groups = [self._shard(number, shards, replicas, zones) for number in range(1, shards + 1)]
        for removed in before - set(self.member_clusters):
            self._backend.cache_clusters.pop(removed, None)

    def _shard(self, number: int, shards: int, replicas: int, zones: list[str]) -> dict[str, Any]:
        label = f"{number:04d}"
        members = []
        for index in range(replicas + 1):
            stem = f"{self.replication_group_id}-{label}" if self.cluster_enabled else self.replication_group_id
            name = f"{stem}-{index + 1:03d}"
            zone = zones[index % len(zones)]
            address = f"{name}.{self._domain}"
            if name not in self._backend.cache_clusters:
                self._backend.cache_clusters[name] = CacheCluster(
                    self._backend,
                    name,
                    {
                        **self._params,
                        "Engine": self.engine,
                        "ReplicationGroupId": self.replication_group_id,
                        "PreferredAvailabilityZone": zone,
                        "PreferredAvailabilityZones": [zone],
                        "NumCacheNodes": 1,
                        "Domain": address,
                        "LogDeliveryConfigurations": None,
                    },
                )
            member = {"CacheClusterId": name, "CacheNodeId": "0001", "PreferredAvailabilityZone": zone}
            if not self.cluster_enabled:
                member["CurrentRole"] = "replica" if index else "primary"
                member["ReadEndpoint"] = {"Address": address, "Port": self.port}  # type: ignore[assignment]
            members.append(member)
        shard: dict[str, Any] = {"NodeGroupId": label, "Status": "available", "NodeGroupMembers": members}
        if self.cluster_enabled:
            size = 16384 / shards
            shard["Slots"] = f"{round(size * (number - 1))}-{round(size * number) - 1}"
        else:
            name, rest = self._domain.split(".", 1)
            # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html
            if self.transit_encryption_enabled:
                primary, reader = f"master.{self._domain}", f"replica.{self._domain}"
            else:
                rest = rest.replace(".", ".ng.0001.", 1)
                primary, reader = f"{name}.{rest}", f"{name}-ro.{rest}"
            shard["PrimaryEndpoint"] = {"Address": primary, "Port": self.port}
            shard["ReaderEndpoint"] = {"Address": reader, "Port": self.port}
        return shard

    # What happens to it

    def check(self) -> None:
        """Refuse combinations that AWS refuses.

        https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
        """
        replicas = len(self.node_groups[0]["NodeGroupMembers"]) - 1
        if self.automatic_failover == "enabled" and replicas == 0 and not self.cluster_enabled:
            raise InvalidParameterValueException(
                "When using automatic failover, there must be at least 2 cache clusters in the replication group."
            )
        if self.cluster_enabled and self.automatic_failover != "enabled":
            raise InvalidParameterValueException(
                "Redis with cluster mode enabled cannot be created with auto failover turned off."
            )
        if self.multi_az == "enabled" and self.automatic_failover != "enabled":
            raise InvalidParameterCombinationException("Must enable automatic failover if you want to enable Multi-AZ.")
        if self.user_group_ids and not self.transit_encryption_enabled:
            raise InvalidParameterCombinationException(
                "User group based access control requires encryption-in-transit to be enabled."
            )
        if self.auth_token_enabled and not self.transit_encryption_enabled:
            raise InvalidParameterCombinationException(
                "The AUTH token is only supported when encryption-in-transit is enabled."
            )
        if self.kms_key_id and not self.at_rest_encryption_enabled:
            raise InvalidParameterCombinationException("KMS key can be used only with encryption at rest enabled.")

    def modify(self, params: dict[str, Any]) -> None:
        """Take what ModifyReplicationGroup says; at once, whatever `ApplyImmediately` is."""
        for name in params.get("UserGroupIdsToAdd") or []:
            users.find_group(self._backend, name)
            self.user_group_ids.append(name)
        removed = params.get("UserGroupIdsToRemove") or []
        self.user_group_ids = [one for one in self.user_group_ids if one not in removed]
        if params.get("RemoveUserGroups"):
            self.user_group_ids = []
        if params.get("AuthToken") or params.get("AuthTokenUpdateStrategy") == "DELETE":
            strategy = params.get("AuthTokenUpdateStrategy")
            self.auth_token_enabled = strategy != "DELETE"
            before = self.auth_tokens[-1:] if strategy == "ROTATE" else []
            self.auth_tokens = [*before, params["AuthToken"]] if self.auth_token_enabled else []
            self.auth_token_last_modified_date = utcnow()
        if params.get("AutomaticFailoverEnabled") is not None:
            self.automatic_failover = "enabled" if params["AutomaticFailoverEnabled"] else "disabled"
        if params.get("MultiAZEnabled") is not None:
            self.multi_az = "enabled" if params["MultiAZEnabled"] else "disabled"
        plain = {
            "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
            "CacheNodeType": "cache_node_type",
            "ClusterMode": "cluster_mode",
            "Engine": "engine",
            "IpDiscovery": "ip_discovery",
            "ReplicationGroupDescription": "description",
            "SnapshotRetentionLimit": "snapshot_retention_limit",
            "SnapshotWindow": "snapshot_window",
            "TransitEncryptionEnabled": "transit_encryption_enabled",
            "TransitEncryptionMode": "transit_encryption_mode",
        }
        for key, member in plain.items():
            if params.get(key) is not None:
                setattr(self, member, params[key])
        if params.get("LogDeliveryConfigurations"):
            self.log_delivery_configurations = networks.log_deliveries(
                self._backend, self.log_delivery_configurations, params["LogDeliveryConfigurations"]
            )
        own = {"LogDeliveryConfigurations", "ReplicationGroupId", "ReplicationGroupDescription", "ApplyImmediately"}
        self._params.update({key: value for key, value in params.items() if key not in own})
        for cluster in self.members:
            if params.get("Engine"):
                cluster.engine = params["Engine"]
            cluster.apply({key: value for key, value in params.items() if key not in own})
            cluster.transit_encryption_enabled = self.transit_encryption_enabled
        self.check()


def find(backend: ElastiCacheBackend, name: str) -> Any:
    """Return a replication group, or raise as AWS does."""
    if name not in backend.replication_groups:
        raise ReplicationGroupNotFound(name)
    return backend.replication_groups[name]


# The API


@patch(ElastiCacheResponse, "create_replication_group")
def create_replication_group(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    name = str(params["ReplicationGroupId"]).lower()
    if name in backend.replication_groups:
        raise ReplicationGroupAlreadyExists(name)
    try:
        VALKEY.folder()
    except NoServerError as error:
        raise ElastiCacheException("InsufficientCacheClusterCapacity", str(error)) from error
    if params.get("CacheSubnetGroupName"):
        groups.find_subnets(backend, params["CacheSubnetGroupName"])
    for group_id in params.get("UserGroupIds") or []:
        users.find_group(backend, group_id)
    clusters = dict(backend.cache_clusters)
    try:
        group = ReplicationGroup(backend, name, params)
        group.check()
    except Exception:
        backend.cache_clusters = clusters  # a refused group leaves no members
        raise
    for arn in [group.arn, *(member.arn for member in group.members)]:
        if params.get("Tags"):
            backend.tagging_service.tag_resource(arn, params["Tags"])
    backend.replication_groups[name] = group  # type: ignore[assignment]
    return ActionResult({"ReplicationGroup": group})


@patch(ElastiCacheResponse, "modify_replication_group")
def modify_replication_group(self: ElastiCacheResponse) -> ActionResult:
    params = self._get_params()
    group = find(self.elasticache_backend, str(params["ReplicationGroupId"]))
    group.modify(params)
    users.apply(self.elasticache_backend)
    return ActionResult({"ReplicationGroup": group})


@patch(ElastiCacheResponse, "increase_replica_count")
@patch(ElastiCacheResponse, "decrease_replica_count")
def change_replica_count(self: ElastiCacheResponse) -> ActionResult:
    params = self._get_params()
    group = find(self.elasticache_backend, str(params["ReplicationGroupId"]))
    if not params.get("ApplyImmediately"):
        raise InvalidParameterValueException("ApplyImmediately must be true.")
    count = int(params["NewReplicaCount"])
    if count == 0 and group.automatic_failover == "enabled" and not group.cluster_enabled:
        raise InvalidParameterValueException(
            "Must have at least 1 replica when cluster mode is disabled with auto failover enabled."
        )
    group.build(len(group.node_groups), count)
    return ActionResult({"ReplicationGroup": group})


@patch(ElastiCacheResponse, "modify_replication_group_shard_configuration")
def modify_replication_group_shard_configuration(self: ElastiCacheResponse) -> ActionResult:
    params = self._get_params()
    group = find(self.elasticache_backend, str(params["ReplicationGroupId"]))
    if not group.cluster_enabled:
        raise InvalidParameterValueException("The replication group is not in cluster mode.")
    group.build(int(params["NodeGroupCount"]), len(group.node_groups[0]["NodeGroupMembers"]) - 1)
    return ActionResult({"ReplicationGroup": group})


@patch(ElastiCacheResponse, "delete_replication_group")
def delete_replication_group(self: ElastiCacheResponse) -> ActionResult:
    """Take the members along and the final snapshot first; moto leaves a group that is `deleting` for ever."""
    backend, params = self.elasticache_backend, self._get_params()
    group = find(backend, str(params["ReplicationGroupId"]))
    if params.get("FinalSnapshotIdentifier"):
        backend.create_snapshot(params["FinalSnapshotIdentifier"], group.replication_group_id, None, None, None)
    for name in group.member_clusters:
        backend.cache_clusters.pop(name, None)
    del backend.replication_groups[group.replication_group_id]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    listening.close(group)
    group.status = "deleting"
    return ActionResult({"ReplicationGroup": group})
