"""EC2: subnets."""

from collections.abc import Mapping
from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session

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

    creates, reads, deletes = "create_subnet", "describe_subnets", "delete_subnet"
    keys = {"id": "SubnetId"}
    new_id = "Subnet.SubnetId"
    described = "Subnets[0]"
    outputs = {
        "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
        "availabilityZone": "AvailabilityZone",
        "availabilityZoneId": "AvailabilityZoneId",
        "cidrBlock": "CidrBlock || ''",
        "enableDns64": "EnableDns64",
        "enableResourceNameDnsARecordOnLaunch": "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord || `false`",
        "enableResourceNameDnsAaaaRecordOnLaunch": (
            "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord || `false`"
        ),
        "ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock || ''",
        "ipv6CidrBlockAssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId || ''",
        "ipv6Native": "Ipv6Native",
        "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
        "ownerId": "OwnerId",
        "privateDnsHostnameTypeOnLaunch": "PrivateDnsNameOptionsOnLaunch.HostnameType || 'ip-name'",
        "vpcId": "VpcId",
    }

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return super().arguments(call, {**inputs, "ipv6Native": inputs.get("ipv6Native") or None})

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        aws.client("ec2").get_waiter("subnet_available").wait(SubnetIds=[id])
        self._attributes(aws, id, {}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        arn = live.get("SubnetArn") or aws.arn("ec2", f"subnet/{live['SubnetId']}")
        return {**super().properties(aws, live, state), "arn": arn}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._attributes(aws, id, old, new)

    @staticmethod
    def _attributes(aws: Session, id: str, old: Properties, new: Properties) -> None:
        for key, (name, default) in _ATTRIBUTES.items():
            value = new.get(key, default)
            if value != old.get(key, default):
                wrapped = value if isinstance(value, str) else {"Value": value}
                aws.client("ec2").modify_subnet_attribute(SubnetId=id, **{name: wrapped})
