"""Relational Database Service: instances, subnet groups, parameter groups, event subscriptions and snapshots."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, tag_changes, tag_list, tag_map

#: For a property of an instance: the argument of CreateDBInstance, RestoreDBInstance… and ModifyDBInstance.
_ARGUMENTS: Mapping[str, str] = {
    "allocatedStorage": "AllocatedStorage",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "availabilityZone": "AvailabilityZone",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupTarget": "BackupTarget",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "characterSetName": "CharacterSetName",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "customIamInstanceProfile": "CustomIamInstanceProfile",
    "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
    "databaseInsightsMode": "DatabaseInsightsMode",
    "dbName": "DBName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "dedicatedLogVolume": "DedicatedLogVolume",
    "deletionProtection": "DeletionProtection",
    "domain": "Domain",
    "domainAuthSecretArn": "DomainAuthSecretArn",
    "domainDnsIps": "DomainDnsIps",
    "domainFqdn": "DomainFqdn",
    "domainIamRoleName": "DomainIAMRoleName",
    "domainOu": "DomainOu",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "engine": "Engine",
    "engineLifecycleSupport": "EngineLifecycleSupport",
    "engineVersion": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "manageMasterUserPassword": "ManageMasterUserPassword",
    "masterUserSecretKmsKeyId": "MasterUserSecretKmsKeyId",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "ncharCharacterSetName": "NcharCharacterSetName",
    "networkType": "NetworkType",
    "optionGroupName": "OptionGroupName",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "port": "Port",
    "publiclyAccessible": "PubliclyAccessible",
    "storageEncrypted": "StorageEncrypted",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "timezone": "Timezone",
    "username": "MasterUsername",
    "vpcSecurityGroupIds": "VpcSecurityGroupIds",
}

#: What only a new instance takes.
_AT_CREATION = frozenset(
    {
        "AvailabilityZone",
        "BackupTarget",
        "CharacterSetName",
        "CustomIamInstanceProfile",
        "DBName",
        "Engine",
        "EngineLifecycleSupport",
        "KmsKeyId",
        "MasterUsername",
        "NcharCharacterSetName",
        "StorageEncrypted",
        "Timezone",
    }
)

#: What a restore from a snapshot can't be told and a modification after it must bring.
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
_AFTER_RESTORE = frozenset(
    {
        "AllocatedStorage",
        "BackupRetentionPeriod",
        "DatabaseInsightsMode",
        "EnablePerformanceInsights",
        "EngineVersion",
        "MasterUserPassword",
        "MaxAllocatedStorage",
        "MonitoringInterval",
        "MonitoringRoleArn",
        "PerformanceInsightsKMSKeyId",
        "PerformanceInsightsRetentionPeriod",
        "PreferredBackupWindow",
        "PreferredMaintenanceWindow",
    }
)

#: Ports have another argument in ModifyDBInstance.
_MODIFY_NAMES = {"Port": "DBPortNumber"}


@resource("aws:rds/instance:Instance")
class Instance(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/instance/."""

    replace = frozenset(
        {
            "availabilityZone",
            "backupTarget",
            "characterSetName",
            "customIamInstanceProfile",
            "dbName",
            "engine",
            "engineLifecycleSupport",
            "identifierPrefix",
            "kmsKeyId",
            "ncharCharacterSetName",
            "restoreToPointInTime",
            "s3Import",
            "snapshotIdentifier",
            "storageEncrypted",
            "timezone",
            "username",
        }
    )
    defaults = {
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deleteAutomatedBackups": True,
        "monitoringInterval": 0,
        "performanceInsightsEnabled": False,
        "publiclyAccessible": False,
        "skipFinalSnapshot": False,
    }
    autoname = AutoName("identifier", max_length=255, unless=("identifierPrefix",))
    unordered = frozenset({"enabledCloudwatchLogsExports", "vpcSecurityGroupIds", "domainDnsIps"})
    secrets = frozenset({"password", "passwordWo"})
    recomputes = {
        "engineVersion": ("engineVersionActual",),
        "identifier": ("address", "arn", "endpoint"),
        "port": ("endpoint",),
        "manageMasterUserPassword": ("masterUserSecrets",),
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        sources = [
            k for k in ("restoreToPointInTime", "s3Import", "snapshotIdentifier", "replicateSourceDb") if k in inputs
        ]
        if len(sources) > 1:
            yield sources[0], f"{' and '.join(sources)} can't be given together"
        if inputs.get("identifier") and inputs.get("identifierPrefix"):
            yield "identifierPrefix", "identifier and identifierPrefix can't both be given"
        if inputs.get("manageMasterUserPassword") and inputs.get("password"):
            yield "password", "password and manageMasterUserPassword can't both be given"
        if inputs.get("s3Import") is not None:
            yield "s3Import", "the local cloud doesn't restore databases from S3"
        if isinstance(name := inputs.get("finalSnapshotIdentifier"), str):
            yield from _snapshot_name_failures(name)

    def create(self, aws: Session, inputs: Properties) -> str:
        rds = aws.client("rds")
        identifier = inputs.get("identifier") or f"{inputs['identifierPrefix']}{secrets.token_hex(13)}"
        arguments: Properties = {"DBInstanceIdentifier": identifier, "Tags": tag_list(inputs.get("tags"))}
        given = {name: inputs[key] for key, name in _ARGUMENTS.items() if inputs.get(key) is not None}
        if inputs.get("passwordWo") is not None:
            given["MasterUserPassword"] = inputs["passwordWo"]
        later: Properties = {}
        if inputs.get("replicateSourceDb"):
            later = {key: given.pop(key) for key in _AFTER_RESTORE & given.keys() if key != "BackupRetentionPeriod"}
            inherited = ("AllocatedStorage", "Engine", "EngineVersion", "MasterUsername", "DBName", "StorageEncrypted")
            for key in inherited:
                given.pop(key, None)
                later.pop(key, None)
            later.update({key: given.pop(key) for key in ("BackupRetentionPeriod",) if key in given})
            made = rds.create_db_instance_read_replica(
                SourceDBInstanceIdentifier=inputs["replicateSourceDb"], **arguments, **given
            )
        elif inputs.get("snapshotIdentifier") or inputs.get("restoreToPointInTime"):
            later = {key: given.pop(key) for key in _AFTER_RESTORE & given.keys()}
            for key in ("KmsKeyId", "MasterUsername", "StorageEncrypted"):
                given.pop(key, None)  # the backup's own
            if inputs.get("snapshotIdentifier"):
                made = rds.restore_db_instance_from_db_snapshot(
                    DBSnapshotIdentifier=inputs["snapshotIdentifier"], **arguments, **given
                )
            else:
                arguments["TargetDBInstanceIdentifier"] = arguments.pop("DBInstanceIdentifier")
                made = rds.restore_db_instance_to_point_in_time(
                    **arguments, **_restore_point(inputs["restoreToPointInTime"]), **given
                )
            later.pop("EngineVersion", None)  # upgraded by a later change of the program, if it is another at all
        else:
            made = rds.create_db_instance(**arguments, **given)
        if later:
            rds.modify_db_instance(DBInstanceIdentifier=identifier, ApplyImmediately=True, **_modify_names(later))
        return str(made["DBInstance"]["DbiResourceId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        instance = _find_instance(aws, id)
        if instance is None or instance["DBInstanceStatus"] == "deleting":
            return None
        return written(
            _live_instance(instance, state),
            state,
            "enabledCloudwatchLogsExports",
            "vpcSecurityGroupIds",
            "domainDnsIps",
        )

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        rds = aws.client("rds")
        arguments: Properties = {}
        for key, name in _ARGUMENTS.items():
            if name in _AT_CREATION or not changed(old, new, key):
                continue
            if new.get(key) is not None:
                arguments[name] = new[key]
            elif name in ("DeletionProtection", "EnableIAMDatabaseAuthentication", "MultiAZ", "MaxAllocatedStorage"):
                arguments[name] = 0 if name == "MaxAllocatedStorage" else False
        if changed(old, new, "passwordWoVersion") and new.get("passwordWo") is not None:
            arguments["MasterUserPassword"] = new["passwordWo"]
        if "EnableCloudwatchLogsExports" in arguments or changed(old, new, "enabledCloudwatchLogsExports"):
            arguments.pop("EnableCloudwatchLogsExports", None)
            before = set(old.get("enabledCloudwatchLogsExports") or ())
            after = set(new.get("enabledCloudwatchLogsExports") or ())
            arguments["CloudwatchLogsExportConfiguration"] = {
                "EnableLogTypes": sorted(after - before),
                "DisableLogTypes": sorted(before - after),
            }
        # RDS wants these together: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
        if arguments.keys() & {"Iops", "StorageThroughput", "StorageType"} and new.get("allocatedStorage"):
            arguments["AllocatedStorage"] = new["allocatedStorage"]
        if arguments.keys() & {"MonitoringInterval", "MonitoringRoleArn"}:
            arguments["MonitoringInterval"] = new.get("monitoringInterval", 0)
        if changed(old, new, "identifier") and new.get("identifier"):
            arguments["NewDBInstanceIdentifier"] = new["identifier"]
        if arguments:
            if new.get("allowMajorVersionUpgrade") is not None:
                arguments["AllowMajorVersionUpgrade"] = new["allowMajorVersionUpgrade"]
            rds.modify_db_instance(
                DBInstanceIdentifier=old["identifier"],
                ApplyImmediately=bool(new.get("applyImmediately", False)) or "NewDBInstanceIdentifier" in arguments,
                **_modify_names(arguments),
            )
        if old.get("replicateSourceDb") and not new.get("replicateSourceDb"):
            rds.promote_read_replica(DBInstanceIdentifier=new["identifier"])
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        skip = bool(state.get("skipFinalSnapshot"))
        final = state.get("finalSnapshotIdentifier")
        if _find_instance(aws, id) is None:
            return
        if not skip and not final:
            raise ValueError("final_snapshot_identifier is required when skip_final_snapshot is false")
        with ignoring("DBInstanceNotFound"):
            aws.client("rds").delete_db_instance(
                DBInstanceIdentifier=state["identifier"],
                SkipFinalSnapshot=skip,
                DeleteAutomatedBackups=bool(state.get("deleteAutomatedBackups", True)),
                **({} if skip else {"FinalDBSnapshotIdentifier": final}),
            )


def _snapshot_name_failures(name: str) -> Iterable[tuple[str, str]]:
    key = "finalSnapshotIdentifier"
    if not name[:1].isascii() or not name[:1].isalpha():
        yield key, f"finalSnapshotIdentifier must begin with alphabetic character, got {name!r}"
    if not name.replace("-", "a").isalnum() or not name.isascii():
        yield key, f"finalSnapshotIdentifier must only contain alphanumeric characters and hyphens, got {name!r}"
    if "--" in name:
        yield key, f"finalSnapshotIdentifier cannot contain two consecutive hyphens, got {name!r}"
    if name.endswith("-"):
        yield key, f"finalSnapshotIdentifier cannot end in a hyphen, got {name!r}"


def _restore_point(point: Properties) -> Properties:
    names = {
        "restoreTime": "RestoreTime",
        "sourceDbInstanceAutomatedBackupsArn": "SourceDBInstanceAutomatedBackupsArn",
        "sourceDbInstanceIdentifier": "SourceDBInstanceIdentifier",
        "sourceDbiResourceId": "SourceDbiResourceId",
        "useLatestRestorableTime": "UseLatestRestorableTime",
    }
    return {name: point[key] for key, name in names.items() if point.get(key) is not None}


def _modify_names(arguments: Properties) -> Properties:
    return {_MODIFY_NAMES.get(name, name): value for name, value in arguments.items()}


def _find_instance(aws: Session, id: str) -> Properties | None:
    """Find an instance by its resource id (`db-…`) or, for an import, by its identifier."""
    rds = aws.client("rds")
    by = {"Filters": [{"Name": "dbi-resource-id", "Values": [id]}]}
    if not id.startswith("db-") or not id[3:].isupper():
        by = {"DBInstanceIdentifier": id}  # type: ignore[dict-item]
    answer = found(lambda: rds.describe_db_instances(**by), "DBInstanceNotFound", "DBInstanceNotFoundFault")
    return dict(answer["DBInstances"][0]) if answer and answer["DBInstances"] else None


#: For a property: the member of a described instance, where reading it is no more than that.
_MEMBERS: Mapping[str, str] = {
    "allocatedStorage": "AllocatedStorage",
    "arn": "DBInstanceArn",
    "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
    "availabilityZone": "AvailabilityZone",
    "backupRetentionPeriod": "BackupRetentionPeriod",
    "backupTarget": "BackupTarget",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "characterSetName": "CharacterSetName",
    "copyTagsToSnapshot": "CopyTagsToSnapshot",
    "customIamInstanceProfile": "CustomIamInstanceProfile",
    "customerOwnedIpEnabled": "CustomerOwnedIpEnabled",
    "databaseInsightsMode": "DatabaseInsightsMode",
    "dbName": "DBName",
    "dedicatedLogVolume": "DedicatedLogVolume",
    "deletionProtection": "DeletionProtection",
    "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
    "engine": "Engine",
    "engineLifecycleSupport": "EngineLifecycleSupport",
    "engineVersionActual": "EngineVersion",
    "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "licenseModel": "LicenseModel",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "maxAllocatedStorage": "MaxAllocatedStorage",
    "monitoringInterval": "MonitoringInterval",
    "monitoringRoleArn": "MonitoringRoleArn",
    "multiAz": "MultiAZ",
    "networkType": "NetworkType",
    "performanceInsightsEnabled": "PerformanceInsightsEnabled",
    "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
    "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
    "publiclyAccessible": "PubliclyAccessible",
    "replicas": "ReadReplicaDBInstanceIdentifiers",
    "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
    "resourceId": "DbiResourceId",
    "status": "DBInstanceStatus",
    "storageEncrypted": "StorageEncrypted",
    "storageThroughput": "StorageThroughput",
    "storageType": "StorageType",
    "timezone": "Timezone",
    "upgradeRolloutOrder": "UpgradeRolloutOrder",
    "username": "MasterUsername",
}


def _live_instance(instance: Mapping[str, Any], state: Properties) -> Properties:
    live = {key: instance[name] for key, name in _MEMBERS.items() if instance.get(name) is not None}
    endpoint = instance.get("Endpoint") or {}
    last = str(state.get("engineVersion") or "")
    actual = str(instance["EngineVersion"])
    # A program may name a major version only and takes whatever minor version runs.
    live["engineVersion"] = last if last and (actual == last or actual.startswith(f"{last}.")) else actual
    live["address"] = endpoint.get("Address", "")
    live["port"] = endpoint.get("Port", instance.get("DbInstancePort", 0))
    live["endpoint"] = f"{live['address']}:{live['port']}"
    live["hostedZoneId"] = endpoint.get("HostedZoneId", "")
    if instance.get("LatestRestorableTime"):
        live["latestRestorableTime"] = instance["LatestRestorableTime"].strftime("%Y-%m-%dT%H:%M:%SZ")
    live["vpcSecurityGroupIds"] = [group["VpcSecurityGroupId"] for group in instance.get("VpcSecurityGroups", [])]
    if instance.get("DBSubnetGroup"):
        live["dbSubnetGroupName"] = instance["DBSubnetGroup"]["DBSubnetGroupName"]
    if instance.get("DBParameterGroups"):
        live["parameterGroupName"] = instance["DBParameterGroups"][0]["DBParameterGroupName"]
    if instance.get("OptionGroupMemberships"):
        live["optionGroupName"] = instance["OptionGroupMemberships"][0]["OptionGroupName"]
    live["listenerEndpoints"] = []
    secret = instance.get("MasterUserSecret")
    live["masterUserSecrets"] = [
        {
            "kmsKeyId": secret.get("KmsKeyId", ""),
            "secretArn": secret["SecretArn"],
            "secretStatus": secret["SecretStatus"],
        }
        for secret in ([secret] if secret else [])
    ]
    live["tags"] = tag_map(instance.get("TagList"))
    # AWS stores these in lower case.
    for key in ("identifier", "maintenanceWindow", "dbSubnetGroupName", "parameterGroupName"):
        if isinstance(state.get(key), str) and str(live.get(key)) == state[key].lower():
            live[key] = state[key]
    # The zone isn't the program's unless it chose one; storage autoscaling makes what is allocated grow.
    wanted = state.get("allocatedStorage")
    if (
        isinstance(wanted, int)
        and live["allocatedStorage"] > wanted
        and (state.get("maxAllocatedStorage") or 0) > wanted
    ):
        live["allocatedStorage"] = wanted
    return live


def _retag(aws: Session, arn: str, old: Properties, new: Properties) -> None:
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if put:
        aws.client("rds").add_tags_to_resource(ResourceName=arn, Tags=tag_list(put))
    if drop:
        aws.client("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=drop)


def _tags(aws: Session, arn: str) -> dict[str, str]:
    return tag_map(aws.client("rds").list_tags_for_resource(ResourceName=arn).get("TagList"))


def _name(inputs: Properties) -> str:
    return str(inputs.get("name") or f"{inputs['namePrefix']}{secrets.token_hex(13)}")


@resource("aws:rds/subnetGroup:SubnetGroup")
class SubnetGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/subnetgroup/."""

    replace = frozenset({"name", "namePrefix"})
    defaults = {"description": "Managed by Pulumi"}
    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"subnetIds"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("rds").create_db_subnet_group(
            DBSubnetGroupName=_name(inputs),
            DBSubnetGroupDescription=inputs["description"],
            SubnetIds=inputs["subnetIds"],
            Tags=tag_list(inputs.get("tags")),
        )
        return str(answer["DBSubnetGroup"]["DBSubnetGroupName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        rds = aws.client("rds")
        answer = found(lambda: rds.describe_db_subnet_groups(DBSubnetGroupName=id), "DBSubnetGroupNotFoundFault")
        if not answer or not answer["DBSubnetGroups"]:
            return None
        group = answer["DBSubnetGroups"][0]
        live = {
            "name": group["DBSubnetGroupName"],
            "arn": group["DBSubnetGroupArn"],
            "description": group["DBSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "supportedNetworkTypes": group.get("SupportedNetworkTypes", []),
            "vpcId": group["VpcId"],
            "tags": _tags(aws, group["DBSubnetGroupArn"]),
        }
        return written(live, state, "subnetIds")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "subnetIds", "description"):
            aws.client("rds").modify_db_subnet_group(
                DBSubnetGroupName=id, DBSubnetGroupDescription=new["description"], SubnetIds=new["subnetIds"]
            )
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("DBSubnetGroupNotFoundFault"):
            aws.client("rds").delete_db_subnet_group(DBSubnetGroupName=id)


#: RDS takes so many parameters in one call:
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html
_PARAMETERS_A_CALL = 20


@resource("aws:rds/parameterGroup:ParameterGroup")
class ParameterGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/parametergroup/."""

    replace = frozenset({"name", "namePrefix", "family", "description"})
    defaults = {"description": "Managed by Pulumi", "skipDestroy": False}
    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"parameters"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("rds").create_db_parameter_group(
            DBParameterGroupName=_name(inputs),
            DBParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            Tags=tag_list(inputs.get("tags")),
        )
        name = str(answer["DBParameterGroup"]["DBParameterGroupName"])
        self._set(aws, name, inputs.get("parameters") or [])
        return name

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        rds = aws.client("rds")
        answer = found(lambda: rds.describe_db_parameter_groups(DBParameterGroupName=id), "DBParameterGroupNotFound")
        if not answer or not answer["DBParameterGroups"]:
            return None
        group = answer["DBParameterGroups"][0]
        pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=id, Source="user")
        last = {item["name"]: item for item in state.get("parameters") or []}
        live = {
            "name": group["DBParameterGroupName"],
            "arn": group["DBParameterGroupArn"],
            "family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": [
                {
                    "name": parameter["ParameterName"],
                    "value": parameter.get("ParameterValue", ""),
                    # How a value is applied is part of the call, not of the parameter: as it was written.
                    "applyMethod": last.get(parameter["ParameterName"], parameter).get("applyMethod")
                    or parameter.get("ApplyMethod", "immediate"),
                }
                for page in pages
                for parameter in page["Parameters"]
            ],
            "tags": _tags(aws, group["DBParameterGroupArn"]),
        }
        return written(live, state, "parameters")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "parameters"):
            before = {item["name"]: item for item in old.get("parameters") or []}
            after = {item["name"]: item for item in new.get("parameters") or []}
            self._set(aws, id, [item for name, item in after.items() if before.get(name) != item])
            gone = [item for name, item in before.items() if name not in after]
            for start in range(0, len(gone), _PARAMETERS_A_CALL):
                aws.client("rds").reset_db_parameter_group(
                    DBParameterGroupName=id,
                    ResetAllParameters=False,
                    Parameters=[
                        {"ParameterName": item["name"], "ApplyMethod": item.get("applyMethod") or "immediate"}
                        for item in gone[start : start + _PARAMETERS_A_CALL]
                    ],
                )
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("skipDestroy"):
            return
        with ignoring("DBParameterGroupNotFound"):
            aws.client("rds").delete_db_parameter_group(DBParameterGroupName=id)

    @staticmethod
    def _set(aws: Session, name: str, parameters: list[Properties]) -> None:
        for start in range(0, len(parameters), _PARAMETERS_A_CALL):
            aws.client("rds").modify_db_parameter_group(
                DBParameterGroupName=name,
                Parameters=[
                    {
                        "ParameterName": item["name"],
                        "ParameterValue": str(item["value"]),
                        "ApplyMethod": item.get("applyMethod") or "immediate",
                    }
                    for item in parameters[start : start + _PARAMETERS_A_CALL]
                ],
            )


@resource("aws:rds/eventSubscription:EventSubscription")
class EventSubscription(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/eventsubscription/."""

    replace = frozenset({"name", "namePrefix"})
    defaults = {"enabled": True}
    autoname = AutoName(max_length=255)
    unordered = frozenset({"eventCategories", "sourceIds"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("rds").create_event_subscription(
            SubscriptionName=_name(inputs),
            SnsTopicArn=inputs["snsTopic"],
            Enabled=inputs["enabled"],
            Tags=tag_list(inputs.get("tags")),
            **({"SourceType": inputs["sourceType"]} if inputs.get("sourceType") else {}),
            **({"SourceIds": inputs["sourceIds"]} if inputs.get("sourceIds") else {}),
            **({"EventCategories": inputs["eventCategories"]} if inputs.get("eventCategories") else {}),
        )
        return str(answer["EventSubscription"]["CustSubscriptionId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        rds = aws.client("rds")
        answer = found(
            lambda: rds.describe_event_subscriptions(SubscriptionName=id),
            "SubscriptionNotFound",
            "SubscriptionNotFoundFault",
        )
        if not answer or not answer["EventSubscriptionsList"]:
            return None
        live = answer["EventSubscriptionsList"][0]
        arn = live["EventSubscriptionArn"]
        return written(
            {
                "name": live["CustSubscriptionId"],
                "arn": arn,
                "customerAwsId": live.get("CustomerAwsId", ""),
                "enabled": live.get("Enabled", True),
                "eventCategories": live.get("EventCategoriesList", []),
                "snsTopic": live["SnsTopicArn"],
                "sourceIds": live.get("SourceIdsList", []),
                "sourceType": live.get("SourceType", ""),
                "tags": _tags(aws, arn),
            },
            state,
            "eventCategories",
            "sourceIds",
        )

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        rds = aws.client("rds")
        if changed(old, new, "enabled", "eventCategories", "snsTopic", "sourceType"):
            rds.modify_event_subscription(
                SubscriptionName=id,
                SnsTopicArn=new["snsTopic"],
                Enabled=new["enabled"],
                EventCategories=new.get("eventCategories") or [],
                **({"SourceType": new["sourceType"]} if new.get("sourceType") else {}),
            )
        before, after = set(old.get("sourceIds") or ()), set(new.get("sourceIds") or ())
        for source in sorted(after - before):
            rds.add_source_identifier_to_subscription(SubscriptionName=id, SourceIdentifier=source)
        for source in sorted(before - after):
            rds.remove_source_identifier_from_subscription(SubscriptionName=id, SourceIdentifier=source)
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("SubscriptionNotFound", "SubscriptionNotFoundFault"):
            aws.client("rds").delete_event_subscription(SubscriptionName=id)


# Invokes
