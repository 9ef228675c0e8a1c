"""A public DNS zone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue
from components.core.naming import Tags, component_tags

_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


def check_domain(field: str, domain: str) -> None:
    """Refuse what isn't a domain name in lower case without a final dot.

    Raises:
        ValueError: naming the field and the value.
    """
    if not _DOMAIN.fullmatch(domain):
        raise InvalidValue(
            field, domain, "a domain name in lower case, without a final dot", "write it like example.com"
        )


@dataclass(frozen=True, kw_only=True)
class HostedZoneArgs:
    """What a `HostedZone` is made from."""

    zone: str
    """The zone's domain name, for instance `example.com`."""
    tags: Tags
    """Tags for the zone."""
    force_destroy: bool = False
    """Whether the zone may be destroyed with records in it that this stack doesn't know."""

    def __post_init__(self) -> None:
        """Refuse what isn't a domain name."""
        check_domain("zone", self.zone)


class HostedZone(pulumi.ComponentResource):
    """A public Route 53 hosted zone.

    Creates the zone. Names in it resolve only once the domain's registrar, or the zone above, points to its name
    servers: until then a certificate for them waits for its validation.

    Query logs and DNSSEC are left to the owner of the domain: both need resources in us-east-1, whatever the stack's
    region, and DNSSEC a change at the registrar as well.
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-configuring-dnssec.html
    """

    zone_id: pulumi.Output[str]
    """The zone's id."""
    name_servers: pulumi.Output[Sequence[str]]
    """The name servers that the zone above has to point to."""

    def __init__(self, name: str, args: HostedZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:HostedZone", name, None, opts)
        zone = aws.route53.Zone(
            f"{name}-zone",
            name=args.zone,
            force_destroy=args.force_destroy,
            tags=component_tags(args.tags, "hosted-zone"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.zone_id = zone.zone_id
        self.name_servers = zone.name_servers
        self.register_outputs({"zone_id": self.zone_id, "name_servers": self.name_servers})
