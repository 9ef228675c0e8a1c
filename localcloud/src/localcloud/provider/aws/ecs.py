"""Elastic Container Service: clusters, capacity providers, task definitions and services."""

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import found

#: Seconds that the official provider waits for a service, by default, to reach a steady state or to drain.
_SERVICE_TIMEOUT = 20 * 60

_TAGS = Tagging("resourceArn", reads="", answer="tags")
_WITH_TAGS = {"include": ["TAGS"]}


# Clusters


@resource("aws:ecs/cluster:Cluster")
class Cluster(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/cluster/."""

    replace = frozenset({"name"})
    autoname = AutoName(max_length=255)
    unordered = frozenset({"settings"})
    service = "ecs"
    creates, reads, updates, deletes = "create_cluster", "describe_clusters", "update_cluster", "delete_cluster"
    keys = {"arn": "cluster"}
    new_id = "cluster.clusterArn"
    reads_with = {"include": ["TAGS", "SETTINGS", "CONFIGURATIONS"]}
    # A deleted cluster is described as INACTIVE for a while:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    described = "clusters[?status!='INACTIVE'] | [0]"
    not_found = ("ClusterNotFoundException",)
    tagging = _TAGS
    renames = {"name": "clusterName"}
    # An absent block leaves the live one as it is: the official provider sends empty ones to clear them.
    cleared = {"serviceConnectDefaults": {"namespace": ""}}
    outputs = {"name": "clusterName", "settings": "settings || `[]`"}


@resource("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
class ClusterCapacityProviders(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/clustercapacityproviders/."""

    replace = frozenset({"clusterName"})
    unordered = frozenset({"capacityProviders", "defaultCapacityProviderStrategies"})
    service = "ecs"
    creates = updates = "put_cluster_capacity_providers"
    updates_whole = True
    reads, described = Cluster.reads, Cluster.described
    keys = {"clusterName": "cluster"}
    not_found = Cluster.not_found
    outputs = {
        "capacityProviders": "capacityProviders || `[]`",
        "defaultCapacityProviderStrategies": "defaultCapacityProviderStrategy || `[]`",
    }

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return super().arguments(call, {"capacityProviders": [], "defaultCapacityProviderStrategies": [], **inputs})

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if self.find(aws, id, state) is not None:
            self.call(aws, self.updates, **self.arguments(self.updates, {"clusterName": id}))


@resource("aws:ecs/capacityProvider:CapacityProvider")
class CapacityProvider(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/capacityprovider/."""

    replace = frozenset({"name", "cluster"})
    autoname = AutoName(max_length=255)
    service = "ecs"
    creates, reads = "create_capacity_provider", "describe_capacity_providers"
    updates, deletes = "update_capacity_provider", "delete_capacity_provider"
    keys = {"arn": "capacityProvider"}
    new_id = "capacityProvider.capacityProviderArn"
    reads_with = _WITH_TAGS
    described = "capacityProviders[?status!='INACTIVE'] | [0]"
    not_found = ("ClientException", "ResourceNotFoundException")
    tagging = _TAGS
    outputs = {"name": "name", "cluster": "cluster"}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [key for key in ("autoScalingGroupProvider", "managedInstancesProvider") if inputs.get(key) is not None]
        if len(given) != 1:
            yield (
                "autoScalingGroupProvider",
                "exactly one of autoScalingGroupProvider and managedInstancesProvider must be given",
            )

    def naming(self, call: str, id: str, state: Properties) -> Properties:
        if call == self.updates:
            return self.arguments(call, {key: state.get(key) for key in ("name", "cluster")})
        return super().naming(call, id, state)

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if shape.name == "AutoScalingGroupProviderUpdate":  # which group it is can't be updated
            value = {part: item for part, item in value.items() if part != "autoScalingGroupArn"}
        return super().argument(key, value, shape)


# Task definitions


@resource("aws:ecs/taskDefinition:TaskDefinition")
class TaskDefinition(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/taskdefinition/.

    A revision never changes: everything but tags and what happens at its end makes a new one
    (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-task-definition-console-v2.html).
    """

    replace = frozenset(
        {
            "containerDefinitions",
            "cpu",
            "enableFaultInjection",
            "ephemeralStorage",
            "executionRoleArn",
            "family",
            "ipcMode",
            "memory",
            "networkMode",
            "pidMode",
            "placementConstraints",
            "proxyConfiguration",
            "requiresCompatibilities",
            "runtimePlatform",
            "taskRoleArn",
            "volumes",
        }
    )
    defaults = {"skipDestroy": False, "trackLatest": False}
    documents = frozenset({"containerDefinitions"})
    unordered = frozenset({"requiresCompatibilities", "volumes", "placementConstraints"})

    service = "ecs"
    creates, reads = "register_task_definition", "describe_task_definition"
    deletes = "deregister_task_definition"
    keys = {"family": "family"}
    described = "taskDefinition"
    not_found = ("ClientException",)
    tagging = _TAGS
    renames = {"configureAtLaunch": "configuredAtLaunch", "hostPath": "host"}
    outputs = {
        "arn": "taskDefinitionArn",
        "cpu": "cpu",
        "ephemeralStorage": "ephemeralStorage.{sizeInGib: sizeInGiB}",
        "memory": "memory",
        "networkMode": "networkMode",
        "placementConstraints": "placementConstraints || `[]`",
        "requiresCompatibilities": "requiresCompatibilities || `[]`",
        "revision": "revision",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        text = inputs.get("containerDefinitions")
        if isinstance(text, str):
            yield from _container_failures(text)
        storage = (inputs.get("ephemeralStorage") or {}) if inputs.get("ephemeralStorage") is not UNKNOWN else {}
        size = storage.get("sizeInGib")
        if isinstance(size, int) and not 21 <= size <= 200:
            yield "ephemeralStorage.sizeInGib", f"expected ephemeralStorage.sizeInGib to be 21 to 200, got {size}"

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        answer = self.call(aws, self.creates, **self.arguments(self.creates, inputs), **self.tags_argument(inputs))
        # The id is the family, as the official provider's; the ARN says which revision.
        return str(answer["taskDefinition"]["family"]), {"arn": answer["taskDefinition"]["taskDefinitionArn"]}

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        # An import's id is an ARN; without one there is no revision to go by but the family's latest.
        name = str(state.get("family", id) if state.get("trackLatest") or not state.get("arn") else state["arn"])
        answer = found(
            lambda: aws.client("ecs").describe_task_definition(taskDefinition=name, **_WITH_TAGS), *self.not_found
        )
        if answer is None or answer["taskDefinition"]["status"] != "ACTIVE":
            return None
        return {**answer["taskDefinition"], "tags": answer.get("tags")}

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, {**state, "containerDefinitions": None})
        last, containers = state.get("containerDefinitions"), live["containerDefinitions"]
        awsvpc = live.get("networkMode") == "awsvpc"
        same = isinstance(last, str) and same_containers(json.loads(last), containers, awsvpc=awsvpc)
        return {
            **properties,
            "arnWithoutRevision": properties["arn"].rsplit(":", 1)[0],
            "family": live["family"],
            # What AWS fills in is no difference.
            "containerDefinitions": last if same else json.dumps(containers, sort_keys=True),
        }

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "containerDefinitions":
            return json.loads(value)
        if key == "volumes":
            value = [
                {**one, "hostPath": {"sourcePath": one["hostPath"]}} if one.get("hostPath") else one for one in value
            ]
        return super().argument(key, value, shape)

    def where(self, id: str, state: Properties) -> Properties:
        return {"taskDefinition": state["arn"]}


def _container_failures(text: str) -> Iterable[tuple[str, str]]:
    try:
        containers = json.loads(text)
    except ValueError as error:
        yield "containerDefinitions", f"ECS Task Definition container_definitions is invalid: {error}"
        return
    if not isinstance(containers, list):
        yield (
            "containerDefinitions",
            "ECS Task Definition container_definitions is invalid: it is no list of containers",
        )
        return
    for index, container in enumerate(containers):
        if not isinstance(container, dict) or not container:
            yield (
                "containerDefinitions",
                f"ECS Task Definition container_definitions is invalid: "
                f"invalid container definition supplied at index ({index})",
            )


def same_containers(old: Any, new: Any, *, awsvpc: bool) -> bool:  # noqa: ANN401 - parsed JSON
    """Tell whether two lists of container definitions mean the same to AWS.

    The order of containers, environment variables and secrets, empty lists and the defaults that AWS fills in make no
    difference, as for the official provider (`containerDefinitionsAreEquivalent` in its `internal/service/ecs`).
    """
    return bool(_reduced(old, awsvpc) == _reduced(new, awsvpc))


def _reduced(containers: Any, awsvpc: bool) -> list[Properties]:  # noqa: ANN401 - parsed JSON
    result = []
    for container in containers:
        one = {key: value for key, value in container.items() if value is not None and value != [] and value != {}}
        one.setdefault("essential", True)
        if one.get("cpu") == 0:
            del one["cpu"]  # 0 and absent alike: no share is reserved
        for key in ("environment", "secrets"):
            if key in one:
                one[key] = sorted(one[key], key=lambda item: str(item.get("name")))
        if "healthCheck" in one:
            one["healthCheck"] = {"interval": 30, "retries": 3, "timeout": 5, **one["healthCheck"]}
        if "portMappings" in one:
            one["portMappings"] = [_reduced_port(port, awsvpc) for port in one["portMappings"]]
        result.append(one)
    return sorted(result, key=lambda item: str(item.get("name")))


def _reduced_port(port: Properties, awsvpc: bool) -> Properties:
    one = {key: value for key, value in port.items() if value is not None}
    if one.get("protocol") == "tcp":
        del one["protocol"]
    if not one.get("hostPort"):
        one.pop("hostPort", None)
        if awsvpc and "containerPort" in one:
            one["hostPort"] = one["containerPort"]
    return one


# Services

#: What UpdateService takes as one deployment configuration.
_DEPLOYMENT = {
    "alarms": "alarms",
    "deploymentCircuitBreaker": "deploymentCircuitBreaker",
    "deploymentMaximumPercent": "maximumPercent",
    "deploymentMinimumHealthyPercent": "minimumHealthyPercent",
}


@resource("aws:ecs/service:Service")
class Service(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/service/."""

    replace = frozenset(
        {
            "cluster",
            "iamRole",
            "launchType",
            "name",
            "schedulingStrategy",
        }
    )
    defaults = {
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "enableEcsManagedTags": False,
        "enableExecuteCommand": False,
        "schedulingStrategy": "REPLICA",
        "waitForSteadyState": False,
    }
    autoname = AutoName(max_length=255)
    unordered = frozenset(
        {
            "capacityProviderStrategies",
            "loadBalancers",
            "networkConfiguration.securityGroups",
            "networkConfiguration.subnets",
            "placementConstraints",
            "alarms.alarmNames",
            "vpcLatticeConfigurations",
        }
    )

    service = "ecs"
    creates, reads, updates = "create_service", "describe_services", "update_service"
    keys = {"arn": "service"}
    new_id = "service.serviceArn"
    reads_with = _WITH_TAGS
    described = "services[?status!='INACTIVE'] | [0]"
    not_found = ("ClusterNotFoundException",)
    tagging = _TAGS
    renames = {
        "elbName": "loadBalancerName",
        "iamRole": "role",
        "issuerCertAuthority": "issuerCertificateAuthority",
        "name": "serviceName",
        "orderedPlacementStrategies": "placementStrategy",
        "sizeInGb": "sizeInGiB",
    }
    cleared = {
        "capacityProviderStrategies": [],
        "healthCheckGracePeriodSeconds": 0,
        "loadBalancers": [],
        "orderedPlacementStrategies": [],
        "placementConstraints": [],
        "propagateTags": "NONE",
        "serviceConnectConfiguration": {"enabled": False},
        "serviceRegistries": [],
        "volumeConfiguration": [],
        "vpcLatticeConfigurations": [],
    }
    outputs = {
        "alarms": "deploymentConfiguration.alarms",
        "availabilityZoneRebalancing": "availabilityZoneRebalancing",
        "capacityProviderStrategies": "capacityProviderStrategy",
        "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
        "deploymentController": "deploymentController",
        "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
        "desiredCount": "desiredCount",
        "enableEcsManagedTags": "enableECSManagedTags",
        "enableExecuteCommand": "enableExecuteCommand",
        "healthCheckGracePeriodSeconds": "healthCheckGracePeriodSeconds",
        "iamRole": "roleArn || ''",
        "launchType": "launchType",
        "loadBalancers": "loadBalancers",
        "name": "serviceName",
        "platformVersion": "platformVersion",
        "propagateTags": "propagateTags",
        "schedulingStrategy": "schedulingStrategy",
    }

    def replaces(self, old: Properties, new: Properties) -> Iterable[str]:
        # As `capacityProviderStrategyCustomizeDiff` of the official provider has it.
        before, after = old.get("capacityProviderStrategies"), new.get("capacityProviderStrategies")
        if not new.get("forceNewDeployment") or bool(before) != bool(after):
            yield "capacityProviderStrategies"

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if inputs.get("launchType") and inputs.get("capacityProviderStrategies"):
            yield "launchType", "launchType and capacityProviderStrategies can't both be given"

    def create(self, aws: Session, inputs: Properties) -> str:
        since = datetime.now(UTC)
        id = str(super().create(aws, inputs))
        if inputs.get("waitForSteadyState"):
            _wait_steady(aws, id, _cluster_of(id, inputs), since, "create")
        return id

    def arguments(self, call: str, inputs: Properties) -> Properties:
        inputs = dict(inputs)
        if inputs.get("schedulingStrategy") == "DAEMON":  # a daemon runs one task an instance
            inputs["desiredCount"] = inputs["deploymentMaximumPercent"] = None
        elif call == self.creates:
            inputs.setdefault("desiredCount", 0)
        parts = {name: inputs[key] for key, name in _DEPLOYMENT.items() if inputs.get(key) is not None}
        if parts or inputs.get("deploymentConfiguration"):
            inputs["deploymentConfiguration"] = {**(inputs.get("deploymentConfiguration") or {}), **parts}
        return super().arguments(call, inputs)

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "networkConfiguration":
            public = "ENABLED" if value.get("assignPublicIp") else "DISABLED"
            value = {"awsvpcConfiguration": {"securityGroups": [], **value, "assignPublicIp": public}}
        if key == "deploymentController":
            value = {"type": "ECS", **value}
        return super().argument(key, value, shape)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, state)
        properties["cluster"] = _like(state.get("cluster"), live["clusterArn"])
        # A program may name its task definition by `family:revision`.
        definition = live.get("taskDefinition")
        properties["taskDefinition"] = _like(state.get("taskDefinition"), definition) if definition else ""
        if live.get("schedulingStrategy") != "DAEMON":
            deployment = live.get("deploymentConfiguration") or {}
            properties["deploymentMaximumPercent"] = deployment.get("maximumPercent")
        if network := (live.get("networkConfiguration") or {}).get("awsvpcConfiguration"):
            properties["networkConfiguration"] = {
                "subnets": network["subnets"],
                "securityGroups": network.get("securityGroups", []),
                "assignPublicIp": network.get("assignPublicIp") == "ENABLED",
            }
        return properties

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        # Only what changed is sent: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
        # leaves the rest as it is.
        together = {*_DEPLOYMENT, "deploymentConfiguration"}
        sent = changed - {"forceNewDeployment"} | {"schedulingStrategy"} | (together if changed & together else set())
        arguments = super().changes(sent, old, new)
        arguments = {name: value for name, value in arguments.items() if name not in ("cluster", "service")}
        # `triggers` make a new deployment only together with forceNewDeployment, which alone makes one with any update.
        if new.get("forceNewDeployment") and (arguments or changed & {"triggers", "forceNewDeployment"}):
            arguments["forceNewDeployment"] = True
        return arguments

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        since = datetime.now(UTC)
        super().update(aws, id, old, new)
        changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        if new.get("waitForSteadyState") and self.changes(changed, old, new):
            _wait_steady(aws, id, _cluster_of(id, new), since, "update")

    def where(self, id: str, state: Properties) -> Properties:
        return {"cluster": _cluster_of(id, state), "service": id}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        cluster = _cluster_of(id, state)
        service = _find_service(aws, id, cluster)
        if service is None or service["status"] == "INACTIVE":
            return
        force = bool(state.get("forceDelete"))
        if service["status"] != "DRAINING" and service.get("schedulingStrategy") != "DAEMON" and not force:
            aws.client("ecs").update_service(cluster=cluster, service=id, desiredCount=0)
        aws.client("ecs").delete_service(cluster=cluster, service=id, **({"force": True} if force else {}))
        deadline = time.monotonic() + _SERVICE_TIMEOUT
        while (service := _find_service(aws, id, cluster)) is not None and service["status"] != "INACTIVE":
            if time.monotonic() > deadline:
                raise TimeoutError(f"waiting for ECS Service ({id}) delete: it is {service['status']} still")
            time.sleep(0.1)


def _find_service(aws: Session, id: str, cluster: str) -> Properties | None:
    answer = found(
        lambda: aws.client("ecs").describe_services(cluster=cluster, services=[id], include=["TAGS"]),
        "ClusterNotFoundException",
    )
    return None if answer is None or not answer["services"] else dict(answer["services"][0])


def _cluster_of(id: str, state: Properties) -> str:
    # Long ARNs name the cluster: arn:aws:ecs:<region>:<account>:service/<cluster>/<service>
    parts = id.split("/")
    return str(state.get("cluster") or (parts[1] if len(parts) == 3 else parts[0] if len(parts) == 2 else "default"))


def _like(last: object, arn: str) -> str:
    """Return an ARN as the program wrote it: as the ARN or as the name at its end."""
    return arn.rsplit("/", 1)[-1] if isinstance(last, str) and last and not last.startswith("arn:") else arn


#: The ends of a service deployment that aren't the one that was asked for.
_FAILED = ("STOPPED", "STOP_REQUESTED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")


def _wait_steady(aws: Session, id: str, cluster: str, since: datetime, doing: str) -> None:
    """Wait until the deployment that was made since then has succeeded, as `waitForSteadyState` asks.

    A service that was rolled back is steady too, but not with what was asked for: it is this very deployment that
    counts.
    """
    ecs = aws.client("ecs")
    start = since.replace(microsecond=since.microsecond // 1000 * 1000)
    deadline, pause = time.monotonic() + _SERVICE_TIMEOUT, 0.05
    while True:
        made = ecs.list_service_deployments(service=id, cluster=cluster, createdAt={"after": since})
        # The call takes whole seconds and the answer has milliseconds.
        recent = [item for item in made["serviceDeployments"] if item["createdAt"] >= start]
        arns = [item["serviceDeploymentArn"] for item in recent[:1]]
        if arns:
            deployment = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]
            if deployment["status"] in _FAILED:
                raise RuntimeError(
                    f"waiting for ECS Service ({id}) {doing}: service deployment ended as {deployment['status']}: "
                    f"{deployment.get('statusReason', 'no reason given')}"
                )
        service = _find_service(aws, id, cluster)
        if service is None:
            raise RuntimeError(f"waiting for ECS Service ({id}) {doing}: the service is gone")
        settled = not arns or deployment["status"] == "SUCCESSFUL"
        if settled and service["runningCount"] == service["desiredCount"]:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"waiting for ECS Service ({id}) {doing}: {service['runningCount']} of {service['desiredCount']} "
                f"tasks run after {_SERVICE_TIMEOUT} s"
            )
        time.sleep(pause)
        pause = min(pause * 2, 2)


# Invokes
