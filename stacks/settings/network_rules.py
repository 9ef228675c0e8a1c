"""What is wrong with addresses and zones whose single values are right."""

import ipaddress
import string
from collections.abc import Iterator, Sequence

from components.core.checks import InvalidValue
from components.network.cidr import plan_subnets
from components.network.network import zone_key
from stacks.profiles.spec import Profile
from stacks.settings.models import PLATFORM, PlatformConfig
from stacks.settings.problems import ConfigProblem, invalid_value, remove_command, set_command


def network_problems(platform: PlatformConfig, profile: Profile | None, region: str | None) -> Iterator[ConfigProblem]:
    """Report a network that is too small, overlaps another, is reached from outside, or has the wrong zones.

    Args:
        platform: the project's own keys in config.
        profile: the stack's profile, if config names one.
        region: the region, if config names it.
    """
    key = f"{PLATFORM}:cidr"
    for index, block in enumerate(platform.adminCidrs):
        if not ipaddress.IPv4Network(block).is_private:
            yield ConfigProblem(
                key=f"{PLATFORM}:adminCidrs.{index}",
                problem=f"is {block!r}, which reaches beyond private networks",
                allowed="private IPv4 blocks, such as a VPN's",
                remedy=set_command(f"{PLATFORM}:adminCidrs[{index}]", "10.8.0.0/24"),
            )
        elif ipaddress.IPv4Network(block).overlaps(ipaddress.IPv4Network(platform.cidr)):
            yield ConfigProblem(
                key=f"{PLATFORM}:adminCidrs.{index}",
                problem=f"is {block!r}, which holds addresses of the stack's own network {platform.cidr}",
                allowed="blocks outside it: every task would reach the private paths otherwise",
                remedy=f"pulumi config set --path '{PLATFORM}:adminCidrs[{index}]' 172.16.8.0/24",
            )
    zones = profile.availability_zones if profile else 2
    try:
        plan_subnets(platform.cidr, [chr(ord("a") + number) for number in range(zones)])
    except InvalidValue as error:
        yield invalid_value(key, platform.cidr, error, "10.0.0.0/16")
        return
    for reserved in platform.reservedCidrs:
        if ipaddress.IPv4Network(platform.cidr).overlaps(ipaddress.IPv4Network(reserved)):
            yield ConfigProblem(
                key=key,
                problem=f"is {platform.cidr!r}, which overlaps {reserved} of {PLATFORM}:reservedCidrs",
                allowed="a block that no other network of yours uses",
                remedy=set_command(key, "10.1.0.0/16"),
            )
    yield from _zone_problems(platform.availabilityZones, zones, region)


def _zone_problems(names: Sequence[str], wanted: int, region: str | None) -> Iterator[ConfigProblem]:
    key = f"{PLATFORM}:availabilityZones"
    different = len(set(names))
    if names and (len(names) != wanted or different != wanted):
        repeated = f", {different} of them different" if different < len(names) else ""
        yield ConfigProblem(
            key=key,
            problem=f"names {len(names)} zones{repeated}, where the profile has {wanted}",
            allowed=f"{wanted} zones, or an empty list for the region's first {wanted}",
            remedy=remove_command(key),
        )
        return
    for index, name in enumerate(names):
        # Where the environment names the region, the first zone does too.
        expected = region or names[0].rstrip(string.ascii_lowercase)
        try:
            zone_key(expected, name)
        except InvalidValue as error:
            yield ConfigProblem(
                key=f"{key}.{index}",
                problem=f"is {name!r}",
                allowed=error.allowed,
                remedy=set_command(f"{key}[{index}]", f"{expected}a"),
            )
