"""WAF over its life."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.driver import Life

Crud = Callable[..., Life]
_ACL = "aws:wafv2/webAcl:WebAcl"


def _visible(name: str) -> dict[str, Any]:
    return {"cloudwatchMetricsEnabled": True, "metricName": name, "sampledRequestsEnabled": True}


_RULES: list[dict[str, Any]] = [
    {
        "name": "common",
        "priority": 10,
        "overrideAction": {"none": {}},
        "statement": {
            "managedRuleGroupStatement": {
                "vendorName": "AWS",
                "name": "AWSManagedRulesCommonRuleSet",
                "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
            }
        },
        "visibilityConfig": _visible("common"),
    },
    {
        "name": "rate",
        "priority": 20,
        "action": {"block": {}},
        "statement": {"rateBasedStatement": {"limit": 2000, "aggregateKeyType": "IP"}},
        "visibilityConfig": _visible("rate"),
    },
]
_ADMIN: dict[str, Any] = {
    "name": "admin",
    "priority": 5,
    "action": {"block": {}},
    "statement": {
        "notStatement": {
            "statements": [
                {
                    "byteMatchStatement": {
                        "searchString": "/admin",
                        "positionalConstraint": "STARTS_WITH",
                        "fieldToMatch": {"uriPath": {}},
                        "textTransformations": [{"priority": 0, "type": "LOWERCASE"}],
                    }
                }
            ]
        }
    },
    "visibilityConfig": _visible("admin"),
}


def _inputs() -> dict[str, Any]:
    return {"scope": "REGIONAL", "defaultAction": {"allow": {}}, "visibilityConfig": _visible("all"), "rules": _RULES}


def test_a_web_acl_has_the_programs_rules(crud: Crud, aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        live = aws.client("wafv2").get_web_acl(Id=id, Name=state["name"], Scope="REGIONAL")["WebACL"]["Rules"]
        inner = {rule["Name"]: rule for rule in live}["admin"]["Statement"]["NotStatement"]["Statement"]
        assert inner["ByteMatchStatement"]["SearchString"] == b"/admin"

    life = crud(_ACL, {**_inputs(), "tags": {"a": "b"}}, {"rules": [*_RULES, _ADMIN], "tags": {"a": "c"}}, look=look)
    assert life.created["arn"].startswith("arn:aws:wafv2:us-east-1:123456789012:regional/webacl/thing-")
    assert life.updated["lockToken"] != life.created["lockToken"]


def test_rules_may_be_given_as_json(crud: Crud) -> None:
    rule = {
        "Name": "rate",
        "Priority": 1,
        "Action": {"Block": {}},
        "Statement": {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}},
        "VisibilityConfig": {"CloudWatchMetricsEnabled": True, "MetricName": "m", "SampledRequestsEnabled": False},
    }
    inputs = {key: value for key, value in _inputs().items() if key != "rules"}
    crud(_ACL, {**inputs, "ruleJson": json.dumps([rule])}, {"description": "x"})


@pytest.fixture
def acl(aws: Session) -> str:
    """A web ACL."""
    visible = {"CloudWatchMetricsEnabled": True, "MetricName": "m", "SampledRequestsEnabled": False}
    answer = aws.client("wafv2").create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visible
    )
    return str(answer["Summary"]["ARN"])


def test_a_web_acl_is_associated_with_a_load_balancer(crud: Crud, acl: str, aws: Session) -> None:
    ec2 = aws.client("ec2")
    subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"][:2]]
    balancer = aws.client("elbv2").create_load_balancer(Name="w", Subnets=subnets)["LoadBalancers"][0]
    crud(
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        {"webAclArn": acl, "resourceArn": balancer["LoadBalancerArn"]},
    )


def test_a_web_acl_logs_what_it_blocks(crud: Crud, acl: str, aws: Session) -> None:
    aws.client("logs").create_log_group(logGroupName="aws-waf-logs-x")
    crud(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        {
            "resourceArn": acl,
            "logDestinationConfigs": ["arn:aws:logs:us-east-1:123456789012:log-group:aws-waf-logs-x"],
            "redactedFields": [{"singleHeader": {"name": "authorization"}}],
        },
        {
            "loggingFilter": {
                "defaultBehavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"actionCondition": {"action": "BLOCK"}}],
                    }
                ],
            }
        },
    )


def test_an_ip_set_has_its_addresses(crud: Crud) -> None:
    crud(
        "aws:wafv2/ipSet:IpSet",
        {"scope": "REGIONAL", "ipAddressVersion": "IPV4", "addresses": ["192.0.2.0/24"]},
        {"addresses": ["192.0.2.0/24", "198.51.100.0/24"], "description": "offices"},
    )
