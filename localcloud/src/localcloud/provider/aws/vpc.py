"""EC2: VPCs, their DHCP options, internet gateways."""

from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource, one
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick, tag_map


@resource("aws:ec2/vpc:Vpc")
class Vpc(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/vpc/."""

    noun = "vpc"
    replace = frozenset({"cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "instanceTenancy"})
    defaults = {"enableDnsSupport": True, "instanceTenancy": "default"}
    missing = frozenset({"ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength", "ipv6CidrBlock"})

    def create(self, aws: Session, inputs: Properties) -> str:
        ec2 = aws.client("ec2")
        vpc = ec2.create_vpc(
            **pick(
                inputs,
                "cidrBlock",
                "instanceTenancy",
                "ipv6CidrBlockNetworkBorderGroup",
                AmazonProvidedIpv6CidrBlock="assignGeneratedIpv6CidrBlock",
            ),
            **self.tag_specifications(inputs),
        )["Vpc"]
        id = str(vpc["VpcId"])
        ec2.get_waiter("vpc_available").wait(VpcIds=[id])
        self._attributes(aws, id, {"enableDnsSupport": True}, inputs)
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        vpc = one(lambda: ec2.describe_vpcs(VpcIds=[id])["Vpcs"])
        if vpc is None:
            return None
        return {**describe_vpc(aws, vpc), "assignGeneratedIpv6CidrBlock": _amazon_ipv6(vpc)}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._attributes(aws, id, old, new)
        if changed(old, new, "assignGeneratedIpv6CidrBlock"):
            ec2 = aws.client("ec2")
            if new.get("assignGeneratedIpv6CidrBlock"):
                ec2.associate_vpc_cidr_block(VpcId=id, AmazonProvidedIpv6CidrBlock=True)
            elif old.get("ipv6AssociationId"):
                ec2.disassociate_vpc_cidr_block(AssociationId=old["ipv6AssociationId"])
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("InvalidVpcID.NotFound"):
            aws.client("ec2").delete_vpc(VpcId=id)

    @staticmethod
    def _attributes(aws: Session, id: str, old: Properties, new: Properties) -> None:
        # DNS hostnames need DNS support, so that support goes on first and off last.
        names = ["EnableDnsSupport", "EnableDnsHostnames", "EnableNetworkAddressUsageMetrics"]
        if not new.get("enableDnsSupport", True):
            names.reverse()
        for name in names:
            key = name[0].lower() + name[1:]
            # ModifyVpcAttribute takes one attribute a call:
            # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
            if bool(old.get(key)) != bool(new.get(key)):
                aws.client("ec2").modify_vpc_attribute(VpcId=id, **{name: {"Value": bool(new.get(key))}})


def describe_vpc(aws: Session, vpc: dict[str, Any]) -> Properties:
    """Return the properties that the resource and the data source of a VPC share."""
    ec2 = aws.client("ec2")
    id = vpc["VpcId"]
    own = [{"Name": "vpc-id", "Values": [id]}]
    tables = ec2.describe_route_tables(Filters=[*own, {"Name": "association.main", "Values": ["true"]}])["RouteTables"]
    acls = ec2.describe_network_acls(Filters=[*own, {"Name": "default", "Values": ["true"]}])["NetworkAcls"]
    groups = ec2.describe_security_groups(Filters=[*own, {"Name": "group-name", "Values": ["default"]}])
    main = tables[0]["RouteTableId"] if tables else None

    def attribute(name: str) -> bool:
        answer = ec2.describe_vpc_attribute(VpcId=id, Attribute=name)
        return bool(answer.get(name[0].upper() + name[1:], {}).get("Value"))

    ipv6: dict[str, Any] = next(iter(vpc.get("Ipv6CidrBlockAssociationSet") or ()), {})
    return {
        "arn": aws.arn("ec2", f"vpc/{id}"),
        **pick(vpc, "CidrBlock", "InstanceTenancy", "DhcpOptionsId", "OwnerId"),
        "mainRouteTableId": main,
        "defaultRouteTableId": main,  # the table that a VPC is made with is its main one
        "defaultNetworkAclId": acls[0]["NetworkAclId"] if acls else None,
        "defaultSecurityGroupId": groups["SecurityGroups"][0]["GroupId"] if groups["SecurityGroups"] else None,
        "enableDnsSupport": attribute("enableDnsSupport"),
        "enableDnsHostnames": attribute("enableDnsHostnames"),
        "enableNetworkAddressUsageMetrics": attribute("enableNetworkAddressUsageMetrics"),
        "ipv6CidrBlock": ipv6.get("Ipv6CidrBlock", ""),
        "ipv6AssociationId": ipv6.get("AssociationId", ""),
        "tags": tag_map(vpc.get("Tags")),
    }


def _amazon_ipv6(vpc: dict[str, Any]) -> bool:
    return any(
        item.get("Ipv6CidrBlockState", {}).get("State") == "associated"
        for item in vpc.get("Ipv6CidrBlockAssociationSet") or ()
    )


@resource("aws:ec2/internetGateway:InternetGateway")
class InternetGateway(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/internetgateway/."""

    noun = "internet-gateway"

    def create(self, aws: Session, inputs: Properties) -> str:
        ec2 = aws.client("ec2")
        id = str(ec2.create_internet_gateway(**self.tag_specifications(inputs))["InternetGateway"]["InternetGatewayId"])
        if inputs.get("vpcId"):
            ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=inputs["vpcId"])
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        gateway = one(lambda: ec2.describe_internet_gateways(InternetGatewayIds=[id])["InternetGateways"])
        if gateway is None:
            return None
        attachments = gateway.get("Attachments") or []
        return {
            "arn": aws.arn("ec2", f"internet-gateway/{id}"),
            **pick(gateway, "OwnerId"),
            "vpcId": attachments[0]["VpcId"] if attachments else None,
            "tags": tag_map(gateway.get("Tags")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "vpcId"):
            ec2 = aws.client("ec2")
            if old.get("vpcId"):
                ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=old["vpcId"])
            if new.get("vpcId"):
                ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=new["vpcId"])
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        if state.get("vpcId"):
            with ignoring("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound"):
                ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=state["vpcId"])
        with ignoring("InvalidInternetGatewayID.NotFound"):
            ec2.delete_internet_gateway(InternetGatewayId=id)
