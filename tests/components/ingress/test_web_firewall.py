"""The firewall: what it blocks, what it counts, and what it keeps out of its log."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from components.ingress.firewall_rules import firewall_rules, private_path_pattern
from components.ingress.web_firewall import WebFirewall, WebFirewallArgs, log_delivery_policy
from tests.components.ingress.spellings import SPELLINGS, matches
from tests.components.recording import ACCOUNT, KEY, Recording, placement, record
from tests.every import every


def _args(**overrides: object) -> WebFirewallArgs:
    values: dict[str, Any] = {
        "placement": placement(region="eu-west-1"),
        "rate_limit": 2000,
        "resource_arn": f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/public/1",
    }
    return WebFirewallArgs(**{**values, **overrides})


@pytest.fixture(scope="module")
def firewall() -> Recording:
    """What a firewall asks for."""
    return record(lambda: WebFirewall("waf", _args()))


def _rules(**overrides: object) -> dict[str, Any]:
    args = _args(**overrides)
    rules = firewall_rules(args.rate_limit, args.counted_common_rules, args.private_paths, args.public_hosts)
    return {str(rule["name"]): rule for rule in rules}


def test_rules_stand_in_their_order_with_a_priority_each() -> None:
    rules = list(_rules(private_paths={"api.example.com": ["/admin"]}).items())
    assert [(name, rule["priority"]) for name, rule in rules] == [
        ("private-paths", 0),
        ("AWSManagedRulesAmazonIpReputationList", 10),
        ("AWSManagedRulesAnonymousIpList", 15),
        ("rate-limit", 20),
        ("AWSManagedRulesKnownBadInputsRuleSet", 30),
        ("AWSManagedRulesCommonRuleSet", 40),
        ("AWSManagedRulesSQLiRuleSet", 50),
    ]


def test_known_exploits_are_blocked_without_exception() -> None:
    rule = _rules()["AWSManagedRulesKnownBadInputsRuleSet"]
    assert rule["override_action"] == {"none": {}}, "an override to count would let Log4j exploits through"
    assert rule["statement"]["managed_rule_group_statement"]["rule_action_overrides"] == []


def test_only_large_bodies_and_anonymous_addresses_are_counted_and_not_blocked() -> None:
    overridden = {
        name: rule["statement"]["managed_rule_group_statement"]["rule_action_overrides"]
        for name, rule in _rules().items()
        if name.startswith("AWSManagedRules")
    }
    assert {name: [o["name"] for o in overrides] for name, overrides in overridden.items() if overrides} == {
        "AWSManagedRulesAnonymousIpList": ["AnonymousIPList", "HostingProviderIPList"],
        "AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"],
    }, "uploads, AI requests, people behind a VPN and programs in a cloud are users"
    actions = [override["action_to_use"] for overrides in overridden.values() for override in overrides]
    assert all(action == {"count": {}} for action in every(actions))


def test_an_address_that_asks_too_often_is_blocked() -> None:
    rule = _rules(rate_limit=500)["rate-limit"]
    assert rule["action"] == {"block": {}}
    assert rule["statement"]["rate_based_statement"] == {
        "aggregate_key_type": "IP",
        "limit": 500,
        "evaluation_window_sec": 300,
    }


def test_every_rule_has_a_metric_of_its_own() -> None:
    metrics = [rule["visibility_config"]["metric_name"] for rule in _rules().values()]
    assert len(set(metrics)) == len(metrics)
    assert all(rule["visibility_config"]["cloudwatch_metrics_enabled"] for rule in every(_rules().values())), "WAF.12"


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/users", "/internal/jobs"])
def test_a_private_path_is_matched_with_everything_below_it(path: str) -> None:
    assert re.search(private_path_pattern(["/admin", "/internal/jobs/"]), path)


@pytest.mark.parametrize("path", ["/administrator", "/", "/internal", "/v1/admin", "/admin.html"])
def test_a_path_beside_a_private_one_is_not_matched(path: str) -> None:
    assert not re.search(private_path_pattern(["/admin", "/internal/jobs/"]), path)


def test_a_private_path_means_what_it_says() -> None:
    assert not re.search(private_path_pattern(["/a.b"]), "/axb"), "a dot is a dot"
    assert re.search(private_path_pattern(["/Admin"]), "/admin"), "the path has been put into lower case"


HOST, OTHER = "api.example.com", "app.example.com"


def _blocked(path: str, host: str = HOST, hosts: Sequence[str] = (HOST, OTHER)) -> bool:
    """Tell whether the firewall refuses a request, as WAF's pages say that it reads one."""
    rule = _rules(private_paths={HOST: ["/admin", "/metrics"]}, public_hosts=hosts)["private-paths"]
    assert rule["action"] == {"block": {}}
    return matches(rule["statement"], path, host)


@pytest.mark.parametrize("path", [path for path in SPELLINGS if path.startswith(("/", "\\"))])
def test_private_paths_are_refused_however_they_are_spelt(path: str) -> None:
    assert _blocked(path)


@pytest.mark.parametrize(
    "path", ["/", "/administrator", "/admin.html", "/v1/admin", "/metrics2", "/api;v=1/users", "/a/../b"]
)
def test_what_only_looks_like_a_private_path_is_let_through(path: str) -> None:
    assert not _blocked(path)


def test_a_host_of_ours_without_private_paths_may_have_such_a_path() -> None:
    assert not _blocked("/admin", OTHER)
    assert not _blocked("/admin", f"{OTHER.upper()}.:443")


@pytest.mark.parametrize(
    "host", [HOST, f"{HOST}:443", f"{HOST}.", "", "evil.example", f"{OTHER}.evil.example", f"x{OTHER}"]
)
def test_a_host_that_is_not_one_of_the_others_has_the_private_paths(host: str) -> None:
    assert _blocked("/admin", host), "the load balancer may see another host than the firewall"


def test_private_paths_of_several_hosts_are_one_rule() -> None:
    hosts = ["a.io", "b.io", "c.io"]
    rule = _rules(private_paths={"b.io": ["/b"], "a.io": ["/a"]}, public_hosts=hosts)["private-paths"]
    refused = {(host, path) for host in hosts for path in ("/a", "/b") if matches(rule["statement"], path, host)}
    assert refused == {("a.io", "/a"), ("b.io", "/b")}


def test_a_load_balancer_of_one_host_needs_no_test_of_the_host() -> None:
    assert _blocked("/admin", "anything", [HOST])


def test_the_firewall_protects_the_load_balancer(firewall: Recording) -> None:
    assert firewall.named("waf-acl").inputs["scope"] == "REGIONAL"
    assert firewall.named("waf-association").inputs == {
        "resourceArn": _args().resource_arn,
        "webAclArn": f"arn:aws:test:us-east-1:{ACCOUNT}:waf-acl",
    }, "ELB.16"


def test_requests_are_logged_encrypted_and_without_credentials(firewall: Recording) -> None:
    group = firewall.named("waf-requests-log-group").inputs
    assert group["name"].startswith("aws-waf-logs-"), "WAF writes to no other group"
    assert group["kmsKeyId"] == KEY
    logging = firewall.named("waf-logging").inputs
    assert logging["redactedFields"] == [
        {"singleHeader": {"name": header}} for header in ("authorization", "cookie", "x-api-key")
    ], "a log of credentials is a leak"


def test_no_samples_of_requests_are_kept(firewall: Recording) -> None:
    acl = firewall.named("waf-acl").inputs
    for part in (acl, *acl["rules"]):
        assert part["visibilityConfig"]["sampledRequestsEnabled"] is False, "a sample shows what the log hides"


def test_metrics_of_two_stacks_in_one_account_stay_apart(firewall: Recording) -> None:
    assert firewall.named("waf-acl").inputs["visibilityConfig"]["metricName"] == "prod-waf"


def test_logging_waits_for_its_permission(firewall: Recording) -> None:
    assert firewall.named("waf-log-delivery").urn in firewall.named("waf-logging").depends_on


def test_only_this_accounts_log_delivery_writes_to_the_log() -> None:
    group = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:aws-waf-logs-x"
    (statement,) = log_delivery_policy(group, ACCOUNT, "eu-west-1")["Statement"]
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Resource"] == f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:aws-waf-logs-x:*"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:*"},
    }, "else another account's web ACL could write here"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"rate_limit": 9},
            "rate_limit is 9; allowed: 10 to 2000000000; give the requests of one address in five minutes",
        ),
        (
            {"private_paths": {"*.example.com": ["/admin"]}},
            "private_paths is '*.example.com'; allowed: a domain name in lower case, without a final dot; write it "
            "like example.com",
        ),
        (
            {"private_paths": {"api.example.com": []}},
            "private_paths of api.example.com is []; allowed: one path or more; leave the host out",
        ),
        *(
            (
                {"private_paths": {"api.example.com": [path]}},
                f"private_paths of api.example.com is '{path}'; allowed: a path from the root, without wildcards; "
                f"write it like /admin",
            )
            for path in ("/", "admin", "/admin/*", "")
        ),
    ],
)
def test_an_unusable_value_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_a_retention_that_cloudwatch_refuses_is_refused_first() -> None:
    with pytest.raises(ValueError) as refused:
        _args(placement=placement(log_retention_days=0))
    assert str(refused.value) == (
        "log_retention_days is 0; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, "
        "1827, 2192, 2557, 2922, 3288, 3653 days; take 1"
    )
