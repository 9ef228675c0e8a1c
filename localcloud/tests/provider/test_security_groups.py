"""EC2's security groups, their rules and network ACLs over their life."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.driver import Driver, Life

Crud = Callable[..., Life]
_GROUP = "aws:ec2/securityGroup:SecurityGroup"


@pytest.fixture
def vpc(aws: Session) -> str:
    """A VPC to put groups into."""
    return str(aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def group(aws: Session, vpc: str) -> str:
    """A group of the VPC."""
    return str(aws.client("ec2").create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"])


def _groups(aws: Session, id: str) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("ec2").describe_security_groups(GroupIds=[id])["SecurityGroups"][0]
    return found


def test_a_group_lets_nothing_out_that_the_program_does_not_allow(crud: Crud, vpc: str, aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        assert _groups(aws, id)["IpPermissionsEgress"] == [], "the rule that AWS adds must be taken away"

    life = crud(_GROUP, {"vpcId": vpc, "description": "web"}, {"tags": {"a": "b"}}, look=look, name="web")
    assert life.created["name"].startswith("web-")
    assert life.created["vpcId"] == vpc


def test_inline_rules_follow_the_program(crud: Crud, vpc: str, aws: Session) -> None:
    https = {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8"], "description": "in"}
    every = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}

    def look(id: str, state: dict[str, Any]) -> None:
        live = _groups(aws, id)
        ranges = {item["CidrIp"] for rule in live["IpPermissions"] for item in rule.get("IpRanges", ())}
        assert ranges == {"10.0.0.0/8", "192.0.2.0/24"}
        assert [
            rule["UserIdGroupPairs"][0]["GroupId"] for rule in live["IpPermissions"] if rule["UserIdGroupPairs"]
        ] == [id]

    crud(
        _GROUP,
        {"vpcId": vpc, "ingress": [https], "egress": [every]},
        {
            "ingress": [
                {**https, "cidrBlocks": ["10.0.0.0/8", "192.0.2.0/24"]},
                {"protocol": "tcp", "fromPort": 80, "toPort": 80, "self": True},
            ]
        },
        look=look,
    )


def test_the_default_group_is_emptied_and_kept(driver: Callable[..., Driver], vpc: str, aws: Session) -> None:
    token, drive = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", driver()
    inputs = drive.check(token, {"vpcId": vpc, "ingress": [], "egress": [], "tags": {"Name": "unused"}})
    id, state = drive.create(token, inputs)
    live = _groups(aws, id)
    assert live["GroupName"] == "default"
    assert live["IpPermissions"] == live["IpPermissionsEgress"] == []
    assert state["tags"] == {"Name": "unused"}
    assert not drive.diff(token, id, state, inputs, drive.check(token, inputs, inputs)).changes
    drive.delete(token, id, state, inputs)
    assert _groups(aws, id)["GroupName"] == "default", "it goes with its VPC, not before"


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_rule_of_an_address_range_changes_in_place(crud: Crud, group: str, way: str) -> None:
    life = crud(
        f"aws:vpc/securityGroup{way.capitalize()}Rule:SecurityGroup{way.capitalize()}Rule",
        {
            "securityGroupId": group,
            "ipProtocol": "tcp",
            "fromPort": 443,
            "toPort": 443,
            "cidrIpv4": "10.0.0.0/8",
            "description": "a",
            "tags": {"a": "b"},
        },
        {"toPort": 444, "cidrIpv4": "10.0.0.0/16", "description": "b", "tags": {"a": "c"}},
    )
    assert life.id.startswith("sgr-")
    assert life.created["securityGroupRuleId"] == life.id
    assert life.created["tags"] == {"a": "b"}
    assert life.updated["cidrIpv4"] == "10.0.0.0/16"


def test_a_rule_between_groups_changes_in_place(crud: Crud, group: str, vpc: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    others = [ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in ("b", "c")]

    def look(id: str, state: dict[str, Any]) -> None:
        rule = ec2.describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"][0]
        assert rule["ReferencedGroupInfo"]["GroupId"] == others[1]
        assert rule["Description"] == "after"

    crud(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {
            "securityGroupId": group,
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
            "referencedSecurityGroupId": others[0],
            "description": "before",
        },
        {"referencedSecurityGroupId": others[1], "description": "after"},
        look=look,
    )


def test_a_rule_of_all_protocols_has_no_ports(crud: Crud, group: str) -> None:
    life = crud(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        {"securityGroupId": group, "ipProtocol": "-1", "cidrIpv6": "::/0"},
        {"description": "all"},
    )
    assert "fromPort" not in life.created


def test_a_rule_may_name_a_prefix_list(crud: Crud, group: str, aws: Session) -> None:
    lists = aws.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    s3 = next(item for item in lists if item["PrefixListName"].endswith(".s3"))["PrefixListId"]
    crud(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        {"securityGroupId": group, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": s3},
        {"description": "S3"},
    )


def test_a_rule_with_two_sources_is_refused(driver: Callable[..., Driver], group: str) -> None:
    answer = driver().checked(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"securityGroupId": group, "ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8", "cidrIpv6": "::/0"},
    )
    assert [failure.reason for failure in answer.failures or ()] == [
        "exactly one of cidrIpv4, cidrIpv6, prefixListId, referencedSecurityGroupId must be given"
    ]
