"""What becomes of a broker's log groups."""

from typing import Self
from unittest.mock import patch

import botocore.exceptions
import pulumi

from components.data.broker_logs import configure_log_groups
from tests.components.recording import KEY

REGION = "eu-west-1"
OURS = "/aws/amazonmq/broker/b-1/general"
OTHERS = "/aws/amazonmq/broker/b-12/general"


def _args(days: int) -> pulumi.ResourceHookArgs:
    return pulumi.ResourceHookArgs(
        urn="urn:pulumi:test::alicerce::aws:mq/broker:Broker::mq-broker",
        id="b-1",
        name="mq-broker",
        type="aws:mq/broker:Broker",
        new_inputs={"tags": {"LogRetentionDays": str(days)}, "encryptionOptions": {"kmsKeyId": KEY}},
        new_outputs={"arn": f"arn:aws:mq:{REGION}:123456789012:broker:mq:b-1"},
    )


class _Logs:
    """CloudWatch Logs, as far as the hook needs it (moto has no AssociateKmsKey)."""

    def __init__(self, **groups: tuple[int | None, str | None]) -> None:
        self.groups = groups

    def get_paginator(self, operation: str) -> Self:
        assert operation == "describe_log_groups"
        return self

    def paginate(self, logGroupNamePrefix: str) -> list[dict[str, list[dict[str, object]]]]:
        found: list[dict[str, object]] = []
        for name, (days, key) in self.groups.items():
            if name.startswith(logGroupNamePrefix):
                settings = {"retentionInDays": days, "kmsKeyId": key}
                found.append({"logGroupName": name, **{k: v for k, v in settings.items() if v is not None}})
        return [{"logGroups": found}, {"logGroups": []}]

    def put_retention_policy(self, logGroupName: str, retentionInDays: int) -> None:
        self.groups[logGroupName] = (retentionInDays, self.groups[logGroupName][1])

    def associate_kms_key(self, logGroupName: str, kmsKeyId: str) -> None:
        self.groups[logGroupName] = (self.groups[logGroupName][0], kmsKeyId)


def _looked_after(logs: _Logs, days: int) -> dict[str, tuple[int | None, str | None]]:
    with patch("components.core.aws_clients.client", return_value=logs) as client:
        configure_log_groups(_args(days))
    client.assert_called_once_with("logs", REGION)
    return logs.groups


def test_the_brokers_own_groups_get_retention_and_key_and_nobody_elses() -> None:
    logs = _Logs(**{OURS: (None, None), OTHERS: (None, None)})

    assert _looked_after(logs, 365) == {OURS: (365, KEY), OTHERS: (None, None)}


def test_an_edited_retention_follows() -> None:
    assert _looked_after(_Logs(**{OURS: (365, KEY)}), 30) == {OURS: (30, KEY)}


def test_a_broker_that_has_logged_nothing_yet_is_no_error() -> None:
    assert _looked_after(_Logs(), 365) == {}


def test_not_being_allowed_to_is_a_warning_and_not_a_failed_update() -> None:
    denied = botocore.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeLogGroups")

    with patch("components.core.aws_clients.client", side_effect=denied), patch("pulumi.log.warn") as warn:
        configure_log_groups(_args(365))

    (message,) = warn.call_args.args
    assert message == (
        "mq-broker: the log groups /aws/amazonmq/broker/b-1/* keep their events for ever and without the stack's key "
        "(An error occurred (AccessDeniedException) when calling the DescribeLogGroups operation: Unknown); allow "
        "logs:DescribeLogGroups, PutRetentionPolicy and AssociateKmsKey, and change the broker's log retention to try "
        "again"
    )
