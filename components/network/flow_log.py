"""The record of a VPC's traffic."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.checks import check_retention
from components.core.iam import allow, arn, document, trust
from components.core.naming import Tags, component_tags
from components.observability.log_group import LogGroup, LogGroupArgs


def flow_log_trust_policy(account_id: str, region: str) -> dict[str, Any]:
    """Return who may assume the role: VPC Flow Logs, and only for flow logs of this account and region.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    return trust("vpc-flow-logs.amazonaws.com", account_id, arn("ec2", region, account_id, "vpc-flow-log/*"))


def flow_log_delivery_policy(log_group_arn: str) -> dict[str, Any]:
    """Return what the role may do: write to the streams of one log group, which it can't create.

    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    actions = ["CreateLogStream", "DescribeLogGroups", "DescribeLogStreams", "PutLogEvents"]
    return document(allow([f"logs:{action}" for action in actions], [log_group_arn, f"{log_group_arn}:*"]))


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs:
    """What a `FlowLog` is made from."""

    vpc_id: pulumi.Input[str]
    """The VPC whose traffic is recorded."""
    account_id: pulumi.Input[str]
    """The account that owns the VPC."""
    region: str
    """The VPC's region."""
    retention_days: int
    """How many days the records are kept."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts the records."""
    tags: Tags
    """Tags for everything that takes them."""

    def __post_init__(self) -> None:
        """Refuse a retention that CloudWatch Logs doesn't take."""
        check_retention("retention_days", self.retention_days)


class FlowLog(pulumi.ComponentResource):
    """Flow logs of a VPC, accepted and rejected traffic alike, in an encrypted log group.

    Creates the log group, the role that VPC Flow Logs writes with, and the flow log. Guarantees that the role can do
    nothing but write to this one group, and that it is assumed for no other account.
    """

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:FlowLog", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.tags, "network", Name=name)
        group = LogGroup(
            f"{name}-records",
            LogGroupArgs(
                # The VPC's id keeps the name apart from every other stack's.
                log_group_name=pulumi.Output.concat("/aws/vpc-flow-logs/", args.vpc_id),
                retention_days=args.retention_days,
                kms_key_arn=args.kms_key_arn,
                tags=tags,
            ),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            description="Lets VPC Flow Logs write to its log group",
            assume_role_policy=pulumi.Output.json_dumps(
                pulumi.Output.from_input(args.account_id).apply(
                    lambda account_id: flow_log_trust_policy(account_id, args.region)
                )
            ),
            tags=tags,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-delivery",
            role=role.name,
            policy=pulumi.Output.json_dumps(group.arn.apply(flow_log_delivery_policy)),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})
