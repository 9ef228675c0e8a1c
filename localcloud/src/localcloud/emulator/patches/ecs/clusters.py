"""Clusters and capacity providers."""

from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.core.responses import ActionResult
from moto.ecs.exceptions import EcsClientException, ECSException, InvalidParameterException
from moto.ecs.models import CapacityProvider, CapacityProviderFailure, Cluster, EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse

from localcloud.emulator.patching import patch

#: What every account has: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")


class ManagedProvider(CapacityProvider):
    """A capacity provider without an Auto Scaling group: Fargate's own, and ECS Managed Instances."""

    def __init__(
        self,
        backend: EC2ContainerServiceBackend,
        name: str,
        tags: list[dict[str, str]] | None = None,
        managed: dict[str, Any] | None = None,
        cluster: str | None = None,
    ) -> None:
        super().__init__(backend.account_id, backend.region_name, name, {}, tags or [])
        self.auto_scaling_group_provider = None  # type: ignore[assignment]
        self.managed_instances_provider = managed
        self.cluster = cluster
        self.type = "MANAGED_INSTANCES" if managed else name


# Clusters


@patch(EC2ContainerServiceBackend, "_get_cluster")
def get_cluster(original: Any, self: EC2ContainerServiceBackend, name: str) -> Cluster:
    """A deleted cluster is found no more; moto goes on using it."""
    cluster: Cluster = original(self, name)
    if cluster.status == "INACTIVE":
        raise ECSException("ClusterNotFoundException", "Cluster not found.")
    return cluster


@patch(EC2ContainerServiceBackend, "create_cluster")
def create_cluster(
    original: Any, self: EC2ContainerServiceBackend, cluster_name: str, *args: Any, **kwargs: Any
) -> Cluster:
    """Creating what is there answers with it; moto puts an empty cluster in its place.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
    """
    existing = self.clusters.get(cluster_name)
    if existing is not None and existing.status == "ACTIVE":
        return existing
    cluster: Cluster = original(self, cluster_name, *args, **kwargs)
    cluster.capacity_providers = cluster.capacity_providers or []
    cluster.default_capacity_provider_strategy = cluster.default_capacity_provider_strategy or []
    cluster.tags = cluster.tags or []
    return cluster


@patch(EC2ContainerServiceBackend, "delete_cluster")
def delete_cluster(original: Any, self: EC2ContainerServiceBackend, cluster_str: str) -> Cluster:
    """A cluster with services or tasks stays; moto deletes it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
    """
    cluster = self._get_cluster(cluster_str)
    if any(one.cluster_arn == cluster.arn and one.status != "INACTIVE" for one in self.services.values()):
        raise ECSException(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    if any(task.last_status != "STOPPED" for task in self.tasks.get(cluster.name, {}).values()):
        raise ECSException("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
    if self.container_instances.get(cluster.name):
        raise ECSException(
            "ClusterContainsContainerInstancesException",
            "The Cluster cannot be deleted while Container Instances are active or draining.",
        )
    deleted: Cluster = original(self, cluster_str)
    return deleted


@patch(EC2ContainerServiceBackend, "list_clusters")
def list_clusters(self: EC2ContainerServiceBackend) -> list[str]:
    """Moto lists deleted clusters too."""
    return [cluster.arn for cluster in self.clusters.values() if cluster.status != "INACTIVE"]


@patch(EC2ContainerServiceBackend, "describe_clusters")
def describe_clusters(original: Any, self: EC2ContainerServiceBackend, cluster_names: list[str]) -> Any:
    """Count what runs; moto's counts are those of its own records."""
    clusters, failures = original(self, cluster_names)
    for cluster in clusters:
        tasks = [task for task in self.tasks.get(cluster.name, {}).values() if task.desired_status == "RUNNING"]
        cluster.running_tasks_count = sum(task.last_status == "RUNNING" for task in tasks)
        cluster.pending_tasks_count = len(tasks) - cluster.running_tasks_count
        cluster.active_services_count = sum(
            one.cluster_arn == cluster.arn and one.status == "ACTIVE" for one in self.services.values()
        )
        vars(cluster).setdefault("statistics", [])
    return clusters, failures


# Capacity providers


@patch(EC2ContainerServiceBackend, "put_cluster_capacity_providers")
def put_cluster_capacity_providers(
    original: Any,
    self: EC2ContainerServiceBackend,
    cluster_name: str,
    capacity_providers: list[str] | None,
    default_capacity_provider_strategy: list[dict[str, Any]] | None,
) -> Cluster:
    """Refuse providers that aren't there; moto takes any name."""
    self._get_cluster(cluster_name)
    names = capacity_providers or []
    for name in names:
        if name not in FARGATE_PROVIDERS and self._get_provider(name) is None:
            raise InvalidParameterException(f"The specified capacity provider '{name}' was not found.")
    for item in default_capacity_provider_strategy or []:
        if item["capacityProvider"] not in names:
            raise InvalidParameterException(
                "The specified default capacity provider strategy cannot contain a capacity provider that is not "
                "associated with the cluster. Associate the capacity provider with the cluster and try again."
            )
    strategy = [{"weight": 0, "base": 0, **item} for item in default_capacity_provider_strategy or []]
    cluster: Cluster = original(self, cluster_name, names, strategy)
    return cluster


def check_associated(cluster: Cluster, strategy: list[dict[str, Any]]) -> None:
    """Refuse a strategy with a provider that the cluster doesn't have; moto takes any."""
    if any(item["capacityProvider"] not in (cluster.capacity_providers or []) for item in strategy):
        raise InvalidParameterException(
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with "
            "the cluster. Associate the capacity provider with the cluster and try again."
        )


@patch(EC2ContainerServiceResponse, "create_capacity_provider")
def create_capacity_provider(self: EC2ContainerServiceResponse) -> ActionResult:
    """Make a provider of each kind; moto knows those with an Auto Scaling group, and takes any ARN for it."""
    backend, params = self.ecs_backend, self._get_params()
    name = str(params["name"])
    if name in FARGATE_PROVIDERS or name.lower().startswith(("aws", "ecs", "fargate")):
        raise EcsClientException(f"The specified capacity provider name is invalid: {name}")
    if backend._get_provider(name) is not None:
        raise EcsClientException(f"The specified capacity provider already exists: {name}")
    if group := params.get("autoScalingGroupProvider"):
        _check_group(backend, str(group["autoScalingGroupArn"]))
        group.setdefault("managedDraining", "ENABLED")
        provider = backend.create_capacity_provider(name, group, params.get("tags") or [])
    else:
        provider = ManagedProvider(
            backend, name, params.get("tags"), params.get("managedInstancesProvider"), params.get("cluster")
        )
        backend.capacity_providers[name] = provider
    return ActionResult({"capacityProvider": provider})


def _check_group(backend: EC2ContainerServiceBackend, arn: str) -> None:
    groups = autoscaling_backends[backend.account_id][backend.region_name].autoscaling_groups
    if not any(arn in (group.arn, name) for name, group in groups.items()):
        raise EcsClientException(f"The specified Auto Scaling group ARN is invalid: {arn}")


@patch(EC2ContainerServiceResponse, "update_capacity_provider")
def update_capacity_provider(self: EC2ContainerServiceResponse) -> ActionResult:
    backend, params = self.ecs_backend, self._get_params()
    provider = _existing(backend, str(params["name"]))
    if isinstance(provider, ManagedProvider):
        provider.managed_instances_provider = params.get("managedInstancesProvider")
    else:
        backend.update_capacity_provider(provider.name, params.get("autoScalingGroupProvider") or {})
    return ActionResult({"capacityProvider": provider})


def _existing(backend: EC2ContainerServiceBackend, name: str) -> CapacityProvider:
    provider = backend._get_provider(name)
    if provider is None:
        raise EcsClientException(f"The specified capacity provider does not exist: {name}")
    return provider


@patch(EC2ContainerServiceBackend, "delete_capacity_provider")
def delete_capacity_provider(original: Any, self: EC2ContainerServiceBackend, name_or_arn: str) -> CapacityProvider:
    """A provider that a cluster has stays; moto deletes it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCapacityProvider.html
    """
    provider = _existing(self, name_or_arn)
    for cluster in self.clusters.values():
        if cluster.status == "ACTIVE" and provider.name in (cluster.capacity_providers or []):
            raise EcsClientException("The specified capacity provider is in use and cannot be removed.")
    deleted: CapacityProvider = original(self, name_or_arn)
    return deleted


@patch(EC2ContainerServiceBackend, "describe_capacity_providers")
def describe_capacity_providers(
    self: EC2ContainerServiceBackend, names: list[str] | None
) -> tuple[list[CapacityProvider], list[CapacityProviderFailure]]:
    """Answer for Fargate's providers too, and for all when none is named; moto fails on both."""
    every = {name: ManagedProvider(self, name) for name in FARGATE_PROVIDERS} | self.capacity_providers
    if not names:
        return list(every.values()), []
    providers, failures = [], []
    for name in names:
        match = next((one for one in every.values() if name in (one.name, one.capacity_provider_arn)), None)
        if match is None:
            failures.append(CapacityProviderFailure("MISSING", name, self.account_id, self.region_name))
        else:
            providers.append(match)
    return providers, failures


@patch(EC2ContainerServiceResponse, "describe_capacity_providers")
def describe_capacity_providers_response(self: EC2ContainerServiceResponse) -> ActionResult:
    providers, failures = self.ecs_backend.describe_capacity_providers(self._get_param("capacityProviders"))
    return ActionResult({"capacityProviders": providers, "failures": failures})
