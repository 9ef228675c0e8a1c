"""What reaches what, and what is logged of it."""

from stacks.systems import SYSTEMS
from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import ANYWHERE, load_balancer_of, rules_of, services_of


def _groups(standing: Standing) -> dict[str, str]:
    """Return security groups' names by id."""
    found = standing.client("ec2").describe_security_groups()["SecurityGroups"]
    return {
        group["GroupId"]: next((tag["Value"] for tag in group.get("Tags", ()) if tag["Key"] == "Name"), "")
        for group in found
    }


def test_only_the_load_balancer_is_open_to_anywhere_and_only_on_80_and_443(standing: Standing) -> None:
    open_rules = [
        rule
        for rule in rules_of(standing)
        if not rule["IsEgress"] and {rule.get("CidrIpv4"), rule.get("CidrIpv6")} & ANYWHERE
    ]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in open_rules} == {(80, 80), (443, 443)}, (
        "every other port open to the internet is a way around TLS, the firewall and the access log"
    )
    assert {rule["GroupId"] for rule in open_rules} == set(load_balancer_of(standing)["SecurityGroups"])


def test_the_ports_of_the_guides_are_reached_by_security_group_only(standing: Standing) -> None:
    ports = {service.port for system in SYSTEMS for service in system.services.values() if service.port}
    assert ports == {3000, 4000, 8000, 8001}
    rules = [rule for rule in rules_of(standing) if not rule["IsEgress"]]
    for rule in every(rule for rule in rules if any(rule["FromPort"] <= p <= rule["ToPort"] for p in ports)):
        assert "ReferencedGroupInfo" in rule, "the guides say: never expose 3000, 4000 and 8001 directly"


def test_the_ai_service_is_reached_from_the_api_and_the_worker_only(standing: Standing) -> None:
    names = _groups(standing)
    callers = {
        names[rule["ReferencedGroupInfo"]["GroupId"]]
        for rule in rules_of(standing)
        if not rule["IsEgress"] and rule["FromPort"] == 8001
    }
    assert callers == {"aprendeai-api", "aprendeai-worker"}
    assert not services_of(standing)["aprendeai-ai"]["loadBalancers"]


def test_tasks_leave_by_purpose_and_never_on_all_ports(standing: Standing) -> None:
    rules = [rule for rule in rules_of(standing) if rule["IsEgress"]]
    for rule in every(rules):
        assert rule["IpProtocol"] == "tcp", f"an open egress is how data leaves: {rule}"
    for rule in every(rule for rule in rules if rule.get("CidrIpv4") in ANYWHERE):
        assert (rule["FromPort"], rule["ToPort"]) == (443, 443)


def test_the_default_security_group_is_empty(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    own = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": own}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    assert len(groups) == 1
    assert not groups[0]["IpPermissions"], "what lands there by mistake would reach everything else there (EC2.2)"
    assert not groups[0]["IpPermissionsEgress"]


def test_stores_live_in_subnets_without_a_way_out(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    tables = ec2.describe_route_tables()["RouteTables"]
    stores = {
        subnet["SubnetIdentifier"]
        for group in standing.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
        for subnet in group["Subnets"]
    }
    assert stores
    for subnet in every(stores):
        table = next(t for t in tables if any(a.get("SubnetId") == subnet for a in t["Associations"]))
        assert not [r for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"], (
            "a database with a route to the internet is one rule away from being on it"
        )


def test_tasks_have_no_public_address(standing: Standing) -> None:
    for service in every(services_of(standing).values()):
        assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


def test_the_networks_traffic_is_logged(standing: Standing) -> None:
    flow = standing.client("ec2").describe_flow_logs()["FlowLogs"]
    assert [log["TrafficType"] for log in flow] == ["ALL"]
