"""Controls of subnets, addresses, endpoints and rules."""

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import ANYWHERE, own_vpc, rules_of


def test_no_subnet_gives_public_addresses(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [own_vpc(standing)]}])["Subnets"]
    assert len(subnets) == (9 if standing.name == "prod" else 6)
    for subnet in every(subnets):
        assert not subnet["MapPublicIpOnLaunch"], "EC2.15: what starts there by mistake would be on the internet"
        assert not subnet["AssignIpv6AddressOnCreation"]


def test_only_nat_and_load_balancers_have_public_addresses(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    gateways = {
        address["AllocationId"]
        for gateway in ec2.describe_nat_gateways()["NatGateways"]
        for address in gateway["NatGatewayAddresses"]
    }
    assert {address["AllocationId"] for address in ec2.describe_addresses()["Addresses"]} == gateways, (
        "EC2.9: an address that isn't a gateway's is a way in"
    )


def test_images_and_shells_are_reached_without_the_internet(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    region = ec2.meta.region_name
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [own_vpc(standing)]}])["VpcEndpoints"]
    private = {endpoint["ServiceName"] for endpoint in endpoints if endpoint.get("PrivateDnsEnabled")}
    assert private >= {f"com.amazonaws.{region}.{service}" for service in ("ecr.api", "ecr.dkr", "ssm")}, (
        "EC2.55, EC2.56, EC2.57: what passes the internet can be watched there"
    )
    groups = {group["GroupId"] for e in endpoints if e["VpcEndpointType"] == "Interface" for group in e["Groups"]}
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": sorted(groups)}])
    for rule in every(rule for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]):
        assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
        assert rule.get("CidrIpv4") not in ANYWHERE


def test_no_rule_opens_all_ports_or_all_protocols(standing: Standing) -> None:
    for rule in every(rules_of(standing)):
        assert rule["IpProtocol"] == "tcp", "EC2.18: what speaks no TCP speaks to nobody here"
        assert rule["FromPort"] == rule["ToPort"], f"EC2.19: a range opens ports that nobody thought of: {rule}"
        assert rule.get("Description"), "a rule without a reason is one that nobody dares to remove"
