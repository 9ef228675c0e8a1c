"""The function that publishes how much work waits in RQ's queues, and the schedule that calls it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue
from components.core.endpoint import Endpoint
from components.core.iam import allow, document, trust
from components.core.naming import component_tags
from components.core.placement import Placement
from components.functions.python_function import PythonFunction, PythonFunctionArgs
from components.services.queue_metrics import NAMESPACE


@dataclass(frozen=True, kw_only=True)
class QueueDepthArgs:
    """What a `QueueDepth` is made from."""

    system: str
    """Whose queues they are; a dimension of the metrics."""
    environment: str
    """Of which stack; a dimension too."""
    queues: Sequence[str]
    """Queues that have metrics even before their first job; others have theirs from then on."""
    redis_secret_arn: pulumi.Input[str]
    """The secret that holds the URL of the cache; its current version is read."""
    cache: Endpoint
    """Where the queues are."""
    archive: pulumi.Archive
    """The function `queue_depth`, packed."""
    placement: Placement
    """Where the function is, and the cache."""
    log_group_name: str
    """The function's log group."""
    dead_letter_topic_arn: pulumi.Input[str]
    """The SNS topic that gets the events for which it failed."""

    def __post_init__(self) -> None:
        """Refuse a name that would look like two."""
        for queue in self.queues:
            if not queue or "," in queue:
                raise InvalidValue("QueueDepthArgs.queues", queue, "names without a comma", "name one queue at a time")


class QueueDepth(pulumi.ComponentResource):
    """Metrics of a system's RQ queues in CloudWatch, every minute.

    For each queue, and for all together: `ReadyJobs`, `StartedJobs`, `FailedJobs`, `UnfinishedJobs` (what scaling
    follows) and `OldestJobAge` in seconds, in the namespace `Alicerce/Queues` by System, Environment and Queue.

    Guarantees: the function may publish to that namespace and no other, and reads that one secret; whatever it can't
    read is missing in CloudWatch, and never 0; a run that failed is not repeated, since the next one is a minute away.
    """

    function_name: pulumi.Output[str]
    """The function's name, to call it by hand."""

    def __init__(self, name: str, args: QueueDepthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:QueueDepth", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.placement.tags, "queue-depth")

        function = PythonFunction(
            name,
            PythonFunctionArgs(
                archive=args.archive,
                handler="queue_depth.handler.handler",
                description=f"Publishes how much work waits in {args.system}'s RQ queues",
                placement=args.placement,
                log_group_name=args.log_group_name,
                dead_letter_topic_arn=args.dead_letter_topic_arn,
                secret_arns=[args.redis_secret_arn],
                stores={"cache": args.cache},
                statements=[
                    # The action takes no resource, only this condition.
                    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
                    allow(
                        "cloudwatch:PutMetricData",
                        "*",
                        sid="PublishQueueMetrics",
                        condition={"StringEquals": {"cloudwatch:namespace": NAMESPACE}},
                    )
                ],
                environment={
                    "NAMESPACE": NAMESPACE,
                    "SYSTEM": args.system,
                    "ENVIRONMENT": args.environment,
                    "QUEUES": ",".join(args.queues),
                    "REDIS_SECRET_ARN": args.redis_secret_arn,
                },
                timeout_seconds=30,
            ),
            child,
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-invocations",
            function_name=function.function_name,
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=60,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-schedule-role",
            description=f"Calls {name} every minute",
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
            assume_role_policy=json.dumps(
                trust(
                    "scheduler.amazonaws.com",
                    args.placement.account_id,
                    args.placement.arn("scheduler", "schedule-group/default"),
                )
            ),
            tags=tags,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-schedule-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(
                document(allow("lambda:InvokeFunction", function.arn, sid="InvokeFunction"))
            ),
            opts=child,
        )
        aws.scheduler.Schedule(
            f"{name}-schedule",
            description=f"Calls {name} every minute",
            schedule_expression="rate(1 minute)",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": function.arn,
                "role_arn": role.arn,
                "retry_policy": {"maximum_retry_attempts": 0, "maximum_event_age_in_seconds": 60},
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})
