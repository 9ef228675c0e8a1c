"""Restores: instances from snapshots and from points in time.

moto can't restore an encrypted instance that names no key of its own: it looks for a key called `default_kms_key_id`.
AWS encrypts such an instance with the account's own key for RDS:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html
It also restores to any time, whether or not there are backups.
"""

from datetime import datetime
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination, RDSClientError
from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from localcloud.emulator.patching import around

_NO_KEY = "default_kms_key_id"
_KEY_ALIAS = "alias/aws/rds"


def install() -> None:
    """Install the additions; after those of instances, so that a key is there when they look at it."""
    around(RDSBackend, "create_db_instance", _create)
    around(RDSResponse, "restore_db_instance_to_point_in_time", _restore_to_time)


def _create(create: Any, self: RDSBackend, db_kwargs: Any) -> DBInstance:  # noqa: ANN401 - moto's method
    if db_kwargs.get("storage_encrypted") and db_kwargs.get("kms_key_id") in (None, _NO_KEY):
        db_kwargs["kms_key_id"] = _KEY_ALIAS
    instance: DBInstance = create(self, db_kwargs)
    return instance


def _restore_to_time(restore: Any, self: RDSResponse) -> Any:  # noqa: ANN401 - moto's method and answer
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
    return restore(self)
