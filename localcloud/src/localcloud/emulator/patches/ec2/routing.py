"""Routes and what route tables are associated with."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.route_tables import Route

from localcloud.emulator.patches.ec2.errors import invalid, missing
from localcloud.emulator.patching import patch


@patch(EC2Backend, "create_route")
@patch(EC2Backend, "replace_route")
def create_or_replace_route(original: Any, self: EC2Backend, route_table_id: str, *args: Any, **kwargs: Any) -> Any:
    """Refuse a target that isn't there or is of another VPC; moto makes a route that leads nowhere."""
    table = self.get_route_table(route_table_id)
    if gateway := kwargs.get("nat_gateway_id"):
        nat: Any = self.nat_gateways.get(gateway)
        if nat is None or nat.state == "deleted":
            raise missing("InvalidNatGatewayID", f"The natGateway ID '{gateway}' does not exist")
        if nat.vpc_id != table.vpc_id:
            raise invalid(f"route table {table.id} and interface {nat._eni.id} belong to different networks")
    gateway = kwargs.get("gateway_id") or ""
    if gateway.startswith("igw-"):
        internet = self.get_internet_gateway(gateway)
        if internet.vpc is None or internet.vpc.id != table.vpc_id:
            raise invalid(f"route table {table.id} and network gateway {gateway} belong to different networks")
    prefix = kwargs.get("destination_prefix_list_id")
    if prefix and prefix not in self.managed_prefix_lists:
        raise missing("InvalidPrefixListID", f"The prefix list ID '{prefix}' does not exist")
    return original(self, route_table_id, *args, **kwargs)


def _need_same_network(ec2: EC2Backend, route_table_id: str, subnet_id: str) -> None:
    table, subnet = ec2.get_route_table(route_table_id), ec2.get_subnet(subnet_id)
    if table.vpc_id != subnet.vpc_id:
        raise invalid(f"route table {table.id} and subnet {subnet.id} belong to different networks")


@patch(EC2Backend, "associate_route_table")
def associate_route_table(
    original: Any, self: EC2Backend, route_table_id: str, gateway_id: Any = None, subnet_id: Any = None
) -> str:
    """Refuse a subnet of another VPC and one that has a table; moto takes the first and ignores the second."""
    if subnet_id:
        _need_same_network(self, route_table_id, subnet_id)
        for table in self.route_tables.values():
            if table.id != route_table_id and subnet_id in table._associations.values():
                raise EC2ClientError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {route_table_id} conflicts with an existing "
                    "association",
                )
    return str(original(self, route_table_id, gateway_id, subnet_id))


@patch(EC2Backend, "replace_route_table_association")
def replace_route_table_association(original: Any, self: EC2Backend, association_id: str, route_table_id: str) -> str:
    """Refuse a table of another VPC, which moto takes."""
    wanted = self.get_route_table(route_table_id)
    for table in self.route_tables.values():
        if association_id in table.all_associations_ids and table.vpc_id != wanted.vpc_id:
            raise invalid(f"route table {route_table_id} and network {table.vpc_id} belong to different networks")
    return str(original(self, association_id, route_table_id))


@patch(Route, "state", as_property=True)
def state(self: Route) -> str:
    """Tell that a route whose target was deleted leads nowhere; moto's routes stay active.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
    """
    nat, gateway = self.nat_gateway, self.gateway
    if nat is not None and nat.state != "available":
        return "blackhole"
    if gateway is not None and gateway.id.startswith("igw-") and getattr(gateway, "vpc", None) is None:
        return "blackhole"
    return "active"
