"""What the queue depth function may do, who calls it, and what its arguments refuse."""

import json
from typing import Any

import pulumi
import pytest

from components.core.endpoint import Endpoint
from components.functions.queue_depth import QueueDepth, QueueDepthArgs
from tests.components.recording import ACCOUNT, Recording, placement, record

SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:redis-url-abcdef"


def _args(**overrides: object) -> QueueDepthArgs:
    values: dict[str, Any] = {
        "placement": placement(),
        "system": "equivalence",
        "environment": "prod",
        "queues": ["high", "default"],
        "redis_secret_arn": SECRET,
        "cache": Endpoint(security_group_id="sg-cache", port=6379),
        "archive": pulumi.AssetArchive({"handler.py": pulumi.StringAsset("")}),
        "log_group_name": "/prod/equivalence/queue-depth",
        "dead_letter_topic_arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:notifications",
        **overrides,
    }
    return QueueDepthArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: QueueDepth("depth", _args(**overrides)))


def _statements(recording: Recording, policy: str) -> list[dict[str, Any]]:
    return list(json.loads(recording.named(policy).inputs["policy"])["Statement"])


@pytest.mark.parametrize(("queues", "shown"), [(["high,low"], "'high,low'"), ([""], "''")])
def test_a_name_that_can_not_be_told_from_two_is_refused(queues: list[str], shown: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(queues=queues)
    assert str(refused.value) == (
        f"QueueDepthArgs.queues is {shown}; allowed: names without a comma; name one queue at a time"
    )


def test_it_publishes_to_its_own_namespace_and_no_other() -> None:
    (statement,) = [s for s in _statements(_built(), "depth-policy") if s["Action"] == "cloudwatch:PutMetricData"]
    assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "Alicerce/Queues"}}, (
        "without it the function could forge any metric of the account, those of alarms too"
    )


def test_it_reads_the_one_secret_and_reaches_the_cache() -> None:
    recording = _built()
    (statement,) = [s for s in _statements(recording, "depth-policy") if s["Action"] == "secretsmanager:GetSecretValue"]
    assert statement["Resource"] == [SECRET]
    assert recording.named("depth-cache-egress").inputs["referencedSecurityGroupId"] == "sg-cache"
    assert recording.named("depth-cache-egress").inputs["toPort"] == 6379


def test_it_knows_what_it_has_to_know_and_no_secret() -> None:
    function = _built().named("depth-function").inputs
    assert function["environment"]["variables"] == {
        "NAMESPACE": "Alicerce/Queues",
        "SYSTEM": "equivalence",
        "ENVIRONMENT": "prod",
        "QUEUES": "high,default",
        "REDIS_SECRET_ARN": SECRET,
    }
    assert function["handler"] == "queue_depth.handler.handler"


def test_it_is_called_every_minute_and_not_again_for_a_minute_that_is_over() -> None:
    recording = _built()
    schedule = recording.named("depth-schedule").inputs
    assert schedule["scheduleExpression"] == "rate(1 minute)"
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
    retry = {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    assert schedule["target"]["retryPolicy"] == retry
    invocations = recording.named("depth-invocations").inputs
    assert {key: invocations[key] for key in retry} == retry


def test_the_schedule_may_call_the_function_and_nobody_else_may_be_the_schedule() -> None:
    recording = _built()
    (statement,) = _statements(recording, "depth-schedule-policy")
    function = f"arn:aws:test:us-east-1:{ACCOUNT}:depth-function"
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", function)
    assert recording.named("depth-schedule").inputs["target"]["arn"] == function
    (trust,) = json.loads(recording.named("depth-schedule-role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/default"},
    }, "another account's schedule could borrow the role"
