"""The rules of the web application firewall."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi_aws as aws

#: The time in which a rate-based rule counts, in seconds.
RATE_WINDOW_SECONDS = 300

#: AWS's rule groups, with their priorities: the cheapest and surest first. With the rate limit they cost 1177 of the
#: 1500 capacity units that a web ACL's basic price includes.
#: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
ANONYMOUS_ADDRESSES = "AWSManagedRulesAnonymousIpList"
COMMON_RULES = "AWSManagedRulesCommonRuleSet"
MANAGED_RULES = {
    "AWSManagedRulesAmazonIpReputationList": 10,
    ANONYMOUS_ADDRESSES: 15,
    "AWSManagedRulesKnownBadInputsRuleSet": 30,
    COMMON_RULES: 40,
    "AWSManagedRulesSQLiRuleSet": 50,
}
#: Requests from VPNs, proxies and hosting providers are counted and not blocked: learners use the first two, and the
#: programs that call an API run on the third.
#: https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html
COUNTED_ANONYMOUS_RULES = ("AnonymousIPList", "HostingProviderIPList")
PRIVATE_PATHS_PRIORITY = 0
RATE_LIMIT_PRIORITY = 20


#: The two ways in which a path is read before it is compared, since applications read it in one or the other: as it was
#: sent, and decoded twice with dot segments and backslashes resolved. WAF's names:
#: https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html
AS_SENT = ("URL_DECODE", "LOWERCASE")
NORMALISED = ("URL_DECODE", "URL_DECODE", "NORMALIZE_PATH_WIN", "LOWERCASE")
#: What may stand before a private path in front of a lenient framework: slashes of both kinds, dots, and parameters of
#: a segment (`/;v=1/admin`, `/x/..;/admin`), which some servlet containers cut out.
_BEFORE = r"^(.*[/\\]\.\.;[^/\\]*)?([/\\.]|;[^/\\]*)*[/\\]"
#: What ends a private path's last segment: anything that can't be part of a longer name.
_AFTER = r"([^a-z0-9._~-]|$)"


def private_path_pattern(prefixes: Sequence[str]) -> str:
    """Return the regular expression that a decoded path in lower case matches if it is private.

    `/admin` stands for itself and everything below it, however lenient the framework (`/admin;x`, `/admin%20`), and not
    for `/administrator`.
    """
    return f"{_BEFORE}({'|'.join(re.escape(prefix.strip('/').lower()) for prefix in prefixes)}){_AFTER}"


def host_pattern(hosts: Sequence[str]) -> str:
    """Return the regular expression that a Host header in lower case matches if it names one of the hosts."""
    return f"^({'|'.join(map(re.escape, hosts))})\\.?(:[0-9]+)?$"


def firewall_rules(
    rate_limit: int,
    counted_common_rules: Sequence[str],
    private_paths: Mapping[str, Sequence[str]],
    public_hosts: Sequence[str],
) -> list[aws.wafv2.WebAclRuleArgsDict]:
    """Return the rules of a web ACL, in the order in which WAF tries them.

    Args:
        rate_limit: how many requests one address may make in five minutes.
        counted_common_rules: rules of the common rule set that block nothing.
        private_paths: paths to refuse with everything below them, by host.
        public_hosts: every host that the load balancer answers for.
    """
    rules = {RATE_LIMIT_PRIORITY: _rate_limit(rate_limit)}
    counted = {ANONYMOUS_ADDRESSES: COUNTED_ANONYMOUS_RULES, COMMON_RULES: counted_common_rules}
    for group, priority in MANAGED_RULES.items():
        rules[priority] = _managed(group, priority, counted.get(group, ()))
    if private_paths:
        rules[PRIVATE_PATHS_PRIORITY] = _private_paths(private_paths, public_hosts)
    return [rules[priority] for priority in sorted(rules)]


def _visibility(name: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgsDict:
    return {"cloudwatch_metrics_enabled": True, "metric_name": name, "sampled_requests_enabled": False}


def _rate_limit(limit: int) -> aws.wafv2.WebAclRuleArgsDict:
    return {
        "name": "rate-limit",
        "priority": RATE_LIMIT_PRIORITY,
        "action": {"block": {}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": limit,
                "evaluation_window_sec": RATE_WINDOW_SECONDS,
            }
        },
        "visibility_config": _visibility("rate-limit"),
    }


def _managed(group: str, priority: int, counted: Sequence[str]) -> aws.wafv2.WebAclRuleArgsDict:
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {
            "managed_rule_group_statement": {
                "vendor_name": "AWS",
                "name": group,
                "rule_action_overrides": [{"name": rule, "action_to_use": {"count": {}}} for rule in counted],
            }
        },
        "visibility_config": _visibility(group),
    }


def _private_paths(
    private_paths: Mapping[str, Sequence[str]], public_hosts: Sequence[str]
) -> aws.wafv2.WebAclRuleArgsDict:
    hosts = [
        _private_paths_of_host(prefixes, [other for other in public_hosts if other != host])
        for host, prefixes in sorted(private_paths.items())
    ]
    return {
        "name": "private-paths",
        "priority": PRIVATE_PATHS_PRIORITY,
        "action": {"block": {}},
        "statement": _any_of(hosts),
        "visibility_config": _visibility("private-paths"),
    }


def _private_paths_of_host(prefixes: Sequence[str], others: Sequence[str]) -> Any:  # noqa: ANN401 - many generated types
    """Match the paths, unless the request names another host: one that names none of ours is refused too."""
    pattern = private_path_pattern(prefixes)
    paths = _any_of([_matches(pattern, {"uri_path": {}}, transformations) for transformations in (AS_SENT, NORMALISED)])
    if not others:
        return paths
    elsewhere = _matches(host_pattern(others), {"single_header": {"name": "host"}}, ("LOWERCASE",))
    return {"and_statement": {"statements": [{"not_statement": {"statement": elsewhere}}, paths]}}


def _matches(pattern: str, field: Any, transformations: Sequence[str]) -> Any:  # noqa: ANN401 - many generated types
    return {
        "regex_match_statement": {
            "regex_string": pattern,
            "field_to_match": field,
            "text_transformations": [{"priority": place, "type": kind} for place, kind in enumerate(transformations)],
        }
    }


def _any_of(statements: Sequence[Any]) -> Any:  # noqa: ANN401 - many generated types
    # WAF takes an "or" of two statements or more.
    return {"or_statement": {"statements": list(statements)}} if len(statements) > 1 else statements[0]
