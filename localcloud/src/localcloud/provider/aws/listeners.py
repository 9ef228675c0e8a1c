"""Elastic Load Balancing v2: listeners, their rules and further certificates."""

import re
from collections.abc import Iterable
from typing import Any

from localcloud.provider.aws.ec2 import refused
from localcloud.provider.aws.load_balancers import live_tags, retag, text, typed
from localcloud.provider.base import Properties, ResourceType, resource
from localcloud.provider.echo import as_written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, changed, found, ignoring, pascal, pick, tag_list

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
class Listener(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/listener/."""

    replace = frozenset({"loadBalancerArn"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return refused(inputs, {"mutualAuthentication"})

    def create(self, aws: Session, inputs: Properties) -> str:
        elb = aws.client("elbv2")
        listener = elb.create_listener(
            LoadBalancerArn=inputs["loadBalancerArn"],
            **self._arguments(inputs),
            **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}),
        )["Listeners"][0]
        arn = str(listener["ListenerArn"])
        self._attributes(aws, arn, {}, inputs)
        return arn

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(
            lambda: aws.client("elbv2").describe_listeners(ListenerArns=[id]),
            "ListenerNotFound",
            "LoadBalancerNotFound",
        )
        if not answer or not answer["Listeners"]:
            return None
        return describe_listener(aws, answer["Listeners"][0], state)

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        keys = ("alpnPolicy", "certificateArn", "defaultActions", "port", "protocol", "sslPolicy")
        if any(key in new and old.get(key) != new[key] for key in keys):
            aws.client("elbv2").modify_listener(ListenerArn=id, **self._arguments(new))
        self._attributes(aws, id, old, new)
        retag(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ListenerNotFound", "LoadBalancerNotFound"):
            aws.client("elbv2").delete_listener(ListenerArn=id)

    @staticmethod
    def _arguments(inputs: Properties) -> dict[str, Any]:
        protocol = inputs.get("protocol")
        if not protocol and ":loadbalancer/app/" in inputs["loadBalancerArn"]:
            protocol = "HTTP"
        return {
            **pick(inputs, "port", "sslPolicy"),
            **({"Protocol": protocol} if protocol else {}),
            **(
                {"Certificates": [{"CertificateArn": inputs["certificateArn"]}]} if inputs.get("certificateArn") else {}
            ),
            **({"AlpnPolicy": [inputs["alpnPolicy"]]} if inputs.get("alpnPolicy") else {}),
            "DefaultActions": expand_actions(inputs["defaultActions"]),
        }

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


def describe_listener(aws: Session, listener: dict[str, Any], state: Properties) -> Properties:
    """Return the properties that the resource and the data source of a listener share."""
    arn = listener["ListenerArn"]
    answer = aws.client("elbv2").describe_listener_attributes(ListenerArn=arn)
    live = {item["Key"]: item.get("Value", "") for item in answer["Attributes"]}
    certificates = listener.get("Certificates") or []
    alpn = listener.get("AlpnPolicy") or []
    return {
        "arn": arn,
        **pick(listener, "LoadBalancerArn", "Port", "Protocol"),
        "sslPolicy": listener.get("SslPolicy", ""),
        **({"certificateArn": certificates[0]["CertificateArn"]} if certificates else {}),
        **({"alpnPolicy": alpn[0]} if alpn else {}),
        "defaultActions": flatten_actions(listener.get("DefaultActions") or [], state.get("defaultActions")),
        **{key: _attribute(live[name], name) for key, name in _ATTRIBUTES.items() if live.get(name)},
        "tags": live_tags(aws, arn),
    }


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
class ListenerRule(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/listenerrule/."""

    replace = frozenset({"listenerArn"})
    unordered = frozenset({"conditions", *(f"conditions.{key}.values" for key in _CONDITIONS)})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return refused(inputs, {"transforms"})

    def create(self, aws: Session, inputs: Properties) -> str:
        elb = aws.client("elbv2")
        priority = inputs.get("priority")
        if not priority:
            # The official provider takes the next number after the highest.
            rules = elb.describe_rules(ListenerArn=inputs["listenerArn"])["Rules"]
            priority = max((int(rule["Priority"]) for rule in rules if rule["Priority"] != "default"), default=0) + 1
        rule = elb.create_rule(
            ListenerArn=inputs["listenerArn"],
            Priority=int(priority),
            Conditions=_expand_conditions(inputs["conditions"]),
            Actions=expand_actions(inputs["actions"]),
            **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}),
        )["Rules"][0]
        return str(rule["RuleArn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("elbv2").describe_rules(RuleArns=[id]), "RuleNotFound", "ListenerNotFound")
        if not answer or not answer["Rules"]:
            return None
        rule = answer["Rules"][0]
        conditions = _flatten_conditions(rule.get("Conditions") or [])
        head, _, _ = id.rpartition("/")
        return {
            "arn": id,
            "listenerArn": head.replace(":listener-rule/", ":listener/"),
            "priority": int(rule["Priority"]) if rule["Priority"] != "default" else 99999,
            "conditions": as_written(conditions, state["conditions"]) if state.get("conditions") else conditions,
            "actions": flatten_actions(rule.get("Actions") or [], state.get("actions")),
            "tags": live_tags(aws, id),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        elb = aws.client("elbv2")
        if new.get("priority") and int(new["priority"]) != old.get("priority"):
            elb.set_rule_priorities(RulePriorities=[{"RuleArn": id, "Priority": int(new["priority"])}])
        # Only what changed is sent, as by the official provider: the actions may be someone else's, and ignored here.
        arguments: dict[str, Any] = {}
        if changed(old, new, "conditions"):
            arguments["Conditions"] = _expand_conditions(new["conditions"])
        if changed(old, new, "actions"):
            arguments["Actions"] = expand_actions(new["actions"])
        if arguments:
            elb.modify_rule(RuleArn=id, **arguments)
        retag(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("RuleNotFound", "ListenerNotFound"):
            aws.client("elbv2").delete_rule(RuleArn=id)


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
