"""Reading the values that the event points at."""

from dataclasses import dataclass
from typing import Protocol, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from .errors import CredentialsError, NotYetError


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
    VersionId: str


#: What passes: a policy that was changed a moment ago isn't everywhere yet.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html (eventual consistency)
_PASSES = ("AccessDeniedException", "ThrottlingException", "InternalServiceError")


class SecretsManager(Protocol):
    """As much of boto3's client as is needed."""

    def get_secret_value(self, *, SecretId: str, VersionId: str = ...) -> _Answer:
        """Return a version of a secret; the current one unless another is named."""
        ...


def read(client: SecretsManager, reference: Reference) -> str:
    """Return a value.

    Raises:
        NotYetError: when it may be read later.
        CredentialsError: when it can't be read, or isn't text.
    """
    where = f"secret {reference.secret}, version {reference.version}"
    try:
        answer = client.get_secret_value(SecretId=reference.secret, VersionId=reference.version)
    except ClientError as error:
        raise _refusal(where, error) from None
    except BotoCoreError as error:
        raise CredentialsError(f"{where}: {type(error).__name__}") from None
    value = answer.get("SecretString")
    if not value:
        raise CredentialsError(f"{where}: has no text")
    return value


def check_current(client: SecretsManager, reference: Reference) -> None:
    """Refuse a version that is no longer the current one: what was asked for before another rotation began.

    Raises:
        NotYetError: when it may be told later.
        CredentialsError: when it isn't, or can't be told.
    """
    where = f"secret {reference.secret}"
    try:
        answer = client.get_secret_value(SecretId=reference.secret)
    except ClientError as error:
        raise _refusal(where, error) from None
    except BotoCoreError as error:
        raise CredentialsError(f"{where}: {type(error).__name__}") from None
    if answer.get("VersionId") != reference.version:
        raise CredentialsError(
            f"{where}: another rotation has begun since; let its `up` end, then retire again. Nothing was ended"
        )


def _refusal(where: str, error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "unknown")
    return NotYetError(f"{where}: {code}") if code in _PASSES else CredentialsError(f"{where}: {code}")
