"""The way in: load balancer, firewall, listener rules and DNS records."""

from typing import Any

from stacks.systems import SYSTEMS
from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import Role
from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import load_balancer_of


def _listeners(standing: Standing) -> dict[int, dict[str, Any]]:
    arn = load_balancer_of(standing)["LoadBalancerArn"]
    listeners = standing.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return {listener["Port"]: listener for listener in listeners}


def test_https_is_current_and_http_only_redirects(standing: Standing) -> None:
    listeners = _listeners(standing)
    assert set(listeners) == {80, 443}
    assert listeners[443]["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert listeners[443]["Certificates"]
    redirect = listeners[80]["DefaultActions"][0]
    assert redirect["Type"] == "redirect"
    assert redirect["RedirectConfig"]["Protocol"] == "HTTPS"
    assert redirect["RedirectConfig"]["StatusCode"] == "HTTP_301"


def test_unknown_hosts_get_404(standing: Standing) -> None:
    default = _listeners(standing)[443]["DefaultActions"][0]
    assert default["Type"] == "fixed-response"
    assert default["FixedResponseConfig"]["StatusCode"] == "404"


def test_the_load_balancer_is_hardened_and_logged(standing: Standing) -> None:
    elb = standing.client("elbv2")
    balancer = load_balancer_of(standing)
    assert len(balancer["AvailabilityZones"]) >= 2
    attributes = {
        item["Key"]: item["Value"]
        for item in elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    }
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["routing.http.desync_mitigation_mode"] in ("defensive", "strictest")
    assert attributes["access_logs.s3.enabled"] == "true"
    assert int(attributes["idle_timeout.timeout_seconds"]) > 110, "some requests to the AI service take over 30 s"
    assert attributes["deletion_protection.enabled"] == ("true" if standing.name == "prod" else "false")
    listener = elb.describe_listener_attributes(ListenerArn=_listeners(standing)[443]["ListenerArn"])["Attributes"]
    hsts = {item["Key"]: item["Value"] for item in listener}
    assert "max-age=" in hsts["routing.http.response.strict_transport_security.header_value"]


def test_the_firewall_stands_before_the_load_balancer_and_is_logged(standing: Standing) -> None:
    waf = standing.client("wafv2")
    acl: Any = waf.get_web_acl_for_resource(ResourceArn=load_balancer_of(standing)["LoadBalancerArn"])["WebACL"]
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]
        for rule in acl["Rules"]
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"} <= groups
    assert [rule for rule in acl["Rules"] if "RateBasedStatement" in rule["Statement"]]
    assert waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]["LogDestinationConfigs"]


def test_admin_paths_answer_403_and_are_asked_before_the_api(standing: Standing) -> None:
    elb = standing.client("elbv2")
    rules = elb.describe_rules(ListenerArn=_listeners(standing)[443]["ListenerArn"])["Rules"]
    by_host: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for rule in rules:
        if rule["Priority"] == "default":
            continue
        host = next(c for c in rule["Conditions"] if c["Field"] == "host-header")
        values = host.get("HostHeaderConfig", {}).get("Values") or host["Values"]
        by_host.setdefault(values[0], []).append((int(rule["Priority"]), rule))
    api = next(rules for host, rules in by_host.items() if "equivalence" in host)
    ordered = [rule for _, rule in sorted(api, key=lambda item: item[0])]
    first = ordered[0]
    paths = next(c for c in first["Conditions"] if c["Field"] == "path-pattern")
    assert "/admin/*" in (paths.get("PathPatternConfig", {}).get("Values") or paths["Values"])
    assert first["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "403"
    assert ordered[-1]["Actions"][0]["Type"] == "forward"
    assert EQUIVALENCE.services["api"].role is Role.WEB


def test_each_public_host_leads_to_the_load_balancer(standing: Standing) -> None:
    route53 = standing.client("route53")
    targets = {}
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] == "A":
                targets[record["Name"].rstrip(".")] = record["AliasTarget"]["DNSName"].rstrip(".")
    urls = [url for system in SYSTEMS for url in standing.stack.outputs()[system.name]["urls"].values()]
    assert len(urls) == len(APRENDEAI.urls) + len(EQUIVALENCE.urls)
    for url in every(urls):
        assert load_balancer_of(standing)["DNSName"].lower() in targets[url.removeprefix("https://")].lower()
