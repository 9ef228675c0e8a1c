"""Web ACLs, IP sets and logging."""

import json
from collections.abc import Iterator
from typing import Any

from moto.wafv2.exceptions import WAFv2ClientError
from moto.wafv2.models import WAFV2Backend
from moto.wafv2.responses import WAFV2Response

from localcloud.emulator.patching import patch

#: The part of an ARN that tells a kind of resource:
#: https://docs.aws.amazon.com/waf/latest/APIReference/API_ListResourcesForWebACL.html
_KINDS = {
    "APPLICATION_LOAD_BALANCER": ":loadbalancer/app/",
    "API_GATEWAY": ":apigateway:",
    "APPSYNC": ":appsync:",
    "COGNITO_USER_POOL": ":cognito-idp:",
    "APP_RUNNER_SERVICE": ":apprunner:",
    "VERIFIED_ACCESS_INSTANCE": ":verified-access-instance/",
    "AMPLIFY": ":amplify:",
}


@patch(WAFV2Response, "list_resources_for_web_acl")
def list_resources_for_web_acl(self: WAFV2Response) -> tuple[int, dict[str, str], str]:
    """List what an ACL protects; moto has no answer to the call."""
    body = json.loads(self.body)
    acl = self.wafv2_backend.wacls.get(body.get("WebACLArn"))
    if acl is None:
        raise _nonexistent(str(body.get("WebACLArn")))
    part = _KINDS[body.get("ResourceType") or "APPLICATION_LOAD_BALANCER"]
    arns = [arn for arn in acl.associated_resources if part in arn]
    return 200, {"Content-Type": "application/json"}, json.dumps({"ResourceArns": arns})


def _nonexistent(what: str) -> WAFv2ClientError:
    return WAFv2ClientError("WAFNonexistentItemException", f"AWS WAF couldn't find {what}.")


@patch(WAFV2Backend, "associate_web_acl")
def associate_web_acl(original: Any, self: WAFV2Backend, web_acl_arn: str, resource_arn: str) -> None:
    """Refuse what isn't there, and move a resource from one ACL to another; moto takes any and keeps both.

    https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
    """
    if ":loadbalancer/" in resource_arn:
        from moto.elbv2.models import elbv2_backends

        if resource_arn not in elbv2_backends[self.account_id][self.region_name].load_balancers:
            raise WAFv2ClientError(
                "WAFUnavailableEntityException",
                "AWS WAF couldn't retrieve the resource that you requested. Retry your request.",
            )
    if web_acl_arn in self.wacls:
        self.disassociate_web_acl(resource_arn)
    original(self, web_acl_arn, resource_arn)


@patch(WAFV2Backend, "delete_web_acl")
def delete_web_acl(original: Any, self: WAFV2Backend, name: str, scope: str, _id: str, lock_token: str) -> None:
    """Refuse while something is protected, and take the logging along; moto does neither.

    https://docs.aws.amazon.com/waf/latest/APIReference/API_DeleteWebACL.html
    """
    arn = next((arn for arn, acl in self.wacls.items() if acl.id == _id and acl.name == name), None)
    if arn is not None and self.wacls[arn].associated_resources:
        raise WAFv2ClientError(
            "WAFAssociatedItemException",
            "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's "
            "associated with another resource.",
        )
    original(self, name, scope, _id, lock_token)
    self.logging_configurations.pop(arn or "", None)


@patch(WAFV2Backend, "delete_ip_set")
def delete_ip_set(original: Any, self: WAFV2Backend, name: str, scope: str, _id: str, lock_token: str) -> None:
    """Refuse a set that a rule names, which moto deletes."""
    arn = next((arn for arn, item in self.ip_sets.items() if item.ip_set_id == _id), None)
    if arn and any(arn in _named(acl.rules) for acl in self.wacls.values()):
        raise WAFv2ClientError(
            "WAFAssociatedItemException",
            "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's "
            "associated with another resource.",
        )
    original(self, name, scope, _id, lock_token)


@patch(WAFV2Backend, "create_web_acl")
@patch(WAFV2Backend, "update_web_acl")
def write_web_acl(original: Any, self: WAFV2Backend, *args: Any, **kwargs: Any) -> Any:
    """Refuse rules that name an IP set that isn't there, and priorities twice; moto takes both."""
    rules = kwargs.get("rules") or next((item for item in args if isinstance(item, list) and _are_rules(item)), [])
    for arn in _named(rules):
        if "/ipset/" in arn and arn not in self.ip_sets:
            raise _nonexistent(arn)
    priorities = [rule.get("Priority") for rule in rules if isinstance(rule, dict)]
    if len(set(priorities)) < len(priorities):
        raise WAFv2ClientError(
            "WAFInvalidParameterException",
            "Error reason: You have used the same priority for more than one rule, field: RULE, parameter: Priority",
        )
    return original(self, *args, **kwargs)


def _are_rules(items: list[Any]) -> bool:
    return bool(items) and isinstance(items[0], dict) and "VisibilityConfig" in items[0]


def _named(value: Any) -> Iterator[str]:
    """Yield every ARN that rules name."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "ARN" and isinstance(item, str):
                yield item
            else:
                yield from _named(item)
    elif isinstance(value, list):
        for item in value:
            yield from _named(item)
    elif hasattr(value, "statement"):
        yield from _named(vars(value))


@patch(WAFV2Backend, "put_logging_configuration")
def put_logging_configuration(
    original: Any, self: WAFV2Backend, arn: str, log_destination_configs: list[str], *args: Any, **kwargs: Any
) -> Any:
    """Refuse logs of an ACL that isn't there and destinations that WAF doesn't write to; moto takes any.

    https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
    """
    if arn not in self.wacls:
        raise _nonexistent(arn)
    for destination in log_destination_configs:
        name = destination.split(":")[-1].rpartition("/")[2]
        if ":log-group:" in destination:
            name = destination.partition(":log-group:")[2].removesuffix(":*")
        if not name.startswith("aws-waf-logs-"):
            raise WAFv2ClientError(
                "WAFInvalidParameterException",
                "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information "
                f"separated by colons or slashes., field: LOG_DESTINATION, parameter: {destination}",
            )
        _need_group(self, destination, name)
    return original(self, arn, log_destination_configs, *args, **kwargs)


def _need_group(backend: WAFV2Backend, destination: str, name: str) -> None:
    if ":log-group:" not in destination:
        return
    from moto.logs.models import logs_backends

    region = destination.split(":")[3]
    if name not in logs_backends[backend.account_id][region].groups:
        raise WAFv2ClientError(
            "WAFLogDestinationPermissionIssueException", f"Unable to deliver logs to the configured destination: {name}"
        )
