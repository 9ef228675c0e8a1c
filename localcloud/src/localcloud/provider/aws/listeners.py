"""Elastic Load Balancing v2: listeners, their rules and further certificates."""

import re
from collections.abc import Mapping
from typing import Any

from localcloud.provider.api import ApiResource
from localcloud.provider.aws.load_balancers import TAGS, text, typed
from localcloud.provider.base import Properties, ResourceType, resource
from localcloud.provider.echo import as_written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, found, ignoring, pascal, pick

_HEADERS = (
    "AccessControlAllowCredentials",
    "AccessControlAllowHeaders",
    "AccessControlAllowMethods",
    "AccessControlAllowOrigin",
    "AccessControlExposeHeaders",
    "AccessControlMaxAge",
    "ContentSecurityPolicy",
    "StrictTransportSecurity",
    "XContentTypeOptions",
    "XFrameOptions",
)
_REQUEST = (
    "XAmznMtlsClientcert",
    "XAmznMtlsClientcertIssuer",
    "XAmznMtlsClientcertLeaf",
    "XAmznMtlsClientcertSerialNumber",
    "XAmznMtlsClientcertSubject",
    "XAmznMtlsClientcertValidity",
    "XAmznTlsCipherSuite",
    "XAmznTlsVersion",
)


def _snake(word: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", word).lower()


#: Input and listener attribute:
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
_ATTRIBUTES: dict[str, str] = {
    "tcpIdleTimeoutSeconds": "tcp.idle_timeout.seconds",
    "routingHttpResponseServerEnabled": "routing.http.response.server.enabled",
    **{
        f"routingHttpResponse{name}HeaderValue": f"routing.http.response.{_snake(name)}.header_value"
        for name in _HEADERS
    },
    **{f"routingHttpRequest{name}HeaderName": f"routing.http.request.{_snake(name)}.header_name" for name in _REQUEST},
}
_AUTHENTICATION = {
    "authenticateCognito": "AuthenticateCognitoConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
}
_EXTRA = "authenticationRequestExtraParams"


def expand_actions(actions: list[Properties]) -> list[dict[str, Any]]:
    """Return actions of a listener or a rule as the API takes them."""
    expanded = []
    for order, action in enumerate(actions, 1):
        one: dict[str, Any] = {"Type": action["type"], "Order": int(action.get("order") or order)}
        if action["type"] == "forward":
            forward = action.get("forward")
            if forward:
                groups = [
                    {"TargetGroupArn": group["arn"], "Weight": int(group.get("weight", 1))}
                    for group in forward["targetGroups"]
                ]
                one["ForwardConfig"] = {"TargetGroups": groups}
                if stickiness := forward.get("stickiness"):
                    one["ForwardConfig"]["TargetGroupStickinessConfig"] = {
                        "Enabled": bool(stickiness.get("enabled", False)),
                        "DurationSeconds": int(stickiness["duration"]),
                    }
            else:
                one["TargetGroupArn"] = action["targetGroupArn"]
        elif action["type"] == "redirect":
            redirect = action["redirect"]
            one["RedirectConfig"] = {
                "Host": redirect.get("host", "#{host}"),
                "Path": redirect.get("path", "/#{path}"),
                "Port": str(redirect.get("port", "#{port}")),
                "Protocol": redirect.get("protocol", "#{protocol}"),
                "Query": redirect.get("query", "#{query}"),
                "StatusCode": redirect["statusCode"],
            }
        elif action["type"] == "fixed-response":
            fixed = action["fixedResponse"]
            one["FixedResponseConfig"] = {
                **pick(fixed, "contentType", "messageBody"),
                **({"StatusCode": str(fixed["statusCode"])} if fixed.get("statusCode") else {}),
            }
        else:
            for key, name in _AUTHENTICATION.items():
                if block := action.get(key):
                    config = pascal({part: value for part, value in block.items() if part != _EXTRA})
                    if block.get(_EXTRA):
                        config["AuthenticationRequestExtraParams"] = block[_EXTRA]
                    one[name] = config
        expanded.append(one)
    return expanded


def flatten_actions(actions: list[dict[str, Any]], written: list[Properties] | None) -> list[Properties]:
    """Return live actions as the schema writes them, in the written shape where they mean the same."""
    flat = []
    for action in sorted(actions, key=lambda item: int(item.get("Order") or 0)):
        one: Properties = {"type": action["Type"], **pick(action, "Order")}
        if action["Type"] == "forward":
            groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
            arn = action.get("TargetGroupArn") or (groups[0]["TargetGroupArn"] if len(groups) == 1 else None)
            one |= {"targetGroupArn": arn} if arn else {}
            sticky = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
            one["forward"] = {
                "targetGroups": [
                    {"arn": group["TargetGroupArn"], "weight": group.get("Weight", 1)}
                    for group in groups or ([{"TargetGroupArn": arn}] if arn else [])
                ],
                "stickiness": {"enabled": sticky.get("Enabled", False), "duration": sticky.get("DurationSeconds", 0)},
            }
        elif action["Type"] == "redirect":
            one["redirect"] = camel(action["RedirectConfig"])
        elif action["Type"] == "fixed-response":
            one["fixedResponse"] = camel(action["FixedResponseConfig"])
        else:
            for key, name in _AUTHENTICATION.items():
                if name in action:
                    one[key] = camel(action[name])
        flat.append(one)
    if written is None:
        # A single target group is told once, as the official provider does.
        for one in flat:
            if one.get("targetGroupArn"):
                one.pop("forward", None)
        return flat
    return as_written(flat, written)  # type: ignore[no-any-return] # a list comes back as a list


@resource("aws:lb/listener:Listener")
class Listener(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/listener/."""

    replace = frozenset({"loadBalancerArn"})
    missing = frozenset({"mutualAuthentication"})
    service = "elbv2"
    creates, reads, deletes = "create_listener", "describe_listeners", "delete_listener"
    keys = {"arn": "ListenerArn"}
    new_id = "Listeners[0].ListenerArn"
    described = "Listeners[0]"
    not_found = ("ListenerNotFound", "LoadBalancerNotFound")
    tagging = TAGS
    renames = {"certificateArn": "Certificates"}
    outputs = {
        "alpnPolicy": "AlpnPolicy[0]",
        "certificateArn": "Certificates[0].CertificateArn",
        "loadBalancerArn": "LoadBalancerArn",
        "port": "Port",
        "protocol": "Protocol",
        "sslPolicy": "SslPolicy || ''",
    }

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._attributes(aws, id, {}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        answer = aws.client("elbv2").describe_listener_attributes(ListenerArn=live["ListenerArn"])
        attributes = {item["Key"]: item.get("Value", "") for item in answer["Attributes"]}
        return {
            **super().properties(aws, live, {**state, "defaultActions": None}),
            "defaultActions": flatten_actions(live.get("DefaultActions") or [], state.get("defaultActions")),
            **{key: _attribute(attributes[name], name) for key, name in _ATTRIBUTES.items() if attributes.get(name)},
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        keys = ("alpnPolicy", "certificateArn", "defaultActions", "port", "protocol", "sslPolicy")
        if any(key in new and old.get(key) != new[key] for key in keys):
            aws.client("elbv2").modify_listener(ListenerArn=id, **self.arguments("modify_listener", new))
        self._attributes(aws, id, old, new)

    def arguments(self, call: str, inputs: Properties) -> Properties:
        application = ":loadbalancer/app/" in inputs["loadBalancerArn"]
        return super().arguments(call, {"protocol": "HTTP" if application else None, **inputs})

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "certificateArn":
            return [{"CertificateArn": value}]
        return expand_actions(value) if key == "defaultActions" else super().argument(key, value, shape)

    @staticmethod
    def _attributes(aws: Session, arn: str, old: Properties, new: Properties) -> None:
        values = {}
        for key, name in _ATTRIBUTES.items():
            if key in new and old.get(key) != new[key]:
                values[name] = text(new[key])
            elif key not in new and old.get(key) not in (None, "") and key in old and name.endswith("header_value"):
                values[name] = ""  # an empty value takes the header away again
        if values:
            aws.client("elbv2").modify_listener_attributes(
                ListenerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in values.items()]
            )


def _attribute(value: str, name: str) -> Any:  # noqa: ANN401 - any plain value
    return value if name.endswith(("header_value", "header_name")) else typed(value)


_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def _expand_conditions(conditions: list[Properties]) -> list[dict[str, Any]]:
    expanded = []
    for condition in conditions:
        for key, (field, config) in _CONDITIONS.items():
            if condition.get(key):
                expanded.append({"Field": field, config: pascal(condition[key])})
        if condition.get("queryStrings"):
            values = [pascal(item) for item in condition["queryStrings"]]
            expanded.append({"Field": "query-string", "QueryStringConfig": {"Values": values}})
    return expanded


def _flatten_conditions(conditions: list[dict[str, Any]]) -> list[Properties]:
    flat: list[Properties] = []
    for condition in conditions:
        for key, (field, config) in _CONDITIONS.items():
            if condition["Field"] == field:
                flat.append({key: camel(condition.get(config) or {"Values": condition.get("Values", [])})})
        if condition["Field"] == "query-string":
            flat.append({"queryStrings": camel(condition["QueryStringConfig"]["Values"])})
    return flat


@resource("aws:lb/listenerRule:ListenerRule")
class ListenerRule(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/listenerrule/."""

    replace = frozenset({"listenerArn"})
    unordered = frozenset({"conditions", *(f"conditions.{key}.values" for key in _CONDITIONS)})

    missing = frozenset({"transforms"})
    service = "elbv2"
    creates, reads, updates, deletes = "create_rule", "describe_rules", "modify_rule", "delete_rule"
    keys = {"arn": "RuleArn"}
    new_id = "Rules[0].RuleArn"
    described = "Rules[0]"
    not_found = ("RuleNotFound", "ListenerNotFound")
    tagging = TAGS

    def create(self, aws: Session, inputs: Properties) -> str | tuple[str, Properties]:
        if not inputs.get("priority"):
            # The official provider takes the next number after the highest.
            rules = aws.client("elbv2").describe_rules(ListenerArn=inputs["listenerArn"])["Rules"]
            taken = [int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"]
            inputs = {**inputs, "priority": max(taken, default=0) + 1}
        return super().create(aws, inputs)

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "conditions":
            return _expand_conditions(value)
        return expand_actions(value) if key == "actions" else super().argument(key, value, shape)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        head, _, _ = live["RuleArn"].rpartition("/")
        return {
            "listenerArn": head.replace(":listener-rule/", ":listener/"),
            "priority": int(live["Priority"]) if live["Priority"] != "default" else 99999,
            "conditions": _flatten_conditions(live.get("Conditions") or []),
            "actions": flatten_actions(live.get("Actions") or [], state.get("actions")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        elb = aws.client("elbv2")
        if new.get("priority") and int(new["priority"]) != old.get("priority"):
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": id, "Priority": int(new["priority"])}])
        # Only what changed is sent, as by the official provider: the actions may be someone else's, and ignored here.
        super().update(aws, id, old, new)


@resource("aws:lb/listenerCertificate:ListenerCertificate")
class ListenerCertificate(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/listenercertificate/."""

    tagged = False
    replace = frozenset({"certificateArn", "listenerArn"})

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("elbv2").add_listener_certificates(
            ListenerArn=inputs["listenerArn"], Certificates=[{"CertificateArn": inputs["certificateArn"]}]
        )
        return f"{inputs['listenerArn']}_{inputs['certificateArn']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        listener, _, certificate = id.partition("_")
        answer = found(
            lambda: aws.client("elbv2").describe_listener_certificates(ListenerArn=listener),
            "ListenerNotFound",
            "LoadBalancerNotFound",
        )
        arns = [
            item["CertificateArn"] for item in (answer or {}).get("Certificates") or () if not item.get("IsDefault")
        ]
        return {"listenerArn": listener, "certificateArn": certificate} if certificate in arns else None

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ListenerNotFound", "CertificateNotFound"):
            aws.client("elbv2").remove_listener_certificates(
                ListenerArn=state["listenerArn"], Certificates=[{"CertificateArn": state["certificateArn"]}]
            )
