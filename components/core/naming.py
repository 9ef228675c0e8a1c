"""Physical names and tags, for the few places where a person or AWS needs a fixed name.

Everywhere else Pulumi's autonaming is left to work: a fixed name breaks create-before-delete and a second
stack in the same account.
"""

import hashlib
import re
from collections.abc import Mapping

#: Longest name of a load balancer or a target group, in characters.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
LOAD_BALANCER_NAME = 32
#: Longest name of an ECR repository, in characters.
#: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
REPOSITORY_NAME = 256
#: Longest name of an ECS cluster or service, in characters.
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
ECS_NAME = 255
#: Longest name of a CloudWatch log group, in characters.
#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
LOG_GROUP_NAME = 512

Tags = Mapping[str, str]


def physical_name(max_length: int, *parts: str) -> str:
    """Join parts with hyphens into one AWS name.

    A name that would be longer than AWS allows is cut, and ends in six hexadecimal digits of its own hash, so that
    two long names that begin alike stay apart.

    Args:
        max_length: the most characters that AWS takes, one of this module's constants.
        parts: what the name is made of, for instance `"alicerce", "prod"`.

    Raises:
        ValueError: when nothing usable is left of the parts.
    """
    name = re.sub(r"-{2,}", "-", re.sub(r"[^a-zA-Z0-9-]", "-", "-".join(part for part in parts if part))).strip("-")
    if not name:
        raise ValueError(f"no name can be made of {parts!r}: give at least one part with a letter or a digit")
    if len(name) <= max_length:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: max_length - len(digest) - 1].rstrip('-')}-{digest}"


def component_tags(tags: Tags, component: str, **more: str) -> dict[str, str]:
    """Return the caller's tags with `Component` set, and whatever more a child needs (`Name`, for instance)."""
    return {**tags, "Component": component, **more}
