"""SNS: topics, their policies and subscriptions."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import document
from localcloud.provider.session import ACCOUNT_ID, Session
from localcloud.provider.shapes import found, ignoring

_NOT_FOUND = ("NotFound", "NotFoundException")

#: Attributes of a topic: https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
_TOPIC = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    **{
        f"{kind}{what}": f"{kind.upper() if kind in ('http', 'sqs') else kind.capitalize()}{what}"
        for kind in ("application", "firehose", "http", "lambda", "sqs")
        for what in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
    },
}
#: Attributes of a subscription: https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
_SUBSCRIPTION = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "filterPolicy": "FilterPolicy",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "replayPolicy": "ReplayPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
_DOCUMENTS = frozenset({"archivePolicy", "deliveryPolicy", "filterPolicy", "policy", "redrivePolicy", "replayPolicy"})
_NUMBERS = ("SampleRate", "Version")


def _text(value: Any) -> str:  # noqa: ANN401 - any plain value
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(key: str, text: str, last: Any) -> Any:  # noqa: ANN401 - any plain value
    if key in _DOCUMENTS:
        return document(text, last)
    if text.lower() in ("true", "false") and key != "displayName":
        return text.lower() == "true"
    return int(text) if key.endswith(_NUMBERS) and text.isdigit() else text


@resource("aws:sns/topic:Topic")
class Topic(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/sns/topic/."""

    replace = frozenset({"fifoTopic", "name", "namePrefix"})
    defaults = {"contentBasedDeduplication": False, "fifoTopic": False}
    autoname = AutoName(max_length=256)
    documents = _DOCUMENTS
    service = "sns"
    creates, reads, deletes = "create_topic", "get_topic_attributes", "delete_topic"
    keys = {"arn": "TopicArn"}
    new_id = "TopicArn"
    described = "Attributes"
    not_found = _NOT_FOUND
    tagging = Tagging("ResourceArn")

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        name = inputs.get("name")
        if inputs["fifoTopic"] is True and isinstance(name, str) and not name.endswith(".fifo"):
            yield "name", f'"{name}" must end with ".fifo", since fifoTopic is true'
        if inputs["contentBasedDeduplication"] is True and inputs["fifoTopic"] is False:
            yield "contentBasedDeduplication", "is for FIFO topics only: set fifoTopic to true"

    def arguments(self, call: str, inputs: Properties) -> Properties:
        first = {"Attributes": {"FifoTopic": "true"}} if inputs["fifoTopic"] else {}
        return {**super().arguments(call, inputs), **first}

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._attributes(aws, id, {"contentBasedDeduplication": False}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        return {
            "name": live["TopicArn"].rpartition(":")[2],
            "owner": live["Owner"],
            "fifoTopic": live.get("FifoTopic") == "true",
            "signatureVersion": 0,
            **{
                key: _value(key, live[name], state.get(key))
                for key, name in _TOPIC.items()
                if live.get(name) not in (None, "")
            },
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._attributes(aws, id, old, new)

    @staticmethod
    def _attributes(aws: Session, arn: str, old: Properties, new: Properties) -> None:
        for key, name in _TOPIC.items():
            if new.get(key) is not None and new[key] != old.get(key):
                aws.client("sns").set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=_text(new[key]))
            elif new.get(key) is None and old.get(key) and key in ("displayName", "kmsMasterKeyId", "deliveryPolicy"):
                aws.client("sns").set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue="")


@resource("aws:sns/topicPolicy:TopicPolicy")
class TopicPolicy(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/sns/topicpolicy/.

    A topic always has a policy: deleting this one sets the policy that AWS gives a new topic.
    """

    tagged = False
    replace = frozenset({"arn"})
    documents = frozenset({"policy"})

    def create(self, aws: Session, inputs: Properties) -> str:
        self.update(aws, inputs["arn"], {}, inputs)
        return str(inputs["arn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("sns").get_topic_attributes(TopicArn=id)["Attributes"], *_NOT_FOUND)
        if answer is None:
            return None
        return {
            "arn": id,
            "owner": answer["Owner"],
            "policy": document(answer["Policy"], state.get("policy")),
            "region": aws.region,
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("sns").set_topic_attributes(TopicArn=id, AttributeName="Policy", AttributeValue=new["policy"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_NOT_FOUND):
            self.update(aws, id, state, {"policy": _default_policy(id)})


def _default_policy(arn: str) -> str:
    return json.dumps(
        {
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [
                {
                    "Sid": "__default_statement_ID",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": [
                        "SNS:GetTopicAttributes",
                        "SNS:SetTopicAttributes",
                        "SNS:AddPermission",
                        "SNS:RemovePermission",
                        "SNS:DeleteTopic",
                        "SNS:Subscribe",
                        "SNS:ListSubscriptionsByTopic",
                        "SNS:Publish",
                    ],
                    "Resource": arn,
                    "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}},
                }
            ],
        }
    )


@resource("aws:sns/topicSubscription:TopicSubscription")
class TopicSubscription(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/sns/topicsubscription/.

    A subscription by e-mail or HTTP stays pending until its receiver confirms it.
    """

    replace = frozenset({"endpoint", "protocol", "topic"})
    defaults = {"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": False, "rawMessageDelivery": False}
    documents = _DOCUMENTS
    service = "sns"
    creates, reads, deletes = "subscribe", "get_subscription_attributes", "unsubscribe"
    keys = {"arn": "SubscriptionArn"}
    new_id = "SubscriptionArn"
    described = "Attributes"
    not_found = _NOT_FOUND
    renames = {"topic": "TopicArn"}

    def arguments(self, call: str, inputs: Properties) -> Properties:
        given = {key: value for key, value in inputs.items() if value not in (None, False)}
        attributes = {name: _text(given[key]) for key, name in _SUBSCRIPTION.items() if key in given}
        return {**super().arguments(call, inputs), "Attributes": attributes, "ReturnSubscriptionArn": True}

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        return {
            "topic": live["TopicArn"],
            "protocol": live["Protocol"],
            "endpoint": live["Endpoint"],
            "ownerId": live["Owner"],
            "pendingConfirmation": live["PendingConfirmation"].lower() == "true",
            "confirmationWasAuthenticated": live.get("ConfirmationWasAuthenticated", "false").lower() == "true",
            **{
                key: _value(key, live[name], state.get(key))
                for key, name in _SUBSCRIPTION.items()
                if live.get(name) not in (None, "")
            },
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        for key, name in _SUBSCRIPTION.items():
            if new.get(key) != old.get(key):
                value = "" if new.get(key) is None else _text(new[key])
                aws.client("sns").set_subscription_attributes(
                    SubscriptionArn=id, AttributeName=name, AttributeValue=value
                )
