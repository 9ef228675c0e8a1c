"""The role in whose name ECS moves a service's traffic between its target groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.iam import allow, document
from components.core.naming import Tags


@dataclass(frozen=True, kw_only=True)
class TrafficRoleArgs:
    """What ECS may move."""

    title: str
    """What a person knows the service by."""
    target_group_arns: Sequence[pulumi.Input[str]]
    """The service's target groups, in which tasks are entered."""
    rule_arns: Sequence[pulumi.Input[str]]
    """The listener rules whose weights are moved."""
    listener_arns: Sequence[pulumi.Input[str]]
    """The listeners that the rules are of."""
    tags: Tags
    """Tags of the role."""


class TrafficRole(pulumi.ComponentResource):
    """What AWS's `AmazonECSInfrastructureRolePolicyForLoadBalancers` allows, for one service's own parts only.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html

    Guarantees: only ECS takes it, and beyond looking it can enter tasks in these target groups, and change these rules
    and listeners.
    """

    arn: pulumi.Output[str]
    """ARN of the role, once it may do what it is for."""

    def __init__(self, name: str, args: TrafficRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:TrafficRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            description=f"Moves the traffic of {args.title} between its target groups",
            # AWS's page for this role has no condition on the caller's account, and says of none that ECS sends it.
            assume_role_policy=pulumi.Output.json_dumps(
                document(allow("sts:AssumeRole", principal={"Service": "ecs.amazonaws.com"}))
            ),
            tags={"Component": "traffic-role", **args.tags},
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                document(
                    # These actions take no resource:
                    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
                    allow(
                        [
                            "elasticloadbalancing:DescribeListeners",
                            "elasticloadbalancing:DescribeRules",
                            "elasticloadbalancing:DescribeTargetGroups",
                            "elasticloadbalancing:DescribeTargetHealth",
                        ],
                        "*",
                        sid="Describe",
                    ),
                    allow(
                        ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
                        list(args.target_group_arns),
                        sid="RegisterTargets",
                    ),
                    allow("elasticloadbalancing:ModifyRule", list(args.rule_arns), sid="ModifyRules"),
                    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html
                    allow("elasticloadbalancing:ModifyListener", list(args.listener_arns), sid="ModifyListeners"),
                )
            ),
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda values: values[0])
        self.register_outputs({"arn": self.arn})
