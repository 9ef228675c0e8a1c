"""The load balancer that systems are reached through."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_between
from components.core.naming import LOAD_BALANCER_NAME, Tags, component_tags

#: TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers only, and hybrid post-quantum key exchange for clients
#: that know it. AWS recommends it, and Security Hub's ELB.17 lists it.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
#: https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-17
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

#: A year. Without includeSubDomains and preload: those would speak for names that this load balancer doesn't serve.
STRICT_TRANSPORT_SECURITY = "max-age=31536000"

#: The idle timeouts that an Application Load Balancer takes, in seconds.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#connection-idle-timeout
IDLE_TIMEOUT_SECONDS = (1, 4000)

ANYWHERE = "0.0.0.0/0"

#: What autonaming adds to a name: a hyphen and seven digits.
AUTONAME_LENGTH = 8


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What a `LoadBalancer` is made from."""

    vpc_id: pulumi.Input[str]
    """The VPC."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Two subnets or more, in different zones: public ones, or private ones for an internal load balancer."""
    certificate_arn: pulumi.Input[str]
    """The certificate that HTTPS is served with."""
    idle_timeout_seconds: int
    """How long a connection may stay silent, from 1 to 4000. It is one value for all routes: it has to be longer than
    the longest answer of any of them."""
    deletion_protection: bool
    """Whether AWS refuses to delete the load balancer."""
    access_log_bucket: pulumi.Input[str]
    """The bucket for access logs. Its policy has to let load balancers write (see `LogBucket`)."""
    tags: Tags
    """Tags for everything that takes them."""
    internal: bool = False
    """Whether the load balancer has private addresses only."""
    ingress_cidrs: Sequence[str] = ()
    """The IPv4 blocks that may reach an internal load balancer. A public one is open to all."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse, and an internal load balancer that nobody or everybody could reach."""
        check_between(
            "idle_timeout_seconds", self.idle_timeout_seconds, *IDLE_TIMEOUT_SECONDS, "use a longer request in parts"
        )
        if not self.internal and self.ingress_cidrs:
            raise InvalidValue(
                "ingress_cidrs", list(self.ingress_cidrs), "none for a public load balancer", "set internal, or none"
            )
        if self.internal and not self.ingress_cidrs:
            raise InvalidValue(
                "ingress_cidrs", [], "one block or more for an internal load balancer", "name who may reach it"
            )
        for cidr in self.ingress_cidrs:
            try:
                public = not IPv4Network(cidr).is_private
            except ValueError:
                public = True
            if public:
                raise InvalidValue("ingress_cidrs", cidr, "private IPv4 blocks", "write them like 10.20.0.0/16")


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer with nothing behind it yet.

    Creates the load balancer, its security group, and its listeners on 443 and 80. Guarantees that

    - HTTPS is served with a current policy, and HTTP answers with a redirect to it and nothing else;
    - a host or path that no rule knows gets 404;
    - browsers are told to use HTTPS only, and not what the server is;
    - malformed headers are dropped and ambiguous requests handled defensively;
    - every request is logged;
    - the security group admits 443 and 80 only, and lets nothing out: whoever adds a target group adds the egress rule
      for its port.
    """

    arn: pulumi.Output[str]
    """The load balancer's ARN."""
    arn_suffix: pulumi.Output[str]
    """The end of the ARN, by which CloudWatch metrics know the load balancer."""
    name: pulumi.Output[str]
    """The load balancer's name."""
    dns_name: pulumi.Output[str]
    """The load balancer's own DNS name, for alias records."""
    zone_id: pulumi.Output[str]
    """The hosted zone of the DNS name, for alias records."""
    https_listener_arn: pulumi.Output[str]
    """The listener that rules are added to."""
    security_group_id: pulumi.Output[str]
    """The load balancer's group, for the rules that let it reach its targets."""

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:LoadBalancer", name, None, opts)
        longest = LOAD_BALANCER_NAME - len("-alb") - AUTONAME_LENGTH
        if len(name) > longest:
            raise InvalidValue(
                "name",
                name,
                f"{longest} characters for a load balancer",
                f"AWS takes {LOAD_BALANCER_NAME}, of which 12 make it unique: take a shorter one",
            )
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.tags, "load-balancer", Name=name)
        group = self._security_group(name, args)
        balancer = aws.lb.LoadBalancer(
            f"{name}-alb",
            load_balancer_type="application",
            internal=args.internal,
            ip_address_type="ipv4",
            subnets=args.subnet_ids,
            security_groups=[group.id],
            idle_timeout=args.idle_timeout_seconds,
            enable_deletion_protection=args.deletion_protection,
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=args.access_log_bucket, enabled=True),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.deletion_protection),
        )
        https = aws.lb.Listener(
            f"{name}-https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=TLS_POLICY,
            certificate_arn=args.certificate_arn,
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/header-modification.html
            routing_http_response_strict_transport_security_header_value=STRICT_TRANSPORT_SECURITY,
            routing_http_response_server_enabled=False,
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain", message_body="Not found", status_code="404"
                    ),
                )
            ],
            tags=tags,
            opts=child,
        )
        aws.lb.Listener(
            f"{name}-http",
            load_balancer_arn=balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="redirect",
                    redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                        protocol="HTTPS", port="443", status_code="HTTP_301"
                    ),
                )
            ],
            tags=tags,
            opts=child,
        )
        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix
        self.name = balancer.name
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.https_listener_arn = https.arn
        self.security_group_id = group.id
        self.register_outputs(
            {
                "arn": self.arn,
                "arn_suffix": self.arn_suffix,
                "name": self.name,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "https_listener_arn": self.https_listener_arn,
                "security_group_id": self.security_group_id,
            }
        )

    def _security_group(self, name: str, args: LoadBalancerArgs) -> aws.ec2.SecurityGroup:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            description=f"{'Internal' if args.internal else 'Public'} load balancer",
            vpc_id=args.vpc_id,
            tags=component_tags(args.tags, "load-balancer", Name=name),
            opts=child,
        )
        callers = {cidr.replace("/", "-"): cidr for cidr in args.ingress_cidrs} or {"anywhere": ANYWHERE}
        for caller, cidr in callers.items():
            for protocol, port in (("https", 443), ("http", 80)):
                aws.vpc.SecurityGroupIngressRule(
                    f"{name}-{protocol}-from-{caller}",
                    security_group_id=group.id,
                    description=f"{protocol.upper()} from {caller}"
                    + (", to be redirected to HTTPS" if protocol == "http" else ""),
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    cidr_ipv4=cidr,
                    tags=component_tags(args.tags, "load-balancer"),
                    opts=child,
                )
        return group
