"""The versions of a secret in Secrets Manager. No value is read."""

from dataclasses import dataclass
from datetime import datetime

from operations.account.account import Account, all_pages
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a secret."""

    id: str
    """Its id."""
    created: datetime
    """When it was made."""
    labels: tuple[str, ...]
    """Its staging labels."""

    @property
    def current(self) -> bool:
        """Whether it is what a reader gets who names no version."""
        return "AWSCURRENT" in self.labels

    @property
    def kept(self) -> bool:
        """Whether it has a label of its own, beside those that AWS moves, so that it stays."""
        return any(not label.startswith("AWS") for label in self.labels)


def permissions(scope: Scope) -> list[Statement]:
    """Return what `of_secret` needs."""
    return [allow("secretsmanager:DescribeSecret secretsmanager:ListSecretVersionIds", scope.secrets, scope.tagged)]


def of_secret(account: Account, arn: str) -> list[Version] | None:
    """Return the versions of a secret, those without a label too; None when it is gone or being deleted."""
    client = account.client("secretsmanager", arn.split(":")[3])
    try:
        if client.describe_secret(SecretId=arn).get("DeletedDate"):
            return None
        found = all_pages(client.list_secret_version_ids, "Versions", SecretId=arn, IncludeDeprecated=True)
    except client.exceptions.ResourceNotFoundException:
        return None
    return [
        Version(id=item["VersionId"], created=item["CreatedDate"], labels=tuple(item.get("VersionStages") or ()))
        for item in found
    ]
