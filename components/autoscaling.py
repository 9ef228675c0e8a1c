"""How the number of a service's tasks follows its CPU and memory."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.naming import Tags, component_tags


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How many tasks a service has."""

    minimum: int
    """Fewest tasks."""
    maximum: int
    """Most tasks; the same as `minimum` turns autoscaling off."""
    cpu_percent: int = 60
    """Mean CPU use that the number of tasks aims at."""
    memory_percent: int = 75
    """Mean memory use that the number of tasks aims at."""
    scale_in_cooldown_seconds: int = 300
    """How long after a change tasks are not taken away."""

    def __post_init__(self) -> None:
        """Refuse what can't be meant.

        Raises:
            ValueError: naming the values.
        """
        if not 0 <= self.minimum <= self.maximum or self.maximum < 1:
            raise ValueError(
                f"minimum={self.minimum}, maximum={self.maximum}: a service runs 0 or more tasks at the least, and at "
                "the most at least one and no fewer than that"
            )
        for key in ("cpu_percent", "memory_percent"):
            if not 10 <= getattr(self, key) <= 90:
                raise ValueError(f"{key}={getattr(self, key)}: a target from 10 to 90 leaves room in both directions")


@dataclass(frozen=True, kw_only=True)
class AutoscalingArgs:
    """What autoscaling needs."""

    cluster_name: pulumi.Input[str]
    """The cluster of the service."""
    service_name: pulumi.Input[str]
    """The service."""
    scaling: Scaling
    """Limits and targets."""
    tags: Tags
    """Tags of every child."""


class Autoscaling(pulumi.ComponentResource):
    """Target tracking on mean CPU and on mean memory; the policy that asks for more tasks wins.

    Guarantees: tasks are added quickly and taken away slowly, never below the minimum, and missing data takes none
    away (https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html).
    """

    resource_id: pulumi.Output[str]
    """`service/<cluster>/<service>`, by which Application Auto Scaling knows the service."""

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Autoscaling", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        target = aws.appautoscaling.Target(
            f"{name}-target",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=args.scaling.minimum,
            max_capacity=args.scaling.maximum,
            tags=component_tags(args.tags, args.tags.get("Component", "autoscaling")),
            opts=child,
        )
        for role, metric, percent in (
            ("cpu", "ECSServiceAverageCPUUtilization", args.scaling.cpu_percent),
            ("memory", "ECSServiceAverageMemoryUtilization", args.scaling.memory_percent),
        ):
            aws.appautoscaling.Policy(
                f"{name}-{role}",
                policy_type="TargetTrackingScaling",
                service_namespace=target.service_namespace,
                scalable_dimension=target.scalable_dimension,
                resource_id=target.resource_id,
                target_tracking_scaling_policy_configuration={
                    "target_value": percent,
                    "predefined_metric_specification": {"predefined_metric_type": metric},
                    "scale_out_cooldown": 60,
                    "scale_in_cooldown": args.scaling.scale_in_cooldown_seconds,
                },
                opts=child,
            )

        self.resource_id = target.resource_id
        self.register_outputs({"resource_id": self.resource_id})
