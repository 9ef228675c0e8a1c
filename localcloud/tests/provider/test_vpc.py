"""EC2's VPCs, subnets, gateways and routes over their life."""

from collections.abc import Callable

import pytest

from localcloud.provider.session import Session
from support.driver import Life

Crud = Callable[..., Life]


@pytest.fixture
def vpc(aws: Session) -> str:
    """A VPC to put things into."""
    return str(aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def subnet(aws: Session, vpc: str) -> str:
    """A subnet of the VPC."""
    answer = aws.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/24", AvailabilityZone="us-east-1a")
    return str(answer["Subnet"]["SubnetId"])


def test_a_vpc_tells_what_aws_made_with_it(crud: Crud) -> None:
    life = crud(
        "aws:ec2/vpc:Vpc",
        {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "a"}},
        {"enableDnsHostnames": False, "tags": {"Name": "b", "x": "1"}},
        default_tags={"ManagedBy": "test"},
    )
    for key, start in {
        "defaultSecurityGroupId": "sg-",
        "defaultNetworkAclId": "acl-",
        "mainRouteTableId": "rtb-",
        "defaultRouteTableId": "rtb-",
        "dhcpOptionsId": "dopt-",
        "arn": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-",
    }.items():
        assert life.created[key].startswith(start), key
    assert life.created["ownerId"] == "123456789012"
    assert life.created["enableDnsSupport"] is True
    assert life.updated["enableDnsHostnames"] is False
    assert life.updated["tagsAll"] == {"Name": "b", "x": "1", "ManagedBy": "test"}


def test_a_subnet_gives_no_public_addresses_unless_told_to(crud: Crud, vpc: str) -> None:
    life = crud(
        "aws:ec2/subnet:Subnet",
        {"vpcId": vpc, "cidrBlock": "10.1.7.0/24", "availabilityZone": "us-east-1b"},
        {"mapPublicIpOnLaunch": True, "tags": {"a": "b"}},
    )
    assert life.created["mapPublicIpOnLaunch"] is False
    assert life.created["availabilityZoneId"].startswith("use1-az")
    assert life.updated["mapPublicIpOnLaunch"] is True


def test_an_internet_gateway_is_attached_to_its_vpc(crud: Crud, vpc: str, aws: Session) -> None:
    other = aws.client("ec2").create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    life = crud("aws:ec2/internetGateway:InternetGateway", {"vpcId": vpc}, {"vpcId": other})
    assert life.created["vpcId"] == vpc
    assert life.updated["vpcId"] == other


def test_a_nat_gateway_has_its_public_address(crud: Crud, subnet: str, aws: Session, vpc: str) -> None:
    ec2 = aws.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")
    life = crud(
        "aws:ec2/natGateway:NatGateway",
        {"allocationId": address["AllocationId"], "subnetId": subnet, "tags": {"a": "b"}},
        {"tags": {"a": "c"}},
    )
    assert life.created["publicIp"] == address["PublicIp"]
    assert life.created["networkInterfaceId"].startswith("eni-")


def test_an_address_tells_its_ids(crud: Crud) -> None:
    life = crud("aws:ec2/eip:Eip", {"domain": "vpc", "tags": {"a": "b"}}, {"tags": {}})
    assert life.id == life.created["allocationId"]
    assert life.created["publicDns"].endswith(".compute-1.amazonaws.com")


def test_routes_of_a_table_follow_the_program(crud: Crud, vpc: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    life = crud(
        "aws:ec2/routeTable:RouteTable",
        {"vpcId": vpc, "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": gateway}]},
        {"routes": [{"cidrBlock": "192.0.2.0/24", "gatewayId": gateway}], "tags": {"a": "b"}},
        look=lambda id, state: _routes_are(aws, id, {"10.1.0.0/16", "192.0.2.0/24"}),
    )
    assert life.created["routes"] == [{"cidrBlock": "0.0.0.0/0", "gatewayId": gateway}]


def _routes_are(aws: Session, table: str, wanted: set[str]) -> None:
    live = aws.client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    assert {route["DestinationCidrBlock"] for route in live} == wanted


def test_a_route_is_made_and_changed_in_its_table(crud: Crud, vpc: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    life = crud(
        "aws:ec2/route:Route",
        {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway},
    )
    assert life.created["state"] == "active"
    assert life.created["origin"] == "CreateRoute"
    assert life.id.startswith(f"r-{table}")


def test_a_table_is_associated_with_a_subnet(crud: Crud, vpc: str, subnet: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    life = crud(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        {"routeTableId": tables[0], "subnetId": subnet},
        {"routeTableId": tables[1]},
    )
    assert life.id.startswith("rtbassoc-")
    assert life.updated["routeTableId"] == tables[1]
