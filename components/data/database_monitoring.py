"""How a database is watched: its enhanced monitoring, and the events that it sends."""

import pulumi
import pulumi_aws as aws

from components.core.iam import arn, trust
from components.core.naming import Tags
from components.core.placement import Placement


def monitoring_role(
    name: str, placement: Placement, identifier: pulumi.Output[str], *, tags: Tags, opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
    """Create the role by which enhanced monitoring writes its metrics, for this instance alone.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    role = aws.iam.Role(
        f"{name}-monitoring-role",
        description="Enhanced monitoring of one database",
        assume_role_policy=pulumi.Output.json_dumps(
            identifier.apply(
                lambda known: trust(
                    "monitoring.rds.amazonaws.com",
                    placement.account_id,
                    placement.arn("rds", f"db:{known}"),
                )
            )
        ),
        tags=tags,
        opts=opts,
    )
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-monitoring-policy",
        role=role.name,
        policy_arn=arn("iam", "", "aws", "policy/service-role/AmazonRDSEnhancedMonitoringRole"),
        opts=opts,
    )
    return role, attachment


def event_subscriptions(
    name: str,
    topic_arn: pulumi.Input[str],
    instance: aws.rds.Instance,
    parameter_group: aws.rds.ParameterGroup,
    *,
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> None:
    """Send the events that RDS.20, RDS.21 and RDS.22 ask for to a topic.

    Security group events are about the DB security groups from before VPCs, of which there are none here; the control
    asks for the subscription all the same.
    https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-22
    """
    for role, source_type, source_ids, categories in (
        (
            "instance-events",
            "db-instance",
            [instance.identifier],
            ["configuration change", "failure", "maintenance"],
        ),
        ("parameter-group-events", "db-parameter-group", [parameter_group.name], ["configuration change"]),
        ("security-group-events", "db-security-group", None, ["configuration change", "failure"]),
    ):
        aws.rds.EventSubscription(
            f"{name}-{role}",
            sns_topic=topic_arn,
            source_type=source_type,
            source_ids=source_ids,
            event_categories=categories,
            tags=tags,
            opts=opts,
        )
