"""RDS instances from snapshots and points in time."""

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.provider.session import Session


def _instance(aws: Session, name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - the call's own arguments
    answer = aws.client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=20,
        MasterUsername="u",
        MasterUserPassword="password1",
        DBName="app",
        StorageEncrypted=True,
        **{"BackupRetentionPeriod": 7, **more},
    )
    return dict(answer["DBInstance"])


def test_an_encrypted_instance_is_restored_beside_its_source(aws: Session) -> None:
    rds, source = aws.client("rds"), _instance(aws, "source")
    key = aws.client("kms").describe_key(KeyId="alias/aws/rds")["KeyMetadata"]["Arn"]
    assert source["KmsKeyId"] == key
    rds.create_db_snapshot(DBInstanceIdentifier="source", DBSnapshotIdentifier="kept")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="first", DBSnapshotIdentifier="kept")
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="source", TargetDBInstanceIdentifier="second", UseLatestRestorableTime=True
    )
    for name in ("first", "second"):
        live = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        assert live["DbiResourceId"] != source["DbiResourceId"]
        assert live["DBInstanceArn"].endswith(f":db:{name}")
        assert live["Endpoint"]["Address"].startswith(f"{name}.")
        assert (live["KmsKeyId"], live["DBName"], live["StorageEncrypted"]) == (key, "app", True)


def test_a_restore_to_a_time_without_backups_is_refused(aws: Session) -> None:
    rds = aws.client("rds")
    _instance(aws, "none", BackupRetentionPeriod=0)
    _instance(aws, "some")
    target = {"TargetDBInstanceIdentifier": "target"}
    with pytest.raises(rds.exceptions.PointInTimeRestoreNotEnabledFault):
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="none", UseLatestRestorableTime=True, **target
        )
    with pytest.raises(rds.exceptions.InvalidRestoreFault):
        rds.restore_db_instance_to_point_in_time(
            SourceDBInstanceIdentifier="some", RestoreTime=datetime(2020, 1, 1, tzinfo=UTC), **target
        )
    with pytest.raises(rds.exceptions.ClientError, match="Exactly one of"):
        rds.restore_db_instance_to_point_in_time(SourceDBInstanceIdentifier="some", **target)
