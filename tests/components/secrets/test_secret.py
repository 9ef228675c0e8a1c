"""Where a secret value goes, and where it never does."""

import hashlib
import json
from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown

from components.secrets.secret import Secret, SecretArgs, version_label
from tests.components.recording import ACCOUNT, KEY, TAGS, Recording, record

VALUE = "https://public@sentry.example/1"
ARN = f"arn:aws:test:us-east-1:{ACCOUNT}:sentry-dsn-secret"


def _args(**overrides: object) -> SecretArgs:
    values: dict[str, Any] = {
        "variable": "SENTRY_DSN",
        "value": VALUE,
        "kms_key_arn": KEY,
        "recovery_window_days": 30,
        "tags": TAGS,
        **overrides,
    }
    return SecretArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: Secret("sentry-dsn", _args(**overrides)))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"variable": "sentry-dsn"},
            "SecretArgs.variable is 'sentry-dsn'; allowed: upper case letters, digits and underscores, not beginning "
            "with a digit; use the name under which the app reads it",
        ),
        (
            {"recovery_window_days": 6},
            "SecretArgs.recovery_window_days is 6; allowed: 0, or 7 to 30; take 0 where a destroyed stack is built "
            "again at once, 30 where it isn't",
        ),
        (
            {"value": ""},
            "SecretArgs.value of SENTRY_DSN has 0 bytes; allowed: 1 to 65536; set a value, or leave the secret out",
        ),
        (
            {"value": "é" * 32769},
            "SecretArgs.value of SENTRY_DSN has 65538 bytes; allowed: 1 to 65536; set a value, or leave the secret out",
        ),
    ],
)
def test_a_value_that_secrets_manager_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


@pytest.mark.parametrize("days", [0, 7, 30])
def test_recovery_windows_on_the_boundary_are_taken(days: int) -> None:
    _args(recovery_window_days=days)


def test_the_value_is_in_no_representation() -> None:
    assert VALUE not in repr(_args()), "a repr ends up in tracebacks and logs"


def test_a_task_definition_names_the_secret_with_its_version() -> None:
    assert _built().outputs_of("sentry-dsn") == {
        "arn": ARN,
        "version_id": "version-1",
        "value_from": f"{ARN}:::version-1",
    }


def test_the_value_goes_to_the_version_and_nowhere_else() -> None:
    recording = _built()
    version = recording.named("sentry-dsn-version")

    assert version.inputs["secretString"] == VALUE
    assert "secretString" in version.secret_inputs, "a plain input is in state, and in every preview, in clear"
    others = [resource.inputs for resource in recording.resources if resource is not version]
    assert VALUE not in json.dumps([others, recording.outputs])


def test_each_version_keeps_a_label_of_its_own() -> None:
    version = _built().named("sentry-dsn-version")

    assert version.inputs["versionStages"] == ["AWSCURRENT", version_label("5e" * 32, VALUE)], (
        "AWS may delete a version without labels, and a rollback would find no secret"
    )
    assert version.retain_on_delete, "deleting the resource would take the label away"
    assert "versionStages" not in version.secret_inputs, "a hidden label hides which version is which"


def test_a_new_value_has_a_new_label_and_the_same_value_the_same() -> None:
    key = "00" * 32

    assert version_label(key, "one") == version_label(key, "one")
    assert version_label(key, "one") != version_label(key, "two")


def test_a_label_is_no_test_of_a_guess_without_the_key() -> None:
    guess = "1234"

    assert version_label("00" * 32, guess) != version_label("11" * 32, guess), (
        "anyone who may list the labels could try every weak value"
    )
    assert hashlib.sha256(guess.encode()).hexdigest()[:16] not in version_label("00" * 32, guess)


def test_a_changed_value_changes_the_version_alone() -> None:
    before, after = (
        {resource.name: resource.inputs for resource in _built(value=value).resources} for value in ("one", "two")
    )

    assert [name for name in before if before[name] != after[name]] == ["sentry-dsn-version"]


def test_the_secret_is_encrypted_tagged_and_of_no_fixed_name() -> None:
    secret = _built().named("sentry-dsn-secret").inputs

    assert secret["kmsKeyId"] == KEY
    assert secret["recoveryWindowInDays"] == 30
    assert "name" not in secret, "a deleted secret keeps its name for its recovery window"
    assert secret["tags"] == {**TAGS, "Component": "secret", "Name": "sentry-dsn", "Variable": "SENTRY_DSN"}


def test_a_plain_output_becomes_a_secret_on_its_way() -> None:
    recording = _built(value=pulumi.Output.from_input(VALUE))

    assert "secretString" in recording.named("sentry-dsn-version").secret_inputs


def test_a_preview_of_a_new_value_leaves_the_arn_known() -> None:
    recording = record(
        lambda: Secret("sentry-dsn", _args()),
        unknown=frozenset({"aws:secretsmanager/secretVersion:SecretVersion"}),
    )
    outputs = recording.outputs_of("sentry-dsn")

    assert outputs["arn"] == ARN, "every policy that names the secret would be listed as changed, and isn't"
    assert isinstance(outputs["value_from"], Unknown), "task definitions that name the version do change"
