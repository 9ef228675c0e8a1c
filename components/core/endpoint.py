"""Where something listens, and the security group that guards it."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What a client reaches by security group: a database, a cache, a broker or a service."""

    security_group_id: pulumi.Input[str]
    """The group that guards it; gets one ingress rule from the client's group."""
    port: int
    """Where it listens."""
