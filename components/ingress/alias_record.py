"""A name for a load balancer."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.ingress.hosted_zone import check_domain


@dataclass(frozen=True, kw_only=True)
class AliasRecordArgs:
    """What an `AliasRecord` is made from."""

    host: str
    """The name, for instance `api.example.com`."""
    zone_id: pulumi.Input[str]
    """The hosted zone that the name is in."""
    target_dns_name: pulumi.Input[str]
    """The load balancer's DNS name."""
    target_zone_id: pulumi.Input[str]
    """The hosted zone of the load balancer's DNS name, as the load balancer gives it."""

    def __post_init__(self) -> None:
        """Refuse what isn't a domain name."""
        check_domain("host", self.host)


class AliasRecord(pulumi.ComponentResource):
    """A Route 53 alias, which makes a name mean a load balancer.

    Creates an A record; there is no AAAA record, since the load balancers here speak IPv4 only. An alias costs nothing
    per query and, unlike a CNAME, works for a zone's own name.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-choosing-alias-non-alias.html
    """

    def __init__(self, name: str, args: AliasRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:AliasRecord", name, None, opts)
        aws.route53.Record(
            f"{name}-record",
            zone_id=args.zone_id,
            name=args.host,
            type="A",
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=args.target_dns_name, zone_id=args.target_zone_id, evaluate_target_health=True
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
