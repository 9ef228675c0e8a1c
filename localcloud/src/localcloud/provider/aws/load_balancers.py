"""Elastic Load Balancing v2: load balancers."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging, refused
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.echo import as_written
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, pick

_ALL = frozenset({"application", "network", "gateway"})
_ALB = frozenset({"application"})
_NLB = frozenset({"network"})

#: Input, attribute and the kinds of load balancer that have it:
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
_ATTRIBUTES: dict[str, tuple[str, frozenset[str]]] = {
    "clientKeepAlive": ("client_keep_alive.seconds", _ALB),
    "desyncMitigationMode": ("routing.http.desync_mitigation_mode", _ALB),
    "dnsRecordClientRoutingPolicy": ("dns_record.client_routing_policy", _NLB),
    "dropInvalidHeaderFields": ("routing.http.drop_invalid_header_fields.enabled", _ALB),
    # It can't be switched off for an application load balancer.
    "enableCrossZoneLoadBalancing": ("load_balancing.cross_zone.enabled", _NLB | {"gateway"}),
    "enableDeletionProtection": ("deletion_protection.enabled", _ALL),
    "enableHttp2": ("routing.http2.enabled", _ALB),
    "enableTlsVersionAndCipherSuiteHeaders": ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", _ALB),
    "enableWafFailOpen": ("waf.fail_open.enabled", _ALB),
    "enableXffClientPort": ("routing.http.xff_client_port.enabled", _ALB),
    "enableZonalShift": ("zonal_shift.config.enabled", _ALB | _NLB),
    "idleTimeout": ("idle_timeout.timeout_seconds", _ALB),
    "preserveHostHeader": ("routing.http.preserve_host_header.enabled", _ALB),
    "xffHeaderProcessingMode": ("routing.http.xff_header_processing.mode", _ALB),
}
#: Blocks of logs delivered to S3, by their attributes' prefix.
_LOGS: dict[str, tuple[str, frozenset[str]]] = {
    "accessLogs": ("access_logs.s3", _ALB | _NLB),
    "connectionLogs": ("connection_logs.s3", _ALB),
    "healthCheckLogs": ("health_check_logs.s3", _ALB),
}


def suffix(arn: str, kind: str) -> str:
    """Return the end of an ARN by which CloudWatch's metrics are named."""
    return arn.partition(f":{kind}/")[2] if kind == "loadbalancer" else arn.rpartition(":")[2]


def text(value: Any) -> str:  # noqa: ANN401 - any plain value
    """Return an attribute's value as the API takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def typed(value: str) -> Any:  # noqa: ANN401 - any plain value
    """Return an attribute's value in the schema's type."""
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.isdigit() else value


TAGS = Tagging("ResourceArns", "add_tags", "remove_tags", "describe_tags", "TagDescriptions[0].Tags", by="id")


@resource("aws:lb/loadBalancer:LoadBalancer")
class LoadBalancer(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lb/loadbalancer/."""

    replace = frozenset({"customerOwnedIpv4Pool", "internal", "loadBalancerType", "name", "namePrefix"})
    defaults = {
        "clientKeepAlive": 3600,
        "desyncMitigationMode": "defensive",
        "dnsRecordClientRoutingPolicy": "any_availability_zone",
        "dropInvalidHeaderFields": False,
        "enableCrossZoneLoadBalancing": False,
        "enableDeletionProtection": False,
        "enableHttp2": True,
        "enableTlsVersionAndCipherSuiteHeaders": False,
        "enableWafFailOpen": False,
        "enableXffClientPort": False,
        "enableZonalShift": False,
        "idleTimeout": 60,
        "loadBalancerType": "application",
        "preserveHostHeader": False,
        "xffHeaderProcessingMode": "append",
    }
    autoname = AutoName(max_length=32)
    unordered = frozenset({"securityGroups", "subnets", "subnetMappings"})
    service = "elbv2"
    creates, reads, deletes = "create_load_balancer", "describe_load_balancers", "delete_load_balancer"
    keys = {"arn": "LoadBalancerArn"}
    new_id = "LoadBalancers[0].LoadBalancerArn"
    described = "LoadBalancers[0]"
    not_found = ("LoadBalancerNotFound",)
    tagging = TAGS
    renames = {"loadBalancerType": "Type"}
    outputs = {
        "dnsName": "DNSName",
        "ipAddressType": "IpAddressType",
        "loadBalancerType": "Type",
        "name": "LoadBalancerName",
        "securityGroups": "SecurityGroups || `[]`",
        "subnets": "AvailabilityZones[].SubnetId",
        "vpcId": "VpcId",
        "zoneId": "CanonicalHostedZoneId",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from refused(
            inputs,
            {
                "customerOwnedIpv4Pool",
                "enablePrefixForIpv6SourceNat",
                "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
                "ipamPools",
                "minimumLoadBalancerCapacity",
                "secondaryIpsAutoAssignedPerSubnet",
            },
        )
        if not inputs.get("subnets") and not inputs.get("subnetMappings"):
            yield "subnets", 'one of "subnets" and "subnetMappings" must be given'
        for key, (_, kinds) in _LOGS.items():
            if inputs.get(key) and inputs.get("loadBalancerType") not in kinds:
                yield key, f"a load balancer of type {inputs.get('loadBalancerType')} has none"

    def arguments(self, call: str, inputs: Properties) -> Properties:
        scheme = "internal" if inputs.get("internal") else "internet-facing"
        return super().arguments(call, {**inputs, "internal": None, "scheme": scheme})

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        aws.client("elbv2").get_waiter("load_balancer_available").wait(
            LoadBalancerArns=[id], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        self._attributes(aws, id, {}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        arn, kind = live["LoadBalancerArn"], live["Type"]
        answer = aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=arn)
        attributes = {item["Key"]: item.get("Value", "") for item in answer["Attributes"]}
        logs: Properties = {}
        for key, (name, kinds) in _LOGS.items():
            if kind not in kinds:
                continue
            block = {
                "enabled": attributes.get(f"{name}.enabled") == "true",
                "bucket": attributes.get(f"{name}.bucket", ""),
                "prefix": attributes.get(f"{name}.prefix", ""),
            }
            if state.get(key):
                block = as_written(block, {"enabled": False, **state[key]})
                if "enabled" not in state[key] and not block["enabled"]:
                    del block["enabled"]
            logs[key] = block
        return {
            **super().properties(aws, live, state),
            "arnSuffix": suffix(arn, "loadbalancer"),
            "internal": live["Scheme"] == "internal",
            "subnetMappings": [
                {"subnetId": zone["SubnetId"], **_addresses(zone)} for zone in live.get("AvailabilityZones") or ()
            ],
            **{
                key: typed(attributes[name])
                for key, (name, kinds) in _ATTRIBUTES.items()
                if kind in kinds and attributes.get(name) not in (None, "")
            },
            **logs,
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        elb = aws.client("elbv2")
        self._attributes(aws, id, old, new)
        if "securityGroups" in new and changed(old, new, "securityGroups"):
            elb.set_security_groups(LoadBalancerArn=id, SecurityGroups=new["securityGroups"])
        if new.get("subnets") and changed(old, new, "subnets"):
            elb.set_subnets(LoadBalancerArn=id, Subnets=new["subnets"])
        elif new.get("subnetMappings") and changed(old, new, "subnetMappings"):
            elb.set_subnets(LoadBalancerArn=id, SubnetMappings=[_mapping(item) for item in new["subnetMappings"]])
        if new.get("ipAddressType") and changed(old, new, "ipAddressType"):
            elb.set_ip_address_type(LoadBalancerArn=id, IpAddressType=new["ipAddressType"])

    @staticmethod
    def _attributes(aws: Session, arn: str, old: Properties, new: Properties) -> None:
        kind = new["loadBalancerType"]
        values = {
            name: text(new[key])
            for key, (name, kinds) in _ATTRIBUTES.items()
            if kind in kinds and key in new and old.get(key) != new[key]
        }
        for key, (name, kinds) in _LOGS.items():
            if kind not in kinds or (old.get(key) or {}) == (new.get(key) or {}):
                continue
            logs = new.get(key) or {}
            values[f"{name}.enabled"] = text(bool(logs.get("enabled", False)))
            if logs:
                values[f"{name}.bucket"] = logs["bucket"]
                if logs.get("prefix") or (old.get(key) or {}).get("prefix"):
                    values[f"{name}.prefix"] = logs.get("prefix", "")
        if values:
            aws.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value} for key, value in values.items()]
            )


def _mapping(item: Properties) -> dict[str, Any]:
    return pick(
        item,
        "subnetId",
        "allocationId",
        PrivateIPv4Address="privateIpv4Address",
        IPv6Address="ipv6Address",
    )


def _addresses(zone: dict[str, Any]) -> Properties:
    address: dict[str, Any] = next(iter(zone.get("LoadBalancerAddresses") or ()), {})
    return pick(address, "AllocationId", privateIpv4Address="PrivateIPv4Address", ipv6Address="IPv6Address")
