"""The policies by which a service's tasks follow the backlog of its queue."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.core.naming import Tags
from components.services.backlog import AcceptedLatency, Step, first_steps
from components.services.queue_metrics import (
    Metric,
    QueueMetrics,
    busy_percent,
    unfinished_per_task,
    unfinished_without_tasks,
)

#: How long a new task may take to be among the running ones in CloudWatch. Until then the backlog for each running task
#: still looks too large; within the cooldown what was added counts already.
_START_SECONDS = 180
#: How long after tasks were taken away no more are.
SCALE_IN_COOLDOWN_SECONDS = 300
#: Minutes in a row in which jobs wait and no task runs, before the first tasks are started.
_BELIEVED_MINUTES = 3

#: What the AWS provider calls one metric or expression of a policy.
_Query = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict


def scale_on_backlog(
    name: str,
    *,
    target: aws.appautoscaling.Target,
    latency: AcceptedLatency,
    queue: QueueMetrics,
    running: Metric,
    most_tasks: int,
    from_nothing: bool,
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> None:
    """Create the policies of a service that works on a queue.

    - `backlog` adds tasks while more jobs are unfinished, for each running task, than can be worked on within the
      accepted latency.
    - `busy` never adds any: it can't rise above its target of 100 %. Since tasks are taken away only when all policies
      agree, it keeps those that work. An empty queue alone would not: it is what enough tasks look like, and with as
      few as it asks for the jobs would wait again.
    - `first`, where there may be no task at all, starts some. A ratio to no tasks has no value, and no multiple of no
      tasks is a task: target tracking can take the last one away and never start one.
      https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-policy.html

    `first` changes the capacity by a number and doesn't set it: should only the metric of running tasks be missing,
    it adds tasks, within the maximum, and takes none away.

    Args:
        name: beginning of the children's names.
        target: the service's number of tasks.
        latency: what is accepted.
        queue: the numbers of the queue.
        running: the number of running tasks.
        most_tasks: most tasks of the service.
        from_nothing: whether there may be no task at all.
        tags: tags of the alarm.
        opts: the caller's options, with the parent.
    """
    metrics = [_query(metric) for metric in (*queue.unfinished, running)]
    _track(
        f"{name}-backlog",
        target,
        latency.jobs_per_task,
        [*metrics, {"id": "backlog", "expression": unfinished_per_task(queue), "return_data": True}],
        opts,
    )
    _track(
        f"{name}-busy",
        target,
        100,
        [
            _query(queue.started),
            _query(running),
            {"id": "taken", "expression": busy_percent(queue, latency.concurrency), "return_data": False},
            # Above 100 % where RabbitMQ hands out more than is worked on, or a task that stops still works.
            {"id": "busy", "expression": "IF(taken > 100, 100, taken)", "return_data": True},
        ],
        opts,
    )
    if from_nothing:
        _start_first(f"{name}-first", target, latency, queue, running, most_tasks, tags, opts)


def _track(
    name: str,
    target: aws.appautoscaling.Target,
    value: float,
    queries: Sequence[_Query],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.appautoscaling.Policy(
        name,
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration={
            "target_value": value,
            "customized_metric_specification": {"metrics": queries},
            "scale_out_cooldown": _START_SECONDS,
            "scale_in_cooldown": SCALE_IN_COOLDOWN_SECONDS,
        },
        opts=opts,
    )


def _start_first(
    name: str,
    target: aws.appautoscaling.Target,
    latency: AcceptedLatency,
    queue: QueueMetrics,
    running: Metric,
    most_tasks: int,
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> None:
    policy = aws.appautoscaling.Policy(
        name,
        policy_type="StepScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        step_scaling_policy_configuration={
            "adjustment_type": "ChangeInCapacity",
            "metric_aggregation_type": "Maximum",
            "cooldown": _START_SECONDS,
            "step_adjustments": [_adjustment(step) for step in first_steps(latency, most_tasks)],
        },
        opts=opts,
    )
    aws.cloudwatch.MetricAlarm(
        f"{name}-alarm",
        alarm_description=pulumi.Output.concat("Jobs wait and no task of ", target.resource_id, " runs"),
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        # A count of tasks that comes late looks like none: three minutes in a row are believed, one is not.
        evaluation_periods=_BELIEVED_MINUTES,
        datapoints_to_alarm=_BELIEVED_MINUTES,
        treat_missing_data="notBreaching",
        metric_queries=[
            *(
                aws.cloudwatch.MetricAlarmMetricQueryArgs(
                    id=metric.id,
                    metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                        namespace=metric.namespace,
                        metric_name=metric.name,
                        dimensions=metric.dimensions,
                        period=60,
                        stat="Average",
                    ),
                )
                for metric in (*queue.unfinished, running)
            ),
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id="waiting",
                expression=unfinished_without_tasks(queue),
                label="Unfinished jobs without a task",
                return_data=True,
            ),
        ],
        alarm_actions=[policy.arn],
        tags=tags,
        opts=opts,
    )


def _adjustment(step: Step) -> aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgsDict:
    adjustment: aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgsDict = {
        "metric_interval_lower_bound": f"{step.jobs:g}",
        "scaling_adjustment": step.tasks,
    }
    if step.below is not None:
        adjustment["metric_interval_upper_bound"] = f"{step.below:g}"
    return adjustment


def _query(metric: Metric) -> _Query:
    """Return a metric as the material of an expression. A policy's period is a minute."""
    return {
        "id": metric.id,
        "metric_stat": {
            "metric": {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "dimensions": [{"name": name, "value": value} for name, value in metric.dimensions.items()],
            },
            "stat": "Average",
        },
        "return_data": False,
    }
