"""What is wrong with addresses and zones whose single values are right."""

import ipaddress
from collections.abc import Iterator

from components.core.checks import InvalidValue
from components.network.cidr import plan_subnets
from stacks.profiles.spec import Profile
from stacks.settings.models import PLATFORM, PlatformConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command


def network_problems(platform: PlatformConfig, profile: Profile | None) -> Iterator[ConfigProblem]:
    """Report a network that is too small, overlaps another, is reached from outside, or has the wrong zones."""
    key = f"{PLATFORM}:cidr"
    for index, block in enumerate(platform.adminCidrs):
        if not ipaddress.IPv4Network(block).is_private:
            yield ConfigProblem(
                key=f"{PLATFORM}:adminCidrs.{index}",
                problem=f"is {block!r}, which reaches beyond private networks",
                allowed="private IPv4 blocks, such as a VPN's",
                remedy=f"pulumi config set --path '{PLATFORM}:adminCidrs[{index}]' 10.8.0.0/24",
            )
    zones = profile.availability_zones if profile else 2
    try:
        plan_subnets(platform.cidr, [chr(ord("a") + number) for number in range(zones)])
    except InvalidValue as error:
        yield ConfigProblem(
            key=key,
            problem=f"is {platform.cidr!r}",
            allowed=error.allowed,
            remedy=f"{error.remedy}, for instance {set_command(key, '10.0.0.0/16')}",
        )
        return
    for reserved in platform.reservedCidrs:
        if ipaddress.IPv4Network(platform.cidr).overlaps(ipaddress.IPv4Network(reserved)):
            yield ConfigProblem(
                key=key,
                problem=f"is {platform.cidr!r}, which overlaps {reserved} of {PLATFORM}:reservedCidrs",
                allowed="a block that no other network of yours uses",
                remedy=set_command(key, "10.1.0.0/16"),
            )
    if platform.availabilityZones and len(platform.availabilityZones) != zones:
        yield ConfigProblem(
            key=f"{PLATFORM}:availabilityZones",
            problem=f"names {len(platform.availabilityZones)} zones, where the profile has {zones}",
            allowed=f"{zones} zones, or an empty list for the region's first {zones}",
            remedy=remove_command(f"{PLATFORM}:availabilityZones"),
        )
