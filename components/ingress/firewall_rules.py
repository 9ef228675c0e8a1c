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


def private_path_pattern(prefixes: Sequence[str]) -> str:
    """Return the regular expression that a decoded, normalised path in lower case matches if it is private.

    `/admin` stands for itself and everything below it, and not for `/administrator`.
    """
    return f"^({'|'.join(re.escape(prefix.rstrip('/').lower()) for prefix in prefixes)})(/|$)"


def firewall_rules(
    rate_limit: int, counted_common_rules: Sequence[str], private_paths: Mapping[str, Sequence[str]]
) -> list[aws.wafv2.WebAclRuleArgsDict]:
    """Return the rules of a web ACL, in the order in which WAF tries them.

    Args:
        rate_limit: how many requests one address may make in five minutes.
        counted_common_rules: rules of the common rule set that block nothing.
        private_paths: paths to refuse with everything below them, by host.
    """
    rules = {RATE_LIMIT_PRIORITY: _rate_limit(rate_limit)}
    counted = {ANONYMOUS_ADDRESSES: COUNTED_ANONYMOUS_RULES, COMMON_RULES: counted_common_rules}
    for group, priority in MANAGED_RULES.items():
        rules[priority] = _managed(group, priority, counted.get(group, ()))
    if private_paths:
        rules[PRIVATE_PATHS_PRIORITY] = _private_paths(private_paths)
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


def _private_paths(private_paths: Mapping[str, Sequence[str]]) -> aws.wafv2.WebAclRuleArgsDict:
    hosts = [_private_paths_of_host(host, prefixes) for host, prefixes in sorted(private_paths.items())]
    # WAF takes an "or" of two statements or more.
    return {
        "name": "private-paths",
        "priority": PRIVATE_PATHS_PRIORITY,
        "action": {"block": {}},
        "statement": {"or_statement": {"statements": hosts}} if len(hosts) > 1 else hosts[0],
        "visibility_config": _visibility("private-paths"),
    }


def _private_paths_of_host(host: str, prefixes: Sequence[str]) -> Any:  # noqa: ANN401 - one shape, many generated types
    return {
        "and_statement": {
            "statements": [
                {
                    "byte_match_statement": {
                        # A port or a final dot may follow.
                        "positional_constraint": "STARTS_WITH",
                        "search_string": host,
                        "field_to_match": {"single_header": {"name": "host"}},
                        "text_transformations": [{"priority": 0, "type": "LOWERCASE"}],
                    }
                },
                {
                    "regex_match_statement": {
                        "regex_string": private_path_pattern(prefixes),
                        "field_to_match": {"uri_path": {}},
                        "text_transformations": [
                            {"priority": 0, "type": "URL_DECODE"},
                            {"priority": 1, "type": "NORMALIZE_PATH"},
                            {"priority": 2, "type": "LOWERCASE"},
                        ],
                    }
                },
            ]
        }
    }
