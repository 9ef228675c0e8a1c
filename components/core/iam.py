"""What a role may do that reads secrets: exactly those, and the key by way of Secrets Manager alone."""

from collections.abc import Sequence
from typing import Any


def read_secrets(secret_arns: Sequence[str], kms_key_arn: str, region: str) -> list[dict[str, Any]]:
    """Return the policy statements that let a role read secrets; none for no secrets.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html

    Args:
        secret_arns: the secrets, each by its ARN; no other is readable.
        kms_key_arn: the key that encrypts them.
        region: where they are.
    """
    if not secret_arns:
        return []
    return [
        {
            "Sid": "ReadOwnSecrets",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": sorted(secret_arns),
        },
        {
            "Sid": "DecryptThemThroughSecretsManager",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": kms_key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}},
        },
    ]
