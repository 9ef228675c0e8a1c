"""Who may use a stack's key."""

import json
from typing import Any

import pytest

from components.encryption.encryption_key import EncryptionKey, EncryptionKeyArgs, KeyService, key_policy
from tests.components.foundation import record_foundation
from tests.components.recording import ACCOUNT, TAGS


def _args(**overrides: object) -> EncryptionKeyArgs:
    values: dict[str, Any] = {"description": "test", "account_id": ACCOUNT, "region": "eu-west-1", "tags": TAGS}
    return EncryptionKeyArgs(**{**values, **overrides})


def _statements(*services: str) -> dict[str, dict[str, Any]]:
    policy = key_policy(ACCOUNT, "eu-west-1", services)
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_iam_of_the_own_account_decides_about_the_key() -> None:
    assert _statements()["LetIamOfThisAccountDecide"]["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}


def test_log_groups_of_the_own_account_and_region_only_are_encrypted() -> None:
    logs = _statements()["EncryptLogGroupsOfThisAccount"]
    assert logs["Principal"] == {"Service": "logs.eu-west-1.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:*"}
    }, "without the condition any account's log groups could be encrypted with this key"


def test_no_service_is_named_that_was_not_asked_for() -> None:
    assert set(_statements()) == {"LetIamOfThisAccountDecide", "EncryptLogGroupsOfThisAccount"}


def test_services_act_for_the_own_account_only() -> None:
    publish = _statements(KeyService.RDS_EVENTS, KeyService.CLOUDWATCH)["PublishToTopicsOfThisAccount"]
    assert publish["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]}
    assert publish["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "else a confused deputy can use it"


def test_eventbridge_has_no_condition_that_its_calls_do_not_carry() -> None:
    statements = _statements(KeyService.EVENTBRIDGE)
    assert "PublishToTopicsOfThisAccount" not in statements
    assert "Condition" not in statements["PublishEventsToTopics"], "with it every notification would be lost"


def test_nobody_is_allowed_to_use_the_key_from_anywhere() -> None:
    policy = key_policy(ACCOUNT, "eu-west-1", list(KeyService))
    assert '"*"' not in json.dumps([statement["Principal"] for statement in policy["Statement"]]), "KMS.5"


def test_the_key_is_rotated_and_its_alias_is_its_own() -> None:
    recording = record_foundation(lambda: EncryptionKey("main", _args()))
    key = recording.named("main-key").inputs
    assert key["enableKeyRotation"] is True, "KMS.4"
    assert key["deletionWindowInDays"] == 30
    assert recording.named("main-alias").inputs["name"] == "alias/main-11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"account_id": "1234"},
            "account_id is '1234'; allowed: twelve digits; see aws sts get-caller-identity",
        ),
        (
            {"services": ["rds.amazonaws.com"]},
            "services is 'rds.amazonaws.com'; allowed: cloudwatch.amazonaws.com, events.rds.amazonaws.com, "
            "events.amazonaws.com; leave it out: others use the key with their caller's permissions",
        ),
    ],
)
def test_an_unusable_value_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message
