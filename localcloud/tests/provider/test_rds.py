"""RDS: instances with their groups, snapshots, events and versions."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

INSTANCE = "aws:rds/instance:Instance"
SUBNETS = "aws:rds/subnetGroup:SubnetGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
EVENTS = "aws:rds/eventSubscription:EventSubscription"


@pytest.fixture
def network(aws: Session) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("abc")
    ]
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    aws.client("rds").create_db_subnet_group(
        DBSubnetGroupName="isolated", DBSubnetGroupDescription="isolated", SubnetIds=subnets[:2]
    )
    return {"vpc": vpc, "subnets": subnets, "group": group}


@pytest.fixture
def database(network: dict[str, Any]) -> dict[str, Any]:
    """The inputs of an instance as our database component writes them."""
    return {
        "identifier": "db",
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "dbName": "app",
        "username": "owner",
        "password": "correct-horse-battery",
        "port": 5432,
        "dbSubnetGroupName": "isolated",
        "vpcSecurityGroupIds": [network["group"]],
        "backupWindow": "03:00-04:00",
        "maintenanceWindow": "sun:05:00-sun:06:00",
        "backupRetentionPeriod": 3,
        "skipFinalSnapshot": True,
    }


def test_an_instance_tells_where_it_is(crud: Callable[..., Any], database: dict[str, Any], aws: Session) -> None:
    kms = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    role = aws.client("iam").create_role(RoleName="monitor", AssumeRolePolicyDocument=json.dumps({}))["Role"]["Arn"]
    life = crud(
        INSTANCE,
        {
            **database,
            "storageEncrypted": True,
            "kmsKeyId": kms,
            "multiAz": True,
            "caCertIdentifier": "rds-ca-rsa2048-g1",
            "iamDatabaseAuthenticationEnabled": True,
            "performanceInsightsEnabled": True,
            "performanceInsightsKmsKeyId": kms,
            "performanceInsightsRetentionPeriod": 7,
            "monitoringInterval": 60,
            "monitoringRoleArn": role,
            "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
            "copyTagsToSnapshot": True,
            "tags": {"System": "a"},
        },
        {
            "instanceClass": "db.t4g.small",
            "allocatedStorage": 40,
            "enabledCloudwatchLogsExports": ["postgresql"],
            "monitoringInterval": 30,
            "applyImmediately": True,
            "tags": {"System": "b"},
        },
        default_tags={"Environment": "test"},
    )
    created = life.created
    assert life.id.startswith("db-")
    assert created["resourceId"] == life.id
    assert created["engineVersion"] == "17"
    assert created["engineVersionActual"] == "17.7"
    assert created["endpoint"] == f"{created['address']}:5432"
    assert created["hostedZoneId"]
    assert created["arn"] == "arn:aws:rds:us-east-1:123456789012:db:db"
    assert created["status"] == "available"
    assert created["tagsAll"] == {"System": "a", "Environment": "test"}
    assert life.updated["instanceClass"] == "db.t4g.small"


def test_two_instances_have_two_resource_ids(driver: Callable[..., Any], database: dict[str, Any]) -> None:
    drive = driver()
    ids = set()
    for name in ("one", "two"):
        inputs = drive.check(INSTANCE, {**database, "identifier": name})
        id, state = drive.create(INSTANCE, inputs)
        assert drive.read(INSTANCE, id, state, inputs)[1]["identifier"] == name
        ids.add(id)
    assert len(ids) == 2


def test_a_change_waits_unless_it_is_to_be_made_at_once(
    driver: Callable[..., Any], database: dict[str, Any], aws: Session
) -> None:
    drive = driver()
    inputs = drive.check(INSTANCE, database)
    id, state = drive.create(INSTANCE, inputs)
    later = drive.check(INSTANCE, {**database, "instanceClass": "db.t4g.large"}, inputs)
    state = drive.update(INSTANCE, id, state, inputs, later)
    live = aws.client("rds").describe_db_instances()["DBInstances"][0]
    assert live["DBInstanceClass"] == "db.t4g.micro"
    assert live["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.large"}
    now = drive.check(
        INSTANCE, {**database, "instanceClass": "db.t4g.large", "multiAz": True, "applyImmediately": True}, later
    )
    drive.update(INSTANCE, id, state, later, now)
    live = aws.client("rds").describe_db_instances()["DBInstances"][0]
    assert live["DBInstanceClass"] == "db.t4g.large", "what waited comes along with a change at once"
    assert live["PendingModifiedValues"] == {}


def test_deletion_without_a_final_snapshot_needs_a_name_or_leave(
    driver: Callable[..., Any], database: dict[str, Any], aws: Session
) -> None:
    drive = driver()
    inputs = drive.check(INSTANCE, {**database, "skipFinalSnapshot": False})
    id, state = drive.create(INSTANCE, inputs)
    with pytest.raises(ProviderError, match="final_snapshot_identifier is required when skip_final_snapshot is false"):
        drive.delete(INSTANCE, id, state, inputs)
    drive.delete(INSTANCE, id, {**state, "finalSnapshotIdentifier": "db-final"}, inputs)
    snapshots = aws.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert [item["DBSnapshotIdentifier"] for item in snapshots] == ["db-final"]


def test_deletion_protection_refuses_deletion(driver: Callable[..., Any], database: dict[str, Any]) -> None:
    drive = driver()
    inputs = drive.check(INSTANCE, {**database, "deletionProtection": True})
    id, state = drive.create(INSTANCE, inputs)
    with pytest.raises(ProviderError, match="InvalidParameterCombination: Cannot delete protected DB Instance"):
        drive.delete(INSTANCE, id, state, inputs)
    off = drive.check(INSTANCE, {**database, "deletionProtection": False}, inputs)
    state = drive.update(INSTANCE, id, state, inputs, off)
    drive.delete(INSTANCE, id, state, off)
    assert drive.read(INSTANCE, id, state, off)[0] == ""


def test_a_restored_instance_has_the_snapshots_data_and_its_own_settings(
    driver: Callable[..., Any], database: dict[str, Any]
) -> None:
    drive = driver()
    first = drive.check(INSTANCE, {**database, "skipFinalSnapshot": False, "finalSnapshotIdentifier": "last"})
    id, state = drive.create(INSTANCE, first)
    drive.delete(INSTANCE, id, state, first)
    again = drive.check(INSTANCE, {**database, "snapshotIdentifier": "last", "backupRetentionPeriod": 7})
    id, state = drive.create(INSTANCE, again)
    assert state["backupRetentionPeriod"] == 7
    assert state["username"] == "owner"
    assert not drive.diff(INSTANCE, id, state, again, drive.check(INSTANCE, again, again)).changes


@pytest.mark.parametrize(
    "change",
    [
        {"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/0"},
        {"storageEncrypted": True},
        {"username": "other"},
        {"dbName": "other"},
        {"snapshotIdentifier": "some"},
        {"engine": "mysql"},
    ],
)
def test_what_cannot_be_changed_replaces(
    driver: Callable[..., Any], database: dict[str, Any], change: dict[str, Any]
) -> None:
    drive = driver()
    old = drive.check(INSTANCE, database)
    answer = drive.diff(INSTANCE, "db-X", old, old, drive.check(INSTANCE, {**database, **change}, old))
    assert answer.replaces == [*change]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"engineVersion": "9"}, "InvalidParameterCombination: Cannot find version 9 for postgres"),
        ({"dbSubnetGroupName": "nowhere"}, "DBSubnetGroupNotFoundFault"),
        ({"vpcSecurityGroupIds": ["sg-0123"]}, "Invalid security group , groupId= sg-0123"),
        ({"parameterGroupName": "none"}, "DBParameterGroupNotFound"),
        ({"storageEncrypted": True, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/0-0"}, "KMSKeyNotAccessible"),
        (
            {"monitoringInterval": 60, "monitoringRoleArn": "arn:aws:iam::123456789012:role/none"},
            "IAM role ARN value is invalid",
        ),
        ({"allocatedStorage": 5}, "Invalid storage size for engine name postgres and storage type gp3: 5"),
        ({"password": "with@sign-in-it"}, "Only printable ASCII characters"),
    ],
)
def test_what_aws_refuses_is_refused(
    driver: Callable[..., Any], database: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=message):
        drive.create(INSTANCE, drive.check(INSTANCE, {**database, **change}))


def test_a_security_group_of_another_vpc_is_refused(
    driver: Callable[..., Any], database: dict[str, Any], aws: Session
) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    drive = driver()
    with pytest.raises(ProviderError, match="The DB instance and EC2 security group are in different VPCs"):
        drive.create(INSTANCE, drive.check(INSTANCE, {**database, "vpcSecurityGroupIds": [other]}))


def test_a_new_major_version_needs_leave_and_its_own_parameters(
    driver: Callable[..., Any], database: dict[str, Any]
) -> None:
    drive = driver()
    old = drive.check(INSTANCE, {**database, "engineVersion": "16"})
    id, state = drive.create(INSTANCE, old)
    new = drive.check(INSTANCE, {**database, "engineVersion": "17", "applyImmediately": True}, old)
    with pytest.raises(ProviderError, match="AllowMajorVersionUpgrade flag must be present"):
        drive.update(INSTANCE, id, state, old, new)
    new["allowMajorVersionUpgrade"] = True
    assert drive.update(INSTANCE, id, state, old, new)["engineVersionActual"] == "17.7"


def test_a_name_is_made_up_where_none_is_given(driver: Callable[..., Any], database: dict[str, Any]) -> None:
    drive = driver()
    inputs = drive.check(INSTANCE, {key: value for key, value in database.items() if key != "identifier"})
    assert inputs["identifier"].startswith("thing-")
    prefixed = {key: value for key, value in database.items() if key != "identifier"} | {"identifierPrefix": "app-"}
    id, state = drive.create(INSTANCE, drive.check(INSTANCE, prefixed))
    assert state["identifier"].startswith("app-")
    assert id != state["identifier"]


def test_a_subnet_group_covers_two_zones(
    crud: Callable[..., Any], driver: Callable[..., Any], network: dict[str, Any]
) -> None:
    life = crud(SUBNETS, {"subnetIds": network["subnets"][:2]}, {"subnetIds": network["subnets"], "tags": {"a": "b"}})
    assert life.created["vpcId"] == network["vpc"]
    assert life.created["arn"].endswith(f":subgrp:{life.id}")
    drive = driver()
    with pytest.raises(ProviderError, match="DBSubnetGroupDoesNotCoverEnoughAZs"):
        drive.create(SUBNETS, drive.check(SUBNETS, {"subnetIds": network["subnets"][:1]}))


def test_a_parameter_group_sets_and_resets(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        parameters = aws.client("rds").describe_db_parameters(DBParameterGroupName=id, Source="user")["Parameters"]
        assert {item["ParameterName"]: item["ParameterValue"] for item in parameters} == {"rds.force_ssl": "1"}

    crud(
        PARAMETERS,
        {
            "family": "postgres17",
            "parameters": [
                {"name": "rds.force_ssl", "value": "0", "applyMethod": "pending-reboot"},
                {"name": "log_statement", "value": "none"},
            ],
            "tags": {"System": "a"},
        },
        {"parameters": [{"name": "rds.force_ssl", "value": "1", "applyMethod": "pending-reboot"}]},
        look=look,
    )


def test_groups_in_use_stay(driver: Callable[..., Any], database: dict[str, Any], aws: Session) -> None:
    drive = driver()
    aws.client("rds").create_db_parameter_group(
        DBParameterGroupName="own", DBParameterGroupFamily="postgres17", Description="own"
    )
    drive.create(INSTANCE, drive.check(INSTANCE, {**database, "parameterGroupName": "own"}))
    with pytest.raises(ProviderError, match="InvalidDBParameterGroupState"):
        drive.delete(PARAMETERS, "own", {}, {})
    with pytest.raises(ProviderError, match="InvalidDBSubnetGroupStateFault"):
        drive.delete(SUBNETS, "isolated", {}, {})


def test_an_event_subscription_follows_its_sources(
    crud: Callable[..., Any], driver: Callable[..., Any], database: dict[str, Any], aws: Session
) -> None:
    drive = driver()
    drive.create(INSTANCE, drive.check(INSTANCE, database))
    topic = aws.client("sns").create_topic(Name="events")["TopicArn"]
    crud(
        EVENTS,
        {
            "snsTopic": topic,
            "sourceType": "db-instance",
            "sourceIds": ["db"],
            "eventCategories": ["failure", "availability"],
            "tags": {"a": "b"},
        },
        {"eventCategories": ["failure"], "enabled": False, "tags": {"a": "c"}},
    )
    with pytest.raises(ProviderError, match="SNSTopicArnNotFound"):
        drive.create(EVENTS, drive.check(EVENTS, {"snsTopic": f"{topic}-gone"}))
