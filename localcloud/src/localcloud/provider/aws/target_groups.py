"""Elastic Load Balancing v2: target groups and what is registered with them."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, refused
from localcloud.provider.aws.load_balancers import TAGS, suffix, text, typed
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, pick

_HTTP = frozenset({"HTTP", "HTTPS"})
_TCP = frozenset({"TCP", "UDP", "TCP_UDP", "TLS"})
_LAMBDA = frozenset({"lambda"})

#: Input, attribute and the protocols (or `lambda`) of target groups that have it:
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_ATTRIBUTES: dict[str, tuple[str, frozenset[str]]] = {
    "connectionTermination": ("deregistration_delay.connection_termination.enabled", _TCP),
    "deregistrationDelay": ("deregistration_delay.timeout_seconds", _HTTP | _TCP | {"GENEVE"}),
    "lambdaMultiValueHeadersEnabled": ("lambda.multi_value_headers.enabled", _LAMBDA),
    "loadBalancingAlgorithmType": ("load_balancing.algorithm.type", _HTTP),
    "loadBalancingAnomalyMitigation": ("load_balancing.algorithm.anomaly_mitigation", _HTTP),
    "loadBalancingCrossZoneEnabled": ("load_balancing.cross_zone.enabled", _HTTP | _TCP),
    "preserveClientIp": ("preserve_client_ip.enabled", _TCP),
    "proxyProtocolV2": ("proxy_protocol_v2.enabled", _TCP),
    "slowStart": ("slow_start.duration_seconds", _HTTP),
}
#: What the official provider fills in where a health check is given.
_CHECK = {
    "enabled": True,
    "healthyThreshold": 3,
    "interval": 30,
    "port": "traffic-port",
    "protocol": "HTTP",
    "unhealthyThreshold": 3,
}
_STICKINESS = {"cookieDuration": 86400, "enabled": True}


@resource("aws:lb/targetGroup:TargetGroup")
class TargetGroup(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/targetgroup/."""

    replace = frozenset(
        {"ipAddressType", "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId"}
    )
    defaults = {
        "deregistrationDelay": 300,
        "lambdaMultiValueHeadersEnabled": False,
        "proxyProtocolV2": False,
        "slowStart": 0,
        "targetType": "instance",
    }
    autoname = AutoName(max_length=32)
    service = "elbv2"
    creates, reads, deletes = "create_target_group", "describe_target_groups", "delete_target_group"
    keys = {"arn": "TargetGroupArn"}
    new_id = "TargetGroups[0].TargetGroupArn"
    described = "TargetGroups[0]"
    not_found = ("TargetGroupNotFound",)
    tagging = TAGS
    outputs = {
        "ipAddressType": "IpAddressType",
        "loadBalancerArns": "LoadBalancerArns || `[]`",
        "name": "TargetGroupName",
        "port": "Port",
        "protocol": "Protocol",
        "protocolVersion": "ProtocolVersion",
        "targetType": "TargetType",
        "vpcId": "VpcId",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from refused(inputs, {"targetControlPort", "targetFailovers", "targetHealthStates"})
        if inputs.get("targetType") != "lambda":
            for key in ("port", "protocol", "vpcId"):
                if inputs.get(key) is None:
                    yield key, f"must be given for targets of type {inputs.get('targetType')}"

    def arguments(self, call: str, inputs: Properties) -> Properties:
        left_out = set() if inputs.get("protocol") in _HTTP else {"protocolVersion"}
        if inputs.get("targetType") == "lambda":
            left_out = {"ipAddressType", "port", "protocol", "protocolVersion", "vpcId"}
        given = {key: value for key, value in inputs.items() if key not in left_out}
        return {**super().arguments(call, given), **_check(inputs)}

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._attributes(aws, id, {}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        arn = live["TargetGroupArn"]
        answer = aws.client("elbv2").describe_target_group_attributes(TargetGroupArn=arn)
        attributes = {item["Key"]: item.get("Value", "") for item in answer["Attributes"]}
        kind = "lambda" if live.get("TargetType") == "lambda" else live.get("Protocol")
        matcher = live.get("Matcher") or {}
        check = {
            "enabled": live.get("HealthCheckEnabled", True),
            "healthyThreshold": live.get("HealthyThresholdCount"),
            "unhealthyThreshold": live.get("UnhealthyThresholdCount"),
            "interval": live.get("HealthCheckIntervalSeconds"),
            "timeout": live.get("HealthCheckTimeoutSeconds"),
            **pick(live, port="HealthCheckPort", protocol="HealthCheckProtocol", path="HealthCheckPath"),
            "matcher": matcher.get("HttpCode") or matcher.get("GrpcCode") or "",
        }
        cookie = "app_cookie" if attributes.get("stickiness.type") == "app_cookie" else "lb_cookie"
        stickiness = {
            "enabled": attributes.get("stickiness.enabled") == "true",
            "type": attributes.get("stickiness.type", ""),
            "cookieDuration": typed(attributes.get(f"stickiness.{cookie}.duration_seconds") or "86400"),
            "cookieName": attributes.get("stickiness.app_cookie.cookie_name", ""),
        }
        return {
            **super().properties(aws, live, state),
            "arnSuffix": suffix(arn, "targetgroup"),
            "healthCheck": check,
            "stickiness": stickiness,
            **{
                key: attributes[name] if key == "loadBalancingCrossZoneEnabled" else typed(attributes[name])
                for key, (name, kinds) in _ATTRIBUTES.items()
                if kind in kinds and attributes.get(name) not in (None, "")
            },
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if new.get("healthCheck") and changed(old, new, "healthCheck"):
            aws.client("elbv2").modify_target_group(TargetGroupArn=id, **_check(new))
        self._attributes(aws, id, old, new)

    @staticmethod
    def _attributes(aws: Session, arn: str, old: Properties, new: Properties) -> None:
        kind = _kind(new)
        values: dict[str, str] = {
            name: text(new[key])
            for key, (name, kinds) in _ATTRIBUTES.items()
            if kind in kinds and key in new and old.get(key) != new[key]
        }
        if changed(old, new, "stickiness") and kind != "lambda":
            block: Properties = {**_STICKINESS, **new["stickiness"]} if new.get("stickiness") else {"enabled": False}
            values["stickiness.enabled"] = text(block["enabled"])
            if block.get("type"):
                values["stickiness.type"] = block["type"]
            if block.get("type") == "lb_cookie":
                values["stickiness.lb_cookie.duration_seconds"] = text(block["cookieDuration"])
            elif block.get("type") == "app_cookie":
                values["stickiness.app_cookie.duration_seconds"] = text(block["cookieDuration"])
                values["stickiness.app_cookie.cookie_name"] = block["cookieName"]
        if new.get("targetGroupHealth") and changed(old, new, "targetGroupHealth"):
            values |= _health(new["targetGroupHealth"])
        if values:
            aws.client("elbv2").modify_target_group_attributes(
                TargetGroupArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in values.items()]
            )


def _kind(inputs: Properties) -> str:
    return "lambda" if inputs.get("targetType") == "lambda" else str(inputs.get("protocol"))


def _check(inputs: Properties) -> dict[str, Any]:
    """Return the health check as the API's flat arguments."""
    if not inputs.get("healthCheck"):
        return {}
    block = {**_CHECK, **inputs["healthCheck"]}
    kind = _kind(inputs)
    found: dict[str, Any] = {
        "HealthCheckEnabled": block["enabled"],
        "HealthyThresholdCount": int(block["healthyThreshold"]),
        "UnhealthyThresholdCount": int(block["unhealthyThreshold"]),
        "HealthCheckIntervalSeconds": int(block["interval"]),
    }
    if kind != "lambda":
        found |= {"HealthCheckPort": str(block["port"]), "HealthCheckProtocol": block["protocol"]}
    if block.get("timeout"):
        found["HealthCheckTimeoutSeconds"] = int(block["timeout"])
    if block["protocol"] != "TCP" or kind == "lambda":
        if block.get("path"):
            found["HealthCheckPath"] = block["path"]
        if block.get("matcher"):
            code = "GrpcCode" if inputs.get("protocolVersion") == "GRPC" else "HttpCode"
            found["Matcher"] = {code: block["matcher"]}
    return found


def _health(block: Properties) -> dict[str, str]:
    names = {"dnsFailover": "dns_failover", "unhealthyStateRouting": "unhealthy_state_routing"}
    values = {}
    for key, name in names.items():
        for part, word in (("minimumHealthyTargetsCount", "count"), ("minimumHealthyTargetsPercentage", "percentage")):
            if (block.get(key) or {}).get(part) is not None:
                values[f"target_group_health.{name}.minimum_healthy_targets.{word}"] = text(block[key][part])
    return values
