"""Reading the values that the event points at."""

from dataclasses import dataclass
from typing import Protocol, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from .errors import CredentialsError


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where a value is.

    Attributes:
        secret: the secret's ARN.
        version: the id of the version; another version is another value.
    """

    secret: str
    version: str


class _Answer(TypedDict, total=False):
    SecretString: str


class SecretsManager(Protocol):
    """As much of boto3's client as is needed."""

    def get_secret_value(self, *, SecretId: str, VersionId: str) -> _Answer:
        """Return a version of a secret."""
        ...


def read(client: SecretsManager, reference: Reference) -> str:
    """Return a value.

    Raises:
        CredentialsError: when it can't be read, or isn't text.
    """
    where = f"secret {reference.secret}, version {reference.version}"
    try:
        answer = client.get_secret_value(SecretId=reference.secret, VersionId=reference.version)
    except ClientError as error:
        raise CredentialsError(f"{where}: {error.response.get('Error', {}).get('Code', 'unknown')}") from None
    except BotoCoreError as error:
        raise CredentialsError(f"{where}: {type(error).__name__}") from None
    value = answer.get("SecretString")
    if not value:
        raise CredentialsError(f"{where}: has no text")
    return value
