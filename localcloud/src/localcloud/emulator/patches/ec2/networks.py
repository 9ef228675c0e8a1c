"""VPCs, subnets, internet gateways and DHCP options."""

from typing import Any

from moto.ec2.models import EC2Backend
from moto.ec2.models.dhcp_options import DHCPOptionsSet
from moto.ec2.models.vpcs import VPC

from localcloud.emulator.patches.ec2.errors import depends, invalid
from localcloud.emulator.patches.ec2.in_use import subnet_users
from localcloud.emulator.patching import patch


@patch(EC2Backend, "__init__")
def init_backend(original: Any, self: EC2Backend, *args: Any, **kwargs: Any) -> None:
    """Give the account what it has in each region from the start, and moto lacks.

    That is a default set of DHCP options, and the default VPC's way to the internet.
    https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html
    https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html
    """
    original(self, *args, **kwargs)
    domain = "ec2.internal" if self.region_name == "us-east-1" else f"{self.region_name}.compute.internal"
    options = DHCPOptionsSet(self, ["AmazonProvidedDNS"], domain)
    self.dhcp_options_sets[options.id] = options
    vars(self)["default_dhcp_options"] = options.id
    gateway = self.create_internet_gateway()
    self.attach_internet_gateway(gateway.id, self.default_vpc.id)
    main = next(table for table in self.route_tables.values() if table.vpc_id == self.default_vpc.id)
    self.create_route(main.id, "0.0.0.0/0", gateway_id=gateway.id)


@patch(VPC, "dhcp_options_id", as_property=True)
def dhcp_options_id(self: VPC) -> str:
    """Tell the id of the default options; moto tells `default`, which no call takes."""
    chosen: Any = self.dhcp_options
    return str(chosen.id if chosen else vars(self.ec2_backend).get("default_dhcp_options", "default"))


@patch(EC2Backend, "delete_vpc")
def delete_vpc(original: Any, self: EC2Backend, vpc_id: str) -> VPC:
    """Refuse as long as anything but AWS's own is in the VPC; moto looks for subnets, VPN gateways and tables only.

    What AWS made with the VPC goes with it; moto leaves the network ACL and deletes the DHCP options.
    """
    vpc = self.get_vpc(vpc_id)
    main = [table.id for table in self.route_tables.values() if table.vpc_id == vpc_id and table.main_association_id]
    left = [
        *(table.id for table in self.route_tables.values() if table.vpc_id == vpc_id and table.id not in main),
        *(gateway.id for gateway in self.internet_gateways.values() if gateway.vpc and gateway.vpc.id == vpc_id),
        *(group.id for group in self.groups.get(vpc_id, {}).values() if not group.is_default),
        *(acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id and not acl.default),
        *(point.id for point in self.vpc_end_points.values() if point.vpc_id == vpc_id and point.state != "deleted"),
        *self.describe_subnets(filters={"vpc-id": vpc_id}),
    ]
    if left:
        raise depends(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
    if vpc.dhcp_options:
        vpc.dhcp_options.vpc = None
        vpc.dhcp_options = None
    deleted: VPC = original(self, vpc_id)
    self.groups.pop(vpc_id, None)
    for acl in [acl.id for acl in self.network_acls.values() if acl.vpc_id == vpc_id]:
        self.network_acls.pop(acl)
    return deleted


@patch(EC2Backend, "delete_subnet")
def delete_subnet(original: Any, self: EC2Backend, subnet_id: str) -> Any:
    """Refuse as long as anything stands in the subnet, and end its associations; moto does neither."""
    if any(True for _ in subnet_users(self, subnet_id)):
        raise depends(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    deleted = original(self, subnet_id)
    for table in self.route_tables.values():
        for association in [key for key, value in table._associations.items() if value == subnet_id]:
            table._associations.pop(association)
    for acl in self.network_acls.values():
        for association in [key for key, value in acl._associations.items() if value.subnet_id == subnet_id]:
            acl._associations.pop(association)
    return deleted


@patch(EC2Backend, "attach_internet_gateway")
def attach_internet_gateway(original: Any, self: EC2Backend, internet_gateway_id: str, vpc_id: str) -> Any:
    """Refuse a second internet gateway, which moto attaches."""
    for other in self.internet_gateways.values():
        if other.vpc and other.vpc.id == vpc_id and other.id != internet_gateway_id:
            raise invalid(f"Network {vpc_id} already has an internet gateway attached")
    return original(self, internet_gateway_id, vpc_id)


@patch(EC2Backend, "detach_internet_gateway")
def detach_internet_gateway(original: Any, self: EC2Backend, internet_gateway_id: str, vpc_id: str) -> None:
    """Refuse as long as something in the VPC has a public address, which moto leaves without a way out."""
    mapped = [address for address in self.addresses if address.eni and address.eni.subnet.vpc_id == vpc_id]
    if mapped or _facing_the_internet(self, vpc_id):
        raise depends(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )
    original(self, internet_gateway_id, vpc_id)


def _facing_the_internet(ec2: EC2Backend, vpc_id: str) -> bool:
    from moto.elbv2.models import elbv2_backends

    balancers = elbv2_backends[ec2.account_id][ec2.region_name].load_balancers.values()
    return any(item.vpc_id == vpc_id and item.scheme == "internet-facing" for item in balancers)
