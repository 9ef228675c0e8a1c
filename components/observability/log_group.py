"""A CloudWatch log group."""

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_retention, plain
from components.core.naming import LOG_GROUP_NAME, Tags


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
    """Tags for the group. A component that makes the group as a part of itself gives its own `Component`."""

    def __post_init__(self) -> None:
        """Refuse a name or a retention that CloudWatch Logs would refuse."""
        check_retention("retention_days", self.retention_days)
        name = plain(self.log_group_name)
        # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
        if name is not None and not re.fullmatch(rf"[\w./#-]{{1,{LOG_GROUP_NAME}}}", name, re.ASCII):
            raise InvalidValue(
                "log_group_name",
                name,
                f"1 to {LOG_GROUP_NAME} letters, digits and the signs _ - / . #",
                "take the other characters out",
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
            tags={"Component": "log-group", **args.tags},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.log_group_name = group.name
        self.arn = group.arn
        self.register_outputs({"log_group_name": self.log_group_name, "arn": self.arn})
