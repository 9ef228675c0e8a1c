"""Restores to points in time; moto restores to any time, whether or not there are backups."""

from datetime import datetime
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination, RDSClientError
from moto.rds.responses import RDSResponse

from localcloud.emulator.patching import patch


@patch(RDSResponse, "restore_db_instance_to_point_in_time")
def restore_db_instance_to_point_in_time(original: Any, self: RDSResponse) -> Any:
    """Refuse a time without backups, and none or two of the ways to say it.

    https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceToPointInTime.html
    """
    latest, time = bool(self.params.get("UseLatestRestorableTime")), self.params.get("RestoreTime")
    if latest == bool(time):
        raise InvalidParameterCombination("Exactly one of UseLatestRestorableTime and RestoreTime must be specified")
    source = self.backend.describe_db_instances(self.params.get("SourceDBInstanceIdentifier"))[0]
    if not source.backup_retention_period:
        raise RDSClientError(
            "PointInTimeRestoreNotEnabled", f"Point in time restore is not enabled for {source.db_instance_identifier}"
        )
    if isinstance(time, datetime) and time.replace(tzinfo=None) < source.created.replace(tzinfo=None):
        raise RDSClientError("InvalidRestoreFault", f"{time} is before {source.db_instance_identifier} was created")
    return original(self)
