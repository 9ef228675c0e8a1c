"""Elastic Load Balancing v2: references that AWS refuses, and the attributes that it fills in."""

from localcloud.emulator.patches.elbv2 import attributes, balancers, listeners


def install() -> None:
    """Install the additions."""
    for part in (attributes, balancers, listeners):
        part.install()
