"""How long the function waits, and what it says of a secret that can't be used."""

import os
from typing import Any
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from functions.credentials import handler, secret_values
from functions.credentials.errors import CredentialsError, NotYetError
from functions.credentials.events import SecretVersion
from functions.credentials.patience import Patience

_VERSION = SecretVersion(secret="arn:x", version="v")


def test_what_works_at_last_is_returned() -> None:
    tries = iter([NotYetError("no"), NotYetError("no"), "yes"])

    def attempt() -> str:
        answer = next(tries)
        if isinstance(answer, NotYetError):
            raise answer
        return str(answer)

    assert Patience(5, pause=0.001).until_it_works("store host: user: step", attempt) == "yes"


def test_patience_ends_with_what_was_said_last() -> None:
    def attempt() -> None:
        raise NotYetError("it isn't ready (503)")

    with pytest.raises(CredentialsError) as caught:
        Patience(0.01, pause=0.02).until_it_works("store host: user: step", attempt)

    assert str(caught.value) == "store host: user: step: it isn't ready (503), and still after 0.01 s"


def test_another_error_is_not_waited_for() -> None:
    def attempt() -> None:
        raise CredentialsError("refused")

    with pytest.raises(CredentialsError, match=r"^refused$"):
        Patience(60).until_it_works("store host: user: step", attempt)


class _Context:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


@pytest.mark.parametrize(
    ("variable", "left", "waits"),
    [("", 900, 300), ("", 60, 45), ("20", 60, 20), ("600", 900, 600), ("", 10, 0)],
)
def test_it_gives_up_before_lambda_does(variable: str, left: float, waits: float) -> None:
    with patch.dict(os.environ, {handler.PATIENCE_VARIABLE: variable}):
        patience = handler._patience(_Context(left))

    assert patience._seconds == waits


class _Client:
    """Secrets Manager with one answer."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 - what boto3 answers
        self._answer = answer

    def get_secret_value(self, *, SecretId: str, VersionId: str = "") -> Any:  # noqa: ANN401
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


class _Later(_Client):
    """Secrets Manager that a role may read only from the third time on."""

    asked = 0

    def get_secret_value(self, *, SecretId: str, VersionId: str = "") -> Any:  # noqa: ANN401
        self.asked += 1
        if self.asked < 3:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "planted"}}, "GetSecretValue")
        return self._answer


def test_a_policy_that_does_not_hold_everywhere_yet_is_waited_for() -> None:
    client = _Later({"SecretString": "value", "VersionId": "v"})
    patience = Patience(5, 0.01)
    assert handler._patiently(patience, "read secret", secret_values.read, client, _VERSION) == "value"
    assert client.asked == 3

    with pytest.raises(CredentialsError) as caught:
        handler._patiently(Patience(0), "read secret", secret_values.read, _Later({}), _VERSION)
    assert str(caught.value) == ("read secret: secret arn:x, version v: AccessDeniedException, and still after 0 s")


def test_a_version_that_is_not_the_current_one_any_more_is_refused() -> None:
    secret_values.check_current(_Client({"VersionId": "v"}), _VERSION)
    with pytest.raises(CredentialsError, match="secret arn:x: another rotation has begun since"):
        secret_values.check_current(_Client({"VersionId": "w"}), _VERSION)


def test_a_secret_without_text_is_refused() -> None:
    for answer in ({"SecretBinary": b"planted"}, {"SecretString": ""}):
        with pytest.raises(CredentialsError) as caught:
            secret_values.read(_Client(answer), _VERSION)

        assert str(caught.value) == "secret arn:x, version v: has no text"


def test_a_secrets_manager_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(CredentialsError) as caught:
        secret_values.read(_Client(EndpointConnectionError(endpoint_url="https://x")), _VERSION)

    assert str(caught.value) == "secret arn:x, version v: EndpointConnectionError"
