"""EC2: VPCs and their internet gateways."""

from collections.abc import Mapping
from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring


@resource("aws:ec2/vpc:Vpc")
class Vpc(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/vpc/."""

    noun = "vpc"
    replace = frozenset({"cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "instanceTenancy"})
    defaults = {"enableDnsSupport": True, "instanceTenancy": "default"}
    missing = frozenset({"ipv4IpamPoolId", "ipv4NetmaskLength", "ipv6IpamPoolId", "ipv6NetmaskLength", "ipv6CidrBlock"})

    creates, reads, deletes = "create_vpc", "describe_vpcs", "delete_vpc"
    keys = {"id": "VpcId"}
    new_id = "Vpc.VpcId"
    described = "Vpcs[0]"
    renames = {"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"}
    outputs = {
        "cidrBlock": "CidrBlock",
        "dhcpOptionsId": "DhcpOptionsId",
        "instanceTenancy": "InstanceTenancy",
        "ipv6AssociationId": "Ipv6CidrBlockAssociationSet[0].AssociationId || ''",
        "ipv6CidrBlock": "Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock || ''",
        "ownerId": "OwnerId",
    }

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        aws.client("ec2").get_waiter("vpc_available").wait(VpcIds=[id])
        self._attributes(aws, id, {"enableDnsSupport": True}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        ec2, id = aws.client("ec2"), live["VpcId"]
        own = [{"Name": "vpc-id", "Values": [id]}]
        main = [*own, {"Name": "association.main", "Values": ["true"]}]
        default = [*own, {"Name": "default", "Values": ["true"]}]
        by_name = [*own, {"Name": "group-name", "Values": ["default"]}]
        tables = ec2.describe_route_tables(Filters=main)["RouteTables"]
        acls = ec2.describe_network_acls(Filters=default)["NetworkAcls"]
        groups = ec2.describe_security_groups(Filters=by_name)["SecurityGroups"]
        table = tables[0]["RouteTableId"] if tables else None
        attributes = {}
        for name in ("EnableDnsSupport", "EnableDnsHostnames", "EnableNetworkAddressUsageMetrics"):
            key = name[0].lower() + name[1:]
            answer = ec2.describe_vpc_attribute(VpcId=id, Attribute=key)
            attributes[key] = bool(answer.get(name, {}).get("Value"))
        return {
            **super().properties(aws, live, state),
            **attributes,
            "arn": aws.arn("ec2", f"vpc/{id}"),
            "assignGeneratedIpv6CidrBlock": _amazon_ipv6(live),
            "mainRouteTableId": table,
            "defaultRouteTableId": table,  # the table that a VPC is made with is its main one
            "defaultNetworkAclId": acls[0]["NetworkAclId"] if acls else None,
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._attributes(aws, id, old, new)
        if changed(old, new, "assignGeneratedIpv6CidrBlock"):
            ec2 = aws.client("ec2")
            if new.get("assignGeneratedIpv6CidrBlock"):
                ec2.associate_vpc_cidr_block(VpcId=id, AmazonProvidedIpv6CidrBlock=True)
            elif old.get("ipv6AssociationId"):
                ec2.disassociate_vpc_cidr_block(AssociationId=old["ipv6AssociationId"])

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


def _amazon_ipv6(vpc: Mapping[str, Any]) -> bool:
    return any(
        item.get("Ipv6CidrBlockState", {}).get("State") == "associated"
        for item in vpc.get("Ipv6CidrBlockAssociationSet") or ()
    )


@resource("aws:ec2/internetGateway:InternetGateway")
class InternetGateway(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/internetgateway/."""

    noun = "internet-gateway"
    creates, reads, deletes = "create_internet_gateway", "describe_internet_gateways", "delete_internet_gateway"
    keys = {"id": "InternetGatewayId"}
    new_id = "InternetGateway.InternetGatewayId"
    described = "InternetGateways[0]"
    outputs = {"ownerId": "OwnerId", "vpcId": "Attachments[0].VpcId"}

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        if inputs.get("vpcId"):
            aws.client("ec2").attach_internet_gateway(InternetGatewayId=id, VpcId=inputs["vpcId"])

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        arn = aws.arn("ec2", f"internet-gateway/{live['InternetGatewayId']}")
        return {**super().properties(aws, live, state), "arn": arn}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "vpcId"):
            ec2 = aws.client("ec2")
            if old.get("vpcId"):
                ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=old["vpcId"])
            if new.get("vpcId"):
                ec2.attach_internet_gateway(InternetGatewayId=id, VpcId=new["vpcId"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        if state.get("vpcId"):
            with ignoring("Gateway.NotAttached", "InvalidInternetGatewayID.NotFound"):
                ec2.detach_internet_gateway(InternetGatewayId=id, VpcId=state["vpcId"])
        super().delete(aws, id, state)
