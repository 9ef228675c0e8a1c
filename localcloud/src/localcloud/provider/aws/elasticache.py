"""ElastiCache: replication groups, clusters, users and their groups, subnet groups and parameter groups."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, tag_changes, tag_list, tag_map


def _retag(aws: Session, arn: str, old: Properties, new: Properties) -> None:
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if put:
        aws.client("elasticache").add_tags_to_resource(ResourceName=arn, Tags=tag_list(put))
    if drop:
        aws.client("elasticache").remove_tags_from_resource(ResourceName=arn, TagKeys=drop)


def _tags(aws: Session, arn: str) -> dict[str, str]:
    return tag_map(aws.client("elasticache").list_tags_for_resource(ResourceName=arn).get("TagList"))


def _given(inputs: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    return {argument: inputs[key] for key, argument in names.items() if inputs.get(key) is not None}


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
    destination = details.get("CloudWatchLogsDetails", {}).get("LogGroup") or details.get(
        "KinesisFirehoseDetails", {}
    ).get("DeliveryStream", "")
    return {
        "destination": destination,
        "destinationType": configuration["DestinationType"],
        "logFormat": configuration["LogFormat"],
        "logType": configuration["LogType"],
    }


def _version(live: str, last: object) -> str:
    """Return a version as it was written: `7.1` where 7.1.0 runs, `6.x` where 6.2.6 does."""
    text = str(last or "")
    stem = text.removesuffix("x")
    return text if text and (live == text or live.startswith(stem if stem.endswith(".") else f"{text}.")) else live


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _like(live: str, last: object) -> str:
    """Return an engine in the case in which it was written; AWS answers in lower case."""
    return last if isinstance(last, str) and last.lower() == live else live


def _group_ids(groups: list[Mapping[str, Any]] | None) -> list[str]:
    return [group["SecurityGroupId"] for group in groups or []]


#: For a property of a replication group: the argument of CreateReplicationGroup and ModifyReplicationGroup.
_GROUP: Mapping[str, str] = {
    "authToken": "AuthToken",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "automaticFailoverEnabled": "AutomaticFailoverEnabled",
    "clusterMode": "ClusterMode",
    "description": "ReplicationGroupDescription",
    "engine": "Engine",
    "engineVersion": "EngineVersion",
    "ipDiscovery": "IpDiscovery",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "multiAzEnabled": "MultiAZEnabled",
    "nodeType": "CacheNodeType",
    "notificationTopicArn": "NotificationTopicArn",
    "parameterGroupName": "CacheParameterGroupName",
    "securityGroupIds": "SecurityGroupIds",
    "snapshotRetentionLimit": "SnapshotRetentionLimit",
    "snapshotWindow": "SnapshotWindow",
    "transitEncryptionEnabled": "TransitEncryptionEnabled",
    "transitEncryptionMode": "TransitEncryptionMode",
}
_GROUP_AT_CREATION: Mapping[str, str] = {
    "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
    "dataTieringEnabled": "DataTieringEnabled",
    "globalReplicationGroupId": "GlobalReplicationGroupId",
    "kmsKeyId": "KmsKeyId",
    "networkType": "NetworkType",
    "numCacheClusters": "NumCacheClusters",
    "numNodeGroups": "NumNodeGroups",
    "port": "Port",
    "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
    "replicasPerNodeGroup": "ReplicasPerNodeGroup",
    "securityGroupNames": "CacheSecurityGroupNames",
    "snapshotArns": "SnapshotArns",
    "snapshotName": "SnapshotName",
    "subnetGroupName": "CacheSubnetGroupName",
    "userGroupIds": "UserGroupIds",
}


@resource("aws:elasticache/replicationGroup:ReplicationGroup")
class ReplicationGroup(ResourceType):
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

    def create(self, aws: Session, inputs: Properties) -> str:
        arguments = {**_given(inputs, _GROUP), **_given(inputs, _GROUP_AT_CREATION)}
        if inputs.get("authTokenWo") is not None:
            arguments["AuthToken"] = inputs["authTokenWo"]
        if logs := inputs.get("logDeliveryConfigurations"):
            arguments["LogDeliveryConfigurations"] = [_log_delivery(item) for item in logs]
        if groups := inputs.get("nodeGroupConfigurations"):
            names = {
                "nodeGroupId": "NodeGroupId",
                "primaryAvailabilityZone": "PrimaryAvailabilityZone",
                "primaryOutpostArn": "PrimaryOutpostArn",
                "replicaAvailabilityZones": "ReplicaAvailabilityZones",
                "replicaCount": "ReplicaCount",
                "replicaOutpostArns": "ReplicaOutpostArns",
                "slots": "Slots",
            }
            arguments["NodeGroupConfiguration"] = [_given(group, names) for group in groups]
        answer = aws.client("elasticache").create_replication_group(
            ReplicationGroupId=inputs["replicationGroupId"].lower(), Tags=tag_list(inputs.get("tags")), **arguments
        )
        return str(answer["ReplicationGroup"]["ReplicationGroupId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        group = _find_group(aws, id)
        if group is None or group["Status"] == "deleting":
            return None
        return written(
            _live_group(aws, group, state),
            state,
            "logDeliveryConfigurations",
            "securityGroupIds",
            "userGroupIds",
        )

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        cache = aws.client("elasticache")
        self._resize(cache, id, old, new)
        arguments: Properties = {}
        for key, name in _GROUP.items():
            if changed(old, new, key) and new.get(key) is not None:
                arguments[name] = new[key]
        if changed(old, new, "authToken", "authTokenWoVersion", "authTokenUpdateStrategy"):
            token = new.get("authToken") or new.get("authTokenWo")
            if token:
                arguments["AuthToken"] = token
            strategy = new.get("authTokenUpdateStrategy")
            if strategy or not token:
                arguments["AuthTokenUpdateStrategy"] = strategy or "DELETE"
        if changed(old, new, "snapshotRetentionLimit") and new.get("snapshotRetentionLimit") is None:
            arguments["SnapshotRetentionLimit"] = 0
        if changed(old, new, "logDeliveryConfigurations"):
            arguments["LogDeliveryConfigurations"] = _log_deliveries(old, new)
        before, after = set(old.get("userGroupIds") or ()), set(new.get("userGroupIds") or ())
        if after - before:
            arguments["UserGroupIdsToAdd"] = sorted(after - before)
        if before - after:
            arguments["UserGroupIdsToRemove"] = sorted(before - after)
        if arguments:
            cache.modify_replication_group(
                ReplicationGroupId=id, ApplyImmediately=bool(new.get("applyImmediately", False)), **arguments
            )
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        final = state.get("finalSnapshotIdentifier")
        with ignoring("ReplicationGroupNotFoundFault"):
            aws.client("elasticache").delete_replication_group(
                ReplicationGroupId=id, **({"FinalSnapshotIdentifier": final} if final else {})
            )

    @staticmethod
    def _resize(cache: Any, id: str, old: Properties, new: Properties) -> None:  # noqa: ANN401 - a client
        if changed(old, new, "numNodeGroups") and new.get("numNodeGroups"):
            count = int(new["numNodeGroups"])
            gone = [f"{number:04d}" for number in range(count + 1, int(old.get("numNodeGroups") or count) + 1)]
            cache.modify_replication_group_shard_configuration(
                ReplicationGroupId=id,
                NodeGroupCount=count,
                ApplyImmediately=True,
                **({"NodeGroupsToRemove": gone} if gone else {}),
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


def _find_group(aws: Session, id: str) -> Properties | None:
    answer = found(
        lambda: aws.client("elasticache").describe_replication_groups(ReplicationGroupId=id),
        "ReplicationGroupNotFoundFault",
    )
    return dict(answer["ReplicationGroups"][0]) if answer and answer["ReplicationGroups"] else None


def _find_cluster(aws: Session, id: str) -> Properties | None:
    answer = found(
        lambda: aws.client("elasticache").describe_cache_clusters(CacheClusterId=id, ShowCacheNodeInfo=True),
        "CacheClusterNotFound",
    )
    return dict(answer["CacheClusters"][0]) if answer and answer["CacheClusters"] else None


def _live_group(aws: Session, group: Mapping[str, Any], state: Properties) -> Properties:
    members = group.get("MemberClusters", [])
    shards = group.get("NodeGroups", [])
    live: Properties = {
        "replicationGroupId": group["ReplicationGroupId"],
        "arn": group["ARN"],
        "atRestEncryptionEnabled": group.get("AtRestEncryptionEnabled", False),
        "automaticFailoverEnabled": group.get("AutomaticFailover") in ("enabled", "enabling"),
        "clusterEnabled": group.get("ClusterEnabled", False),
        "dataTieringEnabled": group.get("DataTiering") == "enabled",
        "description": group["Description"],
        "engine": group.get("Engine", "redis"),
        "logDeliveryConfigurations": [_live_log_delivery(c) for c in group.get("LogDeliveryConfigurations", [])],
        "memberClusters": members,
        "multiAzEnabled": group.get("MultiAZ") == "enabled",
        "nodeType": group.get("CacheNodeType", ""),
        "numCacheClusters": len(members),
        "numNodeGroups": len(shards),
        "replicasPerNodeGroup": len(shards[0]["NodeGroupMembers"]) - 1 if shards else 0,
        "snapshotRetentionLimit": group.get("SnapshotRetentionLimit", 0),
        "transitEncryptionEnabled": group.get("TransitEncryptionEnabled", False),
        "userGroupIds": group.get("UserGroupIds", []),
        "tags": _tags(aws, group["ARN"]),
    }
    optional = {
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "clusterMode": "ClusterMode",
        "ipDiscovery": "IpDiscovery",
        "kmsKeyId": "KmsKeyId",
        "networkType": "NetworkType",
        "snapshotWindow": "SnapshotWindow",
        "transitEncryptionMode": "TransitEncryptionMode",
    }
    live.update({key: group[name] for key, name in optional.items() if group.get(name) is not None})
    if endpoint := group.get("ConfigurationEndpoint"):
        live["configurationEndpointAddress"] = endpoint["Address"]
        live["port"] = endpoint["Port"]
    elif shards:
        live["primaryEndpointAddress"] = shards[0].get("PrimaryEndpoint", {}).get("Address", "")
        live["readerEndpointAddress"] = shards[0].get("ReaderEndpoint", {}).get("Address", "")
        live["port"] = shards[0].get("PrimaryEndpoint", {}).get("Port", 0)
    # What a group doesn't tell, its members do.
    member = _find_cluster(aws, members[0]) if members else None
    if member is not None:
        live["engineVersionActual"] = member["EngineVersion"]
        live["engineVersion"] = _version(member["EngineVersion"], state.get("engineVersion"))
        live["maintenanceWindow"] = member.get("PreferredMaintenanceWindow", "")
        live["securityGroupIds"] = _group_ids(member.get("SecurityGroups"))
        live["subnetGroupName"] = member.get("CacheSubnetGroupName", "")
        live["parameterGroupName"] = member.get("CacheParameterGroup", {}).get("CacheParameterGroupName", "")
        if topic := member.get("NotificationConfiguration", {}).get("TopicArn"):
            live["notificationTopicArn"] = topic
    for key in ("replicationGroupId", "maintenanceWindow"):
        if isinstance(state.get(key), str) and live.get(key) == state[key].lower():
            live[key] = state[key]
    return live


@resource("aws:elasticache/user:User")
class User(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/user/."""

    replace = frozenset({"userId", "userName"})
    defaults = {"noPasswordRequired": False}
    unordered = frozenset({"passwords", "authenticationMode.passwords"})
    secrets = frozenset({"passwords", "passwordsWo"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        passwords = inputs.get("passwords")
        for password in passwords if isinstance(passwords, list) else ():
            if isinstance(password, str) and not 16 <= len(password) <= 128:
                yield "passwords", "a password of an ElastiCache user must be 16 to 128 characters long"
        if isinstance(passwords, list) and len(passwords) > 2:
            yield "passwords", f"an ElastiCache user has at most 2 passwords, got {len(passwords)}"

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("elasticache").create_user(
            UserId=inputs["userId"],
            UserName=inputs["userName"],
            Tags=tag_list(inputs.get("tags")),
            **self._access(inputs),
        )
        return str(answer["UserId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("elasticache").describe_users(UserId=id), "UserNotFound", "UserNotFoundFault")
        if not answer or not answer["Users"] or answer["Users"][0]["Status"] == "deleting":
            return None
        user = answer["Users"][0]
        authentication = user.get("Authentication") or {}
        live: Properties = {
            "userId": user["UserId"],
            "userName": user["UserName"],
            "arn": user["ARN"],
            "accessString": user["AccessString"],
            "engine": _like(user["Engine"], state.get("engine")),
            "noPasswordRequired": authentication.get("Type") == "no-password",
            "tags": _tags(aws, user["ARN"]),
        }
        last = state.get("authenticationMode") or {}
        # AWS tells how many passwords there are, never which; `no-password-required` is told as `no-password`.
        kind = authentication.get("Type", "")
        live["authenticationMode"] = {
            "type": "no-password-required" if kind == "no-password" and last.get("type") else kind,
            "passwordCount": authentication.get("PasswordCount", 0),
            **({"passwords": last["passwords"]} if last.get("passwords") else {}),
        }
        return written(live, state, "authenticationMode")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        arguments: Properties = {}
        wanted = self._access(new)
        groups = {
            ("accessString",): ("AccessString",),
            ("authenticationMode",): ("AuthenticationMode",),
            ("engine",): ("Engine",),
            ("noPasswordRequired",): ("NoPasswordRequired",),
            ("passwords", "passwordsWoVersion"): ("Passwords",),
        }
        for keys, names in groups.items():
            if changed(old, new, *keys):
                arguments.update({name: wanted[name] for name in names if name in wanted})
        if arguments:
            aws.client("elasticache").modify_user(UserId=id, **arguments)
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("UserNotFound", "UserNotFoundFault"):
            aws.client("elasticache").delete_user(UserId=id)

    @staticmethod
    def _access(inputs: Properties) -> Properties:
        arguments: Properties = {"AccessString": inputs["accessString"], "Engine": str(inputs["engine"]).lower()}
        passwords = inputs.get("passwords") or inputs.get("passwordsWo")
        if passwords:
            arguments["Passwords"] = passwords
        if inputs.get("noPasswordRequired"):
            arguments["NoPasswordRequired"] = True
        if mode := inputs.get("authenticationMode"):
            arguments["AuthenticationMode"] = {
                "Type": mode["type"],
                **({"Passwords": mode["passwords"]} if mode.get("passwords") else {}),
            }
        return arguments


@resource("aws:elasticache/userGroup:UserGroup")
class UserGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/usergroup/."""

    replace = frozenset({"userGroupId"})
    unordered = frozenset({"userIds"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("elasticache").create_user_group(
            UserGroupId=inputs["userGroupId"],
            Engine=str(inputs["engine"]).lower(),
            UserIds=inputs.get("userIds") or [],
            Tags=tag_list(inputs.get("tags")),
        )
        return str(answer["UserGroupId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(
            lambda: aws.client("elasticache").describe_user_groups(UserGroupId=id),
            "UserGroupNotFound",
            "UserGroupNotFoundFault",
        )
        if not answer or not answer["UserGroups"] or answer["UserGroups"][0]["Status"] == "deleting":
            return None
        group = answer["UserGroups"][0]
        live = {
            "userGroupId": group["UserGroupId"],
            "arn": group["ARN"],
            "engine": _like(group["Engine"], state.get("engine")),
            "userIds": group.get("UserIds", []),
            "tags": _tags(aws, group["ARN"]),
        }
        return written(live, state, "userIds")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        arguments: Properties = {}
        before, after = set(old.get("userIds") or ()), set(new.get("userIds") or ())
        if after - before:
            arguments["UserIdsToAdd"] = sorted(after - before)
        if before - after:
            arguments["UserIdsToRemove"] = sorted(before - after)
        if changed(old, new, "engine"):
            arguments["Engine"] = str(new["engine"]).lower()
        if arguments:
            aws.client("elasticache").modify_user_group(UserGroupId=id, **arguments)
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("UserGroupNotFound", "UserGroupNotFoundFault"):
            aws.client("elasticache").delete_user_group(UserGroupId=id)


@resource("aws:elasticache/subnetGroup:SubnetGroup")
class SubnetGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/subnetgroup/."""

    replace = frozenset({"name"})
    defaults = {"description": "Managed by Pulumi"}
    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"subnetIds"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("elasticache").create_cache_subnet_group(
            CacheSubnetGroupName=inputs["name"],
            CacheSubnetGroupDescription=inputs["description"],
            SubnetIds=inputs["subnetIds"],
            Tags=tag_list(inputs.get("tags")),
        )
        return str(answer["CacheSubnetGroup"]["CacheSubnetGroupName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(
            lambda: aws.client("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=id),
            "CacheSubnetGroupNotFoundFault",
        )
        if not answer or not answer["CacheSubnetGroups"]:
            return None
        group = answer["CacheSubnetGroups"][0]
        live = {
            "name": group["CacheSubnetGroupName"],
            "arn": group["ARN"],
            "description": group["CacheSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "vpcId": group["VpcId"],
            "tags": _tags(aws, group["ARN"]),
        }
        return written(live, state, "subnetIds")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "subnetIds", "description"):
            aws.client("elasticache").modify_cache_subnet_group(
                CacheSubnetGroupName=id,
                CacheSubnetGroupDescription=new["description"],
                SubnetIds=new["subnetIds"],
            )
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("CacheSubnetGroupNotFoundFault"):
            aws.client("elasticache").delete_cache_subnet_group(CacheSubnetGroupName=id)


#: ElastiCache takes so many parameters in one call:
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheParameterGroup.html
_PARAMETERS_A_CALL = 20


@resource("aws:elasticache/parameterGroup:ParameterGroup")
class ParameterGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/elasticache/parametergroup/."""

    replace = frozenset({"name", "family", "description"})
    defaults = {"description": "Managed by Pulumi"}
    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"parameters"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("elasticache").create_cache_parameter_group(
            CacheParameterGroupName=inputs["name"],
            CacheParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            Tags=tag_list(inputs.get("tags")),
        )
        name = str(answer["CacheParameterGroup"]["CacheParameterGroupName"])
        self._set(aws, name, inputs.get("parameters") or [])
        return name

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        cache = aws.client("elasticache")
        answer = found(
            lambda: cache.describe_cache_parameter_groups(CacheParameterGroupName=id), "CacheParameterGroupNotFound"
        )
        if not answer or not answer["CacheParameterGroups"]:
            return None
        group = answer["CacheParameterGroups"][0]
        pages = cache.get_paginator("describe_cache_parameters").paginate(CacheParameterGroupName=id, Source="user")
        live = {
            "name": group["CacheParameterGroupName"],
            "arn": group["ARN"],
            "family": group["CacheParameterGroupFamily"],
            "description": group["Description"],
            "parameters": [
                {"name": parameter["ParameterName"], "value": parameter.get("ParameterValue", "")}
                for page in pages
                for parameter in page["Parameters"]
            ],
            "tags": _tags(aws, group["ARN"]),
        }
        return written(live, state, "parameters")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        before = {item["name"]: str(item["value"]) for item in old.get("parameters") or []}
        after = {item["name"]: str(item["value"]) for item in new.get("parameters") or []}
        self._set(aws, id, [{"name": k, "value": v} for k, v in after.items() if before.get(k) != v])
        gone = [name for name in before if name not in after]
        for start in range(0, len(gone), _PARAMETERS_A_CALL):
            aws.client("elasticache").reset_cache_parameter_group(
                CacheParameterGroupName=id,
                ParameterNameValues=[
                    {"ParameterName": name, "ParameterValue": before[name]}
                    for name in gone[start : start + _PARAMETERS_A_CALL]
                ],
            )
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("CacheParameterGroupNotFound"):
            aws.client("elasticache").delete_cache_parameter_group(CacheParameterGroupName=id)

    @staticmethod
    def _set(aws: Session, name: str, parameters: list[Properties]) -> None:
        for start in range(0, len(parameters), _PARAMETERS_A_CALL):
            aws.client("elasticache").modify_cache_parameter_group(
                CacheParameterGroupName=name,
                ParameterNameValues=[
                    {"ParameterName": item["name"], "ParameterValue": str(item["value"])}
                    for item in parameters[start : start + _PARAMETERS_A_CALL]
                ],
            )
