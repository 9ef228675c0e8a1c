"""EC2: subnets."""

from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource, one
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import ignoring, pick, tag_map

#: Inputs that ModifySubnetAttribute sets, one a call, and the values that a new subnet has:
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html
_ATTRIBUTES: dict[str, tuple[str, Any]] = {
    "assignIpv6AddressOnCreation": ("AssignIpv6AddressOnCreation", False),
    "mapPublicIpOnLaunch": ("MapPublicIpOnLaunch", False),
    "enableDns64": ("EnableDns64", False),
    "enableResourceNameDnsARecordOnLaunch": ("EnableResourceNameDnsARecordOnLaunch", False),
    "enableResourceNameDnsAaaaRecordOnLaunch": ("EnableResourceNameDnsAAAARecordOnLaunch", False),
    "privateDnsHostnameTypeOnLaunch": ("PrivateDnsHostnameTypeOnLaunch", "ip-name"),
}


@resource("aws:ec2/subnet:Subnet")
class Subnet(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/subnet/."""

    noun = "subnet"
    replace = frozenset(
        {"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "ipv6CidrBlock", "outpostArn"}
    )
    defaults = {
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6Native": False,
        "mapPublicIpOnLaunch": False,
    }
    missing = frozenset(
        {
            "customerOwnedIpv4Pool",
            "enableLniAtDeviceIndex",
            "ipv4IpamPoolId",
            "ipv4NetmaskLength",
            "ipv6IpamPoolId",
            "ipv6NetmaskLength",
            "mapCustomerOwnedIpOnLaunch",
            "outpostArn",
        }
    )

    def create(self, aws: Session, inputs: Properties) -> str:
        ec2 = aws.client("ec2")
        given = {key: value for key, value in inputs.items() if key != "ipv6Native" or value}
        subnet = ec2.create_subnet(
            **pick(
                given, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6CidrBlock", "ipv6Native"
            ),
            **self.tag_specifications(inputs),
        )["Subnet"]
        id = str(subnet["SubnetId"])
        ec2.get_waiter("subnet_available").wait(SubnetIds=[id])
        self._attributes(aws, id, {}, inputs)
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        subnet = one(lambda: aws.client("ec2").describe_subnets(SubnetIds=[id])["Subnets"])
        return None if subnet is None else describe_subnet(aws, subnet)

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._attributes(aws, id, old, new)
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("InvalidSubnetID.NotFound"):
            aws.client("ec2").delete_subnet(SubnetId=id)

    @staticmethod
    def _attributes(aws: Session, id: str, old: Properties, new: Properties) -> None:
        for key, (name, default) in _ATTRIBUTES.items():
            value = new.get(key, default)
            if value != old.get(key, default):
                wrapped = value if isinstance(value, str) else {"Value": value}
                aws.client("ec2").modify_subnet_attribute(SubnetId=id, **{name: wrapped})


def describe_subnet(aws: Session, subnet: dict[str, Any]) -> Properties:
    """Return the properties that the resource and the data source of a subnet share."""
    dns = subnet.get("PrivateDnsNameOptionsOnLaunch") or {}
    ipv6: dict[str, Any] = next(iter(subnet.get("Ipv6CidrBlockAssociationSet") or ()), {})
    return {
        "arn": subnet.get("SubnetArn") or aws.arn("ec2", f"subnet/{subnet['SubnetId']}"),
        **pick(
            subnet,
            "VpcId",
            "AvailabilityZone",
            "AvailabilityZoneId",
            "OwnerId",
            "AssignIpv6AddressOnCreation",
            "MapPublicIpOnLaunch",
            "Ipv6Native",
            "EnableDns64",
        ),
        "cidrBlock": subnet.get("CidrBlock", ""),
        "enableResourceNameDnsARecordOnLaunch": bool(dns.get("EnableResourceNameDnsARecord")),
        "enableResourceNameDnsAaaaRecordOnLaunch": bool(dns.get("EnableResourceNameDnsAAAARecord")),
        "privateDnsHostnameTypeOnLaunch": dns.get("HostnameType", "ip-name"),
        "ipv6CidrBlock": ipv6.get("Ipv6CidrBlock", ""),
        "ipv6CidrBlockAssociationId": ipv6.get("AssociationId", ""),
        "tags": tag_map(subnet.get("Tags")),
    }
