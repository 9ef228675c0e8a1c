"""Task definitions: what RegisterTaskDefinition refuses, and what AWS fills in."""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.exceptions import EcsClientException, InvalidParameterException
from moto.ecs.models import EC2ContainerServiceBackend, TaskDefinition
from moto.ecs.responses import EC2ContainerServiceResponse

from localcloud.emulator.patching import patch

_GB = 1024

#: For the CPU units of a Fargate task: the MiB of memory that go with them.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE_SIZES: dict[int, range] = {
    512: range(1 * _GB, 4 * _GB + 1, _GB),
    1024: range(2 * _GB, 8 * _GB + 1, _GB),
    2048: range(4 * _GB, 16 * _GB + 1, _GB),
    4096: range(8 * _GB, 30 * _GB + 1, _GB),
    8192: range(16 * _GB, 60 * _GB + 1, 4 * _GB),
    16384: range(32 * _GB, 120 * _GB + 1, 8 * _GB),
}
_SMALLEST = (512, 1 * _GB, 2 * _GB)  # of 256 CPU units


def containers_of(definition: TaskDefinition) -> list[dict[str, Any]]:
    """Return the container definitions of a task definition."""
    return definition.container_definitions


@patch(EC2ContainerServiceResponse, "list_task_definitions")
def list_task_definitions(self: EC2ContainerServiceResponse) -> ActionResult:
    """Return the ARNs by family and number, newest last unless the other order is asked for.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTaskDefinitions.html (sort)
    """
    found = self.ecs_backend.list_task_definitions(self._get_param("familyPrefix"), self._get_param("status", "ACTIVE"))
    order = self._get_param("sort", "ASC")
    if order not in ("ASC", "DESC"):
        raise InvalidParameterException(f"sort must be one of ASC and DESC, not {order}")

    def place(arn: str) -> tuple[str, int]:
        family, _, number = arn.rpartition("/")[2].rpartition(":")
        return family, int(number)

    return ActionResult({"taskDefinitionArns": sorted(found, key=place, reverse=order == "DESC")})


@patch(EC2ContainerServiceResponse, "register_task_definition")
def register_task_definition(self: EC2ContainerServiceResponse) -> ActionResult:
    params = self._get_params()
    containers = params.get("containerDefinitions") or []
    fargate = "FARGATE" in (params.get("requiresCompatibilities") or [])
    if fargate:
        _check_fargate(params)
    _check_containers(containers)
    keys = {
        "volumes": "volumes",
        "networkMode": "network_mode",
        "tags": "tags",
        "placementConstraints": "placement_constraints",
        "requiresCompatibilities": "requires_compatibilities",
        "cpu": "cpu",
        "memory": "memory",
        "taskRoleArn": "task_role_arn",
        "executionRoleArn": "execution_role_arn",
        "proxyConfiguration": "proxy_configuration",
        "inferenceAccelerators": "inference_accelerators",
        "runtimePlatform": "runtime_platform",
        "ipcMode": "ipc_mode",
        "pidMode": "pid_mode",
        "ephemeralStorage": "ephemeral_storage",
    }
    backend = self.ecs_backend
    definition = backend.register_task_definition(
        str(params.get("family")),
        containers,
        **{name: params.get(key) for key, name in keys.items()},
    )
    # moto makes every task of a definition that names FARGATE awsvpc, and leaves the rest of these out.
    if not fargate:
        definition.network_mode = params.get("networkMode") or "bridge"
    for container in definition.container_definitions:
        _fill_in(container, awsvpc=definition.network_mode == "awsvpc")
    vars(definition).update(
        registered_at=utcnow(),
        registered_by=f"arn:aws:iam::{backend.account_id}:root",
        requires_attributes=[],
        enable_fault_injection=params.get("enableFaultInjection", False),
    )
    return ActionResult({"taskDefinition": definition, "tags": definition.tags})


def _check_fargate(params: dict[str, Any]) -> None:
    network = params.get("networkMode")
    if network is not None and network != "awsvpc":
        raise EcsClientException(f"Fargate only supports network mode 'awsvpc'. Provided network mode: {network}")
    if params.get("cpu") is None:
        raise EcsClientException("Fargate requires that 'cpu' be defined at the task level.")
    if params.get("memory") is None:
        raise EcsClientException("Fargate requires that 'memory' be defined at the task level.")
    cpu, memory = str(params["cpu"]), str(params["memory"])
    if cpu.isdigit() and memory.isdigit():
        allowed = _SMALLEST if int(cpu) == 256 else FARGATE_SIZES.get(int(cpu), ())
        if int(memory) not in allowed:
            raise EcsClientException(
                f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. "
                "See the Amazon ECS documentation for the valid values."
            )
    if not params.get("executionRoleArn"):
        for container in params.get("containerDefinitions") or []:
            if container.get("secrets"):
                raise EcsClientException(
                    "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
                )
            if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
                raise EcsClientException(
                    "Fargate requires task definition to have execution role ARN to support log driver awslogs."
                )


def _check_containers(containers: list[dict[str, Any]]) -> None:
    names = [container.get("name") for container in containers]
    if len(set(names)) != len(names):
        raise EcsClientException("Container.name should be unique within a task definition.")
    if containers and not any(container.get("essential", True) for container in containers):
        raise EcsClientException("Invalid 'essential' setting: at least one container must be essential.")
    for container in containers:
        plain = {item.get("name") for item in container.get("environment") or []}
        for secret in container.get("secrets") or []:
            if secret.get("name") in plain:
                raise EcsClientException(
                    "The secret name must be unique and not shared with any new or existing environment variables "
                    f"set on the container, such as '{secret['name']}'."
                )


def _fill_in(container: dict[str, Any], *, awsvpc: bool) -> None:
    """Fill in what AWS answers for what a container leaves out.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    container.setdefault("systemControls", [])
    for port in container.get("portMappings") or []:
        port.setdefault("protocol", "tcp")
        if awsvpc and not port.get("hostPort") and "containerPort" in port:
            port["hostPort"] = port["containerPort"]
    if check := container.get("healthCheck"):
        container["healthCheck"] = {"interval": 30, "timeout": 5, "retries": 3, **check}


@patch(EC2ContainerServiceBackend, "describe_task_definition")
def describe_task_definition(
    original: Any, self: EC2ContainerServiceBackend, task_definition_str: str
) -> TaskDefinition:
    """Take a family's latest active revision, and refuse what is no revision.

    Moto takes an inactive one too, and fails with an internal error on `family:word`.
    """
    name = task_definition_str.split("/")[-1]
    family, _, revision = name.partition(":")
    if revision and not revision.isdigit():
        raise EcsClientException(f"Invalid revision number. Number: {revision}")
    if not revision:
        latest = _last_active(self, family)
        if latest is None:
            raise EcsClientException("Unable to describe task definition.")
        return self.task_definitions[family][latest]
    answer: TaskDefinition = original(self, task_definition_str)
    return answer


@patch(EC2ContainerServiceBackend, "deregister_task_definition")
def deregister_task_definition(
    original: Any, self: EC2ContainerServiceBackend, task_definition_str: str
) -> TaskDefinition:
    """Note when; moto doesn't."""
    definition: TaskDefinition = original(self, task_definition_str)
    vars(definition)["deregistered_at"] = utcnow()
    return definition


def _last_active(backend: EC2ContainerServiceBackend, family: str) -> int | None:
    revisions = backend.task_definitions.get(family) or {}
    return max((number for number, one in revisions.items() if one.status == "ACTIVE"), default=None)
