"""Deployments of a service: what they are made of, how they shift traffic, and what is told of them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html (rolling),
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html (by listener weights).
"""

import time
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from localcloud.emulator.patches.ecs import tasks, traffic

#: How long a minute of bake time takes here: everything that takes AWS minutes takes moments.
MINUTE_SECONDS = 0.02

#: The breaker's bounds on half the desired count:
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentCircuitBreaker.html
_FEWEST_FAILURES, _MOST_FAILURES = 3, 200

#: What ends a deployment, in three wordings: of the service's event, of the deployment's rollout state, and of the
#: service deployment's status. The events are those that https://github.com/aws/copilot-cli looks for, the breaker's
#: status is what https://github.com/hashicorp/terraform-provider-aws expects of a real account
#: (`TestAccECSService_BlueGreenDeployment_circuitBreakerRollback`). How AWS words the other two isn't documented.
Cause = tuple[str, str, str]
BREAKER: Cause = (
    "tasks failed to start.",
    "ECS deployment circuit breaker: tasks failed to start.",
    "Service deployment rolled back because the circuit breaker threshold was exceeded.",
)
ALARM: Cause = (
    "alarm detected.",
    "ECS deployment failed: alarm detected.",
    "Service deployment rolled back because an alarm was detected.",
)
#: The status reason of a deployment that has nothing to go back to.
NO_CANDIDATE = "No rollback candidate was found to run the rollback."


def network(reason: str) -> Cause:
    """Return the wordings for a deployment whose load balancers don't let it shift traffic."""
    return (reason, reason, reason)


def threshold(desired: int) -> int:
    """Return how many tasks may fail to start before the circuit breaker ends a deployment."""
    return min(max(-(-desired // 2), _FEWEST_FAILURES), _MOST_FAILURES)


class ServiceDeployment:
    """One deployment of a service, with the members that DescribeServices answers under their snake case names."""

    def __init__(self, service: Any, reason: str = "") -> None:
        self.id = f"ecs-svc/{mock_random.randint(10**18, 10**19 - 1)}"
        self.status = "PRIMARY"
        self.task_definition = service.task_definition
        self.desired_count = service.desired_count
        self.pending_count = self.running_count = self.failed_tasks = 0
        self.created_at = self.updated_at = utcnow()
        self.launch_type = service.launch_type
        self.capacity_provider_strategy = service.capacity_provider_strategy
        self.platform_version = tasks.PLATFORM_VERSION if service.platform_family else None
        self.platform_family = service.platform_family
        self.network_configuration = service.network_configuration or None
        self.volume_configurations = service.volume_configurations
        self.vpc_lattice_configurations = service.vpc_lattice_configurations
        self.service_connect_configuration = service.service_connect_configuration
        self.service_connect_resources = service.service_connect_resources()
        self.rollout_state = "IN_PROGRESS"
        self.rollout_state_reason = reason or f"ECS deployment {self.id} in progress."
        self.is_rollback = bool(reason)
        self.ended: float | None = None
        self._account, self._region = service._account_id, service.region_name
        self._configuration = dict(service.deployment_configuration)
        #: Whether traffic is moved to its tasks by listener weights, rather than task by task.
        self.shifts = self._configuration["strategy"] != "ROLLING" and not self.is_rollback
        #: The load balancers with the target groups that its tasks are registered with.
        self.targets = traffic.placed(self._account, self._region, service.load_balancers, aside=self.shifts)
        #: Since when all of its tasks run, on a clock that only goes forward.
        self.running_since: float | None = None
        self.watched = [] if self.is_rollback or _on(self) else _alarm_names(self._configuration)
        self._sounded: list[str] = []

    # Traffic

    @property
    def percent(self) -> float:
        """How much of the traffic its tasks get by now."""
        if self.running_since is None:
            return 0.0 if self.shifts else 100.0
        reached = [percent for minute, percent in self._steps() if minute <= self._minutes()]
        return reached[-1]

    @property
    def stage(self) -> str:
        """Where it is by now, in DescribeServiceDeployments' words."""
        if self.running_since is None:
            return "SCALE_UP"
        return "PRODUCTION_TRAFFIC_SHIFT" if self.percent < 100 else "BAKE_TIME"

    @property
    def baked(self) -> bool:
        """Whether it has all of the traffic, and has had it for the bake time."""
        if not self.shifts:
            return True
        last = self._steps()[-1][0] + float(self._configuration.get("bakeTimeInMinutes") or 0)
        return self.running_since is not None and self._minutes() >= last

    def shift(self) -> None:
        """Give its tasks the traffic that they have a right to by now."""
        if self.shifts:
            traffic.shift(self._account, self._region, self.targets, self.percent)

    def give_back(self) -> None:
        """Give the traffic that its tasks had to what was there before, at each load balancer that it was to have."""
        traffic.shift(self._account, self._region, self.targets, 0)

    def _minutes(self) -> float:
        return (time.monotonic() - (self.running_since or time.monotonic())) / MINUTE_SECONDS

    def _steps(self) -> list[tuple[float, float]]:
        """Return from which minute on how much of the traffic is its."""
        canary = self._configuration.get("canaryConfiguration") or {}
        linear = self._configuration.get("linearConfiguration") or {}
        if self._configuration["strategy"] == "CANARY":
            # Defaults: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
            return [(0, float(canary.get("canaryPercent", 5))), (float(canary.get("canaryBakeTimeInMinutes", 10)), 100)]
        if self._configuration["strategy"] == "LINEAR":
            # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html
            step, pause = float(linear.get("stepPercent", 10)), float(linear.get("stepBakeTimeInMinutes", 6))
            count = -int(-100 // step)
            return [(number * pause, min(100.0, (number + 1) * step)) for number in range(count)]
        return [(0, 100)]

    # Alarms

    @property
    def triggered(self) -> list[str]:
        """The alarms that ECS watches for it and that are on.

        An alarm that is on when a deployment begins turns the watching off for all of it:
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
        """
        return [name for name in self.watched if _state(self, name) == "ALARM"]

    def sound(self, entry: str) -> None:
        """Have the alarms go off whose name holds a text, as tasks that answer with errors would."""
        self._sounded = [name for name in self.watched if entry in name and _state(self, name)]
        self._set("ALARM", "what the tasks ask for")

    def silence(self) -> None:
        """Have those alarms end, since the tasks that set them off are gone."""
        self._set("OK", "the tasks are gone")

    def _set(self, state: str, reason: str) -> None:
        for name in self._sounded:
            cloudwatch_backends[self._account][self._region].set_alarm_state(name, reason, "{}", state)


def _alarm_names(configuration: dict[str, Any]) -> list[str]:
    alarms = configuration.get("alarms") or {}
    return list(alarms.get("alarmNames") or ()) if alarms.get("enable") else []


def _state(deployment: ServiceDeployment, name: str) -> str:
    alarm = cloudwatch_backends[deployment._account][deployment._region].alarms.get(name)
    return str(alarm.state_value) if alarm else ""


def _on(deployment: ServiceDeployment) -> bool:
    return any(_state(deployment, name) == "ALARM" for name in _alarm_names(deployment._configuration))


def record(service: Any, deployment: ServiceDeployment, revision_arn: str, previous: str | None) -> dict[str, Any]:
    """Return what DescribeServiceDeployments tells of a deployment that begins.

    Args:
        service: the service.
        deployment: its deployment.
        revision_arn: the service revision that is deployed.
        previous: the service revision that it takes the place of, if there is one.
    """
    breaker = service.deployment_configuration.get("deploymentCircuitBreaker") or {}
    names = _alarm_names(service.deployment_configuration)
    return {
        "serviceDeploymentArn": revision_arn.replace(":service-revision/", ":service-deployment/"),
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": deployment.created_at,
        "startedAt": deployment.created_at,
        "updatedAt": deployment.created_at,
        "sourceServiceRevisions": [_summary(previous, service.desired_count)] if previous else [],
        "targetServiceRevision": _summary(revision_arn, service.desired_count),
        "targetServiceRevisionArn": revision_arn,  # as ListServiceDeployments tells it
        "status": "IN_PROGRESS",
        "lifecycleStage": deployment.stage,
        "deploymentConfiguration": service.deployment_configuration,
        "deploymentCircuitBreaker": {
            "status": "MONITORING" if breaker.get("enable") else "DISABLED",
            "failureCount": 0,
            "threshold": threshold(service.desired_count),
        },
        "alarms": {
            "status": "MONITORING" if deployment.watched else "DISABLED",
            "alarmNames": names,
            "triggeredAlarmNames": [],
        },
    }


def follow(entry: dict[str, Any], deployment: ServiceDeployment) -> None:
    """Bring what is told of a deployment to where it is by now."""
    target = entry["targetServiceRevision"]
    target["runningTaskCount"], target["pendingTaskCount"] = deployment.running_count, deployment.pending_count
    if deployment.shifts:
        entry["lifecycleStage"] = deployment.stage
        target["requestedProductionTrafficWeight"] = deployment.percent
        for source in entry["sourceServiceRevisions"]:
            source["requestedProductionTrafficWeight"] = 100 - deployment.percent


def end(
    entry: dict[str, Any], status: str, reason: str, *, failures: int = 0, triggered: list[str] | None = None
) -> None:
    """Enter the end of a deployment into what is told of it."""
    entry.update(status=status, statusReason=reason, updatedAt=utcnow(), finishedAt=utcnow())
    breaker, alarms = entry["deploymentCircuitBreaker"], entry["alarms"]
    breaker["failureCount"] = failures
    if breaker["status"] == "MONITORING":
        breaker["status"] = "TRIGGERED" if failures else "MONITORING_COMPLETE"
    if alarms["status"] == "MONITORING":
        alarms["status"] = "TRIGGERED" if triggered else "MONITORING_COMPLETE"
        alarms["triggeredAlarmNames"] = list(triggered or ())
    if status.startswith("ROLLBACK") and entry["sourceServiceRevisions"]:
        entry["rollback"] = {
            "reason": reason,
            "startedAt": utcnow(),
            "serviceRevisionArn": entry["sourceServiceRevisions"][0]["arn"],
        }


def _summary(arn: str, count: int) -> dict[str, Any]:
    return {"arn": arn, "requestedTaskCount": count, "runningTaskCount": 0, "pendingTaskCount": 0}
