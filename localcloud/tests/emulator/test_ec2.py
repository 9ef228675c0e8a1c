"""What EC2 refuses, keeps and fills in, as any client sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.refusals import refused


@dataclass
class Network:
    """A VPC with one of each that others refer to."""

    vpc: str
    subnet: str
    group: str
    table: str
    gateway: str


@pytest.fixture
def ec2(aws: Session) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
    """The client that looks."""
    return aws.client("ec2")


@pytest.fixture
def network(ec2: Any) -> Callable[[int], Network]:  # noqa: ANN401
    """Make the network 10.<n>.0.0/16."""

    def make(number: int) -> Network:
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        return Network(
            vpc=vpc,
            subnet=ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.0.0/24")["Subnet"]["SubnetId"],
            group=ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"],
            table=ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"],
            gateway=gateway,
        )

    return make


def test_a_new_account_has_a_default_network_with_a_way_out(ec2: Any) -> None:  # noqa: ANN401
    vpc = ec2.describe_vpcs()["Vpcs"][0]
    assert vpc["IsDefault"]
    assert vpc["DhcpOptionsId"] == ec2.describe_dhcp_options()["DhcpOptions"][0]["DhcpOptionsId"]
    routes = ec2.describe_route_tables()["RouteTables"][0]["Routes"]
    assert [route["GatewayId"][:4] for route in routes if route["DestinationCidrBlock"] == "0.0.0.0/0"] == ["igw-"]


def test_rules_between_networks_are_refused(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one, two = network(1), network(2)
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": two.group}]}
    for call in (ec2.authorize_security_group_ingress, ec2.authorize_security_group_egress):
        with refused("InvalidGroup.NotFound", "two resources that belong to different networks"):
            call(GroupId=one.group, IpPermissions=[rule])


def test_a_rule_without_ports_is_refused(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    with refused("InvalidParameterValue", "Must specify both from and to ports"):
        ec2.authorize_security_group_ingress(
            GroupId=network(1).group, IpPermissions=[{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
        )


def test_a_rule_about_a_prefix_list_that_is_not_there_is_refused(
    ec2: Any,  # noqa: ANN401
    network: Callable[[int], Network],
) -> None:
    with refused("InvalidPrefixListID.NotFound"):
        ec2.authorize_security_group_egress(
            GroupId=network(1).group,
            IpPermissions=[{"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-0123456789abcdef0"}]}],
        )


def test_a_rule_twice_is_refused_whatever_its_description(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)

    def add(text: str) -> None:
        pair = {"GroupId": one.group, "Description": text}
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [pair]}
        ec2.authorize_security_group_ingress(GroupId=one.group, IpPermissions=[rule])

    add("a")
    with refused("InvalidPermission.Duplicate"):
        add("b")


def test_the_kind_of_a_rules_source_stays(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
    id = ec2.authorize_security_group_ingress(
        GroupId=one.group, IpPermissions=[{**rule, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    with refused("InvalidParameterValue", "Invalid rule type"):
        ec2.modify_security_group_rules(
            GroupId=one.group,
            SecurityGroupRules=[
                {"SecurityGroupRuleId": id, "SecurityGroupRule": {**rule, "ReferencedGroupId": one.group}}
            ],
        )


def test_a_group_of_no_network_is_refused(ec2: Any) -> None:  # noqa: ANN401
    with refused("InvalidVpcID.NotFound"):
        ec2.create_security_group(GroupName="g", Description="g", VpcId="vpc-0123456789abcdef0")


def test_a_group_that_is_named_by_another_is_kept(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    other = ec2.create_security_group(GroupName="o", Description="o", VpcId=one.vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": one.group}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    with refused("DependencyViolation", f"resource {one.group} has a dependent object"):
        ec2.delete_security_group(GroupId=one.group)
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=one.group)


def test_a_default_group_is_kept(ec2: Any) -> None:  # noqa: ANN401
    group = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    with refused("CannotDelete"):
        ec2.delete_security_group(GroupId=group)


def test_a_network_is_kept_until_it_is_empty_and_then_goes_wholly(
    ec2: Any,  # noqa: ANN401
    network: Callable[[int], Network],
) -> None:
    one = network(1)
    steps: list[Callable[[], object]] = [
        lambda: ec2.delete_subnet(SubnetId=one.subnet),
        lambda: ec2.delete_security_group(GroupId=one.group),
        lambda: ec2.delete_route_table(RouteTableId=one.table),
        lambda: ec2.detach_internet_gateway(InternetGatewayId=one.gateway, VpcId=one.vpc),
    ]
    for step in steps:
        with refused("DependencyViolation", f"The vpc '{one.vpc}' has dependencies and cannot be deleted."):
            ec2.delete_vpc(VpcId=one.vpc)
        step()
    ec2.delete_vpc(VpcId=one.vpc)
    own = [{"Name": "vpc-id", "Values": [one.vpc]}]
    assert ec2.describe_network_acls(Filters=own)["NetworkAcls"] == [], "what AWS made with a VPC goes with it"
    assert ec2.describe_security_groups(Filters=own)["SecurityGroups"] == []
    assert ec2.describe_route_tables(Filters=own)["RouteTables"] == []


def test_a_subnet_with_a_nat_gateway_is_kept(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=one.subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=one.subnet)
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=address)
    with refused("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=one.gateway, VpcId=one.vpc)
    with refused("Resource.AlreadyAssociated"):
        ec2.create_nat_gateway(SubnetId=one.subnet, AllocationId=address)
    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.release_address(AllocationId=address)
    ec2.detach_internet_gateway(InternetGatewayId=one.gateway, VpcId=one.vpc)
    ec2.delete_subnet(SubnetId=one.subnet)


def test_a_nat_gateway_without_a_way_out_fails(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    ec2.detach_internet_gateway(InternetGatewayId=one.gateway, VpcId=one.vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=one.subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    live = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]
    assert (live["State"], live["FailureCode"]) == ("failed", "Gateway.NotAttached")


def test_routes_lead_only_within_their_network(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one, two = network(1), network(2)
    anywhere = {"RouteTableId": one.table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.create_route(**anywhere, GatewayId=two.gateway)
    with refused("InvalidNatGatewayID.NotFound"):
        ec2.create_route(**anywhere, NatGatewayId="nat-0123456789abcdef0")


def test_a_route_whose_target_is_gone_leads_nowhere(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    ec2.create_route(RouteTableId=one.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=one.gateway)
    ec2.detach_internet_gateway(InternetGatewayId=one.gateway, VpcId=one.vpc)
    routes = ec2.describe_route_tables(RouteTableIds=[one.table])["RouteTables"][0]["Routes"]
    assert {route["DestinationCidrBlock"]: route["State"] for route in routes}["0.0.0.0/0"] == "blackhole"


def test_a_table_serves_only_subnets_of_its_network(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one, two = network(1), network(2)
    with refused("InvalidParameterValue", "belong to different networks"):
        ec2.associate_route_table(RouteTableId=one.table, SubnetId=two.subnet)
    ec2.associate_route_table(RouteTableId=one.table, SubnetId=one.subnet)
    other = ec2.create_route_table(VpcId=one.vpc)["RouteTable"]["RouteTableId"]
    with refused("Resource.AlreadyAssociated"):
        ec2.associate_route_table(RouteTableId=other, SubnetId=one.subnet)


def test_a_deleted_subnet_leaves_its_table_free(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    ec2.associate_route_table(RouteTableId=one.table, SubnetId=one.subnet)
    ec2.delete_subnet(SubnetId=one.subnet)
    ec2.delete_route_table(RouteTableId=one.table)


def test_endpoints_refuse_what_is_not_of_their_network(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one, two = network(1), network(2)
    secrets = {"VpcId": one.vpc, "ServiceName": "com.amazonaws.us-east-1.secretsmanager"}
    secrets |= {"VpcEndpointType": "Interface", "PrivateDnsEnabled": False}  # type: ignore[dict-item]
    with refused("InvalidParameterValue"):
        ec2.create_vpc_endpoint(**secrets, SubnetIds=[two.subnet])
    with refused("InvalidParameterValue"):
        ec2.create_vpc_endpoint(**secrets, SubnetIds=[one.subnet], SecurityGroupIds=[two.group])
    with refused("InvalidParameterValue"):
        ec2.create_vpc_endpoint(VpcId=one.vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[two.table])
    with refused("InvalidServiceName"):
        ec2.create_vpc_endpoint(VpcId=one.vpc, ServiceName="com.amazonaws.us-east-1.nothing")


def test_private_names_need_a_network_that_answers_names(ec2: Any, network: Callable[[int], Network]) -> None:  # noqa: ANN401
    one = network(1)
    ask = {
        "VpcId": one.vpc,
        "ServiceName": "com.amazonaws.us-east-1.logs",
        "VpcEndpointType": "Interface",
        "SubnetIds": [one.subnet],
        "PrivateDnsEnabled": True,
    }
    with refused("InvalidParameter", "enableDnsHostnames"):
        ec2.create_vpc_endpoint(**ask)
    ec2.modify_vpc_attribute(VpcId=one.vpc, EnableDnsHostnames={"Value": True})
    endpoint = ec2.create_vpc_endpoint(**ask)["VpcEndpoint"]
    assert endpoint["OwnerId"] == "123456789012"
    assert endpoint["Groups"][0]["GroupName"] == "default"
    assert "logs.us-east-1.amazonaws.com" in [entry["DnsName"] for entry in endpoint["DnsEntries"]]
    with refused("InvalidParameter", "conflicting DNS domain"):
        ec2.create_vpc_endpoint(**ask)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=one.subnet)


def test_a_gateway_endpoints_routes_come_and_go_with_its_tables(
    ec2: Any,  # noqa: ANN401
    network: Callable[[int], Network],
) -> None:
    one = network(1)
    id = ec2.create_vpc_endpoint(VpcId=one.vpc, ServiceName="com.amazonaws.us-east-1.s3")["VpcEndpoint"][
        "VpcEndpointId"
    ]

    def routes() -> list[str]:
        live = ec2.describe_route_tables(RouteTableIds=[one.table])["RouteTables"][0]["Routes"]
        return [route["DestinationPrefixListId"] for route in live if route.get("GatewayId") == id]

    ec2.modify_vpc_endpoint(VpcEndpointId=id, AddRouteTableIds=[one.table])
    assert len(routes()) == 1
    ec2.modify_vpc_endpoint(VpcEndpointId=id, RemoveRouteTableIds=[one.table])
    assert routes() == []
    ec2.modify_vpc_endpoint(VpcEndpointId=id, AddRouteTableIds=[one.table])
    ec2.delete_vpc_endpoints(VpcEndpointIds=[id])
    assert routes() == []


def test_interfaces_of_a_subnet_share_no_address_and_leave_aws_its_own(ec2: Any) -> None:  # noqa: ANN401 - boto3
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/28")["Subnet"]["SubnetId"]
    made = [ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"] for _ in range(11)]
    assert {one["PrivateIpAddress"] for one in made} == {f"10.9.0.{number}" for number in range(4, 15)}
    with refused("InsufficientFreeAddressesInSubnet", subnet):
        ec2.create_network_interface(SubnetId=subnet)
