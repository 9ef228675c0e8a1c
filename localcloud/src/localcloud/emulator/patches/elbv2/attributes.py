"""The attributes that every load balancer, target group and listener has from the start.

moto (5.2.5) tells a few of them; the official provider reads them all.
"""

from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeTargetGroup

from localcloud.emulator.patching import patch

#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
_LOGS = {f"access_logs.s3.{key}": value for key, value in (("enabled", "false"), ("bucket", ""), ("prefix", ""))}
_BALANCER = {
    "application": {
        **_LOGS,
        **{key.replace("access", "connection"): value for key, value in _LOGS.items()},
        **{key.replace("access", "health_check"): value for key, value in _LOGS.items()},
        "client_keep_alive.seconds": "3600",
        "deletion_protection.enabled": "false",
        "idle_timeout.timeout_seconds": "60",
        "load_balancing.cross_zone.enabled": "true",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "false",
        "routing.http.preserve_host_header.enabled": "false",
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
        "routing.http.xff_client_port.enabled": "false",
        "routing.http.xff_header_processing.mode": "append",
        "routing.http2.enabled": "true",
        "waf.fail_open.enabled": "false",
        "zonal_shift.config.enabled": "false",
    },
    "network": {
        **_LOGS,
        "deletion_protection.enabled": "false",
        "dns_record.client_routing_policy": "any_availability_zone",
        "load_balancing.cross_zone.enabled": "false",
        "secondary_ips.auto_assigned.per_subnet": "0",
        "zonal_shift.config.enabled": "false",
    },
    "gateway": {"deletion_protection.enabled": "false", "load_balancing.cross_zone.enabled": "false"},
}

#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_HEALTH = {
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}
_HTTP_GROUP = {
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.app_cookie.cookie_name": "",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.enabled": "false",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.type": "lb_cookie",
    **_HEALTH,
}
_TCP_GROUP = {
    "deregistration_delay.connection_termination.enabled": "false",
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "proxy_protocol_v2.enabled": "false",
    "stickiness.enabled": "false",
    "stickiness.type": "source_ip",
    "target_health_state.unhealthy.connection_termination.enabled": "true",
    "target_health_state.unhealthy.draining_interval_seconds": "0",
    **_HEALTH,
}

#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
_RESPONSE = (
    "access_control_allow_credentials",
    "access_control_allow_headers",
    "access_control_allow_methods",
    "access_control_allow_origin",
    "access_control_expose_headers",
    "access_control_max_age",
    "content_security_policy",
    "strict_transport_security",
    "x_content_type_options",
    "x_frame_options",
)
_REQUEST = {
    "mtls_clientcert": "Mtls-Clientcert",
    "mtls_clientcert_issuer": "Mtls-Clientcert-Issuer",
    "mtls_clientcert_leaf": "Mtls-Clientcert-Leaf",
    "mtls_clientcert_serial_number": "Mtls-Clientcert-Serial-Number",
    "mtls_clientcert_subject": "Mtls-Clientcert-Subject",
    "mtls_clientcert_validity": "Mtls-Clientcert-Validity",
    "tls_cipher_suite": "Tls-Cipher-Suite",
    "tls_version": "Tls-Version",
}


FakeLoadBalancer.VALID_ATTRS = {key for kind in _BALANCER.values() for key in kind} | FakeLoadBalancer.VALID_ATTRS


@patch(FakeLoadBalancer, "__init__")
def init_load_balancer(original: Any, self: FakeLoadBalancer, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.attrs = dict(_BALANCER[self.type])


@patch(FakeTargetGroup, "__init__")
def init_target_group(original: Any, self: FakeTargetGroup, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    if self.target_type == "lambda":
        self.attributes = {"lambda.multi_value_headers.enabled": "false", **_HEALTH}
    elif self.protocol in ("HTTP", "HTTPS"):
        self.attributes = dict(_HTTP_GROUP)
    elif self.protocol != "GENEVE":
        addresses = self.target_type == "ip" and self.protocol in ("TCP", "TLS")
        self.attributes = {**_TCP_GROUP, "preserve_client_ip.enabled": "false" if addresses else "true"}


@patch(FakeListener, "__init__")
def init_listener(original: Any, self: FakeListener, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    if self.protocol == "TCP":
        self.attributes = {"tcp.idle_timeout.seconds": "350"}
    elif self.protocol in ("HTTP", "HTTPS"):
        self.attributes = {"routing.http.response.server.enabled": "true"}
        self.attributes |= {f"routing.http.response.{name}.header_value": "" for name in _RESPONSE}
        if self.protocol == "HTTPS":
            self.attributes |= {
                f"routing.http.request.x_amzn_{name}.header_name": f"X-Amzn-{words}" for name, words in _REQUEST.items()
            }
    else:
        self.attributes = {}


@patch(ELBv2Backend, "modify_listener_attributes")
def modify_listener_attributes(
    original: Any, self: ELBv2Backend, listener_arn: str, attrs: list[dict[str, str]]
) -> Any:
    """Refuse attributes that listeners of this protocol lack; moto takes any."""
    known = self.describe_listener_attributes(listener_arn)
    for attribute in attrs:
        if attribute["Key"] not in known:
            raise ELBClientError(
                "InvalidConfigurationRequest", f"Listener attribute key '{attribute['Key']}' is not recognized"
            )
    return original(self, listener_arn, [{"Key": item["Key"], "Value": item.get("Value") or ""} for item in attrs])


@patch(ELBv2Backend, "modify_target_group_attributes")
def modify_target_group_attributes(
    original: Any, self: ELBv2Backend, target_group_arn: str, attributes: dict[str, Any]
) -> None:
    """Take the longest deregistration delay, 3600 s, which moto refuses, and refuse attributes that don't exist."""
    group = self.target_groups.get(target_group_arn)
    delay = "deregistration_delay.timeout_seconds"
    if group is not None:
        for key in attributes:
            if key not in group.attributes and group.protocol != "GENEVE":
                raise ELBClientError(
                    "InvalidConfigurationRequest", f"Target group attribute key '{key}' is not recognized"
                )
        if str(attributes.get(delay)) == "3600":
            attributes = dict(attributes)
            group.attributes[delay] = attributes.pop(delay)
    original(self, target_group_arn, attributes)
