"""What a function may do, where it stands, and what its arguments refuse."""

import json
from typing import Any

import pulumi
import pytest

from components.core.endpoint import Endpoint
from components.functions.python_function import PythonFunction, PythonFunctionArgs
from tests.components.recording import ACCOUNT, KEY, Recording, placement, record

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:one-abcdef"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:notifications"


def _args(**overrides: object) -> PythonFunctionArgs:
    values: dict[str, Any] = {
        "placement": placement(),
        "archive": pulumi.AssetArchive({"handler.py": pulumi.StringAsset("")}),
        "handler": "handler.handler",
        "description": "Does something",
        "log_group_name": "/prod/aprendeai/credentials",
        "dead_letter_topic_arn": TOPIC,
        "secret_arns": [SECRET],
        "stores": {"postgres": Endpoint(security_group_id="sg-database", port=5432)},
        **overrides,
    }
    return PythonFunctionArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: PythonFunction("aprendeai-credentials", _args(**overrides)))


def _statements(recording: Recording) -> dict[str, dict[str, Any]]:
    document = json.loads(recording.named("aprendeai-credentials-policy").inputs["policy"])
    return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"timeout_seconds": 901},
            "PythonFunctionArgs.timeout_seconds is 901; allowed: 1 to 900; Lambda takes no other",
        ),
        (
            {"concurrency": 0},
            "PythonFunctionArgs.concurrency is 0; allowed: 1 to 100; one or two do for what these functions do",
        ),
        (
            {"handler": "handler"},
            "PythonFunctionArgs.handler is 'handler'; allowed: module and function, with a dot; "
            'write it like "handler.handler"',
        ),
    ],
)
def test_a_value_that_lambda_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_it_stands_in_the_network_and_is_traced_and_logged() -> None:
    function = _built().named("aprendeai-credentials-function").inputs
    assert function["vpcConfig"] == {
        "subnetIds": ["subnet-a", "subnet-b"],
        "securityGroupIds": ["aprendeai-credentials-group-id"],
    }, "Lambda in the VPC: stores are reached from nowhere else"
    assert function["reservedConcurrentExecutions"] == 1, "it neither starves nor floods"
    assert function["deadLetterConfig"] == {"targetArn": TOPIC}, "a lost event is told to someone"
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["loggingConfig"] == {"logFormat": "JSON", "logGroup": "/prod/aprendeai/credentials"}


def test_its_variables_are_encrypted_with_the_stacks_key() -> None:
    function = _built(environment={"LEVEL": "INFO"}).named("aprendeai-credentials-function").inputs
    assert (function["kmsKeyArn"], function["environment"]) == (KEY, {"variables": {"LEVEL": "INFO"}})


def test_without_variables_it_names_no_key_which_lambda_would_not_keep() -> None:
    assert "kmsKeyArn" not in _built().named("aprendeai-credentials-function").inputs, (
        "each refresh would show a change"
    )


def test_it_reads_its_own_secrets_and_no_other() -> None:
    statement = _statements(_built())["ReadOwnSecrets"]
    assert (statement["Action"], statement["Resource"]) == ("secretsmanager:GetSecretValue", [SECRET])


def test_without_secrets_it_may_read_none() -> None:
    assert "ReadOwnSecrets" not in _statements(_built(secret_arns=()))


def test_it_writes_on_everything_only_what_takes_no_resource() -> None:
    on_all = {
        action
        for statement in _statements(_built()).values()
        if statement["Resource"] == "*" and statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert on_all == {
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }, "IAM: no write on every resource where the action takes one"


def test_its_code_may_not_touch_network_interfaces_though_lambda_may() -> None:
    statement = _statements(_built())["DenyEniFromFunctionCode"]
    assert statement["Effect"] == "Deny"
    assert "ec2:CreateNetworkInterface" in statement["Action"]
    assert statement["Condition"] == {
        "ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*"}
    }


def test_only_lambda_for_this_account_may_be_its_role() -> None:
    trust = json.loads(_built().named("aprendeai-credentials-role").inputs["assumeRolePolicy"])["Statement"]
    assert trust == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*"},
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
            },
        }
    ]


def test_it_leaves_the_network_on_443_and_to_its_stores() -> None:
    recording = _built()
    ways = [
        (rule.inputs["fromPort"], rule.inputs.get("cidrIpv4") or rule.inputs["referencedSecurityGroupId"])
        for rule in recording.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    ]
    assert sorted(ways) == [(443, "0.0.0.0/0"), (5432, "sg-database")], "egress is by purpose"


def test_it_can_do_what_it_is_for_as_soon_as_it_is_there() -> None:
    recording = _built()
    needed = {
        recording.named(f"aprendeai-credentials-{part}").urn
        for part in ("policy", "https", "postgres-egress", "postgres-ingress")
    }
    assert needed <= recording.named("aprendeai-credentials-function").depends_on
