"""Relational Database Service: instances, subnet groups, parameter groups, event subscriptions."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import jmespath  # type: ignore[import-untyped]

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.aws.parameters import GroupOfParameters
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import (
    added_and_removed,
    as_cased,
    found,
    ignoring,
    input_shape,
    to_api,
    version_as_asked,
)

_TAGS = Tagging("ResourceName", "add_tags_to_resource", "remove_tags_from_resource", answer="TagList")

#: What a restored instance has from its backup.
_OF_THE_BACKUP = frozenset({"KmsKeyId", "MasterUsername", "StorageEncrypted"})
_POINT = {"sourceDbInstanceAutomatedBackupsArn": "SourceDBInstanceAutomatedBackupsArn"}

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


@resource("aws:rds/instance:Instance")
class Instance(ApiResource):
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

    service = "rds"
    creates, reads = "create_db_instance", "describe_db_instances"
    updates, deletes = "modify_db_instance", "delete_db_instance"
    keys = {"resourceId": "DBInstanceIdentifier"}
    described = "DBInstances[?DBInstanceStatus!='deleting'] | [0]"
    not_found = ("DBInstanceNotFound*",)
    tagging = Tagging(_TAGS.resource, _TAGS.sets, _TAGS.removes, reads="", answer="TagList")
    renames = {
        "backupWindow": "PreferredBackupWindow",
        "caCertIdentifier": "CACertificateIdentifier",
        "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
        "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "parameterGroupName": "DBParameterGroupName",
        "password": "MasterUserPassword",
        "passwordWo": "MasterUserPassword",
        "performanceInsightsEnabled": "EnablePerformanceInsights",
        "port": "DBPortNumber",
        "replicateSourceDb": "SourceDBInstanceIdentifier",
        "snapshotIdentifier": "DBSnapshotIdentifier",
        "username": "MasterUsername",
    }
    #: For an input that says where a new instance's data come from: the call in place of `creates`.
    restores: ClassVar[Mapping[str, str]] = {
        "replicateSourceDb": "create_db_instance_read_replica",
        "snapshotIdentifier": "restore_db_instance_from_db_snapshot",
        "restoreToPointInTime": "restore_db_instance_to_point_in_time",
    }
    cleared = {
        "deletionProtection": False,
        "iamDatabaseAuthenticationEnabled": False,
        "maxAllocatedStorage": 0,
        "multiAz": False,
    }
    outputs = {
        "address": "Endpoint.Address || ''",
        "allocatedStorage": "AllocatedStorage",
        "arn": "DBInstanceArn",
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "availabilityZone": "AvailabilityZone",
        "backupRetentionPeriod": "BackupRetentionPeriod",
        "backupTarget": "BackupTarget",
        "backupWindow": "PreferredBackupWindow",
        "caCertIdentifier": "CACertificateIdentifier",
        "copyTagsToSnapshot": "CopyTagsToSnapshot",
        "customerOwnedIpEnabled": "CustomerOwnedIpEnabled",
        "databaseInsightsMode": "DatabaseInsightsMode",
        "dbName": "DBName",
        "dbSubnetGroupName": "DBSubnetGroup.DBSubnetGroupName",
        "dedicatedLogVolume": "DedicatedLogVolume",
        "deletionProtection": "DeletionProtection",
        "enabledCloudwatchLogsExports": "EnabledCloudwatchLogsExports",
        "engine": "Engine",
        "engineLifecycleSupport": "EngineLifecycleSupport",
        "engineVersionActual": "EngineVersion",
        "hostedZoneId": "Endpoint.HostedZoneId || ''",
        "iamDatabaseAuthenticationEnabled": "IAMDatabaseAuthenticationEnabled",
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "iops": "Iops",
        "kmsKeyId": "KmsKeyId",
        "latestRestorableTime": "LatestRestorableTime",
        "licenseModel": "LicenseModel",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "masterUserSecrets": "[MasterUserSecret][?@]",
        "maxAllocatedStorage": "MaxAllocatedStorage",
        "monitoringInterval": "MonitoringInterval",
        "monitoringRoleArn": "MonitoringRoleArn",
        "multiAz": "MultiAZ",
        "networkType": "NetworkType",
        "optionGroupName": "OptionGroupMemberships[0].OptionGroupName",
        "parameterGroupName": "DBParameterGroups[0].DBParameterGroupName",
        "performanceInsightsEnabled": "PerformanceInsightsEnabled",
        "performanceInsightsKmsKeyId": "PerformanceInsightsKMSKeyId",
        "performanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
        "port": "Endpoint.Port || DbInstancePort",
        "publiclyAccessible": "PubliclyAccessible",
        "replicas": "ReadReplicaDBInstanceIdentifiers",
        "replicateSourceDb": "ReadReplicaSourceDBInstanceIdentifier",
        "resourceId": "DbiResourceId",
        "status": "DBInstanceStatus",
        "storageEncrypted": "StorageEncrypted",
        "storageThroughput": "StorageThroughput",
        "storageType": "StorageType",
        "upgradeRolloutOrder": "UpgradeRolloutOrder",
        "username": "MasterUsername",
        "vpcSecurityGroupIds": "VpcSecurityGroups[].VpcSecurityGroupId",
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
        inputs = self.with_name(inputs)
        call = next((call for key, call in self.restores.items() if inputs.get(key)), self.creates)
        given, later = self.arguments(call, inputs), {}
        if call != self.creates:
            own = _OF_THE_BACKUP - ({"KmsKeyId"} if inputs.get("replicateSourceDb") else set())
            given = {name: value for name, value in given.items() if name not in _AFTER_RESTORE | own}
            settings = self.arguments(self.updates, inputs).items()
            # Another engine version is an upgrade, by a later change of the program.
            later = {name: value for name, value in settings if name in _AFTER_RESTORE - {"EngineVersion"}}
        if inputs.get("restoreToPointInTime"):
            given |= to_api(inputs["restoreToPointInTime"], input_shape("rds", call), _POINT)
            given["TargetDBInstanceIdentifier"] = inputs["identifier"]
        made = self.call(aws, call, **given, **self.tags_argument(inputs))
        if later:
            identifier = inputs["identifier"]
            self.call(aws, self.updates, DBInstanceIdentifier=identifier, ApplyImmediately=True, **later)
        return str(made["DBInstance"]["DbiResourceId"])

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        # By its resource id (`db-…`) or, for an import, by its identifier.
        if not id.startswith("db-") or not id[3:].isupper():
            return super().find(aws, id, state)
        by = [{"Name": "dbi-resource-id", "Values": [id]}]
        answer = found(lambda: aws.client("rds").describe_db_instances(Filters=by), *self.not_found)
        return jmespath.search(self.described, answer)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, state)
        properties["engineVersion"] = version_as_asked(live["EngineVersion"], state.get("engineVersion"))
        properties["endpoint"] = f"{properties['address']}:{properties['port']}"
        properties["listenerEndpoints"] = []
        for key in ("identifier", "maintenanceWindow", "dbSubnetGroupName", "parameterGroupName"):
            properties[key] = as_cased(properties.get(key), state.get(key))
        # Storage autoscaling makes what is allocated grow.
        wanted, limit = state.get("allocatedStorage"), state.get("maxAllocatedStorage") or 0
        if isinstance(wanted, int) and properties["allocatedStorage"] > wanted and limit > wanted:
            properties["allocatedStorage"] = wanted
        return properties

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        settings = {"allowMajorVersionUpgrade", "applyImmediately", "identifier", "passwordWo", "resourceId"}
        secret = {"passwordWo"} if "passwordWoVersion" in changed else set()
        arguments = super().changes(changed - settings | secret, old, new)
        if "enabledCloudwatchLogsExports" in changed:
            enable, disable = added_and_removed(old, new, "enabledCloudwatchLogsExports")
            arguments["CloudwatchLogsExportConfiguration"] = {"EnableLogTypes": enable, "DisableLogTypes": disable}
        # RDS wants these together: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
        if arguments.keys() & {"Iops", "StorageThroughput", "StorageType"} and new.get("allocatedStorage"):
            arguments["AllocatedStorage"] = new["allocatedStorage"]
        if arguments.keys() & {"MonitoringInterval", "MonitoringRoleArn"}:
            arguments["MonitoringInterval"] = new.get("monitoringInterval", 0)
        if "identifier" in changed and new.get("identifier"):
            arguments["NewDBInstanceIdentifier"] = new["identifier"]
        if arguments:
            at_once = bool(new.get("applyImmediately")) or "NewDBInstanceIdentifier" in arguments
            more = self.arguments(self.updates, {"allowMajorVersionUpgrade": new.get("allowMajorVersionUpgrade")})
            arguments |= {"ApplyImmediately": at_once, **more}
        return arguments

    def where(self, id: str, state: Properties) -> Properties:
        return {"DBInstanceIdentifier": state.get("identifier", id)}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        super().update(aws, id, old, {**new, "identifier": new.get("identifier") or old["identifier"]})
        if old.get("replicateSourceDb") and not new.get("replicateSourceDb"):
            aws.client("rds").promote_read_replica(DBInstanceIdentifier=new["identifier"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        skip = bool(state.get("skipFinalSnapshot"))
        final = state.get("finalSnapshotIdentifier")
        if self.find(aws, id, state) is None:
            return
        if not skip and not final:
            raise ValueError("final_snapshot_identifier is required when skip_final_snapshot is false")
        with ignoring(*self.not_found):
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


@resource("aws:rds/subnetGroup:SubnetGroup")
class SubnetGroup(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/subnetgroup/."""

    replace = frozenset({"name", "namePrefix"})
    defaults = {"description": "Managed by Pulumi"}
    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"subnetIds"})
    service = "rds"
    creates, reads = "create_db_subnet_group", "describe_db_subnet_groups"
    updates, deletes = "modify_db_subnet_group", "delete_db_subnet_group"
    keys = {"name": "DBSubnetGroupName"}
    described = "DBSubnetGroups[0]"
    not_found = ("DBSubnetGroupNotFoundFault",)
    tagging = _TAGS
    renames = {"description": "DBSubnetGroupDescription"}
    outputs = {
        "arn": "DBSubnetGroupArn",
        "subnetIds": "Subnets[].SubnetIdentifier",
        "supportedNetworkTypes": "SupportedNetworkTypes || `[]`",
        "vpcId": "VpcId",
    }


@resource("aws:rds/parameterGroup:ParameterGroup")
class ParameterGroup(GroupOfParameters):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/parametergroup/."""

    replace = frozenset({"name", "namePrefix", "family", "description"})
    defaults = {"description": "Managed by Pulumi", "skipDestroy": False}
    service = "rds"
    creates, reads = "create_db_parameter_group", "describe_db_parameter_groups"
    deletes = "delete_db_parameter_group"
    keys = {"name": "DBParameterGroupName"}
    described = "DBParameterGroups[0]"
    not_found = ("DBParameterGroupNotFound",)
    tagging = _TAGS
    renames = {"family": "DBParameterGroupFamily"}
    outputs = {"arn": "DBParameterGroupArn", "description": "Description", "family": "DBParameterGroupFamily"}
    lists, sets, resets = "describe_db_parameters", "modify_db_parameter_group", "reset_db_parameter_group"
    takes, resets_with = "Parameters", {"ResetAllParameters": False}

    def sent(self, item: Properties) -> Properties:
        return {**super().sent(item), "ApplyMethod": item.get("applyMethod") or "immediate"}

    def reset(self, item: Properties) -> Properties:
        return {key: value for key, value in self.sent(item).items() if key != "ParameterValue"}

    def live(self, item: Mapping[str, Any], last: Mapping[str, Properties]) -> Properties:
        # How a value is applied is part of the call, not of the parameter: as it was written.
        asked = last.get(item["ParameterName"], {}).get("applyMethod")
        return {**super().live(item, last), "applyMethod": asked or item.get("ApplyMethod", "immediate")}


@resource("aws:rds/eventSubscription:EventSubscription")
class EventSubscription(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/rds/eventsubscription/."""

    replace = frozenset({"name", "namePrefix"})
    defaults = {"enabled": True}
    autoname = AutoName(max_length=255)
    unordered = frozenset({"eventCategories", "sourceIds"})
    service = "rds"
    creates, reads = "create_event_subscription", "describe_event_subscriptions"
    updates, deletes = "modify_event_subscription", "delete_event_subscription"
    keys = {"name": "SubscriptionName"}
    described = "EventSubscriptionsList[0]"
    not_found = ("SubscriptionNotFound*",)
    tagging = _TAGS
    renames = {"snsTopic": "SnsTopicArn"}
    cleared = {"eventCategories": []}
    outputs = {
        "arn": "EventSubscriptionArn",
        "customerAwsId": "CustomerAwsId",
        "enabled": "Enabled",
        "eventCategories": "EventCategoriesList",
        "sourceIds": "SourceIdsList",
        "sourceType": "SourceType",
    }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        super().update(aws, id, old, new)
        added, removed = added_and_removed(old, new, "sourceIds")
        for source in added:
            aws.client("rds").add_source_identifier_to_subscription(SubscriptionName=id, SourceIdentifier=source)
        for source in removed:
            aws.client("rds").remove_source_identifier_from_subscription(SubscriptionName=id, SourceIdentifier=source)
