"""Instances: what they are told, what they refuse, and changes that wait for the maintenance window."""

import re
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from localcloud.emulator.patches import references
from localcloud.emulator.patches.rds import versions
from localcloud.emulator.patching import patch

#: The hosted zone of instances' endpoints in us-east-1, for alias records; other regions get the same.
_HOSTED_ZONE = "Z2R2ITUGPM61AM"
_LICENSES = {"postgres": "postgresql-license"}
_AUTHORITY = "rds-ca-rsa2048-g1"

#: Changes that wait for the next maintenance window unless they are to be made at once, and how they are told of.
#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
_IN_MAINTENANCE_WINDOW = {
    "allocated_storage": "AllocatedStorage",
    "backup_retention_period": "BackupRetentionPeriod",
    "db_instance_class": "DBInstanceClass",
    "engine_version": "EngineVersion",
    "iops": "Iops",
    "multi_az": "MultiAZ",
    "storage_throughput": "StorageThroughput",
    "storage_type": "StorageType",
}

#: What a password is made of: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_PASSWORD = re.compile(r"[!#-.0-?A-~]{8,128}")


@patch(DBInstance, "endpoint", as_property=True)
def endpoint(self: DBInstance) -> dict[str, Any]:
    """With the hosted zone, which moto leaves out."""
    return {"Address": self.address, "Port": self.port, "HostedZoneId": _HOSTED_ZONE}


@patch(RDSBackend, "create_db_instance")
def create_db_instance(original: Any, self: RDSBackend, db_kwargs: Any) -> DBInstance:
    # An encrypted instance without a key of its own has the account's key for RDS, which moto calls by another name:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
    if db_kwargs.get("storage_encrypted") and db_kwargs.get("kms_key_id") in (None, "default_kms_key_id"):
        db_kwargs["kms_key_id"] = "alias/aws/rds"
    if db_kwargs.get("db_cluster_identifier") is not None:
        clustered: DBInstance = original(self, db_kwargs)
        return clustered
    engine = str(db_kwargs.get("engine"))
    db_kwargs["engine_version"] = versions.resolve(engine, db_kwargs.get("engine_version"))
    _check(self, engine, db_kwargs)
    if db_kwargs.get("kms_key_id") and db_kwargs.get("storage_encrypted"):
        db_kwargs["kms_key_id"] = self._validate_kms_key(db_kwargs["kms_key_id"])
    if not db_kwargs.get("license_model") and engine in _LICENSES:
        db_kwargs["license_model"] = _LICENSES[engine]
    if not db_kwargs.get("ca_certificate_identifier"):
        db_kwargs["ca_certificate_identifier"] = _AUTHORITY
    instance: DBInstance = original(self, db_kwargs)
    _identify(instance)
    insights = db_kwargs.get("enable_performance_insights", db_kwargs.get("performance_insights_enabled", False))
    vars(instance).update(
        performance_insights_enabled=bool(insights),
        performance_insights_kms_key_id=db_kwargs.get("performance_insights_kms_key_id") if insights else None,
        performance_insights_retention_period=(
            (db_kwargs.get("performance_insights_retention_period") or 7) if insights else None
        ),
        database_insights_mode=db_kwargs.get("database_insights_mode") or "standard",
        network_type=db_kwargs.get("network_type") or "IPV4",
        backup_target=db_kwargs.get("backup_target") or "region",
        dedicated_log_volume=bool(db_kwargs.get("dedicated_log_volume")),
        engine_lifecycle_support=(db_kwargs.get("engine_lifecycle_support") or "open-source-rds-extended-support"),
        customer_owned_ip_enabled=False,
        activity_stream_status="stopped",
        upgrade_rollout_order="second",
        pending={},
    )
    _set_computed_members(instance)
    return instance


def _identify(instance: DBInstance) -> None:
    """Give it a resource id of its own; moto has one for all."""
    instance.dbi_resource_id = f"db-{mock_random.get_random_string(26).upper()}"


def _set_computed_members(instance: DBInstance) -> None:
    zone = instance.availability_zone
    others = [
        subnet["SubnetAvailabilityZone"]["Name"]
        for subnet in getattr(getattr(instance, "db_subnet_group", None), "subnets", [])
        if subnet["SubnetAvailabilityZone"]["Name"] != zone
    ]
    vars(instance).update(
        secondary_availability_zone=others[0] if instance.multi_az and others else None,
        certificate_details={"CAIdentifier": instance.ca_certificate_identifier},
        pending_modified_values={
            _IN_MAINTENANCE_WINDOW[key]: value for key, value in vars(instance).get("pending", {}).items()
        },
    )


def _check(backend: RDSBackend, engine: str, db_kwargs: Any) -> None:
    """Refuse what doesn't fit, which moto takes."""
    group = None
    if db_kwargs.get("db_subnet_group_name"):
        group = backend.describe_db_subnet_groups(db_kwargs["db_subnet_group_name"])[0]
    _check_security_groups(backend, db_kwargs.get("vpc_security_group_ids"), group.vpc_id if group else None)
    _check_role(backend, db_kwargs.get("monitoring_role_arn"))
    _check_parameters(backend, engine, db_kwargs["engine_version"], db_kwargs.get("db_parameter_group_name"))
    password = db_kwargs.get("master_user_password")
    if password is not None and not _PASSWORD.fullmatch(password):
        if not 8 <= len(password) <= 128:
            which = "shorter than 8" if len(password) < 8 else "longer than 128"
            raise InvalidParameterValue(
                f"The parameter MasterUserPassword is not a valid password because it is {which} characters."
            )
        raise InvalidParameterValue(
            "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', "
            "'@', '\"', ' ' may be used."
        )
    storage, kind = db_kwargs.get("allocated_storage"), db_kwargs.get("storage_type") or "gp2"
    least = 20 if kind in ("gp2", "gp3") else 100 if kind in ("io1", "io2") else 5
    if engine == "postgres" and storage is not None and int(storage) < least:
        raise InvalidParameterValue(f"Invalid storage size for engine name {engine} and storage type {kind}: {storage}")


def _check_security_groups(backend: RDSBackend, group_ids: list[str] | None, vpc_id: str | None) -> None:
    references.check_security_groups(
        backend,
        group_ids or [],
        vpc_id,
        lambda id: InvalidParameterValue(f"Invalid security group , groupId= {id}, groupName=."),
        lambda group: InvalidParameterCombination(
            "The DB instance and EC2 security group are in different VPCs. The DB instance is in "
            f"{vpc_id} and the EC2 security group is in {group.vpc_id}"
        ),
    )


def _check_role(backend: RDSBackend, arn: str | None) -> None:
    if arn and not any(role.arn == arn for role in iam_backends[backend.account_id]["aws"].get_roles()):
        raise InvalidParameterValue(
            "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING"
        )


def _check_parameters(backend: RDSBackend, engine: str, version: str | None, name: str | None) -> None:
    if engine != "postgres" or not name or name not in backend.db_parameter_groups or not version:
        return
    family, own = backend.db_parameter_groups[name].family, f"postgres{version.split('.')[0]}"
    if family != own:
        raise InvalidParameterCombination(
            f"The parameter group {name} with DBParameterGroupFamily {family} cannot be used for this instance. "
            f"Please use a parameter group with DBParameterGroupFamily {own}."
        )


@patch(RDSBackend, "create_db_instance_read_replica")
def create_db_instance_read_replica(original: Any, self: RDSBackend, db_kwargs: Any) -> DBInstance:
    replica: DBInstance = original(self, db_kwargs)
    _identify(replica)
    replica.source_db_instance_identifier = db_kwargs["source_db_instance_identifier"]
    replica.tags = db_kwargs.get("tags") or []
    return replica


@patch(RDSBackend, "modify_db_instance")
def modify_db_instance(original: Any, self: RDSBackend, db_instance_identifier: str, db_kwargs: Any) -> DBInstance:
    instance = self.describe_db_instances(db_instance_identifier)[0]
    changes = dict(db_kwargs.items())
    group = getattr(instance, "db_subnet_group", None)
    _check_security_groups(self, changes.get("vpc_security_group_ids"), group.vpc_id if group else None)
    _check_role(self, changes.get("monitoring_role_arn"))
    if changes.get("engine_version"):
        wanted = changes["engine_version"]
        own = instance.engine_version
        # A major version alone, of what runs already, asks for nothing.
        resolved = own if own.split(".")[0] == wanted else str(versions.resolve(instance.engine, wanted))
        versions.check_upgrade(
            instance.engine, own, resolved, major_allowed=bool(changes.get("allow_major_version_upgrade"))
        )
        changes["engine_version"] = resolved
    running = changes.get("engine_version") or instance.engine_version
    _check_parameters(self, instance.engine, running, changes.get("db_parameter_group_name"))
    pending: dict[str, Any] = vars(instance).setdefault("pending", {})
    if changes.pop("apply_immediately", False):
        changes = {**pending, **changes}  # what waited comes along
        pending.clear()
    else:
        for key in _IN_MAINTENANCE_WINDOW:
            if key in changes:
                value = changes.pop(key)
                pending.pop(key, None)
                if value != getattr(instance, key):
                    pending[key] = value
    _rename(instance, changes)
    modified: DBInstance = original(self, db_instance_identifier, changes)
    _set_computed_members(modified)
    return modified


def _rename(instance: DBInstance, changes: dict[str, Any]) -> None:
    """Turn arguments into the instance's own members, where moto would set what it never reads."""
    if changes.get("db_port_number"):
        changes["port"] = changes.pop("db_port_number")
    if changes.get("max_allocated_storage") == 0:
        changes["max_allocated_storage"] = instance.allocated_storage  # no more than there is: none
    insights = changes.pop("enable_performance_insights", None)
    if insights is not None:
        own = vars(instance)
        changes["performance_insights_enabled"] = insights
        if insights:
            changes.setdefault(
                "performance_insights_retention_period", own.get("performance_insights_retention_period") or 7
            )
        else:
            own["performance_insights_kms_key_id"] = own["performance_insights_retention_period"] = None
    if changes.get("monitoring_interval") == 0:
        instance.monitoring_role_arn = None
        changes.pop("monitoring_role_arn", None)
    for key in ("allow_major_version_upgrade", "db_instance_identifier"):
        changes.pop(key, None)


@patch(RDSResponse, "delete_db_instance")
def delete_db_instance(original: Any, self: RDSResponse) -> ActionResult:
    """Hold to the rules of the final snapshot; moto takes none, or both.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html
    """
    skip, final = bool(self.params.get("SkipFinalSnapshot")), self.params.get("FinalDBSnapshotIdentifier")
    name = self.params.get("DBInstanceIdentifier")
    instance = self.backend.databases.get(name)
    if instance is not None and not instance.is_replica:
        if not skip and not final:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        if skip and final:
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot."
            )
    answer: ActionResult = original(self)
    return answer
