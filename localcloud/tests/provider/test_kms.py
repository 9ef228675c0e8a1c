"""KMS."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "kms:*", "Resource": "*"}
    ],
}


def test_a_key_lives_and_is_scheduled_for_deletion(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        status = aws.client("kms").get_key_rotation_status(KeyId=id)
        assert status["KeyRotationEnabled"]
        assert status["RotationPeriodInDays"] == 100

    life = crud(
        KEY,
        {"description": "one", "deletionWindowInDays": 7, "policy": json.dumps(POLICY), "tags": {"A": "1"}},
        {
            "description": "two",
            "enableKeyRotation": True,
            "rotationPeriodInDays": 100,
            "policy": json.dumps(POLICY, indent=2),
            "tags": {"A": "1", "B": "2"},
        },
        look=look,
    )
    assert life.changed == {"description", "enableKeyRotation", "rotationPeriodInDays", "tags.B"}
    assert life.created["arn"].endswith(f":key/{life.id}")
    assert aws.client("kms").describe_key(KeyId=life.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_a_key_rotates_yearly_where_no_period_is_given(crud: Callable[..., Any]) -> None:
    assert crud(KEY, {"enableKeyRotation": True}).created["rotationPeriodInDays"] == 365


def test_an_alias_moves_to_another_key(crud: Callable[..., Any], aws: Session) -> None:
    one, two = (aws.client("kms").create_key()["KeyMetadata"] for _ in range(2))
    life = crud(ALIAS, {"targetKeyId": one["KeyId"]}, {"targetKeyId": two["Arn"]})
    assert life.id.startswith("alias/thing-")
    assert life.created["targetKeyArn"] == one["Arn"]
    assert life.updated["targetKeyArn"] == two["Arn"]


def test_an_alias_of_no_key_is_refused(driver: Callable[..., Any]) -> None:
    with pytest.raises(ProviderError, match="CreateAlias: NotFoundException"):
        driver().create(ALIAS, {"name": "alias/x", "targetKeyId": "11111111-2222-3333-4444-555555555555"})


@pytest.mark.parametrize(
    ("token", "inputs", "failure"),
    [
        (KEY, {"deletionWindowInDays": 1}, ("deletionWindowInDays", "1 is out of range: 7 to 30 days")),
        (
            KEY,
            {"rotationPeriodInDays": 1, "enableKeyRotation": True},
            ("rotationPeriodInDays", "1 is out of range: 90 to 2560 days"),
        ),
        (
            KEY,
            {"rotationPeriodInDays": 90},
            ("rotationPeriodInDays", "is given without enableKeyRotation: set enableKeyRotation to true"),
        ),
        (
            ALIAS,
            {"name": "x", "targetKeyId": "k"},
            ("name", '"x" must begin with "alias/", and not with "alias/aws/", which is AWS\'s own'),
        ),
    ],
)
def test_inputs_that_aws_refuses_fail_the_check(
    driver: Callable[..., Any], token: str, inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    answer = driver().checked(token, inputs)
    assert [(item.property, item.reason) for item in answer.failures] == [failure]
