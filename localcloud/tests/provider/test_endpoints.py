"""VPC endpoints, flow logs and launch templates over their life."""

import json
from collections.abc import Callable

import pytest

from localcloud.provider.session import Session
from support.driver import Life

Crud = Callable[..., Life]
_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


@pytest.fixture
def vpc(aws: Session) -> str:
    """A VPC whose names resolve inside."""
    ec2 = aws.client("ec2")
    id = str(ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"])
    ec2.modify_vpc_attribute(VpcId=id, EnableDnsHostnames={"Value": True})
    return id


def test_a_gateway_endpoint_adds_its_route(crud: Crud, vpc: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    tables = [ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}
    life = crud(
        _ENDPOINT,
        {"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.s3", "routeTableIds": tables[:1]},
        {"routeTableIds": tables, "policy": json.dumps(policy), "tags": {"a": "b"}},
    )
    assert life.created["vpcEndpointType"] == "Gateway"
    assert life.created["prefixListId"].startswith("pl-")
    assert life.created["cidrBlocks"]
    assert life.created["ownerId"] == "123456789012"
    assert set(life.updated["routeTableIds"]) == set(tables)


def test_an_interface_endpoint_has_addresses_and_names(crud: Crud, vpc: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"us-east-1{'ab'[n]}")["Subnet"][
            "SubnetId"
        ]
        for n in range(2)
    ]
    group = ec2.create_security_group(GroupName="e", Description="e", VpcId=vpc)["GroupId"]
    life = crud(
        _ENDPOINT,
        {
            "vpcId": vpc,
            "serviceName": "com.amazonaws.us-east-1.ecr.api",
            "vpcEndpointType": "Interface",
            "subnetIds": subnets,
            "securityGroupIds": [group],
            "privateDnsEnabled": True,
        },
        {"subnetIds": subnets[:1]},
    )
    assert len(life.created["networkInterfaceIds"]) == 2
    assert life.created["dnsEntries"][0]["dnsName"].endswith("vpce.amazonaws.com")
    assert len(life.updated["networkInterfaceIds"]) == 1, "an address goes with its subnet"


def test_a_flow_log_goes_to_its_log_group(crud: Crud, vpc: str, aws: Session) -> None:
    aws.client("logs").create_log_group(logGroupName="flow")
    role = aws.client("iam").create_role(RoleName="flow", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    life = crud(
        "aws:ec2/flowLog:FlowLog",
        {
            "vpcId": vpc,
            "trafficType": "ALL",
            "logDestination": "arn:aws:logs:us-east-1:123456789012:log-group:flow",
            "iamRoleArn": role,
            "maxAggregationInterval": 60,
        },
        {"tags": {"a": "b"}},
    )
    assert life.created["logDestinationType"] == "cloud-watch-logs"
    assert life.created["logFormat"].startswith("${version}")
