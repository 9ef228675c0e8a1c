"""The customer managed key that everything of a stack is encrypted with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue
from components.core.iam import allow, arn, document
from components.core.naming import Tags, component_tags

#: How long a key that was scheduled for deletion can be recovered, in days: as long as KMS allows.
#: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
_DELETION_WINDOW_DAYS = 30


class KeyService(StrEnum):
    """AWS services that use a key in their own name, so that the key policy has to name them.

    All others (RDS, ElastiCache, Amazon MQ, ECR, Secrets Manager, ECS) use it in the name of whoever calls them, or by
    a grant that their caller makes, and need IAM permissions only.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """

    CLOUDWATCH = "cloudwatch.amazonaws.com"
    """Alarms that publish to an encrypted SNS topic."""
    RDS_EVENTS = "events.rds.amazonaws.com"
    """RDS event subscriptions on an encrypted SNS topic."""
    EVENTBRIDGE = "events.amazonaws.com"
    """EventBridge rules with an encrypted SNS topic as target."""


#: EventBridge's calls to KMS don't carry aws:SourceAccount: with that condition every notification would be lost.
#: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
WITHOUT_SOURCE_ACCOUNT = frozenset({KeyService.EVENTBRIDGE})


def key_policy(account_id: str, region: str, services: Sequence[str]) -> dict[str, Any]:
    """Return the policy of a key: the account's IAM, CloudWatch Logs, and the services that need it directly."""
    statements = [
        # Without this statement IAM policies don't count for the key, and a key whose only principals were deleted can
        # be neither used nor deleted. It gives nobody anything by itself: a principal still needs IAM to allow it.
        # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-root-enable-iam
        allow("kms:*", "*", sid="LetIamOfThisAccountDecide", principal={"AWS": arn("iam", "", account_id, "root")}),
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
        allow(
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "*",
            sid="EncryptLogGroupsOfThisAccount",
            principal={"Service": f"logs.{region}.amazonaws.com"},
            condition={
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn("logs", region, account_id, "log-group:*")}
            },
        ),
    ]
    publish = ["kms:Decrypt", "kms:GenerateDataKey*"]
    if bound := sorted(set(services) - WITHOUT_SOURCE_ACCOUNT):
        statements.append(
            allow(
                publish,
                "*",
                sid="PublishToTopicsOfThisAccount",
                principal={"Service": bound},
                condition={"StringEquals": {"aws:SourceAccount": account_id}},
            )
        )
    if unbound := sorted(set(services) & WITHOUT_SOURCE_ACCOUNT):
        statements.append(allow(publish, "*", sid="PublishEventsToTopics", principal={"Service": unbound}))
    return document(*statements)


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """What an `EncryptionKey` is made from."""

    description: str
    """What the key is for, as the console shows it."""
    account_id: str
    """The account that owns the key: twelve digits."""
    region: str
    """The key's region, for instance `eu-west-1`."""
    tags: Tags
    """Tags for the key."""
    services: Sequence[str] = ()
    """The services that use the key in their own name, each a `KeyService`."""
    retain: bool = False
    """Whether a destroy leaves the key, and what only it can open: final snapshots, backups, recoverable secrets."""

    def __post_init__(self) -> None:
        """Refuse values that KMS would refuse, or that would leave the key open to another account."""
        if not re.fullmatch(r"\d{12}", self.account_id):
            raise InvalidValue("account_id", self.account_id, "twelve digits", "see aws sts get-caller-identity")
        unknown = sorted(set(self.services) - set(KeyService))
        if unknown:
            raise InvalidValue(
                "services",
                unknown[0],
                ", ".join(KeyService),
                "leave it out: others use the key with their caller's permissions",
            )


class EncryptionKey(pulumi.ComponentResource):
    """A symmetric KMS key with an alias.

    Creates the key, its policy and its alias. Guarantees that the key material is rotated every year, that only
    principals of its own account and the named services can use it, that CloudWatch Logs can use it for log groups of
    that account only, and that a deleted key can be recovered for 30 days.
    """

    arn: pulumi.Output[str]
    """The key's ARN."""

    def __init__(self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:EncryptionKey", name, None, opts)
        key = aws.kms.Key(
            f"{name}-key",
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_WINDOW_DAYS,
            policy=pulumi.Output.json_dumps(key_policy(args.account_id, args.region, args.services)),
            tags=component_tags(args.tags, "encryption-key", Name=name),
            # A key that is scheduled for deletion opens nothing any more:
            # https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.retain),
        )
        # An alias is one per name, account and region. The key's id makes it unique, so that a second stack, or a new
        # key made before the old one is gone, never finds its name taken.
        aws.kms.Alias(
            f"{name}-alias",
            name=pulumi.Output.concat("alias/", name, "-", key.key_id),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
