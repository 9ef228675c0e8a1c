"""Listeners, their certificates and rules, and the target groups that they lead to."""

from collections.abc import Iterable
from typing import Any

from moto.elbv2.exceptions import DuplicateListenerError, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeListener, FakeLoadBalancer, FakeTargetGroup
from moto.elbv2.responses import ELBV2Response
from moto.elbv2.ssl_policies import SSL_POLICIES

from localcloud.emulator.patching import patch

_SECURE = ("HTTPS", "TLS")


@patch(ELBv2Backend, "create_listener")
def create_listener(
    original: Any,
    self: ELBv2Backend,
    load_balancer_arn: str,
    protocol: str,
    port: Any,
    ssl_policy: str,
    certificate: str | None,
    actions: list[dict[str, Any]],
    *args: Any,
    **kwargs: Any,
) -> FakeListener:
    """Refuse a port twice, and certificates that aren't issued; moto takes both.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
    """
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is not None:
        if any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
            raise DuplicateListenerError()
        _need_targets(self, balancer, actions)
    secure = protocol in _SECURE
    if secure:
        if not certificate:
            raise ELBClientError("ValidationError", f"A certificate must be specified for {protocol} listeners")
        _need_policy(ssl_policy)
        _need_certificate(self, certificate)
    elif certificate:
        raise ELBClientError("ValidationError", f"Certificates cannot be specified for {protocol} listeners")
    # moto tells a TLS policy for listeners without TLS as well.
    listener: FakeListener = original(
        self, load_balancer_arn, protocol, port, ssl_policy if secure else None, certificate, actions, *args, **kwargs
    )
    return listener


@patch(ELBv2Backend, "modify_listener")
def modify_listener(
    original: Any,
    self: ELBv2Backend,
    arn: str,
    port: Any = None,
    protocol: Any = None,
    ssl_policy: Any = None,
    certificates: Any = None,
    actions: Any = None,
) -> FakeListener:
    """Hold changes to the same rules, and keep account of who uses a certificate."""
    listener = self.describe_listeners(load_balancer_arn=None, listener_arns=[arn])[0]
    balancer = self.load_balancers[listener.load_balancer_arn]
    if port is not None and any(
        str(other.port) == str(port) and other.arn != arn for other in balancer.listeners.values()
    ):
        raise DuplicateListenerError()
    _need_targets(self, balancer, actions or [])
    secure = (protocol or listener.protocol) in _SECURE
    fresh = certificates[0]["CertificateArn"] if certificates else None
    if fresh:
        _need_certificate(self, fresh)
    further = listener.certificates[1:]
    before = listener.certificate
    changed: FakeListener = original(self, arn, port, protocol, ssl_policy, certificates or [], actions or [])
    if not secure:
        changed.ssl_policy, changed.certificate, changed.certificates = None, None, []  # type: ignore[assignment]
    elif fresh:
        # moto forgets the further certificates when the default one changes.
        changed.certificates = [fresh, *(item for item in further if item != fresh)]
    if secure and not changed.ssl_policy:
        changed.ssl_policy = "ELBSecurityPolicy-2016-08"
    if before != changed.certificate:
        _let_go(self, before, arn)
        _hold(self, changed.certificate, arn)
    return changed


@patch(ELBv2Backend, "delete_listener")
def delete_listener(original: Any, self: ELBv2Backend, listener_arn: str) -> FakeListener:
    """Let go of the certificates, which moto holds for ever."""
    deleted: FakeListener = original(self, listener_arn)
    for certificate in deleted.certificates:
        _let_go(self, certificate, listener_arn)
    return deleted


@patch(ELBv2Backend, "add_listener_certificates")
def add_listener_certificates(original: Any, self: ELBv2Backend, arn: str, certificates: list[dict[str, Any]]) -> Any:
    """Refuse certificates that aren't issued, and hold the others; moto does neither."""
    for certificate in certificates:
        _need_certificate(self, certificate["CertificateArn"])
    answer = original(self, arn, certificates)
    for certificate in certificates:
        _hold(self, certificate["CertificateArn"], arn)
    return answer


@patch(ELBv2Backend, "create_rule")
def create_rule(
    original: Any,
    self: ELBv2Backend,
    listener_arn: str,
    conditions: Any,
    priority: int,
    actions: list[dict[str, Any]],
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Refuse targets in another VPC, which moto takes."""
    listeners = self.describe_listeners(None, [listener_arn])
    _need_targets(self, self.load_balancers[listeners[0].load_balancer_arn], actions)
    return original(self, listener_arn, conditions, priority, actions, *args, **kwargs)


@patch(ELBv2Backend, "modify_rule")
def modify_rule(
    original: Any, self: ELBv2Backend, rule_arn: str, conditions: Any, actions: list[dict[str, Any]]
) -> Any:
    """Refuse targets in another VPC, which moto takes."""
    rules = self.describe_rules(None, [rule_arn])
    listener = self.describe_listeners(None, [rules[0].listener_arn])[0]
    _need_targets(self, self.load_balancers[listener.load_balancer_arn], actions or [])
    return original(self, rule_arn, conditions, actions)


@patch(ELBV2Response, "modify_target_group")
def modify_target_group(original: Any, self: ELBV2Response) -> Any:
    """Change the codes that mean well, which moto looks for under another name."""
    answer = original(self)
    matcher = self._get_param("Matcher")
    if isinstance(matcher, dict):
        group = self.elbv2_backend.target_groups[self._get_param("TargetGroupArn")]
        group.matcher = dict(matcher)
    return answer


def _need_targets(backend: ELBv2Backend, balancer: FakeLoadBalancer, actions: list[dict[str, Any]]) -> None:
    for action in actions:
        for arn in backend._get_target_group_arns_from(action_data=action):
            group = backend.target_groups.get(arn)
            if group is not None and group.vpc_id and group.vpc_id != balancer.vpc_id:
                raise ELBClientError(
                    "InvalidConfigurationRequest",
                    f"The following target groups are not in the same VPC as the load balancer: {arn}",
                )


def _need_policy(name: str) -> None:
    if name not in SSL_POLICIES:
        raise ELBClientError("SSLPolicyNotFound", f"SSL policy '{name}' not found")


def _bundle(backend: ELBv2Backend, arn: str | None) -> Any:
    from moto.acm.models import acm_backends

    acm = acm_backends[backend.account_id][backend.region_name]
    return acm.get_certificate(arn) if arn in acm._certificates else None


def _need_certificate(backend: ELBv2Backend, arn: str) -> None:
    bundle = _bundle(backend, arn)
    if bundle is None:
        if not backend._certificate_exists(arn):
            raise ELBClientError("CertificateNotFound", f"Certificate '{arn}' not found")
    elif bundle.status != "ISSUED":
        raise ELBClientError(
            "UnsupportedCertificate",
            f"The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported "
            "key size.",
        )


def _hold(backend: ELBv2Backend, certificate: str | None, listener: str) -> None:
    if (bundle := _bundle(backend, certificate)) is not None:
        bundle.in_use_by.append(listener)


def _let_go(backend: ELBv2Backend, certificate: str | None, listener: str) -> None:
    bundle = _bundle(backend, certificate)
    if bundle is not None and listener in bundle.in_use_by:
        bundle.in_use_by.remove(listener)


@patch(FakeTargetGroup, "load_balancer_arns", as_property=True)
def load_balancer_arns(self: FakeTargetGroup) -> list[str]:
    """Tell the load balancers that forward to the group; moto only ever adds to the list."""
    from moto.elbv2.models import elbv2_backends

    backend = elbv2_backends[self.account_id][self.region_name]
    return sorted(
        arn
        for arn, balancer in backend.load_balancers.items()
        if any(self.arn in backend._get_target_group_arns_from(action.data) for action in _actions(balancer))
    )


def _actions(balancer: FakeLoadBalancer) -> Iterable[Any]:
    for listener in balancer.listeners.values():
        for rule in listener.rules.values():
            yield from rule.actions
