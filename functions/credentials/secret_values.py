"""Reading the values that the event points at."""

from typing import Protocol, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from .errors import CredentialsError, NotYetError
from .events import SecretVersion


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


def read(client: SecretsManager, version: SecretVersion) -> str:
    """Return a value.

    Raises:
        NotYetError: when it may be read later.
        CredentialsError: when it can't be read, or isn't text.
    """
    where = f"secret {version.secret}, version {version.version}"
    try:
        answer = client.get_secret_value(SecretId=version.secret, VersionId=version.version)
    except ClientError as error:
        raise _refusal(where, error) from None
    except BotoCoreError as error:
        raise CredentialsError(f"{where}: {type(error).__name__}") from None
    value = answer.get("SecretString")
    if not value:
        raise CredentialsError(f"{where}: has no text")
    return value


def check_current(client: SecretsManager, version: SecretVersion) -> None:
    """Refuse a version that is no longer the current one: what was asked for before another rotation began.

    Raises:
        NotYetError: when it may be told later.
        CredentialsError: when it isn't, or can't be told.
    """
    where = f"secret {version.secret}"
    try:
        answer = client.get_secret_value(SecretId=version.secret)
    except ClientError as error:
        raise _refusal(where, error) from None
    except BotoCoreError as error:
        raise CredentialsError(f"{where}: {type(error).__name__}") from None
    if answer.get("VersionId") != version.version:
        raise CredentialsError(
            f"{where}: another rotation has begun since; let its `up` end, then retire again. Nothing was ended"
        )


def _refusal(where: str, error: ClientError) -> Exception:
    code = error.response.get("Error", {}).get("Code", "unknown")
    return NotYetError(f"{where}: {code}") if code in _PASSES else CredentialsError(f"{where}: {code}")
