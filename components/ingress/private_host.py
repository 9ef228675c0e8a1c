"""A public host that inside the network leads to the internal load balancer."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.naming import Tags, component_tags


@dataclass(frozen=True, kw_only=True)
class PrivateHostArgs:
    """Which host, and where it leads."""

    host: str
    """The host name, the same as outside, so that the public certificate fits."""
    vpc_id: pulumi.Input[str]
    """The network in which it leads elsewhere."""
    target_dns_name: pulumi.Input[str]
    """DNS name of the internal load balancer."""
    target_zone_id: pulumi.Input[str]
    """Hosted zone of that name."""
    tags: Tags
    """Tags of the zone."""


class PrivateHost(pulumi.ComponentResource):
    """A private hosted zone of exactly one host, with one alias record.

    Guarantees: whoever asks inside the network, or over a VPN that resolves through it, gets the internal load
    balancer; whoever asks outside gets the public one
    (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html).
    """

    def __init__(self, name: str, args: PrivateHostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:PrivateHost", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone = aws.route53.Zone(
            f"{name}-zone",
            name=args.host,
            comment=f"{args.host} inside the network",
            vpcs=[{"vpc_id": args.vpc_id}],
            tags=component_tags(args.tags, "private-host"),
            opts=child,
        )
        aws.route53.Record(
            f"{name}-alias",
            zone_id=zone.zone_id,
            name=args.host,
            type="A",
            aliases=[
                {
                    "name": args.target_dns_name,
                    "zone_id": args.target_zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=child,
        )
        self.register_outputs({})
