"""NAT gateways and the addresses that they take."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_ip_addresses import ElasticAddress
from moto.ec2.models.nat_gateways import NatGateway

from localcloud.emulator.patching import patch


@patch(ElasticAddress, "__init__")
def init_elastic_address(original: Any, self: ElasticAddress, *args: Any, **kwargs: Any) -> None:
    """Tell where an address is from, which moto leaves out.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Address.html
    """
    original(self, *args, **kwargs)
    vars(self).update(network_border_group=self.ec2_backend.region_name, public_ipv4_pool="amazon")


@patch(EC2Backend, "create_nat_gateway")
def create_nat_gateway(
    original: Any, self: EC2Backend, subnet_id: str, allocation_id: str, *args: Any, **kwargs: Any
) -> NatGateway:
    """Refuse an address in use, and let a gateway fail that has no way out; moto takes both.

    https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
    """
    subnet = self.get_subnet(subnet_id)
    kind = kwargs.get("connectivity_type") or "public"
    if allocation_id:
        address = self.address_by_allocation([allocation_id])[0]
        if address.association_id:
            raise EC2ClientError(
                "Resource.AlreadyAssociated",
                f"Elastic IP address [{allocation_id}] is already associated",
            )
    elif kind == "public":
        raise EC2ClientError("MissingParameter", "The request must contain the parameter AllocationId")
    kwargs["connectivity_type"] = kind
    gateway: NatGateway = original(self, subnet_id, allocation_id, *args, **kwargs)
    # moto leaves out which address is the main one, by which the official provider picks it.
    for item in gateway.address_set:
        item |= {"isPrimary": True, "status": "succeeded"}
    vars(gateway)["availability_mode"] = "zonal"
    way_out = any(igw.vpc and igw.vpc.id == subnet.vpc_id for igw in self.internet_gateways.values())
    if kind == "public" and not way_out:
        gateway.state = "failed"
        vars(gateway)["failure_code"] = "Gateway.NotAttached"
        vars(gateway)["failure_message"] = f"Network {subnet.vpc_id} has no Internet gateway attached"
        _free(self, gateway)
    return gateway


@patch(EC2Backend, "delete_nat_gateway")
def delete_nat_gateway(original: Any, self: EC2Backend, nat_gateway_id: str) -> NatGateway:
    """Give interface and address back, which moto keeps."""
    gateway = self.nat_gateways.get(nat_gateway_id)
    if gateway is None:
        raise EC2ClientError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
    _free(self, gateway)
    deleted: NatGateway = original(self, nat_gateway_id)
    return deleted


def _free(ec2: EC2Backend, gateway: NatGateway) -> None:
    for address in ec2.addresses:
        if address.eni is not None and address.eni.id == gateway._eni.id:
            ec2.disassociate_address(address=address.public_ip)
    ec2.enis.pop(gateway._eni.id, None)


@patch(EC2Backend, "describe_nat_gateways")
def describe_nat_gateways(
    original: Any, self: EC2Backend, filters: Any, nat_gateway_ids: list[str] | None
) -> list[NatGateway]:
    """Refuse ids that aren't there; moto leaves them out."""
    for id in nat_gateway_ids or ():
        if id not in self.nat_gateways:
            raise EC2ClientError("NatGatewayNotFound", f"NatGateway {id} was not found")
    found: list[NatGateway] = original(self, filters, nat_gateway_ids)
    return found


@patch(EC2Backend, "release_address")
def release_address(original: Any, self: EC2Backend, address: Any = None, allocation_id: Any = None) -> None:
    """Refuse an address that is associated, which moto releases.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
    """
    held = self.address_by_allocation([allocation_id]) if allocation_id else self.address_by_ip([address])
    if held and held[0].domain == "vpc" and held[0].association_id:
        raise EC2ClientError("InvalidIPAddress.InUse", f"The address with allocation id {held[0].id} is in use")
    original(self, address, allocation_id)
