"""Subnet groups and parameter groups."""

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, DBSubnetGroupNotFoundError, RDSClientError
from moto.rds.models import DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from localcloud.emulator.patches import references
from localcloud.emulator.patching import patch

#: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html
_FEWEST_ZONES = 2


DBSubnetGroup.supported_network_types = ["IPV4"]  # type: ignore[attr-defined]


# Subnet groups


def _subnets(backend: RDSBackend, subnet_ids: list[str]) -> list[Any]:
    """Return subnets; refuse what isn't there, several VPCs and a single zone, which moto takes."""
    subnets = references.subnets(
        backend, subnet_ids, lambda id: RDSClientError("InvalidSubnet", f"Some input subnets in :[{id}] are invalid.")
    )
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise RDSClientError("InvalidParameterValue", "The subnets in the DB subnet group aren't all in the same VPC.")
    zones = sorted({subnet.availability_zone for subnet in subnets})
    if len(zones) < _FEWEST_ZONES:
        raise RDSClientError(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: "
            f"{', '.join(zones)}. Add subnets to cover at least {_FEWEST_ZONES} AZs.",
        )
    return subnets


@patch(RDSResponse, "create_db_subnet_group")
def create_db_subnet_group(self: RDSResponse) -> ActionResult:
    """Refuse a name that is taken; moto puts the new group in the old one's place."""
    name = str(self.params.get("DBSubnetGroupName")).lower()
    if name in self.backend.subnet_groups:
        raise RDSClientError("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")
    group = self.backend.create_subnet_group(
        name,
        self.params.get("DBSubnetGroupDescription"),
        _subnets(self.backend, self.params.get("SubnetIds", [])),
        self.params.get("Tags", []),
    )
    return ActionResult({"DBSubnetGroup": group})


@patch(RDSResponse, "modify_db_subnet_group")
def modify_db_subnet_group(self: RDSResponse) -> ActionResult:
    name = str(self.params.get("DBSubnetGroupName"))
    if name not in self.backend.subnet_groups:
        raise DBSubnetGroupNotFoundError(name)
    group = self.backend.subnet_groups[name]
    group.subnets = _subnets(self.backend, self.params.get("SubnetIds", []))
    if self.params.get("DBSubnetGroupDescription") is not None:
        group.description = self.params["DBSubnetGroupDescription"]
    return ActionResult({"DBSubnetGroup": group})


@patch(RDSResponse, "delete_db_subnet_group")
def delete_db_subnet_group(original: Any, self: RDSResponse) -> ActionResult:
    """A group that an instance is in stays; moto deletes it."""
    group = self.backend.subnet_groups.get(str(self.params.get("DBSubnetGroupName")))
    for instance in self.backend.databases.values() if group is not None else ():
        if getattr(instance, "db_subnet_group", None) is group:
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault",
                f"Cannot delete the subnet group '{self.params['DBSubnetGroupName']}' because at least one "
                f"database instance: {instance.db_instance_identifier} is still using it.",
            )
    answer: ActionResult = original(self)
    return answer


# Parameter groups


@patch(RDSResponse, "describe_db_parameter_groups")
def describe_db_parameter_groups(original: Any, self: RDSResponse) -> ActionResult:
    """A named group that isn't there is an error; moto answers with an empty list."""
    name = self.params.get("DBParameterGroupName")
    if name and name not in self.backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    answer: ActionResult = original(self)
    return answer


@patch(RDSResponse, "describe_db_parameters")
def describe_db_parameters(self: RDSResponse) -> ActionResult:
    """Tell the parameters that were set as the user's; the engine's own defaults aren't emulated."""
    name = str(self.params.get("DBParameterGroupName"))
    if name not in self.backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    parameters = [
        {"DataType": "string", "ApplyType": "dynamic", "IsModifiable": True, **parameter, "Source": "user"}
        for parameter in self.backend.db_parameter_groups[name].parameters.values()
        if self.params.get("Source") in (None, "user")
    ]
    return ActionResult({"Parameters": parameters})


@patch(RDSResponse, "reset_db_parameter_group")
def reset_db_parameter_group(self: RDSResponse) -> ActionResult:
    name = str(self.params.get("DBParameterGroupName"))
    if name not in self.backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    parameters = self.backend.db_parameter_groups[name].parameters
    # All of them, unless it says otherwise: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ResetDBParameterGroup.html
    if self.params.get("ResetAllParameters", True):
        parameters.clear()
    for item in self.params.get("Parameters", []):
        parameters.pop(item["ParameterName"], None)
    return ActionResult({"DBParameterGroupName": name})


@patch(RDSResponse, "delete_db_parameter_group")
def delete_db_parameter_group(original: Any, self: RDSResponse) -> ActionResult:
    """A group that an instance has stays; moto deletes it."""
    name = str(self.params.get("DBParameterGroupName"))
    if any(instance.db_parameter_group_name == name for instance in self.backend.databases.values()):
        raise RDSClientError(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {name}, so the group "
            "cannot be deleted",
        )
    answer: ActionResult = original(self)
    return answer
