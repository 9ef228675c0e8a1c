"""What a broker asks Amazon MQ for, and what it refuses first."""

import json
from typing import Any

import pytest

from components.data.broker import Broker, BrokerArgs, DeploymentMode, endpoint_host
from tests.components.recording import KEY, TAGS, Recording, placement, record
from tests.every import every

PASSWORD = "correct-horse-battery"


def _args(**overrides: object) -> BrokerArgs:
    values: dict[str, Any] = {
        "placement": placement(isolated_subnet_ids=["subnet-a", "subnet-b", "subnet-c"]),
        "username": "aprendeai",
        "password": PASSWORD,
        "engine_version": "4.2",
        "instance_type": "mq.m7g.large",
        "deployment_mode": DeploymentMode.CLUSTER_MULTI_AZ,
        **overrides,
    }
    return BrokerArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: Broker("aprendeai-broker", _args(**overrides)))


PASSWORD_RULE = "12 to 250 characters, four of them different, without , : and =; generate one of letters and digits"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"placement": placement(isolated_subnet_ids=[])},
            "BrokerArgs.placement.isolated_subnet_ids is 0; allowed: one subnet or more; give one of each zone's",
        ),
        (
            {"username": "guest"},
            "BrokerArgs.username is 'guest'; allowed: 2 to 100 letters, digits and ._- other than guest; name it "
            "after the system",
        ),
        (
            {"username": "a~b"},
            "BrokerArgs.username is 'a~b'; allowed: 2 to 100 letters, digits and ._- other than guest; name it after "
            "the system",
        ),
        (
            {"password": "elevenchars"},
            f"BrokerArgs.password is a secret of 11 characters; allowed: {PASSWORD_RULE}",
        ),
        (
            {"password": "a" * 247 + "bcde"},
            f"BrokerArgs.password is a secret of 251 characters; allowed: {PASSWORD_RULE}",
        ),
        (
            {"password": "with:a-colon-in-it"},
            f"BrokerArgs.password is a secret of 18 characters; allowed: {PASSWORD_RULE}",
        ),
        (
            {"password": "abcabcabcabc"},
            f"BrokerArgs.password is a secret of 12 characters; allowed: {PASSWORD_RULE}",
        ),
        (
            {"engine_version": "3.13.2"},
            "BrokerArgs.engine_version is '3.13.2'; allowed: 3.13, 4.2; give major and minor version; Amazon MQ "
            "chooses the patch",
        ),
        (
            {"instance_type": "m7g.large"},
            "BrokerArgs.instance_type is 'm7g.large'; allowed: mq.m7g.*, mq.m5.large to mq.m5.4xlarge, or "
            'mq.t3.micro; write it like "mq.m7g.large"',
        ),
        (
            {"instance_type": "mq.m5.large"},
            "BrokerArgs.instance_type is 'mq.m5.large'; allowed: mq.m7g.* with RabbitMQ 4.2; take "
            '"mq.m7g.medium" for a test and "mq.m7g.large" for production',
        ),
        (
            {"instance_type": "mq.t3.micro", "engine_version": "3.13"},
            "BrokerArgs.instance_type is 'mq.t3.micro'; allowed: mq.m7g.* or mq.m5.* for a cluster; take "
            '"mq.m7g.large"',
        ),
    ],
)
def test_a_value_that_amazon_mq_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


@pytest.mark.parametrize("password", ["abcdabcdabcd", "abcd" + "e" * 246])
def test_passwords_on_the_boundary_are_taken(password: str) -> None:
    _args(password=password)


def test_the_password_is_in_no_representation() -> None:
    assert PASSWORD not in repr(_args()), "a repr ends up in tracebacks and logs"


def test_the_broker_is_private_encrypted_and_logged() -> None:
    broker = _built().named("aprendeai-broker-broker").inputs

    assert broker["publiclyAccessible"] is False, "a broker has no business on the internet"
    assert broker["encryptionOptions"] == {"kmsKeyId": KEY, "useAwsOwnedKey": False}
    assert broker["logs"] == {"general": True}, "asking for RabbitMQ's audit log is an error"
    assert broker["autoMinorVersionUpgrade"] is True, "MQ.3, and 3.13 and later refuse to be without"


def test_users_are_read_once_and_kept_secret() -> None:
    broker = _built().named("aprendeai-broker-broker")

    assert broker.inputs["users"] == [{"username": "aprendeai", "password": PASSWORD}]
    assert broker.ignore_changes == ("users",), "a rotated password must never touch, let alone replace, the broker"
    assert "users" in broker.secret_inputs
    assert "users" in broker.secret_outputs, "the provider doesn't mark the list as a secret"


@pytest.mark.parametrize(
    ("mode", "subnets"),
    [
        (DeploymentMode.SINGLE_INSTANCE, ["subnet-a"]),
        (DeploymentMode.CLUSTER_MULTI_AZ, ["subnet-a", "subnet-b", "subnet-c"]),
    ],
)
def test_a_single_instance_takes_one_subnet_and_a_cluster_all(mode: DeploymentMode, subnets: list[str]) -> None:
    broker = _built(deployment_mode=mode).named("aprendeai-broker-broker").inputs

    assert (broker["deploymentMode"], broker["subnetIds"]) == (mode.value, subnets)


def test_the_name_changes_with_whatever_replaces_the_broker() -> None:
    recording = _built()

    assert recording.named("aprendeai-broker-suffix").inputs["keepers"] == {
        "deployment_mode": "CLUSTER_MULTI_AZ",
        "kms_key_arn": KEY,
        "subnet_ids": "subnet-a,subnet-b,subnet-c",
    }
    assert recording.named("aprendeai-broker-broker").inputs["brokerName"] == "aprendeai-broker-0badcafe"


def test_a_long_name_stays_within_fifty_characters() -> None:
    recording = record(lambda: Broker("a-system-with-quite-a-long-name-in-production-broker", _args()))
    (broker,) = recording.of("aws:mq/broker:Broker")

    assert len(broker.inputs["brokerName"]) <= 50


@pytest.mark.parametrize("protect", [True, False])
def test_the_security_group_is_protected_like_the_broker(protect: bool) -> None:
    recording = _built(protect=protect)

    assert recording.named("aprendeai-broker-broker").protect is protect
    assert recording.named("aprendeai-broker-security-group").protect is protect, (
        "the groups of a RabbitMQ broker can't be changed"
    )


def test_the_security_group_opens_nothing_by_itself() -> None:
    group = _built().named("aprendeai-broker-security-group").inputs

    assert "ingress" not in group, "inline rules and rule resources of one group undo each other"
    assert "egress" not in group, "a broker answers and never calls"


def test_the_host_is_read_from_the_endpoint() -> None:
    assert endpoint_host("amqps://b-1234.mq.us-east-1.on.aws:5671") == "b-1234.mq.us-east-1.on.aws"


def test_an_endpoint_without_a_host_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        endpoint_host("b-1234")
    assert str(refused.value) == (
        "the broker's endpoint is 'b-1234'; allowed: amqps://<host>:5671; look at the broker in the console"
    )


def test_what_it_gives_out_is_what_a_client_needs() -> None:
    recording = _built()

    assert recording.outputs_of("aprendeai-broker") == {
        "host": "b-1.mq.example",
        "port": 5671,
        "security_group_id": "aprendeai-broker-security-group-id",
        "broker_name": "aprendeai-broker-0badcafe",
        "console_url": "https://b-1.mq.example",
    }
    assert PASSWORD not in json.dumps(recording.outputs), "an output is shown to anyone who may read the stack"


def test_everything_that_takes_tags_has_them() -> None:
    for resource in every(r for r in _built().resources if r.type.startswith("aws:")):
        assert TAGS.items() <= resource.inputs["tags"].items(), f"{resource.name} can't be found by its system"
