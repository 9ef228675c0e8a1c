"""Services: they keep their tasks running, and a change of them is a deployment that completes, fails or rolls back.

A deployment is carried out at once, within the call that asks for it: its tasks run before the call returns, so that
waiting costs nothing. Only what shifts traffic by listener weights takes its bake time, a minute being a moment. One
whose tasks can't start, or that sets an alarm off, stays in progress, fails, or is rolled back to the last that
completed, as the service asks
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html).
"""

import time
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.exceptions import ECSException, InvalidParameterException
from moto.ecs.models import Cluster, EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.moto_api._internal import mock_random

from localcloud.emulator.patches.ecs import deployments, references, revisions, startup, tasks, traffic
from localcloud.emulator.patches.ecs.clusters import check_associated
from localcloud.emulator.patches.ecs.definitions import containers_of
from localcloud.emulator.patches.ecs.deployments import ServiceDeployment
from localcloud.emulator.patching import patch

#: How long a deployment that failed is still told of, beside the one that took its place.
_FAILED_SHOWN_SECONDS = 1.0

#: How many events a service keeps: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
_EVENTS_KEPT = 100

#: For an argument of CreateService and UpdateService: the member of a service.
_MEMBERS = {
    "availabilityZoneRebalancing": "availability_zone_rebalancing",
    "capacityProviderStrategy": "capacity_provider_strategy",
    "deploymentConfiguration": "deployment_configuration",
    "deploymentController": "deployment_controller",
    "desiredCount": "desired_count",
    "enableECSManagedTags": "enable_ecs_managed_tags",
    "enableExecuteCommand": "enable_execute_command",
    "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    "loadBalancers": "load_balancers",
    "networkConfiguration": "network_configuration",
    "placementConstraints": "placement_constraints",
    "placementStrategy": "placement_strategy",
    "platformVersion": "platform_version",
    "propagateTags": "propagate_tags",
    "serviceConnectConfiguration": "service_connect_configuration",
    "serviceRegistries": "service_registries",
    "volumeConfigurations": "volume_configurations",
    "vpcLatticeConfigurations": "vpc_lattice_configurations",
}

#: What makes a new deployment: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
_DEPLOYED = frozenset(
    {
        "capacityProviderStrategy",
        "loadBalancers",
        "networkConfiguration",
        "platformVersion",
        "serviceConnectConfiguration",
        "serviceRegistries",
        "volumeConfigurations",
        "vpcLatticeConfigurations",
    }
)


class RunningService(Service):
    """A service that runs tasks."""

    def __init__(self, backend: EC2ContainerServiceBackend, cluster: Cluster, params: dict[str, Any]) -> None:
        strategy = params.get("capacityProviderStrategy") or []
        launch_type = params.get("launchType")
        if not strategy and not launch_type:
            strategy = cluster.default_capacity_provider_strategy or []
            launch_type = None if strategy else "EC2"
        super().__init__(
            cluster=cluster,
            service_name=str(params["serviceName"]),
            desired_count=int(params.get("desiredCount") or 0),
            backend=backend,
            load_balancers=params.get("loadBalancers") or [],
            scheduling_strategy=params.get("schedulingStrategy") or "REPLICA",  # type: ignore[arg-type]
            tags=params.get("tags") or [],
            deployment_controller=params.get("deploymentController"),
            launch_type=launch_type,
            service_registries=params.get("serviceRegistries"),
            propagate_tags=params.get("propagateTags") or "NONE",
        )
        self._cluster = cluster
        self.launch_type = launch_type
        self.capacity_provider_strategy = [{"base": 0, "weight": 0, **item} for item in strategy]
        fargate = launch_type == "FARGATE" or any(
            item["capacityProvider"] in ("FARGATE", "FARGATE_SPOT") for item in strategy
        )
        self.platform_family = "Linux" if fargate else None
        self.platform_version = params.get("platformVersion") or ("LATEST" if fargate else None)
        self.network_configuration = _full_network(params.get("networkConfiguration"))
        self.deployment_configuration = _full_configuration(params.get("deploymentConfiguration"))
        self.placement_constraints = params.get("placementConstraints") or []
        self.placement_strategy = params.get("placementStrategy") or []
        self.health_check_grace_period_seconds = params.get("healthCheckGracePeriodSeconds") or 0
        self.enable_ecs_managed_tags = bool(params.get("enableECSManagedTags"))
        self.enable_execute_command = bool(params.get("enableExecuteCommand"))
        # New services are rebalanced unless they say otherwise:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
        self.availability_zone_rebalancing = params.get("availabilityZoneRebalancing") or "ENABLED"
        self.service_connect_configuration = params.get("serviceConnectConfiguration")
        self.volume_configurations = params.get("volumeConfigurations") or []
        self.vpc_lattice_configurations = params.get("vpcLatticeConfigurations") or []
        self.created_at = utcnow()
        self.created_by = f"arn:aws:iam::{backend.account_id}:root"
        awsvpc = bool(self.network_configuration)
        self.role_arn = params.get("role") or (
            f"arn:aws:iam::{backend.account_id}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
            if awsvpc
            else None
        )
        self.pending_count = self.running_count = 0
        self.deployments: list[Any] = []
        self.history: list[dict[str, Any]] = []  # as DescribeServiceDeployments tells it, latest first
        self.revisions: list[dict[str, Any]] = []  # as DescribeServiceRevisions tells it
        self._last_completed: str | None = None

    def service_connect_resources(self) -> list[dict[str, str]]:
        """Return the discovery services that Service Connect makes for the named ports."""
        connect = self.service_connect_configuration or {}
        return [
            {
                "discoveryName": str(one.get("discoveryName") or one["portName"]),
                "discoveryArn": (
                    f"arn:aws:servicediscovery:{self.region_name}:{self._account_id}:service/"
                    f"srv-{one.get('discoveryName') or one['portName']}"
                ),
            }
            for one in connect.get("services") or []
        ]

    # Tasks

    def own_tasks(self) -> list[tasks.Task]:
        """Return the tasks that run for it."""
        return [
            task
            for task in tasks.of_cluster(self._backend, self.cluster_name)
            if task.group == f"service:{self.name}" and task.desired_status == "RUNNING"
        ]

    def _placement(self, deployment: ServiceDeployment, number: int) -> tasks.Placement:
        providers = self.capacity_provider_strategy
        return tasks.Placement(
            launch_type=self.launch_type,
            capacity_provider=_provider_of(providers, number) if providers else None,
            network=self.network_configuration or None,
            enable_execute_command=self.enable_execute_command,
            tags=self._task_tags(),
            targets=deployment.targets,
        )

    def _task_tags(self) -> list[dict[str, str]]:
        tags = {}
        if self.propagate_tags == "SERVICE":
            tags = {tag["key"]: tag["value"] for tag in self.tags}
        elif self.propagate_tags == "TASK_DEFINITION" and self.task_definition:
            definition = self._backend.describe_task_definition(self.task_definition)
            tags = {tag["key"]: tag["value"] for tag in definition.tags}
        if self.enable_ecs_managed_tags:
            tags |= {"aws:ecs:clusterName": self.cluster_name, "aws:ecs:serviceName": self.name}
        return [{"key": key, "value": value} for key, value in tags.items()]

    def _start(self, deployment: ServiceDeployment, number: int) -> tasks.Task:
        definition = self._backend.describe_task_definition(str(deployment.task_definition))
        return tasks.start(
            tasks.Task(
                self._backend,
                self._cluster,
                definition,
                self._placement(deployment, number),
                group=f"service:{self.name}",
                started_by=deployment.id,
                one_off=False,
            )
        )

    # Deployments

    def deploy(self, reason: str = "") -> ServiceDeployment:
        """Begin a deployment of the service as it is now, and carry it out as far as it goes."""
        for older in self.deployments:
            if older.status == "PRIMARY":
                older.status = "ACTIVE"
                if older.rollout_state == "IN_PROGRESS":
                    self._leave(older)
        deployment = ServiceDeployment(self, reason)
        self.deployments.insert(0, deployment)
        if not reason:  # a rollback is part of the deployment that it undoes
            self._record(deployment)
        self.settle()
        return deployment

    def _leave(self, unfinished: ServiceDeployment) -> None:
        """Stop what hasn't ended when another deployment begins; traffic that it had goes back first.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
        (RECONCILE_SERVICE)
        """
        if not unfinished.is_rollback:
            deployments.end(self.history[0], "STOPPED", "")
        before = next((one for one in self.deployments if one.rollout_state == "COMPLETED"), None)
        if unfinished.shifts and before is not None:
            unfinished.give_back()
            self._end_tasks_but(before)

    def _record(self, deployment: ServiceDeployment) -> None:
        prefix = f"arn:aws:ecs:{self.region_name}:{self._account_id}"
        number = deployment.id.rpartition("/")[2]
        revision = revisions.record(self, f"{prefix}:service-revision/{self.cluster_name}/{self.name}/{number}")
        before = next((entry for entry in self.history if entry["status"] == "SUCCESSFUL"), None)
        previous = before["targetServiceRevisionArn"] if before else None
        self.revisions.append(revision)
        self.history.insert(0, deployments.record(self, deployment, revision["serviceRevisionArn"], previous))

    def settle(self) -> None:
        """Bring tasks and deployments to where they are by now."""
        now = time.monotonic()
        self.deployments = [
            one for one in self.deployments if one.ended is None or now - one.ended < _FAILED_SHOWN_SECONDS
        ]
        primary = next((one for one in self.deployments if one.status == "PRIMARY"), None)
        if primary is None:
            return
        primary.desired_count = self.desired_count
        if primary.rollout_state != "FAILED":
            self._fill(primary)
        self._count()
        if primary.rollout_state == "IN_PROGRESS" and not primary.is_rollback:
            deployments.follow(self.history[0], primary)

    def _fill(self, deployment: ServiceDeployment) -> None:
        """Start what a deployment lacks and stop what it has too many; go on with it when its tasks run."""
        running = [task for task in self.own_tasks() if task.started_by == deployment.id]
        if deployment.shifts and deployment.running_since is None and not running:
            refusal = traffic.refusal(self._account_id, self.region_name, self.load_balancers)
            if refusal:
                self._fail(deployment, deployments.network(refusal), rollback=True)
                return
        reason = self._cannot_start(deployment) if len(running) < self.desired_count else None
        if reason:
            self._cannot_run(deployment, reason)
            return
        for number in range(len(running), self.desired_count):
            running.append(self._start(deployment, number))
        for task in running[self.desired_count :]:
            task.end("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {deployment.id})")
        if deployment.rollout_state == "IN_PROGRESS" and all(task.last_status == "RUNNING" for task in running):
            self._serve(deployment)

    def _cannot_start(self, deployment: ServiceDeployment) -> str | None:
        definition = self._backend.describe_task_definition(str(deployment.task_definition))
        role = startup.role_refusal(definition, self._account_id)
        if role:
            return role
        if (value := self._environment_value(deployment, tasks.STOP_REASON)) is not None:
            return value
        if self._environment_value(deployment, tasks.EXIT_CODE) is not None:
            return "Essential container in task exited"
        return startup.refusal(definition, self._account_id, self.region_name)

    def _environment_value(self, deployment: ServiceDeployment, variable: str) -> str | None:
        """Return what the environment of a deployment's containers asks for, by the name of a variable."""
        definition = self._backend.describe_task_definition(str(deployment.task_definition))
        for container in containers_of(definition):
            for item in container.get("environment") or []:
                if item.get("name") == variable:
                    return str(item.get("value"))
        return None

    def _serve(self, deployment: ServiceDeployment) -> None:
        """Give a deployment whose tasks run what is its by now: traffic, the eyes of alarms, and its end."""
        if deployment.running_since is None:
            deployment.running_since = time.monotonic()
            if (value := self._environment_value(deployment, tasks.ALARM)) is not None:
                deployment.sound(value)
        deployment.shift()
        if triggered := deployment.triggered:
            rollback = bool(self.deployment_configuration["alarms"].get("rollback"))
            self._fail(deployment, deployments.ALARM, rollback=rollback, triggered=triggered)
            deployment.silence()
        elif deployment.baked:
            self._complete(deployment)

    def _complete(self, deployment: ServiceDeployment) -> None:
        self._end_tasks_but(deployment)
        deployment.rollout_state = "COMPLETED"
        if not deployment.is_rollback:
            deployment.rollout_state_reason = f"ECS deployment {deployment.id} completed."
        deployment.updated_at = utcnow()
        if not deployment.is_rollback:
            deployments.follow(self.history[0], deployment)
            deployments.end(self.history[0], "SUCCESSFUL", "")
        self._last_completed = deployment.task_definition
        self.deployments = [one for one in self.deployments if one is deployment or one.rollout_state == "FAILED"]
        self._event(f"(service {self.name}) (deployment {deployment.id}) deployment completed.")
        self._event(f"(service {self.name}) has reached a steady state.")

    def _end_tasks_but(self, deployment: ServiceDeployment) -> None:
        for task in self.own_tasks():
            if task.started_by != deployment.id:
                task.end("ServiceSchedulerInitiated", f"Scaling activity initiated by (deployment {deployment.id})")

    def _cannot_run(self, deployment: ServiceDeployment, reason: str) -> None:
        """Let as many tasks fail as the breaker takes, then do as the service's configuration says."""
        breaker = self.deployment_configuration.get("deploymentCircuitBreaker") or {}
        most = deployments.threshold(self.desired_count)
        for number in range(deployment.failed_tasks, most):
            if reason.startswith("ECS was unable to assume"):
                self._event(f"(service {self.name}) failed to launch a task with (error {reason}).")
            else:
                self._start(deployment, number)
        deployment.failed_tasks = max(deployment.failed_tasks, most)
        deployment.updated_at = utcnow()
        if deployment.rollout_state != "IN_PROGRESS" or not breaker.get("enable"):
            self._event(f"(service {self.name}) is unable to consistently start tasks successfully.")
            return
        self._fail(deployment, deployments.BREAKER, rollback=bool(breaker.get("rollback")), failures=most)

    def _fail(
        self,
        deployment: ServiceDeployment,
        cause: deployments.Cause,
        *,
        rollback: bool,
        failures: int = 0,
        triggered: list[str] | None = None,
    ) -> None:
        """End a deployment that failed, and go back to the last that completed where that is asked for."""
        event, state, status = cause
        deployment.rollout_state, deployment.rollout_state_reason = "FAILED", state
        deployment.updated_at = utcnow()
        self._event(f"(service {self.name}) (deployment {deployment.id}) deployment failed: {event}")
        if deployment.is_rollback:
            return
        previous = self._last_completed
        if not rollback:
            deployments.end(self.history[0], "STOPPED", status, failures=failures, triggered=triggered)
        elif not previous or (previous == deployment.task_definition and not deployment.shifts):
            reason = deployments.NO_CANDIDATE
            deployments.end(self.history[0], "ROLLBACK_FAILED", reason, failures=failures, triggered=triggered)
        else:
            deployment.ended = time.monotonic()
            deployments.end(self.history[0], "ROLLBACK_SUCCESSFUL", status, failures=failures, triggered=triggered)
            self._go_back(deployment, previous)

    def _go_back(self, failed: ServiceDeployment, previous: str) -> None:
        """Go back to the deployment that still runs beside the one that failed, or deploy its definition again."""
        self.task_definition = previous
        before = next((one for one in self.deployments if one.rollout_state == "COMPLETED"), None)
        if failed.shifts and before is not None:
            self._event(f"(service {self.name}) rolling back to deployment {before.id}.")
            failed.status, before.status = "INACTIVE", "PRIMARY"
            failed.give_back()
            self._end_tasks_but(before)
            self._event(f"(service {self.name}) has reached a steady state.")
        else:
            self._event(f"(service {self.name}) rolling back to deployment of {previous.split('/')[-1]}.")
            self.deploy(f"ECS deployment circuit breaker: rolling back to {previous.split('/')[-1]}.")

    def _count(self) -> None:
        own = self.own_tasks()
        self.running_count = sum(task.last_status == "RUNNING" for task in own)
        self.pending_count = len(own) - self.running_count
        for deployment in self.deployments:
            mine = [task for task in own if task.started_by == deployment.id]
            deployment.running_count = sum(task.last_status == "RUNNING" for task in mine)
            deployment.pending_count = len(mine) - deployment.running_count
            if deployment.status == "PRIMARY":
                deployment.desired_count = self.desired_count

    def _event(self, message: str) -> None:
        self.events.insert(0, {"id": str(mock_random.uuid4()), "createdAt": utcnow(), "message": message})
        del self.events[_EVENTS_KEPT:]

    def stop(self) -> None:
        """End every task; the service is told of as INACTIVE from now on."""
        for task in self.own_tasks():
            task.end("ServiceSchedulerInitiated", "Scaling activity initiated by service deletion")
        self.status = "INACTIVE"
        self.desired_count = 0
        self.deployments = []
        self._count()


def _full_configuration(configuration: dict[str, Any] | None) -> dict[str, Any]:
    """Fill in what AWS answers for what a deployment configuration leaves out.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    full: dict[str, Any] = {
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "strategy": "ROLLING",
        "bakeTimeInMinutes": 0,
    }
    return full | {key: value for key, value in (configuration or {}).items() if value is not None}


def _full_network(network: dict[str, Any] | None) -> dict[str, Any]:
    """Say that tasks get no public address, unless they do; moto leaves that out."""
    vpc = (network or {}).get("awsvpcConfiguration")
    return {"awsvpcConfiguration": {"assignPublicIp": "DISABLED", "securityGroups": [], **vpc}} if vpc else {}


def _provider_of(strategy: list[dict[str, Any]], number: int) -> str:
    """Return the provider of a service's nth task: bases first, then by weight.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """
    based = [item["capacityProvider"] for item in strategy for _ in range(item.get("base") or 0)]
    if number < len(based):
        return str(based[number])
    weighted = [item["capacityProvider"] for item in strategy for _ in range(min(item.get("weight") or 0, 100))]
    return str(weighted[(number - len(based)) % len(weighted)] if weighted else strategy[0]["capacityProvider"])


# The API


@patch(EC2ContainerServiceResponse, "create_service")
def create_service(self: EC2ContainerServiceResponse) -> ActionResult:
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    key = f"{cluster.name}:{params['serviceName']}"
    if (existing := backend.services.get(key)) is not None and existing.status != "INACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    if params.get("launchType") and params.get("capacityProviderStrategy"):
        raise InvalidParameterException(
            "Specifying both a launch type and capacity provider strategy is not supported."
        )
    check_associated(cluster, params.get("capacityProviderStrategy") or [])
    if params.get("healthCheckGracePeriodSeconds") and not params.get("loadBalancers"):
        raise InvalidParameterException(
            "Health check grace period is only valid for services configured to use load balancers"
        )
    definition = None
    strategy = (params.get("deploymentConfiguration") or {}).get("strategy") or "ROLLING"
    if params.get("taskDefinition"):
        definition = references.active_definition(backend, params["taskDefinition"])
        references.check_network(backend, definition, params.get("networkConfiguration"))
        references.check_load_balancers(backend, definition, params.get("loadBalancers") or [])
        traffic.check(backend.account_id, backend.region_name, params.get("loadBalancers") or [], strategy)
        references.check_service_connect(
            backend, definition, params.get("serviceConnectConfiguration"), cluster.service_connect_defaults
        )
        if params.get("launchType") == "FARGATE" and "FARGATE" not in definition.compatibilities:
            raise InvalidParameterException("Task definition does not support launch_type FARGATE.")
    elif (params.get("deploymentController") or {}).get("type", "ECS") == "ECS":
        raise InvalidParameterException("TaskDefinition is required for ECS deployment controller.")
    service = RunningService(backend, cluster, params)  # type: ignore[abstract]  # CloudFormation's, as moto's own
    service.task_definition = definition.arn if definition else None
    backend.services[key] = service
    if service.deployment_controller["type"] == "ECS":
        service.deploy()
    return ActionResult({"service": service})


@patch(EC2ContainerServiceResponse, "update_service")
def update_service(self: EC2ContainerServiceResponse) -> ActionResult:
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    service: Any = _existing(backend, cluster, str(params["service"]))
    if service.status != "ACTIVE":
        raise ECSException("ServiceNotActiveException", "Service was not ACTIVE.")
    check_associated(cluster, params.get("capacityProviderStrategy") or [])
    name = params.get("taskDefinition") or service.task_definition
    definition = None
    if name:
        # The one that runs may have been deregistered meanwhile.
        find = references.active_definition if params.get("taskDefinition") else _any_definition
        definition = find(backend, name)
        network = params.get("networkConfiguration") or service.network_configuration or None
        references.check_network(backend, definition, network)
        balancers = params.get("loadBalancers", service.load_balancers)
        references.check_load_balancers(backend, definition, balancers or [])
        configuration = service.deployment_configuration | (params.get("deploymentConfiguration") or {})
        traffic.check(backend.account_id, backend.region_name, balancers or [], configuration["strategy"])
        connect = params.get("serviceConnectConfiguration", service.service_connect_configuration)
        references.check_service_connect(backend, definition, connect, cluster.service_connect_defaults)
    changed = {key for key in _MEMBERS if key in params and _differs(service, key, params[key])}
    for key in changed:
        value = params[key]
        if key == "deploymentConfiguration":
            value = service.deployment_configuration | value
        elif key == "capacityProviderStrategy":
            value = [{"base": 0, "weight": 0, **item} for item in value]
        elif key == "networkConfiguration":
            value = _full_network(value)
        setattr(service, _MEMBERS[key], value)
    if service.capacity_provider_strategy and "capacityProviderStrategy" in changed:
        service.launch_type = None
    redeploys = bool(changed & _DEPLOYED) or bool(params.get("forceNewDeployment"))
    if definition is not None and definition.arn != service.task_definition:
        service.task_definition = definition.arn
        redeploys = True
    if redeploys and service.deployment_controller["type"] == "ECS":
        service.deploy()
    else:
        service.settle()
    return ActionResult({"service": service})


def _any_definition(backend: EC2ContainerServiceBackend, name: str) -> Any:
    return backend.describe_task_definition(name)


def _differs(service: RunningService, key: str, value: Any) -> bool:
    if key == "deploymentConfiguration":
        return True
    if key == "capacityProviderStrategy":
        value = [{"base": 0, "weight": 0, **item} for item in value]
    if key == "networkConfiguration":
        value = _full_network(value)
    return bool(getattr(service, _MEMBERS[key]) != value)


def _existing(backend: EC2ContainerServiceBackend, cluster: Cluster, name: str) -> Service:
    service = backend.services.get(f"{cluster.name}:{name.split('/')[-1]}")
    if service is None:
        raise ECSException("ServiceNotFoundException", "Service not found.")
    return service


@patch(EC2ContainerServiceResponse, "delete_service")
def delete_service(self: EC2ContainerServiceResponse) -> ActionResult:
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    service: Any = _existing(backend, cluster, str(params["service"]))
    if service.status == "ACTIVE":
        if service.desired_count > 0 and service.scheduling_strategy == "REPLICA" and not params.get("force"):
            raise InvalidParameterException("The service cannot be stopped while it is scaled above 0.")
        service.stop()
    return ActionResult({"service": service})


@patch(EC2ContainerServiceResponse, "describe_services")
def describe_services(original: Any, self: EC2ContainerServiceResponse) -> ActionResult:
    """Bring each service to where it is by now."""
    _settle(self.ecs_backend)
    answer: ActionResult = original(self)
    return answer


def _settle(backend: EC2ContainerServiceBackend) -> None:
    for service in backend.services.values():
        if isinstance(service, RunningService) and service.status == "ACTIVE":
            service.settle()


@patch(EC2ContainerServiceResponse, "list_service_deployments")
def list_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    """Tell of a service's deployments, which moto doesn't; the official provider waits by them."""
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    service = _existing(backend, cluster, str(params["service"]))
    _settle(backend)
    since = (params.get("createdAt") or {}).get("after")
    records = [
        record
        for record in vars(service).get("history", [])
        if (not params.get("status") or record["status"] in params["status"])
        and (since is None or record["createdAt"].timestamp() > _seconds(since))
    ]
    return ActionResult({"serviceDeployments": records})


@patch(EC2ContainerServiceResponse, "describe_service_deployments")
def describe_service_deployments(self: EC2ContainerServiceResponse) -> ActionResult:
    wanted = self._get_param("serviceDeploymentArns") or []
    _settle(self.ecs_backend)
    known = {
        record["serviceDeploymentArn"]: record
        for service in self.ecs_backend.services.values()
        for record in vars(service).get("history", [])
    }
    return ActionResult(
        {
            "serviceDeployments": [known[arn] for arn in wanted if arn in known],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known],
        }
    )


def _seconds(moment: Any) -> float:
    return float(moment.timestamp()) if hasattr(moment, "timestamp") else float(moment)


@patch(EC2ContainerServiceBackend, "list_services")
def list_services(
    self: EC2ContainerServiceBackend,
    cluster_str: str,
    scheduling_strategy: str | None = None,
    launch_type: str | None = None,
) -> list[str]:
    """Leave out deleted services, which moto lists."""
    cluster = self._get_cluster(cluster_str)
    return sorted(
        service.arn
        for service in self.services.values()
        if service.cluster_name == cluster.name
        and service.status != "INACTIVE"
        and (scheduling_strategy is None or service.scheduling_strategy == scheduling_strategy)
        and (launch_type is None or service.launch_type == launch_type)
    )
