"""Amazon MQ: RabbitMQ brokers and their configurations."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

BROKER = "aws:mq/broker:Broker"

USER = {"username": "app", "password": "correct-horse-battery-staple"}


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
    group = ec2.create_security_group(GroupName="mq", Description="mq", VpcId=vpc)["GroupId"]
    return {"vpc": vpc, "subnets": subnets, "group": group}


@pytest.fixture
def broker(network: dict[str, Any]) -> dict[str, Any]:
    return {
        "brokerName": "jobs",
        "engineType": "RABBITMQ",
        "engineVersion": "3.13",
        "hostInstanceType": "mq.m5.large",
        "autoMinorVersionUpgrade": True,
        "deploymentMode": "CLUSTER_MULTI_AZ",
        "subnetIds": network["subnets"],
        "securityGroups": [network["group"]],
        "users": [USER],
    }


def test_a_broker_tells_its_endpoint_and_keeps_its_tags(
    crud: Callable[..., Any], broker: dict[str, Any], aws: Session
) -> None:
    kms = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    life = crud(
        BROKER,
        {
            **broker,
            "encryptionOptions": {"kmsKeyId": kms, "useAwsOwnedKey": False},
            "logs": {"general": True},
            "maintenanceWindowStartTime": {"dayOfWeek": "SUNDAY", "timeOfDay": "05:00", "timeZone": "UTC"},
            "tags": {"System": "a"},
        },
        {"hostInstanceType": "mq.m5.xlarge", "applyImmediately": True, "tags": {"System": "b"}},
        default_tags={"Environment": "test"},
    )
    created = life.created
    assert life.id.startswith("b-")
    instance = created["instances"][0]
    assert instance["endpoints"] == [f"amqps://{life.id}.mq.us-east-1.on.aws:5671"]
    assert instance["consoleUrl"] == f"https://{life.id}.mq.us-east-1.on.aws"
    assert created["arn"] == f"arn:aws:mq:us-east-1:123456789012:broker:jobs:{life.id}"
    assert created["tagsAll"] == {"System": "a", "Environment": "test"}


def test_users_of_rabbitmq_never_follow_the_program(
    driver: Callable[..., Any], broker: dict[str, Any], aws: Session
) -> None:
    drive = driver()
    old = drive.check(BROKER, broker)
    id, state = drive.create(BROKER, old)
    new = drive.check(BROKER, {**broker, "users": [{**USER, "password": "another-horse-battery"}]}, old)
    drive.update(BROKER, id, state, old, new)
    assert aws.client("mq").describe_broker(BrokerId=id).get("Users", []) == []


def test_a_change_waits_for_a_reboot(driver: Callable[..., Any], broker: dict[str, Any], aws: Session) -> None:
    drive = driver()
    old = drive.check(BROKER, broker)
    id, state = drive.create(BROKER, old)
    new = drive.check(BROKER, {**broker, "hostInstanceType": "mq.m5.xlarge"}, old)
    drive.update(BROKER, id, state, old, new)
    live = aws.client("mq").describe_broker(BrokerId=id)
    assert (live["HostInstanceType"], live["PendingHostInstanceType"]) == ("mq.m5.large", "mq.m5.xlarge")
    aws.client("mq").reboot_broker(BrokerId=id)
    assert aws.client("mq").describe_broker(BrokerId=id)["HostInstanceType"] == "mq.m5.xlarge"


@pytest.mark.parametrize("key", ["deploymentMode", "subnetIds", "publiclyAccessible", "brokerName", "engineType"])
def test_what_cannot_be_changed_replaces(driver: Callable[..., Any], broker: dict[str, Any], key: str) -> None:
    drive = driver()
    values = {
        "deploymentMode": "SINGLE_INSTANCE",
        "subnetIds": ["subnet-1"],
        "publiclyAccessible": True,
        "brokerName": "other",
        "engineType": "ACTIVEMQ",
    }
    old = drive.check(BROKER, broker)
    answer = drive.diff(BROKER, "b-1", old, old, drive.check(BROKER, {**broker, key: values[key]}, old))
    assert answer.replaces == [key]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"deploymentMode": "SINGLE_INSTANCE"}, "exactly 1 subnet for deployment mode"),
        ({"subnetIds": ["subnet-0123"]}, r"The subnet ID \[subnet-0123\] does not exist"),
        ({"securityGroups": ["sg-0123"]}, r"The security group ID \[sg-0123\] does not exist"),
        ({"hostInstanceType": "mq.t3.micro"}, "is not supported for deployment mode"),
        ({"autoMinorVersionUpgrade": False}, "Auto minor version upgrade must be enabled"),
        ({"engineVersion": "3.8"}, r"Broker engine version \[3.8\] is invalid"),
        ({"users": [USER, {**USER, "username": "other"}]}, "exactly one user"),
        ({"configuration": {"id": "c-none", "revision": 1}}, r"Can't find requested configuration \[c-none\]"),
        (
            {"encryptionOptions": {"kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/0", "useAwsOwnedKey": False}},
            "The KMS key",
        ),
    ],
)
def test_what_aws_refuses_is_refused(
    driver: Callable[..., Any], broker: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=message):
        drive.create(BROKER, drive.check(BROKER, {**broker, **change}))


def test_a_name_that_is_taken_is_refused(driver: Callable[..., Any], broker: dict[str, Any]) -> None:
    drive = driver()
    inputs = drive.check(BROKER, broker)
    drive.create(BROKER, inputs)
    with pytest.raises(ProviderError, match=r"ConflictException: Broker name \[jobs\] is already in use"):
        drive.create(BROKER, inputs)


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ({"password": "short"}, "the password of a broker's user must be 12 to 250 characters long"),
        (
            {"password": "with:a,colon=here"},
            "the password of a broker's user must not have a comma, a colon or an equals sign",
        ),
        ({"password": "aaaaaaaaaaaaaa"}, "the password of a broker's user must have at least 4 unique characters"),
        ({"username": "a"}, "the name of a broker's user must be 2 to 100 characters long, got 'a'"),
    ],
)
def test_a_user_that_aws_refuses_is_refused_at_check(
    driver: Callable[..., Any], broker: dict[str, Any], user: dict[str, str], reason: str
) -> None:
    answer = driver().checked(BROKER, {**broker, "users": [{**USER, **user}]})
    assert [item.reason for item in answer.failures] == [reason]
