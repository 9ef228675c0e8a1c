"""The network: what is public, what has a way out, and what a zone more or less changes."""

from typing import Any

import pytest

from components.network.flow_log import flow_log_delivery_policy, flow_log_trust_policy
from components.network.network import NatStrategy, Network, NetworkArgs, zone_key
from components.network.vpc_endpoints import check_interface_services
from tests.components.foundation import record_foundation
from tests.components.recording import ACCOUNT, KEY, TAGS, Recording
from tests.every import every


def _args(**overrides: object) -> NetworkArgs:
    values: dict[str, Any] = {
        "cidr": "10.20.0.0/16",
        "availability_zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
        "nat": NatStrategy.PER_ZONE,
        "region": "eu-west-1",
        "interface_endpoints": ["ecr.api", "logs"],
        "flow_log_retention_days": 365,
        "kms_key_arn": KEY,
        "tags": TAGS,
    }
    return NetworkArgs(**{**values, **overrides})


def _record(**overrides: object) -> Recording:
    return record_foundation(lambda: Network("net", _args(**overrides)))


@pytest.fixture(scope="module")
def network() -> Recording:
    """What a network of three zones asks for."""
    return _record()


def test_nothing_gets_a_public_address_by_being_started_in_a_subnet(network: Recording) -> None:
    subnets = network.of("aws:ec2/subnet:Subnet")
    assert len(subnets) == 9
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in every(subnets)), "EC2.15"


def test_the_default_security_group_is_empty(network: Recording) -> None:
    group = network.named("net-default-group").inputs
    assert (group["ingress"], group["egress"]) == ([], []), "EC2.2: what has no group of its own must reach nothing"


def test_isolated_subnets_have_no_route_out(network: Recording) -> None:
    tables = {route.inputs["routeTableId"] for route in network.of("aws:ec2/route:Route")}
    assert "net-isolated-routes-id" not in tables, "a database has no business on the internet"
    for zone in "abc":
        association = network.named(f"net-isolated-{zone}-association").inputs
        assert association["routeTableId"] == "net-isolated-routes-id"


def test_only_public_subnets_are_routed_to_the_internet_gateway(network: Recording) -> None:
    to_internet = [r.inputs["routeTableId"] for r in network.of("aws:ec2/route:Route") if r.inputs.get("gatewayId")]
    assert to_internet == ["net-public-routes-id"]


def test_each_zone_has_nat_of_its_own(network: Recording) -> None:
    assert {zone: network.named(f"net-private-{zone}-nat").inputs["natGatewayId"] for zone in "abc"} == {
        zone: f"net-nat-{zone}-id" for zone in "abc"
    }
    assert network.outputs_of("net")["nat_ips"] == [f"ip-of-net-nat-{zone}-address" for zone in "abc"]


def test_one_nat_gateway_can_serve_all_zones() -> None:
    network = _record(nat=NatStrategy.SINGLE)
    assert {network.named(f"net-private-{zone}-nat").inputs["natGatewayId"] for zone in "abc"} == {"net-nat-a-id"}
    assert len(network.of("aws:ec2/natGateway:NatGateway")) == 1


def test_changing_the_nat_strategy_changes_no_subnet_and_no_table() -> None:
    def kept(recording: Recording) -> dict[str, dict[str, Any]]:
        return {
            resource.name: resource.inputs
            for token in ("aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable")
            for resource in recording.of(token)
        }

    assert kept(_record()) == kept(_record(nat=NatStrategy.SINGLE))


def test_another_zone_changes_nothing_of_the_others() -> None:
    two = _record(availability_zones=["eu-west-1a", "eu-west-1c"])
    three = {resource.name: resource for resource in _record().resources}
    shared = {"net-endpoints-s3", "net-endpoints-ecr-api", "net-endpoints-logs"}
    for resource in every(resource for resource in two.resources if resource.name not in shared):
        assert three[resource.name].inputs == resource.inputs, f"{resource.name} would be changed or replaced"


def test_s3_is_reached_without_nat_from_private_and_isolated_subnets(network: Recording) -> None:
    endpoint = network.named("net-endpoints-s3").inputs
    assert (endpoint["serviceName"], endpoint["vpcEndpointType"]) == ("com.amazonaws.eu-west-1.s3", "Gateway")
    assert set(endpoint["routeTableIds"]) == {
        *(f"net-private-{zone}-routes-id" for zone in "abc"),
        "net-isolated-routes-id",
    }


def test_interface_endpoints_admit_https_from_private_subnets_and_nothing_else(network: Recording) -> None:
    rules = [rule.inputs for rule in network.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")]
    admitted = {(rule["cidrIpv4"], rule["fromPort"], rule["toPort"], rule["ipProtocol"]) for rule in rules}
    assert admitted == {(network.named(f"net-private-{zone}").inputs["cidrBlock"], 443, 443, "tcp") for zone in "abc"}
    assert not network.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), "an endpoint calls nobody"


def test_interface_endpoints_answer_to_the_usual_names(network: Recording) -> None:
    endpoint = network.named("net-endpoints-ecr-api").inputs
    assert endpoint["serviceName"] == "com.amazonaws.eu-west-1.ecr.api"
    assert endpoint["privateDnsEnabled"] is True
    assert endpoint["subnetIds"] == [f"net-private-{zone}-id" for zone in "abc"]
    vpc = network.named("net-vpc").inputs
    assert vpc["enableDnsSupport"] is True and vpc["enableDnsHostnames"] is True


def test_without_interface_endpoints_there_is_no_group_for_them() -> None:
    assert not _record(interface_endpoints=[]).of("aws:ec2/securityGroup:SecurityGroup")


def test_all_traffic_is_logged_encrypted(network: Recording) -> None:
    flow_log = network.named("net-traffic-flow-log").inputs
    assert (flow_log["trafficType"], flow_log["vpcId"]) == ("ALL", "net-vpc-id"), "EC2.6"
    group = network.named("net-traffic-records-log-group").inputs
    assert group["kmsKeyId"] == KEY and group["retentionInDays"] == 365


def test_flow_logs_are_written_by_this_account_only() -> None:
    (statement,) = flow_log_trust_policy(ACCOUNT, "eu-west-1")["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc-flow-log/*"},
    }, "else another account could have its flow logs written with this role"


def test_flow_logs_can_write_to_one_log_group_and_not_create_another() -> None:
    (statement,) = flow_log_delivery_policy("arn:aws:logs:eu-west-1:1:log-group:g")["Statement"]
    assert statement["Resource"] == [
        "arn:aws:logs:eu-west-1:1:log-group:g",
        "arn:aws:logs:eu-west-1:1:log-group:g:*",
    ]
    assert "logs:CreateLogGroup" not in statement["Action"], "a group that it creates is unencrypted and kept for ever"


def test_subnets_come_in_the_order_of_their_zones() -> None:
    outputs = _record(availability_zones=["eu-west-1c", "eu-west-1a"]).outputs_of("net")
    assert outputs["public_subnet_ids"] == ["net-public-a-id", "net-public-c-id"]
    assert outputs["private_subnet_ids"] == ["net-private-a-id", "net-private-c-id"]
    assert outputs["isolated_subnet_ids"] == ["net-isolated-a-id", "net-isolated-c-id"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"availability_zones": ["eu-west-1a"]},
            "availability_zones is ['eu-west-1a']; allowed: two to four zones, which load balancers and databases "
            "need; name another zone of the region",
        ),
        (
            {"availability_zones": ["eu-west-1a", "eu-west-2b"]},
            "availability_zones is 'eu-west-2b'; allowed: eu-west-1a, eu-west-1b, eu-west-1c, eu-west-1d; name zones "
            "of eu-west-1 that have a place",
        ),
        (
            {"availability_zones": ["eu-west-1a", "eu-west-1a"]},
            "zones is 'a'; allowed: each zone once; leave the second one out",
        ),
        (
            {"flow_log_retention_days": 29},
            "flow_log_retention_days is 29; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, "
            "1096, 1827, 2192, 2557, 2922, 3288, 3653 days; take 14 or 30",
        ),
        (
            {"cidr": "10.20.0.0/24"},
            "cidr is '10.20.0.0/24'; allowed: a private block between /16 and /22; four zones of three subnets need "
            "1024 addresses and this has 256: take a larger one",
        ),
        (
            {"interface_endpoints": ["com.amazonaws.eu-west-1.ecr.api"]},
            "interface_endpoints is 'com.amazonaws.eu-west-1.ecr.api'; allowed: what follows the region in "
            "com.amazonaws.<region>.<service>; write it like ecr.api",
        ),
    ],
)
def test_an_unusable_value_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("services", "message"),
    [
        (
            ["ECR"],
            "interface_endpoints is 'ECR'; allowed: what follows the region in com.amazonaws.<region>.<service>; write "
            "it like ecr.api",
        ),
        (
            ["s3"],
            "interface_endpoints is 's3'; allowed: services without a gateway endpoint; leave it out: S3 has its "
            "gateway anyway",
        ),
        (
            ["logs", "logs"],
            "interface_endpoints is 'logs'; allowed: each service once; leave the second one out",
        ),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused(services: list[str], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        check_interface_services(services)
    assert str(refused.value) == message


def test_a_zone_is_known_by_its_letter() -> None:
    assert zone_key("eu-west-1", "eu-west-1b") == "b"


@pytest.mark.parametrize("zone", ["eu-west-1e", "eu-west-1", "b", "us-west-2-lax-1a"])
def test_a_zone_without_a_place_is_refused(zone: str) -> None:
    with pytest.raises(ValueError) as refused:
        zone_key("eu-west-1", zone)
    assert str(refused.value) == (
        f"availability_zones is '{zone}'; allowed: eu-west-1a, eu-west-1b, eu-west-1c, eu-west-1d; name zones of "
        f"eu-west-1 that have a place"
    )
