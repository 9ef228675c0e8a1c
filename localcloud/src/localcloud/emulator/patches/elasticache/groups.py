"""Parameter groups and subnet groups."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.exceptions import (
    CacheSubnetGroupNotFound,
    ElastiCacheException,
    InvalidParameterValueException,
)
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend
from moto.elasticache.responses import ElastiCacheResponse

from localcloud.emulator.patches import references
from localcloud.emulator.patching import patch

#: The families of parameter groups, by engine:
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Engine.html
FAMILIES = (
    "memcached1.4",
    "memcached1.5",
    "memcached1.6",
    "redis5.0",
    "redis6.x",
    "redis7",
    "valkey7",
    "valkey8",
)


@patch(ElastiCacheBackend, "list_tags_for_resource")
def list_tags_for_resource(self: ElastiCacheBackend, arn: str) -> dict[str, list[dict[str, str]]]:
    """Moto refuses the ARNs of user groups and parameter groups."""
    return self.tagging_service.list_tags_for_resource(arn)


# Subnet groups


def _check_subnets(backend: ElastiCacheBackend, subnet_ids: list[str]) -> list[Any]:
    """Refuse subnets that aren't there or of several VPCs; moto takes the first and misses the second."""
    subnets = references.subnets(
        backend, subnet_ids, lambda id: ElastiCacheException("InvalidSubnet", f"Subnet(s) [{id}] are invalid.")
    )
    if not subnets:
        raise InvalidParameterValueException("SubnetIds must not be empty.")
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise ElastiCacheException("InvalidSubnet", "All subnets of a cache subnet group must be in the same VPC.")
    return subnets


def _set_subnets(group: CacheSubnetGroup, subnets: list[Any]) -> None:
    group.subnet_ids = [subnet.id for subnet in subnets]
    group.vpc_id = subnets[0].vpc_id
    group.supported_network_types = ["ipv4"]
    group.subnets = [
        {
            "SubnetIdentifier": subnet.id,
            "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
            "SupportedNetworkTypes": ["ipv4"],
        }
        for subnet in subnets
    ]


@patch(ElastiCacheBackend, "create_cache_subnet_group")
def create_cache_subnet_group(
    original: Any,
    self: ElastiCacheBackend,
    cache_subnet_group_name: str,
    subnet_ids: list[str],
    **kwargs: Any,
) -> CacheSubnetGroup:
    subnets = _check_subnets(self, subnet_ids)
    name = cache_subnet_group_name.lower()
    group: CacheSubnetGroup = original(self, cache_subnet_group_name=name, subnet_ids=subnet_ids, **kwargs)
    _set_subnets(group, subnets)
    return group


def find_subnets(backend: ElastiCacheBackend, name: str) -> CacheSubnetGroup:
    """Return a subnet group, or raise as AWS does."""
    if name not in backend.cache_subnet_groups:
        raise CacheSubnetGroupNotFound(name)
    return backend.cache_subnet_groups[name]


@patch(ElastiCacheResponse, "modify_cache_subnet_group")
def modify_cache_subnet_group(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    group = find_subnets(backend, str(params["CacheSubnetGroupName"]))
    if params.get("SubnetIds"):
        _set_subnets(group, _check_subnets(backend, params["SubnetIds"]))
    if params.get("CacheSubnetGroupDescription") is not None:
        group.cache_subnet_group_description = params["CacheSubnetGroupDescription"]
    return ActionResult({"CacheSubnetGroup": group})


@patch(ElastiCacheResponse, "delete_cache_subnet_group")
def delete_cache_subnet_group(self: ElastiCacheResponse) -> EmptyResult:
    backend = self.elasticache_backend
    name = str(self._get_param("CacheSubnetGroupName"))
    group = find_subnets(backend, name)
    if any(one.cache_subnet_group_name == name for one in backend.cache_clusters.values()):
        raise ElastiCacheException(
            "CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster."
        )
    del backend.cache_subnet_groups[name]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    return EmptyResult()


# Parameter groups


class ParameterGroup:
    """A parameter group, with the members that DescribeCacheParameterGroups answers in snake case."""

    def __init__(self, backend: ElastiCacheBackend, name: str, family: str, description: str) -> None:
        self.cache_parameter_group_name, self.cache_parameter_group_family = name, family
        self.description, self.is_global = description, False
        self.arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:parametergroup:{name}"
        self.values: dict[str, str] = {}

    @property
    def cluster_enabled(self) -> bool:
        """Whether clusters of it run in cluster mode."""
        return self.values.get("cluster-enabled") == "yes"


def parameter_groups_of(backend: ElastiCacheBackend) -> dict[str, ParameterGroup]:
    """Return a backend's parameter groups by name, AWS's own among them."""
    groups: dict[str, ParameterGroup] = vars(backend).setdefault("parameter_groups", {})
    if not groups:
        for family in FAMILIES:
            names = [f"default.{family}"]
            if not family.startswith("memcached"):
                names.append(f"default.{family}.cluster.on")
            for name in names:
                groups[name] = ParameterGroup(backend, name, family, f"Default parameter group for {family}")
                if name.endswith(".cluster.on"):
                    groups[name].values["cluster-enabled"] = "yes"
    return groups


def find_parameters(backend: ElastiCacheBackend, name: str) -> ParameterGroup:
    """Return a parameter group, or raise as AWS does."""
    groups = parameter_groups_of(backend)
    if name not in groups:
        raise ElastiCacheException("CacheParameterGroupNotFound", f"CacheParameterGroup not found: {name}")
    return groups[name]


@patch(ElastiCacheResponse, "create_cache_parameter_group")
def create_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    name, family = str(params["CacheParameterGroupName"]).lower(), str(params["CacheParameterGroupFamily"])
    if name in parameter_groups_of(backend):
        raise ElastiCacheException("CacheParameterGroupAlreadyExists", f"Parameter group {name} already exists")
    if family not in FAMILIES:
        raise InvalidParameterValueException(
            f"CacheParameterGroupFamily {family} is not a valid parameter group family."
        )
    group = ParameterGroup(backend, name, family, str(params["Description"]))
    parameter_groups_of(backend)[name] = group
    if params.get("Tags"):
        backend.tagging_service.tag_resource(group.arn, params["Tags"])
    return ActionResult({"CacheParameterGroup": group})


@patch(ElastiCacheResponse, "describe_cache_parameter_groups")
def describe_cache_parameter_groups(self: ElastiCacheResponse) -> ActionResult:
    backend, name = self.elasticache_backend, self._get_param("CacheParameterGroupName")
    groups = [find_parameters(backend, name)] if name else list(parameter_groups_of(backend).values())
    return ActionResult({"CacheParameterGroups": groups})


@patch(ElastiCacheResponse, "describe_cache_parameters")
def describe_cache_parameters(self: ElastiCacheResponse) -> ActionResult:
    """Tell the parameters that were set; the engine's own defaults aren't emulated."""
    group = find_parameters(self.elasticache_backend, str(self._get_param("CacheParameterGroupName")))
    source = self._get_param("Source")
    parameters = [
        {"ParameterName": name, "ParameterValue": value, "Source": "user", "DataType": "string", "IsModifiable": True}
        for name, value in group.values.items()
        if source in (None, "user")
    ]
    return ActionResult({"Parameters": parameters, "CacheNodeTypeSpecificParameters": []})


def _changeable(backend: ElastiCacheBackend, name: str) -> ParameterGroup:
    group = find_parameters(backend, name)
    if name.startswith("default."):
        raise InvalidParameterValueException(f"The parameter group {name} cannot be modified: it is a default group.")
    return group


@patch(ElastiCacheResponse, "modify_cache_parameter_group")
def modify_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    params = self._get_params()
    group = _changeable(self.elasticache_backend, str(params["CacheParameterGroupName"]))
    for item in params.get("ParameterNameValues") or []:
        group.values[item["ParameterName"]] = str(item.get("ParameterValue", ""))
    return ActionResult({"CacheParameterGroupName": group.cache_parameter_group_name})


@patch(ElastiCacheResponse, "reset_cache_parameter_group")
def reset_cache_parameter_group(self: ElastiCacheResponse) -> ActionResult:
    params = self._get_params()
    group = _changeable(self.elasticache_backend, str(params["CacheParameterGroupName"]))
    if params.get("ResetAllParameters"):
        group.values.clear()
    for item in params.get("ParameterNameValues") or []:
        group.values.pop(item["ParameterName"], None)
    return ActionResult({"CacheParameterGroupName": group.cache_parameter_group_name})


@patch(ElastiCacheResponse, "delete_cache_parameter_group")
def delete_cache_parameter_group(self: ElastiCacheResponse) -> EmptyResult:
    backend = self.elasticache_backend
    name = str(self._get_param("CacheParameterGroupName"))
    group = _changeable(backend, name)
    if any(one.cache_parameter_group_name == name for one in backend.cache_clusters.values()):
        raise ElastiCacheException(
            "InvalidCacheParameterGroupState", f"One or more cache clusters are still members of this group {name}."
        )
    del parameter_groups_of(backend)[name]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    return EmptyResult()
