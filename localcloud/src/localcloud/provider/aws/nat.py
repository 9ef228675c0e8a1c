"""EC2: Elastic IP addresses and NAT gateways."""

from typing import Any

from botocore.exceptions import WaiterError

from localcloud.provider.aws.ec2 import Ec2Resource, one
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick, tag_map


@resource("aws:ec2/eip:Eip")
class Eip(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/eip/."""

    noun = "elastic-ip"
    replace = frozenset(
        {"address", "customerOwnedIpv4Pool", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"}
    )
    missing = frozenset({"customerOwnedIpv4Pool", "ipamPoolId"})

    def create(self, aws: Session, inputs: Properties) -> str:
        ec2 = aws.client("ec2")
        answer = ec2.allocate_address(
            Domain=inputs.get("domain", "vpc"),
            **pick(inputs, "address", "publicIpv4Pool", "networkBorderGroup"),
            **self.tag_specifications(inputs),
        )
        id = str(answer["AllocationId"])
        self._associate(aws, id, inputs)
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        address = one(lambda: aws.client("ec2").describe_addresses(AllocationIds=[id])["Addresses"])
        if address is None:
            return None
        public = address.get("PublicIp", "")
        private = address.get("PrivateIpAddress", "")
        # https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html#vpc-dns-hostnames
        first = aws.region == "us-east-1"
        return {
            "allocationId": id,
            "arn": aws.arn("ec2", f"elastic-ip/{id}"),
            "associationId": address.get("AssociationId", ""),
            "carrierIp": address.get("CarrierIp", ""),
            "domain": address.get("Domain", "vpc"),
            "instance": address.get("InstanceId", ""),
            "networkBorderGroup": address.get("NetworkBorderGroup") or aws.region,
            "networkInterface": address.get("NetworkInterfaceId", ""),
            "privateIp": private,
            "publicIp": public,
            "publicIpv4Pool": address.get("PublicIpv4Pool") or "amazon",
            "publicDns": f"ec2-{public.replace('.', '-')}.{'compute-1' if first else f'{aws.region}.compute'}"
            ".amazonaws.com",
            "privateDns": f"ip-{private.replace('.', '-')}.{'ec2' if first else f'{aws.region}.compute'}.internal"
            if private
            else "",
            "ptrRecord": "",
            "tags": tag_map(address.get("Tags")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "instance", "networkInterface", "associateWithPrivateIp"):
            if old.get("associationId"):
                with ignoring("InvalidAssociationID.NotFound"):
                    aws.client("ec2").disassociate_address(AssociationId=old["associationId"])
            self._associate(aws, id, new)
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        if (state.get("instance") or state.get("networkInterface")) and state.get("associationId"):
            with ignoring("InvalidAssociationID.NotFound"):
                ec2.disassociate_address(AssociationId=state["associationId"])
        with ignoring("InvalidAllocationID.NotFound"):
            ec2.release_address(AllocationId=id)

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

    def create(self, aws: Session, inputs: Properties) -> str:
        ec2 = aws.client("ec2")
        gateway = ec2.create_nat_gateway(
            **pick(inputs, "allocationId", "connectivityType", "subnetId", PrivateIpAddress="privateIp"),
            **self.tag_specifications(inputs),
        )["NatGateway"]
        id = str(gateway["NatGatewayId"])
        try:
            ec2.get_waiter("nat_gateway_available").wait(
                NatGatewayIds=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )
        except WaiterError as error:
            live = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"][0]
            raise RuntimeError(
                f"the NAT gateway {id} is {live['State']}: {live.get('FailureCode')}: {live.get('FailureMessage')}"
            ) from error
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        gateway = one(lambda: aws.client("ec2").describe_nat_gateways(NatGatewayIds=[id])["NatGateways"])
        # A deleted gateway is still described for about an hour:
        # https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html#nat-gateway-deleting
        if gateway is None or gateway["State"] in ("deleted", "deleting"):
            return None
        address: dict[str, Any] = next(iter(gateway.get("NatGatewayAddresses") or ()), {})
        return {
            **pick(gateway, "SubnetId"),
            "vpcId": gateway.get("VpcId"),
            "connectivityType": gateway.get("ConnectivityType", "public"),
            "availabilityMode": "zonal",
            **pick(address, "AllocationId", "NetworkInterfaceId", privateIp="PrivateIp", publicIp="PublicIp"),
            "associationId": address.get("AssociationId", ""),
            "tags": tag_map(gateway.get("Tags")),
        }

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        with ignoring("NatGatewayNotFound", "InvalidNatGatewayID.NotFound"):
            ec2.delete_nat_gateway(NatGatewayId=id)
            ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
