"""The encrypted SNS topic that alarms and events of a stack are sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.iam import WITHOUT_TLS, allow, deny, document
from components.core.naming import Tags, component_tags


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """What a topic needs."""

    kms_key_arn: pulumi.Input[str]
    """The key that encrypts its messages; its policy must name the services that publish."""
    account_id: str
    """The account whose services may publish."""
    services: Sequence[str]
    """Service principals that may publish, such as `events.rds.amazonaws.com`."""
    tags: Tags
    """Tags of the topic."""


class Notifications(pulumi.ComponentResource):
    """An SNS topic for events of the stack's parts.

    Guarantees: messages are encrypted with the stack's key (SNS.1), only the named services of this account publish,
    nobody else subscribes or reads (SNS.4), and what is sent in plain HTTP is refused.
    """

    topic_arn: pulumi.Output[str]
    """ARN of the topic, once its policy lets the services publish."""

    def __init__(self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Notifications", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            f"{name}-topic",
            kms_master_key_id=args.kms_key_arn,
            tags=component_tags(args.tags, "notifications"),
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=pulumi.Output.json_dumps(topic.arn.apply(lambda arn: topic_policy(arn, args))),
            opts=child,
        )
        self.topic_arn = policy.arn
        self.register_outputs({"topic_arn": self.topic_arn})


def topic_policy(topic_arn: str, args: NotificationsArgs) -> dict[str, Any]:
    """Return who may do what with the topic; IAM of the account decides about its own principals."""
    return document(
        allow(
            "sns:Publish",
            topic_arn,
            sid="PublishFromServicesOfThisAccount",
            principal={"Service": sorted(args.services)},
            # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
            condition={"StringEquals": {"aws:SourceAccount": args.account_id}},
        ),
        deny("sns:Publish", topic_arn, sid="RefusePlainHttp", principal="*", condition=WITHOUT_TLS),
    )
