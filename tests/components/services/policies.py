"""What autoscaling asks for, for a worker that follows a queue."""

from components.services.autoscaling import Autoscaling, AutoscalingArgs, Scaling
from components.services.backlog import AcceptedLatency
from components.services.queue_metrics import QueueMetrics
from tests.components.recording import TAGS, Recording, record


def policies(latency: AcceptedLatency, queue: QueueMetrics, minimum: int, maximum: int) -> Recording:
    """Return what autoscaling asks for."""
    return record(
        lambda: Autoscaling(
            "worker",
            AutoscalingArgs(
                cluster_name="alicerce-prod",
                service_name="worker",
                scaling=Scaling(minimum=minimum, maximum=maximum, latency=latency),
                queue=queue,
                tags=TAGS,
            ),
        )
    )
