"""The queues of a system: where their numbers are, and the function that publishes those of RQ."""

import pulumi

from components.functions.function_archive import build_archive
from components.functions.queue_depth import QueueDepth, QueueDepthArgs
from components.services.queue_metrics import QueueMetrics, rabbitmq_metrics, rq_metrics
from stacks.systems.spec import Need, RedisUrl, SystemSpec
from stacks.wiring.context import SystemContext
from stacks.wiring.secrets import SystemSecrets
from stacks.wiring.stores import Stores

_FUNCTION = "queue_depth"
_PART = "queue-depth"


def queue_metrics(context: SystemContext, service: str, stores: Stores) -> QueueMetrics | None:
    """Return where the numbers of a service's queue are; None for a service that works on none."""
    system = context.system
    backlog = system.services[service].backlog
    if backlog is None:
        return None
    if backlog.store is Need.RABBITMQ and stores.broker is not None:
        # A system's queues are in the virtual host of its name.
        return rabbitmq_metrics(stores.broker.broker_name, system.name, backlog.queue)
    return rq_metrics(system.name, context.settings.stack, backlog.queue)


def build_queue_depth(context: SystemContext, stores: Stores, secrets: SystemSecrets) -> QueueDepth | None:
    """Build the function that publishes the depth of a system's RQ queues; None for a system without any."""
    system, platform = context.system, context.platform
    queues = [
        service.backlog.queue
        for service in system.services.values()
        if service.backlog is not None and service.backlog.store is Need.REDIS
    ]
    if not queues or stores.cache is None:
        return None
    return QueueDepth(
        context.name(_PART),
        QueueDepthArgs(
            system=system.name,
            environment=context.settings.stack,
            queues=sorted({queue for queue in queues if queue is not None}),
            redis_secret_arn=secrets.versions[_redis_url(system)].arn,
            cache=stores.cache.endpoint,
            archive=pulumi.FileArchive(build_archive(_FUNCTION)),
            placement=context.placement,
            log_group_name=context.log_group_name(_PART),
            dead_letter_topic_arn=platform.notifications.topic_arn,
        ),
    )


def _redis_url(system: SystemSpec) -> str:
    """Return the variable that holds the URL of the system's cache, which its worker reads too."""
    return next(variable for variable, secret in system.secrets.items() if isinstance(secret, RedisUrl))
