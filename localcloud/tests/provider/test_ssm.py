"""SSM parameters."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider.session import Session

PARAMETER = "aws:ssm/parameter:Parameter"


def test_a_parameter_lives(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        assert aws.client("ssm").get_parameter(Name=id)["Parameter"]["Value"] == "two"

    life = crud(
        PARAMETER,
        {"name": "/a/b", "type": "String", "value": "one", "description": "d", "tags": {"A": "1"}},
        {"value": "two", "tags": {"A": "2"}},
        look=look,
    )
    assert life.id == "/a/b"
    assert life.created["arn"] == "arn:aws:ssm:us-east-1:123456789012:parameter/a/b"
    assert (life.created["version"], life.updated["version"]) == (1, 2)
    assert life.created["tier"] == "Standard"


def test_a_secure_parameter_lives(crud: Callable[..., Any], aws: Session) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    life = crud(PARAMETER, {"type": "SecureString", "value": "s", "keyId": key}, {"value": "t"})
    assert life.updated["value"] == "t"
    assert life.created["keyId"] == key


def test_an_insecure_value_is_shown(crud: Callable[..., Any]) -> None:
    life = crud(PARAMETER, {"type": "String", "insecureValue": "one"}, {"insecureValue": "two"})
    assert life.updated["insecureValue"] == "two"


@pytest.mark.parametrize(
    ("inputs", "failure"),
    [
        ({"type": "String"}, ("value", "and insecureValue: give exactly one of the two")),
        ({"type": "Text", "value": "a"}, ("type", '"Text" is none of String, StringList and SecureString')),
        (
            {"type": "SecureString", "insecureValue": "a"},
            ("insecureValue", "is not for a SecureString: use value"),
        ),
        (
            {"type": "String", "valueWo": "a"},
            ("valueWo", "isn't served here, since the state of this engine is encrypted: use value"),
        ),
    ],
)
def test_inputs_that_aws_refuses_fail_the_check(
    driver: Callable[..., Any], inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    assert [(item.property, item.reason) for item in driver().checked(PARAMETER, inputs).failures] == [failure]
