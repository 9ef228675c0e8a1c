"""The web application firewall in front of a load balancer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_between
from components.core.iam import acting_for, allow, arn, document
from components.core.naming import component_tags, physical_name
from components.core.placement import Placement
from components.ingress.firewall_rules import firewall_rules
from components.ingress.hosted_zone import check_domain
from components.observability.log_group import LogGroup, LogGroupArgs

#: The limits that a rate-based rule takes, in requests.
#: https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
RATE_LIMIT = (10, 2_000_000_000)

#: WAF writes only to log groups whose name begins like this.
#: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
LOG_GROUP_PREFIX = "aws-waf-logs-"

#: Longest name of a metric, in characters.
#: https://docs.aws.amazon.com/waf/latest/APIReference/API_VisibilityConfig.html
METRIC_NAME = 128

#: Headers that identify a person or a program, and so stay out of the log.
SECRET_HEADERS = ("authorization", "cookie", "x-api-key")


def log_delivery_policy(log_group_arn: str, account_id: str, region: str) -> dict[str, Any]:
    """Return who may write to the log group: the log delivery service, for web ACLs of this account.

    https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    return document(
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            f"{log_group_arn}:*",
            principal={"Service": "delivery.logs.amazonaws.com"},
            condition=acting_for(account_id, arn("logs", region, account_id, "*")),
        )
    )


@dataclass(frozen=True, kw_only=True)
class WebFirewallArgs:
    """What a `WebFirewall` is made from."""

    rate_limit: int
    """How many requests one address may make in five minutes, from 10."""
    resource_arn: pulumi.Input[str]
    """The load balancer to protect."""
    placement: Placement
    """Where the load balancer is."""
    counted_common_rules: Sequence[str] = ("SizeRestrictions_BODY",)
    """Rules of AWS's common rule set that are counted and logged but block nothing.

    The size rule blocks every body over 8 KB, which is what an upload or a question to an AI service with its context
    is. Of a longer body WAF sees the first 8 KB; the applications limit the size themselves.
    https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
    """
    private_paths: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Paths that are refused with everything below them, by host, for instance `{"api.example.com": ["/admin"]}`.

    A listener rule is case-sensitive; here a path is decoded, normalised and put into lower case first, so
    that `/%61dmin`, `//admin` and `/Admin` are refused as well.
    https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html
    """
    public_hosts: Sequence[str] = ()
    """Every host that the load balancer answers for: a request that names another of them has other private paths."""

    def __post_init__(self) -> None:
        """Refuse values that WAF would refuse, and private paths that would close a whole host."""
        check_between("rate_limit", self.rate_limit, *RATE_LIMIT, "give the requests of one address in five minutes")
        for host, prefixes in self.private_paths.items():
            check_domain("private_paths", host)
            if not prefixes:
                raise InvalidValue(f"private_paths of {host}", [], "one path or more", "leave the host out")
            for prefix in prefixes:
                if not re.fullmatch(r"(/[\w.~-]+)+/?", prefix, re.ASCII):
                    raise InvalidValue(
                        f"private_paths of {host}",
                        prefix,
                        "a path from the root, without wildcards",
                        "write it like /admin",
                    )


class WebFirewall(pulumi.ComponentResource):
    """A WAF web ACL on a load balancer.

    Creates the web ACL, its log and its association. Guarantees that known bad addresses, known exploits (Log4j among
    them), the common attacks on web applications and SQL injection are blocked, that no address makes more requests
    than the limit, that private paths are refused however they are spelt, that every rule has a metric, and that
    requests are logged, encrypted and without their credentials.

    Request samples are off: WAF would keep them with the credentials in, whatever is redacted in the log.
    https://docs.aws.amazon.com/waf/latest/APIReference/API_VisibilityConfig.html
    """

    def __init__(self, name: str, args: WebFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:WebFirewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.placement.tags, "web-firewall", Name=name)
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            scope="REGIONAL",
            description="Protects the load balancer",
            default_action={"allow": {}},
            rules=firewall_rules(args.rate_limit, args.counted_common_rules, args.private_paths, args.public_hosts),
            visibility_config={
                "cloudwatch_metrics_enabled": True,
                # Metrics have this as their dimension, not the web ACL's name: two of one account would add up.
                "metric_name": physical_name(METRIC_NAME, args.placement.tags.get("Environment", ""), name),
                "sampled_requests_enabled": False,
            },
            tags=tags,
            opts=child,
        )
        aws.wafv2.WebAclAssociation(
            f"{name}-association", resource_arn=args.resource_arn, web_acl_arn=acl.arn, opts=child
        )
        group = LogGroup(
            f"{name}-requests",
            LogGroupArgs(
                # The web ACL's own name is unique, and makes the group's name so.
                log_group_name=pulumi.Output.concat(LOG_GROUP_PREFIX, acl.name),
                retention_days=args.placement.log_retention_days,
                kms_key_arn=args.placement.kms_key_arn,
                tags=component_tags(args.placement.tags, "web-firewall"),
            ),
            opts=child,
        )
        # Left to itself WAF keeps one policy for all web ACLs of an account, which outgrows its limit in the end.
        # https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/wafv2_web_acl_logging_configuration
        policy = aws.cloudwatch.LogResourcePolicy(
            f"{name}-log-delivery",
            policy_name=group.log_group_name,
            policy_document=pulumi.Output.json_dumps(
                group.arn.apply(lambda arn: log_delivery_policy(arn, args.placement.account_id, args.placement.region))
            ),
            opts=child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": header}} for header in SECRET_HEADERS],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})
