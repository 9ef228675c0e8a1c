"""EC2: references that AWS refuses, dependencies that it keeps, and what it fills in."""

from localcloud.emulator.patches.ec2 import addresses, endpoints, groups, nat, networks, routing


def install() -> None:
    """Install the additions."""
    for part in (addresses, networks, groups, routing, nat, endpoints):
        part.install()
