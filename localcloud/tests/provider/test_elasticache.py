"""ElastiCache: replication groups with their members, users, groups."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"
USER_GROUP = "aws:elasticache/userGroup:UserGroup"
SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"

PASSWORD = "correct-horse-battery-staple"


@pytest.fixture
def network(aws: Session) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="cache", Description="cache", VpcId=vpc)["GroupId"]
    aws.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="private", CacheSubnetGroupDescription="private", SubnetIds=subnets
    )
    return {"vpc": vpc, "subnets": subnets, "group": group}


def test_a_subnet_group_is_made_changed_and_deleted(crud: Callable[..., Any], network: dict[str, Any]) -> None:
    life = crud(
        SUBNETS,
        {"subnetIds": network["subnets"], "tags": {"System": "a"}},
        {"subnetIds": network["subnets"][:1], "tags": {"System": "b"}},
    )
    assert life.created["vpcId"] == network["vpc"]
    assert life.created["description"] == "Managed by Pulumi"
    assert life.changed == {"subnetIds", "tags.System"}


def test_a_subnet_that_is_not_there_is_refused(driver: Callable[..., Any]) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=r"InvalidSubnet: Subnet\(s\) \[subnet-0123\] are invalid"):
        drive.create(SUBNETS, drive.check(SUBNETS, {"subnetIds": ["subnet-0123"]}))


def test_a_parameter_group_keeps_what_it_is_told(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        parameters = aws.client("elasticache").describe_cache_parameters(CacheParameterGroupName=id, Source="user")
        assert {item["ParameterName"]: item["ParameterValue"] for item in parameters["Parameters"]} == {
            "maxmemory-policy": "allkeys-lru"
        }

    crud(
        PARAMETERS,
        {
            "family": "valkey8",
            "parameters": [{"name": "maxmemory-policy", "value": "noeviction"}, {"name": "timeout", "value": "60"}],
        },
        {"parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}]},
        look=look,
    )


def test_a_replication_group_tells_its_members_and_endpoints(
    crud: Callable[..., Any], network: dict[str, Any], aws: Session
) -> None:
    kms = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    aws.client("logs").create_log_group(logGroupName="/cache/slow")
    inputs = {
        "replicationGroupId": "cache",
        "description": "cache",
        "engine": "valkey",
        "engineVersion": "8.0",
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 2,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "subnetGroupName": "private",
        "securityGroupIds": [network["group"]],
        "transitEncryptionEnabled": True,
        "atRestEncryptionEnabled": True,
        "kmsKeyId": kms,
        "snapshotRetentionLimit": 1,
        "maintenanceWindow": "sun:05:00-sun:06:00",
        "snapshotWindow": "03:00-04:00",
        "logDeliveryConfigurations": [
            {
                "destination": "/cache/slow",
                "destinationType": "cloudwatch-logs",
                "logFormat": "json",
                "logType": "slow-log",
            }
        ],
        "tags": {"System": "a"},
    }
    life = crud(
        GROUP,
        inputs,
        {"numCacheClusters": 3, "description": "a cache", "snapshotRetentionLimit": 3, "applyImmediately": True},
        default_tags={"Environment": "test"},
    )
    created = life.created
    assert created["primaryEndpointAddress"].startswith("master.cache.")
    assert created["readerEndpointAddress"].startswith("replica.cache.")
    assert created["memberClusters"] == ["cache-001", "cache-002"]
    assert created["engineVersionActual"] == "8.0.1"
    assert created["port"] == 6379
    assert created["arn"] == "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:cache"
    assert created["parameterGroupName"] == "default.valkey8"
    assert created["tagsAll"] == {"System": "a", "Environment": "test"}
    assert life.updated["memberClusters"] == ["cache-001", "cache-002", "cache-003"]


def test_a_replication_group_leaves_its_final_snapshot(
    driver: Callable[..., Any], network: dict[str, Any], aws: Session
) -> None:
    drive = driver()
    inputs = drive.check(
        GROUP,
        {
            "replicationGroupId": "cache",
            "description": "cache",
            "nodeType": "cache.t4g.micro",
            "subnetGroupName": "private",
            "finalSnapshotIdentifier": "cache-final",
        },
    )
    id, state = drive.create(GROUP, inputs)
    drive.delete(GROUP, id, state, inputs)
    snapshots = aws.client("elasticache").describe_snapshots()["Snapshots"]
    assert [item["SnapshotName"] for item in snapshots] == ["cache-final"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subnetGroupName": "nowhere"}, "CacheSubnetGroupNotFoundFault"),
        ({"parameterGroupName": "nothing"}, "CacheParameterGroupNotFound"),
        ({"securityGroupIds": ["sg-0123"]}, "Some security group Ids are invalid"),
        ({"userGroupIds": ["nobody"], "transitEncryptionEnabled": True}, "UserGroupNotFound"),
        (
            {"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/0", "atRestEncryptionEnabled": True},
            "InvalidKMSKeyFault",
        ),
    ],
)
def test_a_reference_to_nothing_is_refused_and_leaves_nothing(
    driver: Callable[..., Any], network: dict[str, Any], aws: Session, change: dict[str, Any], message: str
) -> None:
    drive = driver()
    inputs = {
        "replicationGroupId": "cache",
        "description": "cache",
        "nodeType": "cache.t4g.micro",
        "subnetGroupName": "private",
        **change,
    }
    with pytest.raises(ProviderError, match=message):
        drive.create(GROUP, drive.check(GROUP, inputs))
    assert aws.client("elasticache").describe_cache_clusters()["CacheClusters"] == []


def test_a_security_group_of_another_vpc_is_refused(
    driver: Callable[..., Any], network: dict[str, Any], aws: Session
) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    drive = driver()
    inputs = {
        "description": "cache",
        "nodeType": "cache.t4g.micro",
        "subnetGroupName": "private",
        "securityGroupIds": [other],
    }
    with pytest.raises(ProviderError, match="different VPCs"):
        drive.create(GROUP, drive.check(GROUP, inputs))


def test_an_older_engine_version_replaces_a_newer_one_does_not(driver: Callable[..., Any]) -> None:
    drive = driver()
    inputs = {"description": "c", "nodeType": "cache.t4g.micro", "engine": "valkey"}
    old = drive.check(GROUP, {**inputs, "engineVersion": "8.0"})
    for version, replaces in (("7.2", ["engineVersion"]), ("8.1", [])):
        new = drive.check(GROUP, {**inputs, "engineVersion": version}, old)
        assert drive.diff(GROUP, "id", old, old, new).replaces == replaces


def test_failover_needs_two_nodes(driver: Callable[..., Any]) -> None:
    answer = driver().checked(
        GROUP,
        {"description": "c", "nodeType": "cache.t4g.micro", "numCacheClusters": 1, "automaticFailoverEnabled": True},
    )
    assert [(item.property, item.reason) for item in answer.failures] == [
        ("numCacheClusters", '"num_cache_clusters": must be at least 2 if automatic_failover_enabled is true')
    ]


def test_a_user_takes_two_passwords_and_none(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        user = aws.client("elasticache").describe_users(UserId=id)["Users"][0]
        assert user["Authentication"] == {"Type": "password", "PasswordCount": 2}

    life = crud(
        USER,
        {
            "userId": "app-user",
            "userName": "app",
            "engine": "valkey",
            "accessString": "on ~* +@all",
            "authenticationMode": {"type": "password", "passwords": [PASSWORD]},
        },
        {
            "accessString": "on ~app:* +@all",
            "authenticationMode": {"type": "password", "passwords": [PASSWORD, f"{PASSWORD}-2"]},
        },
        look=look,
    )
    assert life.created["arn"] == "arn:aws:elasticache:us-east-1:123456789012:user:app-user"
    crud(
        USER,
        {"userId": "off", "userName": "default", "engine": "valkey", "accessString": "off", "noPasswordRequired": True},
        {"accessString": "off ~keys* -@all"},
    )
    crud(
        USER,
        {"userId": "two", "userName": "two", "engine": "REDIS", "accessString": "on ~* +@all", "passwords": [PASSWORD]},
    )


def test_a_short_password_is_refused_at_check(driver: Callable[..., Any]) -> None:
    answer = driver().checked(
        USER, {"userId": "u", "userName": "u", "engine": "valkey", "accessString": "on", "passwords": ["short"]}
    )
    assert [item.reason for item in answer.failures] == [
        "a password of an ElastiCache user must be 16 to 128 characters long"
    ]


def test_a_user_group_lets_users_in_and_out(crud: Callable[..., Any], driver: Callable[..., Any], aws: Session) -> None:
    cache = aws.client("elasticache")
    for name in ("one", "two"):
        cache.create_user(UserId=name, UserName=name, Engine="valkey", AccessString="on ~* +@all", Passwords=[PASSWORD])
    crud(
        USER_GROUP,
        {"userGroupId": "people", "engine": "valkey", "userIds": ["one"], "tags": {"a": "b"}},
        {"userIds": ["two"], "tags": {"a": "c"}},
    )
    drive = driver()
    with pytest.raises(ProviderError, match="DefaultUserRequired: User group needs to contain a user with the user"):
        drive.create(USER_GROUP, {"userGroupId": "old", "engine": "redis", "userIds": ["one"]})
    with pytest.raises(ProviderError, match="UserNotFound: User three not found"):
        drive.create(USER_GROUP, {"userGroupId": "new", "engine": "valkey", "userIds": ["three"]})


def test_a_group_with_users_is_kept_while_a_replication_group_has_it(
    driver: Callable[..., Any], network: dict[str, Any], aws: Session
) -> None:
    cache = aws.client("elasticache")
    cache.create_user(UserId="one", UserName="one", Engine="valkey", AccessString="on", Passwords=[PASSWORD])
    cache.create_user_group(UserGroupId="people", Engine="valkey", UserIds=["one"])
    drive = driver()
    inputs = drive.check(
        GROUP,
        {
            "description": "cache",
            "engine": "valkey",
            "nodeType": "cache.t4g.micro",
            "subnetGroupName": "private",
            "transitEncryptionEnabled": True,
            "userGroupIds": ["people"],
        },
    )
    id, state = drive.create(GROUP, inputs)
    assert cache.describe_user_groups(UserGroupId="people")["UserGroups"][0]["ReplicationGroups"] == [id]
    with pytest.raises(ProviderError, match="InvalidUserGroupState"):
        drive.delete(USER_GROUP, "people", {}, {})
    drive.delete(GROUP, id, state, inputs)
    drive.delete(USER_GROUP, "people", {}, {})
