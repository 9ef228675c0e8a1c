"""Controls of load balancers and firewalls."""

from typing import Any

from tests.every import every
from tests.stacks.conftest import Account, Standing, succeed
from tests.stacks.reading import load_balancers_of

#: https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-17
_RECOMMENDED_TLS = {
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
}


def test_every_load_balancer_speaks_recommended_tls_and_redirects_the_rest(standing: Standing) -> None:
    for _, _, listeners in load_balancers_of(standing):
        _check_listeners(listeners)


def test_the_internal_load_balancer_meets_what_the_public_one_meets(account: Account) -> None:
    succeed(account.stack("staging", {"alicerce:adminCidrs": ["10.200.0.0/24"]}).up())
    balancers = load_balancers_of(account)
    assert {balancer["Scheme"] for balancer, _, _ in balancers} == {"internal", "internet-facing"}
    waf = account.client("wafv2")
    for balancer, attributes, listeners in every(balancers):
        _check_listeners(listeners)
        assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true", "ELB.4: smuggled requests"
        assert attributes["routing.http.desync_mitigation_mode"] in ("defensive", "strictest"), "ELB.12: likewise"
        assert attributes["access_logs.s3.enabled"] == "true", "ELB.5: who did it would not be known"
        assert len(balancer["AvailabilityZones"]) >= 2, "ELB.13"
        acl = waf.get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"]).get("WebACL")
        assert acl, "ELB.16: whoever gets into the network would reach private paths without a firewall"
        assert waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"], "WAF.11"


def _check_listeners(listeners: list[dict[str, Any]]) -> None:
    for listener in every(listeners):
        if listener["Protocol"] == "HTTPS":
            assert listener["SslPolicy"] in _RECOMMENDED_TLS, "ELB.17: older policies take ciphers that are broken"
        else:
            (action,) = listener["DefaultActions"]
            assert action["Type"] == "redirect", "ELB.1, ELB.18: what comes in the clear gets no answer but HTTPS"
            assert action["RedirectConfig"]["Protocol"] == "HTTPS"
    assert "HTTPS" in {listener["Protocol"] for listener in listeners}


def test_every_rule_of_the_firewall_is_measured(standing: Standing) -> None:
    waf = standing.client("wafv2")
    acls = waf.list_web_acls(Scope="REGIONAL")["WebACLs"]
    assert acls
    for summary in every(acls):
        acl = waf.get_web_acl(Name=summary["Name"], Id=summary["Id"], Scope="REGIONAL")["WebACL"]
        assert acl["Rules"], "WAF.10: a firewall without rules lets everything through"
        assert acl["VisibilityConfig"]["CloudWatchMetricsEnabled"]
        for rule in every(acl["Rules"]):
            assert rule["VisibilityConfig"]["CloudWatchMetricsEnabled"], f"WAF.12: nobody sees {rule['Name']} at work"
