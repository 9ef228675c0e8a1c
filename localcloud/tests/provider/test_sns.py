"""SNS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


@pytest.fixture
def topic(aws: Session) -> str:
    return str(aws.client("sns").create_topic(Name="alarms")["TopicArn"])


def test_a_topic_lives(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        attributes = aws.client("sns").get_topic_attributes(TopicArn=id)["Attributes"]
        assert attributes["TracingConfig"] == "Active"
        assert attributes["HTTPSuccessFeedbackSampleRate"] == "50"
        assert attributes["DisplayName"] == ""

    life = crud(
        TOPIC,
        {"displayName": "Alarms", "kmsMasterKeyId": "alias/aws/sns", "tags": {"A": "1"}},
        {
            "displayName": None,
            "tracingConfig": "Active",
            "signatureVersion": 2,
            "httpSuccessFeedbackSampleRate": 50,
            "tags": {"A": "2"},
        },
        look=look,
    )
    assert life.id == life.created["arn"]
    assert life.created["owner"] == "123456789012"


def test_a_fifo_topic_lives(crud: Callable[..., Any]) -> None:
    life = crud(
        TOPIC, {"name": "a.fifo", "fifoTopic": True}, {"contentBasedDeduplication": True, "displayName": "true"}
    )
    assert life.created["fifoTopic"] is True


def test_a_policy_goes_back_to_the_one_of_a_new_topic(driver: Callable[..., Any], aws: Session, topic: str) -> None:
    token, drive = "aws:sns/topicPolicy:TopicPolicy", driver()
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic,
            }
        ],
    }
    inputs = {"arn": topic, "policy": json.dumps(policy)}
    id, state = drive.create(token, inputs)
    assert drive.read(token, id, state, inputs)[2] == inputs
    drive.delete(token, id, state, inputs)
    attributes = aws.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    assert json.loads(attributes["Policy"])["Id"] == "__default_policy_ID"


def test_a_subscription_by_mail_waits_to_be_confirmed(crud: Callable[..., Any], topic: str) -> None:
    life = crud(SUBSCRIPTION, {"topic": topic, "protocol": "email", "endpoint": "a@example.com"})
    assert life.created["pendingConfirmation"] is True


def test_a_subscription_of_a_queue_lives(crud: Callable[..., Any], aws: Session, topic: str) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    life = crud(
        SUBSCRIPTION,
        {"topic": topic, "protocol": "sqs", "endpoint": queue},
        {"rawMessageDelivery": True, "filterPolicy": json.dumps({"kind": ["a"]})},
    )
    assert life.created["pendingConfirmation"] is False


def test_a_subscription_to_no_topic_is_refused(driver: Callable[..., Any], topic: str) -> None:
    with pytest.raises(ProviderError, match="Subscribe: NotFound"):
        driver().create(SUBSCRIPTION, {"topic": f"{topic}x", "protocol": "email", "endpoint": "a@example.com"})


@pytest.mark.parametrize(
    ("inputs", "failure"),
    [
        ({"name": "a", "fifoTopic": True}, ("name", '"a" must end with ".fifo", since fifoTopic is true')),
        (
            {"contentBasedDeduplication": True},
            ("contentBasedDeduplication", "is for FIFO topics only: set fifoTopic to true"),
        ),
    ],
)
def test_inputs_that_aws_refuses_fail_the_check(
    driver: Callable[..., Any], inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    assert [(item.property, item.reason) for item in driver().checked(TOPIC, inputs).failures] == [failure]
