"""Tasks: they have containers and a network interface, answer as targets, write logs, and end.

moto's one-off tasks stay as they were made until they have been described often enough, and then have ended well.

What a one-off task does is up to whoever runs it, by environment variables of a container (of the task definition or
of RunTask's overrides), so that a test can play every end:

    LOCALCLOUD_EXIT_CODE     what the container exits with (0)
    LOCALCLOUD_LOG           lines that it writes first
    LOCALCLOUD_RUN_SECONDS   how long it runs before (a moment); `forever` never ends
    LOCALCLOUD_STOP_REASON   why it never starts, in place of running
    LOCALCLOUD_HANG          anything: it neither starts nor stops

A service's tasks run until the service stops them. They read the same variables, so that a deployment can fail
(an exit code: its tasks start and end) or hang, and one more:

    LOCALCLOUD_ALARM         part of the names of the service's deployment alarms that go off once its tasks run
"""

import time
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import unix_time_millis, utcnow
from moto.ec2.models import ec2_backends
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.models import Task as MotoTask
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random

from localcloud.emulator.patches.ecs import references, startup
from localcloud.emulator.patches.ecs.clusters import FARGATE_PROVIDERS, check_associated
from localcloud.emulator.patches.ecs.definitions import containers_of
from localcloud.emulator.patching import patch

#: How long a one-off task takes to start and to run, in seconds, unless it is told otherwise.
_START_SECONDS = 0.05
_RUN_SECONDS = 0.1

#: What a task is told by its containers' environment.
EXIT_CODE = "LOCALCLOUD_EXIT_CODE"
LOG = "LOCALCLOUD_LOG"
RUN_SECONDS = "LOCALCLOUD_RUN_SECONDS"
STOP_REASON = "LOCALCLOUD_STOP_REASON"
HANG = "LOCALCLOUD_HANG"
ALARM = "LOCALCLOUD_ALARM"

#: The version that LATEST means on Linux:
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html
PLATFORM_VERSION = "1.4.0"

#: Stopped tasks are told of for an hour; more than so many at once are of no use to anyone.
_STOPPED_KEPT = 50


@dataclass(kw_only=True)
class Placement:
    """Where and how tasks run: what RunTask and a service say alike."""

    launch_type: str | None = None
    capacity_provider: str | None = None
    platform_version: str | None = None
    network: dict[str, Any] | None = None
    enable_execute_command: bool = False
    tags: list[dict[str, str]] = field(default_factory=list)
    targets: list[dict[str, Any]] = field(default_factory=list)

    @property
    def fargate(self) -> bool:
        """Whether Fargate runs them."""
        return self.launch_type == "FARGATE" or self.capacity_provider in FARGATE_PROVIDERS


class Task:
    """One task, with the members that DescribeTasks answers under their snake case names."""

    def __init__(
        self,
        backend: EC2ContainerServiceBackend,
        cluster: Any,
        definition: TaskDefinition,
        placement: Placement,
        *,
        group: str,
        started_by: str = "",
        overrides: dict[str, Any] | None = None,
        one_off: bool,
    ) -> None:
        self._backend, self._definition, self._placement, self._one_off = backend, definition, placement, one_off
        self._clock = time.monotonic()
        self.id = mock_random.get_random_hex(32)
        self.cluster_name, self.cluster_arn = cluster.name, cluster.arn
        self.task_arn = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:task/{cluster.name}/{self.id}"
        self.arn = self.task_arn
        self.task_definition_arn = definition.arn
        self.group, self.started_by, self.overrides = group, started_by, overrides or {}
        self.overrides.setdefault("containerOverrides", [])
        self.overrides.setdefault("inferenceAcceleratorOverrides", [])
        self.tags = placement.tags
        self.launch_type = "FARGATE" if placement.fargate else (placement.launch_type or "EC2")
        self.capacity_provider_name = placement.capacity_provider
        self.platform_version = PLATFORM_VERSION if placement.fargate else None
        self.platform_family = "Linux" if placement.fargate else None
        self.cpu = str(self.overrides.get("cpu") or definition.cpu or "256")
        self.memory = str(self.overrides.get("memory") or definition.memory or "512")
        self.ephemeral_storage = definition.ephemeral_storage or {"sizeInGiB": 20}
        self.enable_execute_command = placement.enable_execute_command
        self.connectivity = "CONNECTED"
        self.container_instance_arn: str | None = None
        self.resource_requirements: dict[str, Any] = {}
        self.attributes: list[dict[str, str]] = []
        self.version = 1
        self.created_at = utcnow()
        self.connectivity_at: Any = None
        self.started_at: Any = None
        self.stopping_at: Any = None
        self.stopped_at: Any = None
        self.execution_stopped_at: Any = None
        self.stop_code: str | None = None
        self.stopped_reason: str | None = None
        self.desired_status = "RUNNING"
        self.last_status = "PROVISIONING"
        self.health_status = "UNKNOWN"
        self.availability_zone: str | None = None
        self.attachments: list[dict[str, Any]] = []
        self._eni: Any = None
        self.containers = [self._container(one) for one in containers_of(definition)]

    # What it is told

    def _environment(self, name: str) -> str | None:
        """Return a variable from RunTask's overrides or from the task definition."""
        for source in (self.overrides["containerOverrides"], containers_of(self._definition)):
            for container in source:
                for item in container.get("environment") or []:
                    if item.get("name") == name:
                        return str(item.get("value", ""))
        return None

    # Its life

    def begin(self) -> None:
        """Start it, or stop it with the reason why it can't start."""
        reason = self._environment(STOP_REASON) or startup.refusal(
            self._definition, self._backend.account_id, self._backend.region_name
        )
        if self._definition.network_mode == "awsvpc":
            self._attach()
        if reason:
            self.end("TaskFailedToStart", reason)
        elif not self._one_off and self._environment(HANG) is None:
            self._running()
            if self._environment(EXIT_CODE) is not None:
                self.end("EssentialContainerExited", "Essential container in task exited")

    def advance(self) -> None:
        """Bring it to where it is by now."""
        if self.last_status == "STOPPED" or not self._one_off:
            return
        self.last_status = "PENDING" if self.last_status == "PROVISIONING" else self.last_status
        passed = time.monotonic() - self._clock
        if self._environment(HANG) is not None or passed < _START_SECONDS:
            return
        self._running()
        runs = self._environment(RUN_SECONDS)
        if runs == "forever":
            return
        if passed >= _START_SECONDS + (float(runs) if runs else _RUN_SECONDS):
            self.end("EssentialContainerExited", "Essential container in task exited")

    def _running(self) -> None:
        if self.last_status == "RUNNING":
            return
        self.last_status = "RUNNING"
        self.connectivity_at = self.started_at = utcnow()
        checked = any(one.get("healthCheck") for one in containers_of(self._definition))
        self.health_status = "HEALTHY" if checked else "UNKNOWN"
        for container, definition in zip(self.containers, containers_of(self._definition), strict=True):
            container["lastStatus"] = "RUNNING"
            container["healthStatus"] = "HEALTHY" if definition.get("healthCheck") else "UNKNOWN"
        if self._placement.targets:
            self._register()

    def end(self, code: str, reason: str) -> None:
        """Stop it."""
        if self.last_status == "STOPPED":
            return
        ran = self.started_at is not None
        self.desired_status = self.last_status = "STOPPED"
        self.stop_code, self.stopped_reason = code, reason
        self.stopping_at = self.stopped_at = self.execution_stopped_at = utcnow()
        exit_code = int(self._environment(EXIT_CODE) or 0) if code == "EssentialContainerExited" else 0
        for container in self.containers:
            container["lastStatus"] = "STOPPED"
            if ran:
                container["exitCode"] = exit_code
        if ran:
            self._write_log()
        self._deregister()
        self._detach()

    # What it is made of

    def _container(self, definition: dict[str, Any]) -> dict[str, Any]:
        image = str(definition.get("image", ""))
        digest = image.rpartition("@")[2]
        return {
            "containerArn": (
                f"arn:aws:ecs:{self._backend.region_name}:{self._backend.account_id}:container/"
                f"{self.cluster_name}/{self.id}/{mock_random.uuid4()}"
            ),
            "taskArn": self.task_arn,
            "name": definition.get("name"),
            "image": image,
            "imageDigest": digest if digest.startswith("sha256:") else None,
            "runtimeId": f"{self.id}-{mock_random.randint(10**9, 10**10 - 1)}",
            "lastStatus": "PENDING",
            "networkBindings": [],
            "networkInterfaces": [],
            "healthStatus": "UNKNOWN",
            "cpu": str(definition.get("cpu", 0)),
            "memory": None if definition.get("memory") is None else str(definition["memory"]),
        }

    def _attach(self) -> None:
        network = (self._placement.network or {}).get("awsvpcConfiguration") or {}
        ec2 = ec2_backends[self._backend.account_id][self._backend.region_name]
        subnets = network["subnets"]
        # Spread over the zones, as ECS does.
        others: Any = self._backend.tasks.get(self.cluster_name, {}).values()
        busy = [task.availability_zone for task in others if task.desired_status == "RUNNING"]
        subnet = min((ec2.get_subnet(one) for one in subnets), key=lambda one: busy.count(one.availability_zone))
        attachment = str(mock_random.uuid4())
        eni = ec2.create_network_interface(
            subnet=subnet,
            private_ip_address=None,  # type: ignore[arg-type]
            group_ids=network.get("securityGroups") or [],
            description=(f"arn:aws:ecs:{self._backend.region_name}:{self._backend.account_id}:attachment/{attachment}"),
        )
        eni.status, eni.requester_managed = "in-use", True
        self._eni, self.availability_zone = eni, subnet.availability_zone
        address = str(eni.private_ip_address)
        self.attachments.append(
            {
                "id": attachment,
                "type": "ElasticNetworkInterface",
                "status": "ATTACHED",
                "details": [
                    {"name": "subnetId", "value": subnet.id},
                    {"name": "networkInterfaceId", "value": eni.id},
                    {"name": "macAddress", "value": eni.mac_address},
                    {"name": "privateDnsName", "value": getattr(eni, "private_dns_name", "")},
                    {"name": "privateIPv4Address", "value": address},
                ],
            }
        )
        for container in self.containers:
            container["networkInterfaces"] = [{"attachmentId": attachment, "privateIpv4Address": address}]

    def _detach(self) -> None:
        if self._eni is not None:
            ec2 = ec2_backends[self._backend.account_id][self._backend.region_name]
            ec2.enis.pop(self._eni.id, None)
            self._eni = None
            self.attachments[0]["status"] = "DELETED"

    def _register(self) -> None:
        groups = elbv2_backends[self._backend.account_id][self._backend.region_name].target_groups
        for target in self._placement.targets:
            if (group := groups.get(str(target.get("targetGroupArn")))) is not None and self._eni is not None:
                group.register([{"Id": str(self._eni.private_ip_address), "Port": target["containerPort"]}])

    def _deregister(self) -> None:
        if self._eni is None:
            return
        groups = elbv2_backends[self._backend.account_id][self._backend.region_name].target_groups
        for target in self._placement.targets:
            if (group := groups.get(str(target.get("targetGroupArn")))) is not None:
                group.targets.pop(str(self._eni.private_ip_address), None)

    def _write_log(self) -> None:
        lines = (self._environment(LOG) or "").splitlines()
        if not lines:
            return
        for container in containers_of(self._definition):
            log = container.get("logConfiguration") or {}
            options = log.get("options") or {}
            if log.get("logDriver") != "awslogs" or "awslogs-stream-prefix" not in options:
                continue
            region = str(options.get("awslogs-region") or self._backend.region_name)
            logs = logs_backends[self._backend.account_id][region]
            group = str(options["awslogs-group"])
            if group not in logs.groups:
                logs.create_log_group(group, {})
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
            stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{self.id}"
            if stream not in logs.groups[group].streams:
                logs.create_log_stream(group, stream)
            now = int(unix_time_millis())
            logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])


def start(task: Task) -> Task:
    """Enter a task into its cluster and start it."""
    tasks: dict[str, Any] = task._backend.tasks.setdefault(task.cluster_name, {})
    task.begin()
    tasks[task.task_arn] = task
    stopped = [arn for arn, one in tasks.items() if one.last_status == "STOPPED"]
    for arn in stopped[:-_STOPPED_KEPT]:
        del tasks[arn]
    return task


def of_cluster(backend: EC2ContainerServiceBackend, cluster_name: str) -> list[Task]:
    """Return a cluster's tasks, each where it is by now."""
    tasks: Any = backend.tasks.get(cluster_name, {}).values()
    for task in tasks:
        task.advance()
    return list(tasks)


# The API


@patch(EC2ContainerServiceResponse, "run_task")
def run_task(self: EC2ContainerServiceResponse) -> ActionResult:
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    definition = references.active_definition(backend, str(params.get("taskDefinition", "")))
    strategy = params.get("capacityProviderStrategy") or []
    launch_type = params.get("launchType")
    if launch_type and strategy:
        raise InvalidParameterException("Specify either Launch Type or Capacity Provider Strategy, but not both.")
    if not launch_type and not strategy:
        strategy = cluster.default_capacity_provider_strategy or []
    check_associated(cluster, strategy)
    references.check_network(backend, definition, params.get("networkConfiguration"))
    reason = startup.role_refusal(definition, backend.account_id)
    if reason:
        raise EcsClientException(reason)
    names = {one.get("name") for one in containers_of(definition)}
    for one in (params.get("overrides") or {}).get("containerOverrides") or []:
        if one.get("name") not in names:
            raise InvalidParameterException(
                f"Override for container named {one.get('name')} is not a container in the TaskDefinition."
            )
    placement = Placement(
        launch_type=launch_type,
        capacity_provider=strategy[0]["capacityProvider"] if strategy else None,
        platform_version=params.get("platformVersion"),
        network=params.get("networkConfiguration"),
        enable_execute_command=bool(params.get("enableExecuteCommand")),
        tags=_task_tags(params, definition),
    )
    if not placement.fargate and not backend.container_instances.get(cluster.name):
        raise InvalidParameterException("No Container Instances were found in your cluster.")
    count = int(params.get("count") or 1)
    tasks = [
        start(
            Task(
                backend,
                cluster,
                definition,
                placement,
                group=params.get("group") or f"family:{definition.family}",
                started_by=params.get("startedBy") or "",
                overrides=params.get("overrides"),
                one_off=True,
            )
        )
        for _ in range(count)
    ]
    return ActionResult({"tasks": tasks, "failures": []})


def _task_tags(params: dict[str, Any], definition: TaskDefinition) -> list[dict[str, str]]:
    inherited = definition.tags if params.get("propagateTags") == "TASK_DEFINITION" else []
    own = {tag["key"]: tag for tag in params.get("tags") or []}
    return [*own.values(), *(tag for tag in inherited if tag["key"] not in own)]


@patch(EC2ContainerServiceResponse, "list_tasks")
def list_tasks(self: EC2ContainerServiceResponse) -> ActionResult:
    """List by service too, which moto ignores; the running ones unless the stopped ones are asked for.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html
    """
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    if service := params.get("serviceName"):
        service = backend._get_service(cluster.name, service.split("/")[-1]).name
    family, group = params.get("family"), f"service:{service}" if service else None
    launch_type, started_by = params.get("launchType"), params.get("startedBy")
    tasks = [
        task
        for task in of_cluster(backend, cluster.name)
        if task.desired_status == (params.get("desiredStatus") or "RUNNING")
        and (not group or task.group == group)
        and (not family or task.task_definition_arn.split("/")[-1].split(":")[0] == family)
        and (not launch_type or task.launch_type == launch_type)
        and (not started_by or task.started_by == started_by)
        and (not params.get("containerInstance") or task.container_instance_arn == params["containerInstance"])
    ]
    return ActionResult({"taskArns": [task.task_arn for task in tasks]})


@patch(EC2ContainerServiceResponse, "describe_tasks")
def describe_tasks(self: EC2ContainerServiceResponse) -> ActionResult:
    """Tell which tasks aren't there; moto leaves them out, and takes another cluster's."""
    backend, params = self.ecs_backend, self._get_params()
    cluster = backend._get_cluster(params.get("cluster") or "default")
    wanted = params.get("tasks") or []
    if not wanted:
        raise InvalidParameterException("Tasks cannot be empty.")
    known = {task.task_arn: task for task in of_cluster(backend, cluster.name)}
    prefix = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:task/{cluster.name}/"
    tasks, failures = [], []
    for name in wanted:
        arn = name if name.startswith("arn:") else prefix + name
        if arn in known:
            tasks.append(known[arn])
        else:
            failures.append({"arn": arn, "reason": "MISSING"})
    path = "DescribeTasksResponse.tasks.Task.tags"
    if "TAGS" in (params.get("include") or []):
        self._include_in_response(path)
    else:
        self._exclude_from_response(path)
    return ActionResult({"tasks": tasks, "failures": failures})


@patch(EC2ContainerServiceBackend, "stop_task")
def stop_task(self: EC2ContainerServiceBackend, cluster_str: str, task_str: str, reason: str) -> MotoTask:
    """Refuse a task that isn't there as AWS does; moto fails with an internal error."""
    cluster = self._get_cluster(cluster_str)
    for task in of_cluster(self, cluster.name):
        if task_str in (task.task_arn, task.id):
            task.end("UserInitiated", reason or "Task stopped by user")
            return task  # type: ignore[return-value]
    raise InvalidParameterException("The referenced task was not found.")
