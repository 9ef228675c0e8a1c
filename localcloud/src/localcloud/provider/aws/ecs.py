"""Elastic Container Service: clusters, capacity providers, task definitions and services."""

import json
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, tag_changes, tag_list, tag_map

#: Seconds that the official provider waits for a service, by default, to reach a steady state or to drain.
_SERVICE_TIMEOUT = 20 * 60


def _retag(aws: Session, arn: str, old: Properties, new: Properties) -> None:
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if put:
        aws.client("ecs").tag_resource(resourceArn=arn, tags=tag_list(put, "key", "value"))
    if drop:
        aws.client("ecs").untag_resource(resourceArn=arn, tagKeys=drop)


def _renamed(source: Mapping[str, Any] | None, *keys: str, **renamed: str) -> Properties:
    """Return the named members that are there, under the same name or `target=source`."""
    source = source or {}
    result = {key: source[key] for key in keys if source.get(key) is not None}
    result.update({target: source[key] for target, key in renamed.items() if source.get(key) is not None})
    return result


# Clusters


@resource("aws:ecs/cluster:Cluster")
class Cluster(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/cluster/."""

    replace = frozenset({"name"})
    autoname = AutoName(max_length=255)
    unordered = frozenset({"settings"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("ecs").create_cluster(
            clusterName=inputs["name"],
            tags=tag_list(inputs.get("tags"), "key", "value"),
            **self._settings(inputs),
        )
        return str(answer["cluster"]["clusterArn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        cluster = _find_cluster(aws, id)
        if cluster is None:
            return None
        live = {
            "name": cluster["clusterName"],
            "arn": cluster["clusterArn"],
            "settings": cluster.get("settings", []),
            **_renamed(cluster, "configuration", "serviceConnectDefaults"),
            "tags": tag_map(cluster.get("tags"), "key", "value"),
        }
        return written(live, state, "settings", "configuration")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "settings", "configuration", "serviceConnectDefaults"):
            settings = self._settings(new)
            # An absent block leaves the live one as it is: the official provider sends empty ones to clear them.
            if old.get("serviceConnectDefaults") and "serviceConnectDefaults" not in settings:
                settings["serviceConnectDefaults"] = {"namespace": ""}
            if settings:
                aws.client("ecs").update_cluster(cluster=id, **settings)
        _retag(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ClusterNotFoundException"):
            aws.client("ecs").delete_cluster(cluster=id)

    @staticmethod
    def _settings(inputs: Properties) -> Properties:
        return _renamed(inputs, "settings", "configuration", "serviceConnectDefaults")


def _find_cluster(aws: Session, name: str) -> Properties | None:
    clusters = aws.client("ecs").describe_clusters(clusters=[name], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])
    # A deleted cluster is described as INACTIVE for a while:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    return next((dict(cluster) for cluster in clusters["clusters"] if cluster["status"] != "INACTIVE"), None)


@resource("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders")
class ClusterCapacityProviders(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/clustercapacityproviders/."""

    replace = frozenset({"clusterName"})
    tagged = False
    unordered = frozenset({"capacityProviders", "defaultCapacityProviderStrategies"})

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, str(inputs["clusterName"]), inputs)
        return str(inputs["clusterName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        cluster = _find_cluster(aws, id)
        if cluster is None:
            return None
        live = {
            "clusterName": cluster["clusterName"],
            "capacityProviders": cluster.get("capacityProviders", []),
            "defaultCapacityProviderStrategies": cluster.get("defaultCapacityProviderStrategy", []),
        }
        return written(live, state, "capacityProviders", "defaultCapacityProviderStrategies")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, id, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if _find_cluster(aws, id) is not None:
            self._put(aws, id, {})

    @staticmethod
    def _put(aws: Session, cluster: str, inputs: Properties) -> None:
        aws.client("ecs").put_cluster_capacity_providers(
            cluster=cluster,
            capacityProviders=inputs.get("capacityProviders") or [],
            defaultCapacityProviderStrategy=inputs.get("defaultCapacityProviderStrategies") or [],
        )


@resource("aws:ecs/capacityProvider:CapacityProvider")
class CapacityProvider(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecs/capacityprovider/."""

    replace = frozenset({"name", "cluster"})
    autoname = AutoName(max_length=255)

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [key for key in ("autoScalingGroupProvider", "managedInstancesProvider") if inputs.get(key) is not None]
        if len(given) != 1:
            yield (
                "autoScalingGroupProvider",
                "exactly one of autoScalingGroupProvider and managedInstancesProvider must be given",
            )

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("ecs").create_capacity_provider(
            name=inputs["name"],
            tags=tag_list(inputs.get("tags"), "key", "value"),
            **_renamed(inputs, "cluster", "autoScalingGroupProvider", "managedInstancesProvider"),
        )
        return str(answer["capacityProvider"]["capacityProviderArn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = aws.client("ecs").describe_capacity_providers(capacityProviders=[id], include=["TAGS"])
        provider = next((item for item in answer["capacityProviders"] if item["status"] != "INACTIVE"), None)
        if provider is None:
            return None
        live = {
            "name": provider["name"],
            "arn": provider["capacityProviderArn"],
            **_renamed(provider, "autoScalingGroupProvider", "managedInstancesProvider", "cluster"),
            "tags": tag_map(provider.get("tags"), "key", "value"),
        }
        return written(live, state, "autoScalingGroupProvider", "managedInstancesProvider")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "autoScalingGroupProvider", "managedInstancesProvider"):
            group = dict(new.get("autoScalingGroupProvider") or {})
            group.pop("autoScalingGroupArn", None)  # names which group it is; can't be updated
            aws.client("ecs").update_capacity_provider(
                name=new["name"],
                **({"autoScalingGroupProvider": group} if group else {}),
                **_renamed(new, "cluster", "managedInstancesProvider"),
            )
        _retag(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ClientException", "ResourceNotFoundException"):
            aws.client("ecs").delete_capacity_provider(capacityProvider=id)


# Task definitions


@resource("aws:ecs/taskDefinition:TaskDefinition")
class TaskDefinition(ResourceType):
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

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        text = inputs.get("containerDefinitions")
        if isinstance(text, str):
            yield from _container_failures(text)
        storage = (inputs.get("ephemeralStorage") or {}) if inputs.get("ephemeralStorage") is not UNKNOWN else {}
        size = storage.get("sizeInGib")
        if isinstance(size, int) and not 21 <= size <= 200:
            yield "ephemeralStorage.sizeInGib", f"expected ephemeralStorage.sizeInGib to be 21 to 200, got {size}"

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        tags = tag_list(inputs.get("tags"), "key", "value")
        answer = aws.client("ecs").register_task_definition(
            family=inputs["family"],
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
            **({"tags": tags} if tags else {}),
            **_renamed(
                inputs,
                "cpu",
                "executionRoleArn",
                "ipcMode",
                "memory",
                "networkMode",
                "pidMode",
                "placementConstraints",
                "requiresCompatibilities",
                "runtimePlatform",
                "taskRoleArn",
                "enableFaultInjection",
            ),
            **_task_blocks(inputs),
        )
        # The id is the family, as the official provider's; the ARN says which revision.
        return str(answer["taskDefinition"]["family"]), {"arn": answer["taskDefinition"]["taskDefinitionArn"]}

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        # An import's id is an ARN; without one there is no revision to go by but the family's latest.
        name = str(state.get("family", id) if state.get("trackLatest") or not state.get("arn") else state["arn"])
        answer = found(
            lambda: aws.client("ecs").describe_task_definition(taskDefinition=name, include=["TAGS"]), "ClientException"
        )
        if answer is None or answer["taskDefinition"]["status"] != "ACTIVE":
            return None
        live = answer["taskDefinition"]
        arn = live["taskDefinitionArn"]
        awsvpc = live.get("networkMode") == "awsvpc"
        last, storage = state.get("containerDefinitions"), live.get("ephemeralStorage")
        same = isinstance(last, str) and same_containers(json.loads(last), live["containerDefinitions"], awsvpc=awsvpc)
        return {
            "arn": arn,
            "arnWithoutRevision": arn.rsplit(":", 1)[0],
            "revision": live["revision"],
            "family": live["family"],
            # What AWS fills in is no difference.
            "containerDefinitions": last if same else json.dumps(live["containerDefinitions"], sort_keys=True),
            **_renamed(
                live,
                "cpu",
                "executionRoleArn",
                "ipcMode",
                "memory",
                "networkMode",
                "pidMode",
                "runtimePlatform",
                "taskRoleArn",
                "enableFaultInjection",
            ),
            "requiresCompatibilities": live.get("requiresCompatibilities", []),
            "placementConstraints": live.get("placementConstraints", []),
            **({"ephemeralStorage": {"sizeInGib": storage["sizeInGiB"]}} if storage else {}),
            "tags": tag_map(answer.get("tags"), "key", "value"),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        _retag(aws, str(old["arn"]), old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("skipDestroy"):
            return
        with ignoring("ClientException"):
            aws.client("ecs").deregister_task_definition(taskDefinition=state["arn"])


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


def _task_blocks(inputs: Properties) -> Properties:
    blocks: Properties = {}
    if storage := inputs.get("ephemeralStorage"):
        blocks["ephemeralStorage"] = {"sizeInGiB": storage["sizeInGib"]}
    if proxy := inputs.get("proxyConfiguration"):
        properties = [{"name": key, "value": value} for key, value in (proxy.get("properties") or {}).items()]
        blocks["proxyConfiguration"] = {
            "type": proxy.get("type", "APPMESH"),
            "containerName": proxy["containerName"],
            "properties": properties,
        }
    if volumes := inputs.get("volumes"):
        blocks["volumes"] = [_volume(volume) for volume in volumes]
    return blocks


def _volume(volume: Properties) -> Properties:
    result: Properties = {"name": volume["name"], **_renamed(volume, configuredAtLaunch="configureAtLaunch")}
    if volume.get("hostPath"):
        result["host"] = {"sourcePath": volume["hostPath"]}
    if docker := volume.get("dockerVolumeConfiguration"):
        result["dockerVolumeConfiguration"] = dict(docker)
    if efs := volume.get("efsVolumeConfiguration"):
        result["efsVolumeConfiguration"] = _renamed(
            efs,
            "rootDirectory",
            "transitEncryption",
            "transitEncryptionPort",
            "authorizationConfig",
            fileSystemId="fileSystemId",
        )
        if access := efs.get("authorizationConfig"):
            result["efsVolumeConfiguration"]["authorizationConfig"] = dict(access)
    if fsx := volume.get("fsxWindowsFileServerVolumeConfiguration"):
        result["fsxWindowsFileServerVolumeConfiguration"] = dict(fsx)
    return result


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


@resource("aws:ecs/service:Service")
class Service(ResourceType):
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

    def replaces(self, old: Properties, new: Properties) -> Iterable[str]:
        # As `capacityProviderStrategyCustomizeDiff` of the official provider has it.
        before, after = old.get("capacityProviderStrategies"), new.get("capacityProviderStrategies")
        if not new.get("forceNewDeployment") or bool(before) != bool(after):
            yield "capacityProviderStrategies"

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if inputs.get("launchType") and inputs.get("capacityProviderStrategies"):
            yield "launchType", "launchType and capacityProviderStrategies can't both be given"

    def create(self, aws: Session, inputs: Properties) -> str:
        tags = tag_list(inputs.get("tags"), "key", "value")
        arguments = {
            **_service_arguments(inputs),
            **_renamed(
                inputs,
                "cluster",
                "launchType",
                "schedulingStrategy",
                serviceName="name",
                role="iamRole",
            ),
        }
        if inputs.get("schedulingStrategy", "REPLICA") == "REPLICA":
            arguments["desiredCount"] = inputs.get("desiredCount", 0)
        if controller := inputs.get("deploymentController"):
            arguments["deploymentController"] = {"type": controller.get("type", "ECS")}
        if tags:
            arguments["tags"] = tags
        since = datetime.now(UTC)
        service = aws.client("ecs").create_service(**arguments)["service"]
        if inputs.get("waitForSteadyState"):
            _wait_steady(aws, str(service["serviceArn"]), str(service["clusterArn"]), since, "create")
        return str(service["serviceArn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        service = _find_service(aws, id, _cluster_of(id, state))
        if service is None or service["status"] == "INACTIVE":
            return None
        live = {
            "name": service["serviceName"],
            "arn": service["serviceArn"],
            "cluster": _like(state.get("cluster"), service["clusterArn"]),
            "iamRole": service.get("roleArn", ""),
            **_live_service(service, state),
            "tags": tag_map(service.get("tags"), "key", "value"),
        }
        return written(
            live,
            state,
            "alarms",
            "capacityProviderStrategies",
            "deploymentCircuitBreaker",
            "deploymentConfiguration",
            "deploymentController",
            "loadBalancers",
            "networkConfiguration",
            "orderedPlacementStrategies",
            "placementConstraints",
            "serviceRegistries",
        )

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        arguments = _service_changes(old, new)
        cluster = _cluster_of(id, new)
        if arguments:
            since = datetime.now(UTC)
            aws.client("ecs").update_service(cluster=cluster, service=id, **arguments)
            if new.get("waitForSteadyState"):
                _wait_steady(aws, id, cluster, since, "update")
        _retag(aws, id, old, new)

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


def _service_arguments(inputs: Properties) -> Properties:
    """Return what CreateService and UpdateService take alike."""
    arguments = _renamed(
        inputs,
        "availabilityZoneRebalancing",
        "enableExecuteCommand",
        "healthCheckGracePeriodSeconds",
        "loadBalancers",
        "placementConstraints",
        "platformVersion",
        "propagateTags",
        "taskDefinition",
        "vpcLatticeConfigurations",
        capacityProviderStrategy="capacityProviderStrategies",
        enableECSManagedTags="enableEcsManagedTags",
        placementStrategy="orderedPlacementStrategies",
    )
    if "loadBalancers" in arguments:
        arguments["loadBalancers"] = [_load_balancer(item) for item in arguments["loadBalancers"]]
    if configuration := _deployment_configuration(inputs):
        arguments["deploymentConfiguration"] = configuration
    if network := inputs.get("networkConfiguration"):
        arguments["networkConfiguration"] = _network(network)
    if registries := inputs.get("serviceRegistries"):
        arguments["serviceRegistries"] = [dict(registries)]
    if connect := inputs.get("serviceConnectConfiguration"):
        arguments["serviceConnectConfiguration"] = _service_connect(connect)
    if volume := inputs.get("volumeConfiguration"):
        arguments["volumeConfigurations"] = [_managed_volume(volume)]
    return arguments


#: For an argument of UpdateService: the properties that it is made of.
_UPDATES: Mapping[str, tuple[str, ...]] = {
    "availabilityZoneRebalancing": ("availabilityZoneRebalancing",),
    "capacityProviderStrategy": ("capacityProviderStrategies",),
    "deploymentConfiguration": (
        "alarms",
        "deploymentCircuitBreaker",
        "deploymentConfiguration",
        "deploymentMaximumPercent",
        "deploymentMinimumHealthyPercent",
    ),
    "deploymentController": ("deploymentController",),
    "desiredCount": ("desiredCount",),
    "enableECSManagedTags": ("enableEcsManagedTags",),
    "enableExecuteCommand": ("enableExecuteCommand",),
    "healthCheckGracePeriodSeconds": ("healthCheckGracePeriodSeconds",),
    "loadBalancers": ("loadBalancers",),
    "networkConfiguration": ("networkConfiguration",),
    "placementConstraints": ("placementConstraints",),
    "placementStrategy": ("orderedPlacementStrategies",),
    "platformVersion": ("platformVersion",),
    "propagateTags": ("propagateTags",),
    "serviceConnectConfiguration": ("serviceConnectConfiguration",),
    "serviceRegistries": ("serviceRegistries",),
    "taskDefinition": ("taskDefinition",),
    "volumeConfigurations": ("volumeConfiguration",),
    "vpcLatticeConfigurations": ("vpcLatticeConfigurations",),
}

#: What UpdateService is given for an argument that the program took away; the rest keeps its live value.
_CLEARED: Mapping[str, Any] = {
    "capacityProviderStrategy": [],
    "healthCheckGracePeriodSeconds": 0,
    "loadBalancers": [],
    "placementConstraints": [],
    "placementStrategy": [],
    "propagateTags": "NONE",
    "serviceConnectConfiguration": {"enabled": False},
    "serviceRegistries": [],
    "volumeConfigurations": [],
    "vpcLatticeConfigurations": [],
}


def _service_changes(old: Properties, new: Properties) -> Properties:
    """Return the arguments of UpdateService that lead from the old inputs to the new ones.

    Only what changed is sent: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    leaves the rest as it is.
    """
    every = _service_arguments(new)
    if new.get("schedulingStrategy", "REPLICA") == "REPLICA" and "desiredCount" in new:
        every["desiredCount"] = new["desiredCount"]
    if controller := new.get("deploymentController"):
        every["deploymentController"] = {"type": controller.get("type", "ECS")}
    arguments: Properties = {}
    for argument, properties in _UPDATES.items():
        if not changed(old, new, *properties):
            continue
        if argument in every:
            arguments[argument] = every[argument]
        elif argument in _CLEARED:
            arguments[argument] = _CLEARED[argument]
    # `triggers` make a new deployment only together with forceNewDeployment, which alone makes one with any update.
    if new.get("forceNewDeployment") and (arguments or changed(old, new, "triggers", "forceNewDeployment")):
        arguments["forceNewDeployment"] = True
    return arguments


def _load_balancer(item: Properties) -> Properties:
    result = _renamed(item, "containerName", "containerPort", "targetGroupArn", loadBalancerName="elbName")
    if advanced := item.get("advancedConfiguration"):
        result["advancedConfiguration"] = _renamed(
            advanced, "alternateTargetGroupArn", "productionListenerRule", "roleArn", "testListenerRule"
        )
    return result


def _deployment_configuration(inputs: Properties) -> Properties:
    configuration = _renamed(inputs, "deploymentCircuitBreaker", "alarms")
    strategy = inputs.get("deploymentConfiguration") or {}
    configuration.update(_renamed(strategy, "strategy", "canaryConfiguration", "linearConfiguration"))
    if strategy.get("bakeTimeInMinutes") is not None:
        configuration["bakeTimeInMinutes"] = int(strategy["bakeTimeInMinutes"])
    for key, minutes in (
        ("canaryConfiguration", "canaryBakeTimeInMinutes"),
        ("linearConfiguration", "stepBakeTimeInMinutes"),
    ):
        if key in configuration and configuration[key].get(minutes) is not None:
            configuration[key] = {**configuration[key], minutes: int(configuration[key][minutes])}
    if hooks := strategy.get("lifecycleHooks"):
        configuration["lifecycleHooks"] = [_lifecycle_hook(hook) for hook in hooks]
    if inputs.get("deploymentMinimumHealthyPercent") is not None:
        configuration["minimumHealthyPercent"] = inputs["deploymentMinimumHealthyPercent"]
    # A daemon runs one task an instance; it has no maximum to set.
    if inputs.get("deploymentMaximumPercent") is not None and inputs.get("schedulingStrategy") != "DAEMON":
        configuration["maximumPercent"] = inputs["deploymentMaximumPercent"]
    return configuration


def _lifecycle_hook(hook: Properties) -> Properties:
    result = _renamed(hook, "hookTargetArn", "lifecycleStages", "roleArn", "targetType")
    if hook.get("hookDetails"):
        result["hookDetails"] = json.loads(hook["hookDetails"])
    if timeout := hook.get("timeoutConfiguration"):
        result["timeoutConfiguration"] = {
            **_renamed(timeout, "action"),
            **({"timeoutInMinutes": int(timeout["timeoutInMinutes"])} if timeout.get("timeoutInMinutes") else {}),
        }
    return result


def _network(network: Properties) -> Properties:
    return {
        "awsvpcConfiguration": {
            "subnets": network["subnets"],
            "securityGroups": network.get("securityGroups") or [],
            "assignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED",
        }
    }


def _service_connect(connect: Properties) -> Properties:
    result = _renamed(connect, "enabled", "namespace", "accessLogConfiguration")
    if log := connect.get("logConfiguration"):
        result["logConfiguration"] = _renamed(log, "logDriver", "options", "secretOptions")
    if services := connect.get("services"):
        result["services"] = [_connected(service) for service in services]
    return result


def _connected(service: Properties) -> Properties:
    result = _renamed(
        service, "portName", "discoveryName", "ingressPortOverride", "timeout", clientAliases="clientAlias"
    )
    if tls := service.get("tls"):
        result["tls"] = {
            "issuerCertificateAuthority": dict(tls["issuerCertAuthority"]),
            **_renamed(tls, "kmsKey", "roleArn"),
        }
    return result


def _managed_volume(volume: Properties) -> Properties:
    managed = volume["managedEbsVolume"]
    result = _renamed(
        managed,
        "roleArn",
        "encrypted",
        "iops",
        "kmsKeyId",
        "snapshotId",
        "throughput",
        "volumeInitializationRate",
        "volumeType",
        filesystemType="fileSystemType",
        sizeInGiB="sizeInGb",
    )
    if specifications := managed.get("tagSpecifications"):
        result["tagSpecifications"] = [
            {
                **_renamed(specification, "resourceType", "propagateTags"),
                **({"tags": tag_list(specification["tags"], "key", "value")} if specification.get("tags") else {}),
            }
            for specification in specifications
        ]
    return {"name": volume["name"], "managedEBSVolume": result}


def _live_service(service: Properties, state: Properties) -> Properties:
    """Return a described service under the schema's names."""
    deployment = service.get("deploymentConfiguration") or {}
    definition = str(service.get("taskDefinition", ""))
    live = _renamed(
        service,
        "availabilityZoneRebalancing",
        "desiredCount",
        "enableExecuteCommand",
        "healthCheckGracePeriodSeconds",
        "launchType",
        "placementConstraints",
        "platformVersion",
        "propagateTags",
        "schedulingStrategy",
        capacityProviderStrategies="capacityProviderStrategy",
        deploymentController="deploymentController",
        enableEcsManagedTags="enableECSManagedTags",
        orderedPlacementStrategies="placementStrategy",
    )
    # A program may name its task definition by `family:revision`.
    live["taskDefinition"] = _like(state.get("taskDefinition"), definition) if definition else ""
    live["loadBalancers"] = [
        {
            **_renamed(item, "containerName", "containerPort", "targetGroupArn", elbName="loadBalancerName"),
            **_renamed(item, "advancedConfiguration"),
        }
        for item in service.get("loadBalancers", [])
    ]
    if service.get("schedulingStrategy") != "DAEMON":
        live.update(_renamed(deployment, deploymentMaximumPercent="maximumPercent"))
    live.update(
        _renamed(
            deployment,
            "alarms",
            "deploymentCircuitBreaker",
            deploymentMinimumHealthyPercent="minimumHealthyPercent",
        )
    )
    if breaker := live.get("deploymentCircuitBreaker"):
        live["deploymentCircuitBreaker"] = _renamed(breaker, "enable", "rollback")
    if deployment.get("strategy"):
        live["deploymentConfiguration"] = {
            **_renamed(deployment, "strategy", "canaryConfiguration", "linearConfiguration", "lifecycleHooks"),
            **(
                {"bakeTimeInMinutes": str(deployment["bakeTimeInMinutes"])} if "bakeTimeInMinutes" in deployment else {}
            ),
        }
    if network := (service.get("networkConfiguration") or {}).get("awsvpcConfiguration"):
        live["networkConfiguration"] = {
            "subnets": network["subnets"],
            "securityGroups": network.get("securityGroups", []),
            "assignPublicIp": network.get("assignPublicIp") == "ENABLED",
        }
    if registries := service.get("serviceRegistries"):
        live["serviceRegistries"] = registries[0]
    return live


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
