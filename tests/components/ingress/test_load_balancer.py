"""The load balancer: what it admits, and what it answers by itself."""

from typing import Any

import pytest

from components.ingress.load_balancer import LoadBalancer, LoadBalancerArgs
from tests.components.recording import TAGS, Recording, record

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def _args(**overrides: object) -> LoadBalancerArgs:
    values: dict[str, Any] = {
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a", "subnet-b"],
        "certificate_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/1",
        "idle_timeout_seconds": 300,
        "deletion_protection": True,
        "access_log_bucket": "logs",
        "tags": TAGS,
    }
    return LoadBalancerArgs(**{**values, **overrides})


def _record(name: str = "public", **overrides: object) -> Recording:
    return record(lambda: LoadBalancer(name, _args(**overrides)))


@pytest.fixture(scope="module")
def public() -> Recording:
    """What a public load balancer asks for."""
    return _record()


def _ingress(recording: Recording) -> list[tuple[str, int, int, str]]:
    rules = [rule.inputs for rule in recording.of(INGRESS)]
    return sorted((rule["cidrIpv4"], rule["fromPort"], rule["toPort"], rule["ipProtocol"]) for rule in rules)


def test_everybody_reaches_80_and_443_and_no_other_port(public: Recording) -> None:
    assert _ingress(public) == [("0.0.0.0/0", 80, 80, "tcp"), ("0.0.0.0/0", 443, 443, "tcp")], "EC2.18, EC2.19"


def test_the_load_balancer_reaches_nothing_by_itself(public: Recording) -> None:
    assert not public.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), "each target adds its own port"
    assert "egress" not in public.named("public-group").inputs, "inline rules would undo the rule resources"


def test_http_only_redirects(public: Recording) -> None:
    listener = public.named("public-http").inputs
    assert (listener["port"], listener["protocol"]) == (80, "HTTP")
    assert listener["defaultActions"] == [
        {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}
    ], "ELB.1"


def test_https_uses_a_recommended_policy(public: Recording) -> None:
    listener = public.named("public-https").inputs
    assert (listener["port"], listener["protocol"]) == (443, "HTTPS"), "ELB.18"
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "ELB.17"


def test_unknown_hosts_get_404(public: Recording) -> None:
    (action,) = public.named("public-https").inputs["defaultActions"]
    assert action["type"] == "fixed-response" and action["fixedResponse"]["statusCode"] == "404"


def test_browsers_are_told_to_stay_with_https_and_not_what_the_server_is(public: Recording) -> None:
    listener = public.named("public-https").inputs
    assert listener["routingHttpResponseStrictTransportSecurityHeaderValue"] == "max-age=31536000"
    assert listener["routingHttpResponseServerEnabled"] is False


def test_requests_are_checked_and_logged(public: Recording) -> None:
    balancer = public.named("public-alb").inputs
    assert balancer["dropInvalidHeaderFields"] is True, "ELB.4"
    assert balancer["desyncMitigationMode"] == "defensive", "ELB.12"
    assert balancer["accessLogs"] == {"bucket": "logs", "enabled": True}, "ELB.5"
    assert balancer["enableDeletionProtection"] is True, "ELB.6"
    assert balancer["idleTimeout"] == 300


def test_an_internal_load_balancer_admits_the_blocks_that_are_named() -> None:
    internal = _record("admin", internal=True, ingress_cidrs=["10.20.0.0/16"])
    assert internal.named("admin-alb").inputs["internal"] is True
    assert _ingress(internal) == [("10.20.0.0/16", 80, 80, "tcp"), ("10.20.0.0/16", 443, 443, "tcp")]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        *(
            (
                {"idle_timeout_seconds": seconds},
                f"idle_timeout_seconds is {seconds}; allowed: 1 to 4000; use a longer request in parts",
            )
            for seconds in (0, 4001)
        ),
        (
            {"ingress_cidrs": ["10.0.0.0/8"]},
            "ingress_cidrs is ['10.0.0.0/8']; allowed: none for a public load balancer; set internal, or none",
        ),
        (
            {"internal": True},
            "ingress_cidrs is []; allowed: one block or more for an internal load balancer; name who may reach it",
        ),
        *(
            (
                {"internal": True, "ingress_cidrs": [cidr]},
                f"ingress_cidrs is '{cidr}'; allowed: private IPv4 blocks; write them like 10.20.0.0/16",
            )
            for cidr in ("0.0.0.0/0", "8.8.8.0/24", "10.20.0.1/16", "fd00::/8", "office")
        ),
    ],
)
def test_an_unusable_value_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_the_longest_idle_timeout_is_taken() -> None:
    assert _args(idle_timeout_seconds=4000).idle_timeout_seconds == 4000


def test_a_name_that_autonaming_would_make_too_long_is_refused() -> None:
    _record("a" * 20)
    with pytest.raises(ValueError) as refused:
        _record("a" * 21)
    assert str(refused.value) == (
        f"name is '{'a' * 21}'; allowed: 20 characters for a load balancer; AWS takes 32, of which 12 make it unique: "
        f"take a shorter one"
    )
