"""EventBridge Scheduler."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

SCHEDULE = "aws:scheduler/schedule:Schedule"


@pytest.fixture
def role(aws: Session) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(aws.client("iam").create_role(RoleName="s", AssumeRolePolicyDocument=document)["Role"]["Arn"])


@pytest.fixture
def inputs(role: str) -> dict[str, Any]:
    return {
        "scheduleExpression": "rate(1 minute)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {"arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "roleArn": role},
    }


def test_a_schedule_lives(crud: Callable[..., Any], aws: Session, inputs: dict[str, Any]) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        live = aws.client("scheduler").get_schedule(GroupName="default", Name=state["name"])
        assert live["State"] == "DISABLED"
        assert live["ActionAfterCompletion"] == "DELETE"
        assert live["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0

    retry = {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    life = crud(
        SCHEDULE,
        inputs,
        {
            "scheduleExpression": "cron(0 22 ? * MON-FRI *)",
            "scheduleExpressionTimezone": "America/Sao_Paulo",
            "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 5},
            "state": "DISABLED",
            "actionAfterCompletion": "DELETE",
            "endDate": "2030-01-01T01:00:00Z",
            "target": {**inputs["target"], "input": '{"a": 1}', "retryPolicy": retry},
        },
        look=look,
    )
    assert life.id == f"default/{life.created['name']}"
    assert life.created["arn"].endswith(f":schedule/{life.id}")
    assert life.created["actionAfterCompletion"] == "NONE"


def test_a_schedule_of_a_task_lives(crud: Callable[..., Any], aws: Session, inputs: dict[str, Any]) -> None:
    task = {
        "taskDefinitionArn": "arn:aws:ecs:us-east-1:123456789012:task-definition/a:1",
        "launchType": "FARGATE",
        "networkConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]},
        "enableEcsManagedTags": True,
        "tags": {"A": "1"},
    }
    target = {"arn": "arn:aws:ecs:us-east-1:123456789012:cluster/c", "roleArn": inputs["target"]["roleArn"]}
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]

    def look(id: str, state: dict[str, Any]) -> None:
        live = aws.client("scheduler").get_schedule(Name=state["name"])["Target"]["EcsParameters"]
        assert live["NetworkConfiguration"]["awsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
        assert live["CapacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        assert live["TaskCount"] == 1

    crud(
        SCHEDULE,
        {**inputs, "target": {**target, "ecsParameters": task}},
        {"target": {**target, "ecsParameters": {**task, "capacityProviderStrategies": strategy}}},
        look=look,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groupName": "none"}, "ResourceNotFoundException: Schedule group none does not exist"),
        ({"scheduleExpression": "every day"}, "Invalid Schedule Expression every day"),
        ({"scheduleExpressionTimezone": "Mars"}, "Invalid Schedule Expression Timezone Mars"),
        ({"flexibleTimeWindow": {"mode": "FLEXIBLE"}}, "MaximumWindowInMinutes must be given"),
        (
            {"target": {"arn": "arn:aws:sqs:us-east-1:123456789012:q", "roleArn": "arn:aws:iam::123456789012:role/no"}},
            "must allow AWS EventBridge Scheduler to assume the role",
        ),
    ],
)
def test_what_aws_refuses_is_refused(
    driver: Callable[..., Any], inputs: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=message):
        drive.create(SCHEDULE, drive.check(SCHEDULE, {**inputs, **change}))


def test_a_name_is_taken_once(driver: Callable[..., Any], inputs: dict[str, Any]) -> None:
    drive = driver()
    given = drive.check(SCHEDULE, {**inputs, "name": "s"})
    drive.create(SCHEDULE, given)
    with pytest.raises(ProviderError, match=r"ConflictException: .* already exists"):
        drive.create(SCHEDULE, given)
