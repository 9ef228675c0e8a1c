"""Keys of sessions and federated users, which the gate knows as it knows those of roles."""

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from localcloud.emulator.patching import patch


@patch(TokenResponse, "get_session_token")
def get_session_token(original: Any, self: TokenResponse) -> ActionResult:
    return _with_key(self, original(self))


@patch(TokenResponse, "get_federation_token")
def get_federation_token(original: Any, self: TokenResponse) -> ActionResult:
    return _with_key(self, original(self))


def _with_key(response: TokenResponse, answer: ActionResult) -> ActionResult:
    key = iam_backends[response.current_account][response.partition].create_temp_access_key()
    credentials: dict[str, Any] = answer.result["Credentials"]  # type: ignore[index]
    credentials |= {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}
    return answer
