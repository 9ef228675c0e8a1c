"""A CloudWatch log group."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import LOG_GROUP_NAME, Tags, component_tags

#: The retention that CloudWatch Logs takes, in days.
#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def check_retention(name: str, days: int) -> None:
    """Refuse a retention that CloudWatch Logs doesn't take.

    Args:
        name: what the value is called where it was given, for the message.
        days: the retention, in days.

    Raises:
        ValueError: naming the value and the nearest ones that are allowed.
    """
    if days in RETENTION_DAYS:
        return
    nearest = [max((d for d in RETENTION_DAYS if d < days), default=None)]
    nearest.append(min((d for d in RETENTION_DAYS if d > days), default=None))
    use = " or ".join(str(d) for d in nearest if d is not None)
    raise ValueError(
        f"{name} is {days}: CloudWatch Logs keeps {', '.join(str(d) for d in RETENTION_DAYS)} days. Use {use}"
    )


@dataclass(frozen=True, kw_only=True)
class LogGroupArgs:
    """What a `LogGroup` is made from."""

    log_group_name: pulumi.Input[str]
    """The group's name. It is fixed, since people, agents and RDS find the group by it; it has to be unique in the
    account and region."""
    retention_days: int
    """How many days events are kept: one of `RETENTION_DAYS`."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts the group. Its policy has to let CloudWatch Logs use it (see `EncryptionKey`)."""
    tags: Tags
    """Tags for the group."""

    def __post_init__(self) -> None:
        """Refuse a name or a retention that CloudWatch Logs would refuse."""
        check_retention("retention_days", self.retention_days)
        if isinstance(self.log_group_name, str) and not 1 <= len(self.log_group_name) <= LOG_GROUP_NAME:
            raise ValueError(
                f"log_group_name has {len(self.log_group_name)} characters: CloudWatch Logs takes 1 to {LOG_GROUP_NAME}"
            )


class LogGroup(pulumi.ComponentResource):
    """A log group that is encrypted and forgets.

    Creates one log group. Guarantees that its events are encrypted with the given key and deleted after the given
    number of days. Whatever writes to the group has to depend on it: a service that finds none makes one of its own,
    unencrypted and kept for ever.
    """

    log_group_name: pulumi.Output[str]
    """The group's name, once it exists."""
    arn: pulumi.Output[str]
    """The group's ARN, without the `:*` that IAM policies need for its streams."""

    def __init__(self, name: str, args: LogGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:LogGroup", name, None, opts)
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group",
            name=args.log_group_name,
            retention_in_days=args.retention_days,
            kms_key_id=args.kms_key_arn,
            tags=component_tags(args.tags, "log-group"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.log_group_name = group.name
        self.arn = group.arn
        self.register_outputs({"log_group_name": self.log_group_name, "arn": self.arn})
