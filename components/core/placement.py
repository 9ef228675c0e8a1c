"""What all parts of a stack have in common: account, region, network, key, retention of logs, and tags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import pulumi

from components.core import iam
from components.core.checks import check_retention
from components.core.naming import Tags


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where parts of a stack are, and what protects and names them."""

    account_id: str
    """The AWS account."""
    region: str
    """The region."""
    vpc_id: pulumi.Input[str]
    """The network."""
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Subnets for tasks and functions, one a zone, with a way out."""
    isolated_subnet_ids: Sequence[pulumi.Input[str]]
    """Subnets for stores, one a zone, without a way out."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts data, secrets and logs."""
    log_retention_days: int
    """How long logs are kept."""
    tags: Tags
    """Tags of everything that takes them."""

    def __post_init__(self) -> None:
        """Refuse a retention that CloudWatch Logs would refuse."""
        check_retention("log_retention_days", self.log_retention_days)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return iam.arn(service, self.region, self.account_id, resource)

    def with_tags(self, **tags: str) -> Self:
        """Return the same placement with more tags."""
        return replace(self, tags={**self.tags, **tags})
