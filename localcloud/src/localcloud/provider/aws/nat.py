"""EC2: Elastic IP addresses and NAT gateways."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import WaiterError

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick


@resource("aws:ec2/eip:Eip")
class Eip(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/eip/."""

    noun = "elastic-ip"
    replace = frozenset(
        {"address", "customerOwnedIpv4Pool", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"}
    )
    missing = frozenset({"customerOwnedIpv4Pool", "ipamPoolId"})

    creates, reads, deletes = "allocate_address", "describe_addresses", "release_address"
    keys = {"id": "AllocationId"}
    new_id = "AllocationId"
    described = "Addresses[0]"

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return super().arguments(call, {"domain": "vpc", **inputs})

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._associate(aws, id, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        id = live["AllocationId"]
        public = live.get("PublicIp", "")
        private = live.get("PrivateIpAddress", "")
        # https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html#vpc-dns-hostnames
        first = aws.region == "us-east-1"
        return {
            "allocationId": id,
            "arn": aws.arn("ec2", f"elastic-ip/{id}"),
            "associationId": live.get("AssociationId", ""),
            "carrierIp": live.get("CarrierIp", ""),
            "domain": live.get("Domain", "vpc"),
            "instance": live.get("InstanceId", ""),
            "networkBorderGroup": live.get("NetworkBorderGroup") or aws.region,
            "networkInterface": live.get("NetworkInterfaceId", ""),
            "privateIp": private,
            "publicIp": public,
            "publicIpv4Pool": live.get("PublicIpv4Pool") or "amazon",
            "publicDns": f"ec2-{public.replace('.', '-')}.{'compute-1' if first else f'{aws.region}.compute'}"
            ".amazonaws.com",
            "privateDns": f"ip-{private.replace('.', '-')}.{'ec2' if first else f'{aws.region}.compute'}.internal"
            if private
            else "",
            "ptrRecord": "",
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "instance", "networkInterface", "associateWithPrivateIp"):
            if old.get("associationId"):
                with ignoring("InvalidAssociationID.NotFound"):
                    aws.client("ec2").disassociate_address(AssociationId=old["associationId"])
            self._associate(aws, id, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        if (state.get("instance") or state.get("networkInterface")) and state.get("associationId"):
            with ignoring("InvalidAssociationID.NotFound"):
                ec2.disassociate_address(AssociationId=state["associationId"])
        super().delete(aws, id, state)

    @staticmethod
    def _associate(aws: Session, id: str, inputs: Properties) -> None:
        if inputs.get("instance") or inputs.get("networkInterface"):
            aws.client("ec2").associate_address(
                AllocationId=id,
                **pick(
                    inputs,
                    InstanceId="instance",
                    NetworkInterfaceId="networkInterface",
                    PrivateIpAddress="associateWithPrivateIp",
                ),
            )


@resource("aws:ec2/natGateway:NatGateway")
class NatGateway(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/natgateway/."""

    noun = "natgateway"
    replace = frozenset({"allocationId", "availabilityMode", "connectivityType", "privateIp", "subnetId", "vpcId"})
    defaults = {"connectivityType": "public"}
    missing = frozenset(
        {
            "availabilityMode",
            "availabilityZoneAddresses",
            "secondaryAllocationIds",
            "secondaryPrivateIpAddressCount",
            "secondaryPrivateIpAddresses",
            "vpcId",
        }
    )

    creates, reads = "create_nat_gateway", "describe_nat_gateways"
    keys = {"id": "NatGatewayId"}
    new_id = "NatGateway.NatGatewayId"
    # A deleted gateway is still described for about an hour:
    # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html#nat-gateway-deleting
    described = "NatGateways[?State!='deleted' && State!='deleting'] | [0]"
    renames = {"privateIp": "PrivateIpAddress"}
    outputs = {
        "allocationId": "NatGatewayAddresses[0].AllocationId",
        "associationId": "NatGatewayAddresses[0].AssociationId || ''",
        "availabilityMode": "'zonal'",
        "connectivityType": "ConnectivityType || 'public'",
        "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
        "privateIp": "NatGatewayAddresses[0].PrivateIp",
        "publicIp": "NatGatewayAddresses[0].PublicIp",
        "subnetId": "SubnetId",
        "vpcId": "VpcId",
    }

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        ec2 = aws.client("ec2")
        try:
            ec2.get_waiter("nat_gateway_available").wait(
                NatGatewayIds=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        except WaiterError as error:
            live = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"][0]
            raise RuntimeError(
                f"the NAT gateway {id} is {live['State']}: {live.get('FailureCode')}: {live.get('FailureMessage')}"
            ) from error

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        with ignoring("NatGatewayNotFound", "InvalidNatGatewayID.NotFound"):
            ec2.delete_nat_gateway(NatGatewayId=id)
            ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
