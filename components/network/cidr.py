"""Subnet arithmetic: one IPv4 block becomes the subnets of up to four Availability Zones.

Pure: nothing here knows Pulumi or calls AWS.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.core.checks import InvalidValue

#: The zones that a plan has room for. A zone's letter decides its place, so that adding or removing one never moves
#: the blocks of another: a subnet can't change its block, it is replaced, with everything in it.
ZONE_KEYS = ("a", "b", "c", "d")

#: AWS takes a VPC between /16 and /28.
#: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
LARGEST_PREFIX = 16
#: An Application Load Balancer needs a /27 or larger in each of its subnets, and a public block is a 32nd of the whole.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
SMALLEST_PREFIX = 22

#: The private ranges of RFC 1918, which AWS recommends for a VPC.
#: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
PRIVATE_RANGES = tuple(ipaddress.IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True, kw_only=True)
class ZoneSubnets:
    """The IPv4 blocks of one zone, in CIDR notation."""

    public: str
    """Load balancers and NAT gateways: a 32nd of the VPC."""
    private: str
    """Tasks, functions and endpoints: an eighth of the VPC."""
    isolated: str
    """Databases, caches and brokers, with no route out: a sixteenth of the VPC."""


@dataclass(frozen=True, kw_only=True)
class SubnetPlan:
    """How a VPC's block is shared out."""

    cidr: str
    """The VPC's block."""
    zones: Mapping[str, ZoneSubnets]
    """The blocks of each zone, by its letter, in the order of the letters."""


def vpc_block(cidr: str) -> ipaddress.IPv4Network:
    """Return a VPC's block, once it is known to be one that a plan can be made of.

    Raises:
        ValueError: when `cidr` is no IPv4 block, has host bits set, is not private, or is too small or too large.
    """
    block = _ipv4_block("cidr", cidr)
    allowed = f"a private block between /{LARGEST_PREFIX} and /{SMALLEST_PREFIX}"
    if not any(block.subnet_of(private) for private in PRIVATE_RANGES):
        ranges = ", ".join(str(private) for private in PRIVATE_RANGES)
        raise InvalidValue("cidr", cidr, allowed, f"take one inside {ranges}")
    if block.prefixlen > SMALLEST_PREFIX:
        raise InvalidValue(
            "cidr",
            cidr,
            allowed,
            f"four zones of three subnets need {2 ** (32 - SMALLEST_PREFIX)} addresses and this has "
            f"{block.num_addresses}: take a larger one",
        )
    if block.prefixlen < LARGEST_PREFIX:
        raise InvalidValue(
            "cidr",
            cidr,
            allowed,
            f"AWS takes {2 ** (32 - LARGEST_PREFIX)} addresses at most and this has {block.num_addresses}: take a "
            f"smaller one",
        )
    return block


def plan_subnets(cidr: str, zones: Sequence[str]) -> SubnetPlan:
    """Share a VPC's block out among its zones.

    The block is always cut into four quarters, whatever the number of zones, and a zone's letter chooses its quarter.
    Inside a quarter the first half is private, the next quarter isolated, the next eighth public, and the last eighth
    stays free.

    Args:
        cidr: the VPC's block, private IPv4, between /16 and /22, for instance `10.20.0.0/16`.
        zones: the letters of the zones, for instance `["a", "b", "c"]`.

    Raises:
        ValueError: when the block is not usable (see `vpc_block`), or a zone is missing, unknown or given twice.
    """
    block = vpc_block(cidr)
    letters = ", ".join(ZONE_KEYS)
    if not zones:
        raise InvalidValue("zones", list(zones), letters, "name one or more")
    for zone in zones:
        if zone not in ZONE_KEYS:
            raise InvalidValue("zones", zone, letters, "a plan has room for these and no others")
        if list(zones).count(zone) > 1:
            raise InvalidValue("zones", zone, "each zone once", "leave the second one out")
    quarters = list(block.subnets(prefixlen_diff=2))
    return SubnetPlan(
        cidr=str(block), zones={zone: _zone_subnets(quarters[ZONE_KEYS.index(zone)]) for zone in sorted(zones)}
    )


def _zone_subnets(quarter: ipaddress.IPv4Network) -> ZoneSubnets:
    private, rest = quarter.subnets(prefixlen_diff=1)
    isolated, rest = rest.subnets(prefixlen_diff=1)
    public, _free = rest.subnets(prefixlen_diff=1)
    return ZoneSubnets(public=str(public), private=str(private), isolated=str(isolated))


def _ipv4_block(field: str, cidr: str) -> ipaddress.IPv4Network:
    address, slash, prefix = cidr.partition("/")
    try:
        if not slash or not prefix.isdigit():
            raise ValueError(cidr)
        block = ipaddress.IPv4Network(cidr, strict=False)
    except ValueError:
        raise InvalidValue(
            field, cidr, "an IPv4 block, an address and a prefix", "write it like 10.20.0.0/16"
        ) from None
    if str(block.network_address) != address:
        raise InvalidValue(field, cidr, "a block with no host bits set", f"with that prefix it is {block}")
    return block
