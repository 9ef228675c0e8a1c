"""How the number of a service's tasks follows its load: CPU and memory, or the backlog of the queue it works on."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidArguments
from components.core.naming import Tags
from components.services.backlog import AcceptedLatency
from components.services.backlog_scaling import SCALE_IN_COOLDOWN_SECONDS, scale_on_backlog
from components.services.queue_metrics import QueueMetrics, running_tasks

#: Mean use of CPU and of memory that the number of tasks aims at: it leaves room in both directions.
_CPU_PERCENT, _MEMORY_PERCENT = 60, 75


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How many tasks a service has."""

    minimum: int
    """Fewest tasks; 0 for a service that works on a queue and may have none while the queue is empty."""
    maximum: int
    """Most tasks; the same as `minimum` turns autoscaling off."""
    latency: AcceptedLatency | None = None
    """For a service that works on a queue: how long a job may wait; then the backlog is what it follows."""

    def __post_init__(self) -> None:
        """Refuse what can't be meant.

        Raises:
            ValueError: naming the values.
        """
        if not 0 <= self.minimum <= self.maximum or self.maximum < 1:
            raise InvalidArguments(
                f"minimum={self.minimum}, maximum={self.maximum}: a service runs 0 or more tasks at the least, and at "
                "the most at least one and no fewer than that"
            )
        if self.minimum == 0 and self.latency is None:
            raise InvalidArguments(
                "minimum=0 without a latency: only a queue tells that a first task is needed; keep one task"
            )


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
    queue: QueueMetrics | None = None
    """Where the numbers of its queue are; given exactly with `scaling.latency`."""

    def __post_init__(self) -> None:
        """Refuse half of what a backlog needs.

        Raises:
            ValueError: naming what is missing.
        """
        if (self.queue is None) != (self.scaling.latency is None):
            missing, given = ("queue", "scaling.latency") if self.queue is None else ("scaling.latency", "queue")
            raise InvalidArguments(
                f"{missing} is None and {given} isn't: a backlog needs its metrics and what is accepted"
            )


class Autoscaling(pulumi.ComponentResource):
    """Target tracking: on mean CPU and mean memory, or on the backlog of a queue.

    Guarantees: tasks are added quickly and taken away slowly, never below the minimum, and missing data takes none
    away. Of several policies the one that asks for more tasks wins, and tasks are taken away only when all agree
    (https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html).

    A service that works on a queue follows the queue alone. Its CPU says how hard a task works on its job and nothing
    of who waits: a job that keeps a processor busy would add tasks that nobody needs, and one that waits for an answer
    would take away tasks in the middle of their work. More tasks make no task use less memory.
    """

    def __init__(self, name: str, args: AutoscalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Autoscaling", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {"Component": "autoscaling", **args.tags}

        target = aws.appautoscaling.Target(
            f"{name}-target",
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=args.scaling.minimum,
            max_capacity=args.scaling.maximum,
            tags=tags,
            opts=child,
        )
        if args.queue is not None and args.scaling.latency is not None:
            scale_on_backlog(
                name,
                target=target,
                latency=args.scaling.latency,
                queue=args.queue,
                running=running_tasks(args.cluster_name, args.service_name),
                most_tasks=args.scaling.maximum,
                from_nothing=args.scaling.minimum == 0,
                tags=tags,
                opts=child,
            )
        else:
            _scale_on_use(name, target, child)

        self.register_outputs({})


def _scale_on_use(name: str, target: aws.appautoscaling.Target, opts: pulumi.ResourceOptions) -> None:
    for role, metric, percent in (
        ("cpu", "ECSServiceAverageCPUUtilization", _CPU_PERCENT),
        ("memory", "ECSServiceAverageMemoryUtilization", _MEMORY_PERCENT),
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
                "scale_in_cooldown": SCALE_IN_COOLDOWN_SECONDS,
            },
            opts=opts,
        )
