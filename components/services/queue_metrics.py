"""Where CloudWatch has the numbers of a queue, and the expressions that scaling makes of them.

What is missing must never look like an empty queue: metric math takes a missing value for 0, and an unreachable queue
would end in tasks being taken away. So each expression divides by something that is 0 when one of its metrics is
missing, and a point that divides by 0 is dropped: the alarm has insufficient data, and nothing scales.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html (basic arithmetic functions)
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html (considerations)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

#: What `functions/queue_depth` publishes to.
NAMESPACE = "Alicerce/Queues"

#: The metric of the tasks that run, and its name in the expressions below.
RUNNING = "running"
#: More jobs than any queue has for each running task.
_NEVER = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of CloudWatch."""

    id: str
    """What expressions call it: a lower case letter, then letters, digits and underscores."""
    namespace: str
    """Its namespace."""
    name: str
    """Its name."""
    dimensions: Mapping[str, pulumi.Input[str]]
    """Its dimensions."""


@dataclass(frozen=True, kw_only=True)
class QueueMetrics:
    """What CloudWatch knows of one queue, or of several together."""

    unfinished: Sequence[Metric]
    """The metrics whose sum is the jobs that wait and those that are worked on."""
    started: Metric
    """The jobs that are worked on."""


def rq_metrics(system: str, environment: str, queue: str | None) -> QueueMetrics:
    """Return the metrics of an RQ queue, or of all of a system's.

    Args:
        system: the system's name.
        environment: the stack's name.
        queue: the queue; None for all together.
    """
    dimensions = {"System": system, "Environment": environment, **({"Queue": queue} if queue else {})}
    return QueueMetrics(
        unfinished=[Metric(id="unfinished", namespace=NAMESPACE, name="UnfinishedJobs", dimensions=dimensions)],
        started=Metric(id="started", namespace=NAMESPACE, name="StartedJobs", dimensions=dimensions),
    )


def rabbitmq_metrics(broker_name: pulumi.Input[str], virtual_host: str, queue: str | None) -> QueueMetrics:
    """Return the metrics of a RabbitMQ queue, or of all of a broker's.

    Ready and unacknowledged, since what a task works on is unfinished too. Amazon MQ publishes them every minute, by
    queue for the first 500 queues of a broker.
    https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-logging-monitoring.html

    Args:
        broker_name: the broker's name.
        virtual_host: the virtual host of the queue.
        queue: the queue; None for all of the broker's together.
    """
    dimensions: dict[str, pulumi.Input[str]] = {"Broker": broker_name}
    if queue:
        dimensions |= {"VirtualHost": virtual_host, "Queue": queue}
    ready, unacknowledged = (
        Metric(id=id, namespace="AWS/AmazonMQ", name=name, dimensions=dimensions)
        for id, name in (("ready", "MessageReadyCount"), ("unacknowledged", "MessageUnacknowledgedCount"))
    )
    return QueueMetrics(unfinished=[ready, unacknowledged], started=unacknowledged)


def running_tasks(cluster_name: pulumi.Input[str], service_name: pulumi.Input[str]) -> Metric:
    """Return Container Insights' metric of a service's running tasks.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
    """
    return Metric(
        id=RUNNING,
        namespace="ECS/ContainerInsights",
        name="RunningTaskCount",
        dimensions={"ClusterName": cluster_name, "ServiceName": service_name},
    )


def unfinished_per_task(queue: QueueMetrics) -> str:
    """Return the expression of unfinished jobs for each running task; no value where one of its metrics is missing."""
    return f"{_sum(queue)} / ({RUNNING} * {_present(queue.unfinished)})"


def busy_percent(queue: QueueMetrics, concurrency: int) -> str:
    """Return the expression of how many of the running tasks' places are taken; no value where a metric is missing."""
    return f"100 * {queue.started.id} / ({RUNNING} * {concurrency} * {_present([queue.started])})"


def unfinished_without_tasks(queue: QueueMetrics) -> str:
    """Return the expression of unfinished jobs where no task runs; below 0 where one does.

    A service without tasks may have no metric of them. Taking away what is missing takes away nothing.
    """
    return f"{_sum(queue)} - {_NEVER} * FILL({RUNNING}, 0)"


def _sum(queue: QueueMetrics) -> str:
    return f"({' + '.join(metric.id for metric in queue.unfinished)})"


def _present(metrics: Sequence[Metric]) -> str:
    """Return the expression that is 1 where all of the metrics have a value, and 0 where one hasn't."""
    return " * ".join(f"(FILL({metric.id}, -1) >= 0)" for metric in metrics)
