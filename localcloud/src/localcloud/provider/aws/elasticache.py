"""ElastiCache: replication groups, users and their groups, subnet groups and parameter groups."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.aws.parameters import GroupOfParameters
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import added_and_removed, as_cased, changed, ignoring, version_as_asked

_TAGS = Tagging("ResourceName", "add_tags_to_resource", "remove_tags_from_resource", answer="TagList")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _log_delivery(configuration: Properties) -> Properties:
    details = (
        {"CloudWatchLogsDetails": {"LogGroup": configuration["destination"]}}
        if configuration["destinationType"] == "cloudwatch-logs"
        else {"KinesisFirehoseDetails": {"DeliveryStream": configuration["destination"]}}
    )
    return {
        "DestinationDetails": details,
        "DestinationType": configuration["destinationType"],
        "Enabled": True,
        "LogFormat": configuration["logFormat"],
        "LogType": configuration["logType"],
    }


def _log_deliveries(old: Properties, new: Properties) -> list[Properties]:
    """Return the deliveries to set, with those of log types that the program took away switched off."""
    after = new.get("logDeliveryConfigurations") or []
    kept = {item["logType"] for item in after}
    return [_log_delivery(item) for item in after] + [
        {"LogType": item["logType"], "Enabled": False}
        for item in old.get("logDeliveryConfigurations") or []
        if item["logType"] not in kept
    ]


def _live_log_delivery(configuration: Mapping[str, Any]) -> Properties:
    details = configuration.get("DestinationDetails", {})
    group = details.get("CloudWatchLogsDetails", {}).get("LogGroup")
    return {
        "destination": group or details.get("KinesisFirehoseDetails", {}).get("DeliveryStream", ""),
        "destinationType": configuration["DestinationType"],
        "logFormat": configuration["LogFormat"],
        "logType": configuration["LogType"],
    }


@resource("aws:elasticache/replicationGroup:ReplicationGroup")
class ReplicationGroup(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/replicationgroup/."""

    replace = frozenset(
        {
            "atRestEncryptionEnabled",
            "dataTieringEnabled",
            "globalReplicationGroupId",
            "kmsKeyId",
            "networkType",
            "nodeGroupConfigurations",
            "port",
            "replicationGroupId",
            "securityGroupNames",
            "snapshotArns",
            "snapshotName",
            "subnetGroupName",
        }
    )
    defaults = {"automaticFailoverEnabled": False, "multiAzEnabled": False}
    autoname = AutoName("replicationGroupId", max_length=40, lower=True)
    unordered = frozenset({"logDeliveryConfigurations", "securityGroupIds", "userGroupIds", "snapshotArns"})
    secrets = frozenset({"authToken", "authTokenWo"})
    recomputes = {
        "engineVersion": ("engineVersionActual",),
        "numCacheClusters": ("memberClusters",),
        "numNodeGroups": ("memberClusters",),
        "replicasPerNodeGroup": ("memberClusters",),
    }
    service = "elasticache"
    creates, reads = "create_replication_group", "describe_replication_groups"
    updates, deletes = "modify_replication_group", "delete_replication_group"
    keys = {"replicationGroupId": "ReplicationGroupId"}
    new_id = "ReplicationGroup.ReplicationGroupId"
    described = "ReplicationGroups[?Status!='deleting'] | [0]"
    not_found = ("ReplicationGroupNotFoundFault",)
    tagging = _TAGS
    renames = {
        "authTokenWo": "AuthToken",
        "description": "ReplicationGroupDescription",
        "finalSnapshotIdentifier": "FinalSnapshotIdentifier",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "nodeType": "CacheNodeType",
        "parameterGroupName": "CacheParameterGroupName",
        "securityGroupNames": "CacheSecurityGroupNames",
        "subnetGroupName": "CacheSubnetGroupName",
    }
    cleared = {"snapshotRetentionLimit": 0}
    outputs = {
        "arn": "ARN",
        "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "automaticFailoverEnabled": "AutomaticFailover=='enabled' || AutomaticFailover=='enabling'",
        "clusterEnabled": "ClusterEnabled",
        "clusterMode": "ClusterMode",
        "configurationEndpointAddress": "ConfigurationEndpoint.Address",
        "dataTieringEnabled": "DataTiering=='enabled'",
        "description": "Description",
        "engine": "Engine || 'redis'",
        "ipDiscovery": "IpDiscovery",
        "kmsKeyId": "KmsKeyId",
        "memberClusters": "MemberClusters",
        "multiAzEnabled": "MultiAZ=='enabled'",
        "networkType": "NetworkType",
        "nodeType": "CacheNodeType",
        "numCacheClusters": "length(MemberClusters || `[]`)",
        "numNodeGroups": "length(NodeGroups || `[]`)",
        "port": "ConfigurationEndpoint.Port || NodeGroups[0].PrimaryEndpoint.Port",
        "primaryEndpointAddress": "NodeGroups[0].PrimaryEndpoint.Address",
        "readerEndpointAddress": "NodeGroups[0].ReaderEndpoint.Address",
        "replicationGroupId": "ReplicationGroupId",
        "snapshotRetentionLimit": "SnapshotRetentionLimit || `0`",
        "snapshotWindow": "SnapshotWindow",
        "transitEncryptionEnabled": "TransitEncryptionEnabled",
        "transitEncryptionMode": "TransitEncryptionMode",
        "userGroupIds": "UserGroupIds",
    }

    def replaces(self, old: Properties, new: Properties) -> Iterable[str]:
        # ElastiCache has no way back: the official provider replaces a group for an older engine version and for Redis
        # in place of Valkey.
        before, after = old.get("engineVersion"), new.get("engineVersion")
        if isinstance(before, str) and isinstance(after, str) and _numbers(after) < _numbers(before):
            yield "engineVersion"
        if old.get("engine") == "valkey" and new.get("engine", "redis") == "redis":
            yield "engine"

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if inputs.get("multiAzEnabled") is True and inputs.get("automaticFailoverEnabled") is False:
            yield "multiAzEnabled", "automatic_failover_enabled must be true if multi_az_enabled is true"
        clusters = inputs.get("numCacheClusters")
        if inputs.get("automaticFailoverEnabled") is True and isinstance(clusters, int) and clusters < 2:
            yield "numCacheClusters", '"num_cache_clusters": must be at least 2 if automatic_failover_enabled is true'
        for key in ("numNodeGroups", "replicasPerNodeGroup"):
            if inputs.get("numCacheClusters") is not None and inputs.get(key) is not None:
                yield key, f"numCacheClusters and {key} can't both be given"
        if inputs.get("authToken") is not None and inputs.get("userGroupIds"):
            yield "authToken", "authToken and userGroupIds can't both be given"
        if inputs.get("authTokenUpdateStrategy") and not (inputs.get("authToken") or inputs.get("authTokenWo")):
            yield "authTokenUpdateStrategy", "authTokenUpdateStrategy needs authToken"

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "logDeliveryConfigurations":
            return [_log_delivery(item) for item in value]
        return value.lower() if key == "replicationGroupId" else super().argument(key, value, shape)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, state)
        shards = live.get("NodeGroups") or []
        properties["replicasPerNodeGroup"] = len(shards[0]["NodeGroupMembers"]) - 1 if shards else 0
        logs = live.get("LogDeliveryConfigurations") or []
        properties["logDeliveryConfigurations"] = [_live_log_delivery(item) for item in logs]
        # What a group doesn't tell, its members do.
        if (name := next(iter(live.get("MemberClusters") or ()), None)) is not None:
            client = aws.client("elasticache")
            member = client.describe_cache_clusters(CacheClusterId=name, ShowCacheNodeInfo=True)["CacheClusters"][0]
            groups = [group["SecurityGroupId"] for group in member.get("SecurityGroups") or []]
            properties |= {
                "engineVersionActual": member["EngineVersion"],
                "engineVersion": version_as_asked(member["EngineVersion"], state.get("engineVersion")),
                "maintenanceWindow": member.get("PreferredMaintenanceWindow", ""),
                "notificationTopicArn": member.get("NotificationConfiguration", {}).get("TopicArn"),
                "parameterGroupName": member.get("CacheParameterGroup", {}).get("CacheParameterGroupName", ""),
                "securityGroupIds": groups,
                "subnetGroupName": member.get("CacheSubnetGroupName", ""),
            }
        for key in ("replicationGroupId", "maintenanceWindow"):
            properties[key] = as_cased(properties.get(key, ""), state.get(key))
        return properties

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        arguments = super().changes(changed, old, new)
        if changed & {"authToken", "authTokenWoVersion", "authTokenUpdateStrategy"}:
            token = new.get("authToken") or new.get("authTokenWo")
            strategy = new.get("authTokenUpdateStrategy")
            arguments |= {"AuthToken": token} if token else {}
            arguments |= {"AuthTokenUpdateStrategy": strategy or "DELETE"} if strategy or not token else {}
        if "logDeliveryConfigurations" in changed:
            arguments["LogDeliveryConfigurations"] = _log_deliveries(old, new)
        for name, items in zip(("Add", "Remove"), added_and_removed(old, new, "userGroupIds"), strict=True):
            arguments |= {f"UserGroupIdsTo{name}": items} if items else {}
        arguments.pop("ApplyImmediately", None)
        return {**arguments, "ApplyImmediately": bool(new.get("applyImmediately"))} if arguments else {}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._resize(aws.client("elasticache"), id, old, new)
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        final = state.get("finalSnapshotIdentifier")
        with ignoring(*self.not_found):
            aws.client("elasticache").delete_replication_group(
                ReplicationGroupId=id, **({"FinalSnapshotIdentifier": final} if final else {})
            )

    @staticmethod
    def _resize(cache: Any, id: str, old: Properties, new: Properties) -> None:  # noqa: ANN401 - a client
        if changed(old, new, "numNodeGroups") and new.get("numNodeGroups"):
            count = int(new["numNodeGroups"])
            surplus = [f"{number:04d}" for number in range(count + 1, int(old.get("numNodeGroups") or count) + 1)]
            cache.modify_replication_group_shard_configuration(
                ReplicationGroupId=id,
                NodeGroupCount=count,
                ApplyImmediately=True,
                **({"NodeGroupsToRemove": surplus} if surplus else {}),
            )
        before, after = _replicas(old), _replicas(new)
        if before is None or after is None or before == after:
            return
        # The number of nodes can't be changed later than now.
        resize = cache.increase_replica_count if after > before else cache.decrease_replica_count
        resize(ReplicationGroupId=id, NewReplicaCount=after, ApplyImmediately=True)


def _replicas(properties: Properties) -> int | None:
    if properties.get("numCacheClusters") is not None:
        return int(properties["numCacheClusters"]) - 1
    count = properties.get("replicasPerNodeGroup")
    return None if count is None else int(count)


@resource("aws:elasticache/user:User")
class User(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/user/."""

    replace = frozenset({"userId", "userName"})
    defaults = {"noPasswordRequired": False}
    unordered = frozenset({"passwords", "authenticationMode.passwords"})
    secrets = frozenset({"passwords", "passwordsWo"})
    service = "elasticache"
    creates, reads, updates, deletes = "create_user", "describe_users", "modify_user", "delete_user"
    keys = {"userId": "UserId"}
    described = "Users[?Status!='deleting'] | [0]"
    not_found = ("UserNotFound", "UserNotFoundFault")
    tagging = _TAGS
    renames = {"passwordsWo": "Passwords"}
    outputs = {
        "accessString": "AccessString",
        "arn": "ARN",
        "engine": "Engine",
        "noPasswordRequired": "Authentication.Type=='no-password'",
        "userName": "UserName",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        passwords = inputs.get("passwords")
        for password in passwords if isinstance(passwords, list) else ():
            if isinstance(password, str) and not 16 <= len(password) <= 128:
                yield "passwords", "a password of an ElastiCache user must be 16 to 128 characters long"
        if isinstance(passwords, list) and len(passwords) > 2:
            yield "passwords", f"an ElastiCache user has at most 2 passwords, got {len(passwords)}"

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        return value.lower() if key == "engine" else super().argument(key, value, shape)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, state)
        last, authentication = state.get("authenticationMode") or {}, live.get("Authentication") or {}
        # AWS tells how many passwords there are, never which; `no-password-required` is told as `no-password`.
        kind = authentication.get("Type", "")
        properties["authenticationMode"] = {
            "type": "no-password-required" if kind == "no-password" and last.get("type") else kind,
            "passwordCount": authentication.get("PasswordCount", 0),
            **({"passwords": last["passwords"]} if last.get("passwords") else {}),
        }
        return {**properties, "engine": as_cased(live["Engine"], state.get("engine"))}

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        secret = {"passwordsWo"} if "passwordsWoVersion" in changed else set()
        return super().changes(changed - {"passwordsWo"} | secret, old, new)


@resource("aws:elasticache/userGroup:UserGroup")
class UserGroup(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/usergroup/."""

    replace = frozenset({"userGroupId"})
    unordered = frozenset({"userIds"})
    service = "elasticache"
    creates, reads = "create_user_group", "describe_user_groups"
    updates, deletes = "modify_user_group", "delete_user_group"
    keys = {"userGroupId": "UserGroupId"}
    described = "UserGroups[?Status!='deleting'] | [0]"
    not_found = ("UserGroupNotFound", "UserGroupNotFoundFault")
    tagging = _TAGS
    outputs = {"arn": "ARN", "engine": "Engine", "userIds": "UserIds"}

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        return value.lower() if key == "engine" else super().argument(key, value, shape)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        return {**super().properties(aws, live, state), "engine": as_cased(live["Engine"], state.get("engine"))}

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        arguments = super().changes(changed, old, new)
        for name, items in zip(("Add", "Remove"), added_and_removed(old, new, "userIds"), strict=True):
            arguments |= {f"UserIdsTo{name}": items} if items else {}
        return arguments


@resource("aws:elasticache/subnetGroup:SubnetGroup")
class SubnetGroup(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/subnetgroup/."""

    replace = frozenset({"name"})
    defaults = {"description": "Managed by Pulumi"}
    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"subnetIds"})
    service = "elasticache"
    creates, reads = "create_cache_subnet_group", "describe_cache_subnet_groups"
    updates, deletes = "modify_cache_subnet_group", "delete_cache_subnet_group"
    keys = {"name": "CacheSubnetGroupName"}
    described = "CacheSubnetGroups[0]"
    not_found = ("CacheSubnetGroupNotFoundFault",)
    tagging = _TAGS
    renames = {"description": "CacheSubnetGroupDescription"}
    outputs = {"arn": "ARN", "subnetIds": "Subnets[].SubnetIdentifier", "vpcId": "VpcId"}


@resource("aws:elasticache/parameterGroup:ParameterGroup")
class ParameterGroup(GroupOfParameters):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/parametergroup/."""

    replace = frozenset({"name", "family", "description"})
    defaults = {"description": "Managed by Pulumi"}
    service = "elasticache"
    creates, reads = "create_cache_parameter_group", "describe_cache_parameter_groups"
    deletes = "delete_cache_parameter_group"
    keys = {"name": "CacheParameterGroupName"}
    described = "CacheParameterGroups[0]"
    not_found = ("CacheParameterGroupNotFound",)
    tagging = _TAGS
    outputs = {"arn": "ARN", "description": "Description", "family": "CacheParameterGroupFamily"}
    renames = {"family": "CacheParameterGroupFamily"}
    lists, sets, resets = "describe_cache_parameters", "modify_cache_parameter_group", "reset_cache_parameter_group"
    takes = "ParameterNameValues"
