"""What a generated value is made of, and when it is made anew."""

from typing import Any

import pytest

from components.secrets.generated_value import GeneratedKind, GeneratedValue, GeneratedValueArgs
from tests.components.recording import Recording, record


def _args(**overrides: object) -> GeneratedValueArgs:
    values: dict[str, Any] = {"kind": GeneratedKind.HEX, "length": 64, **overrides}
    return GeneratedValueArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: GeneratedValue("jwt-secret", _args(**overrides)))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"length": 15},
            "GeneratedValueArgs.length is 15; allowed: 16 to 512; give the number of random bytes, not of digits",
        ),
        (
            {"kind": GeneratedKind.PASSWORD, "length": 129},
            "GeneratedValueArgs.length is 129; allowed: 16 to 128; give a length that PostgreSQL, Valkey and RabbitMQ "
            "all take",
        ),
        (
            {"rotation": 0},
            "GeneratedValueArgs.rotation is 0; allowed: a positive integer; start at 1 and add 1 for each rotation",
        ),
        (
            {"rotation": True},
            "GeneratedValueArgs.rotation is True; allowed: a positive integer; start at 1 and add 1 for each rotation",
        ),
    ],
)
def test_a_value_that_makes_no_secret_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_sixty_four_bytes_are_a_hundred_and_twenty_eight_digits() -> None:
    recording = _built(length=64)

    assert recording.named("jwt-secret-value").inputs["length"] == 64
    assert len(recording.outputs_of("jwt-secret")["value"]) == 128


def test_a_password_has_no_character_that_needs_quoting() -> None:
    password = _built(kind=GeneratedKind.PASSWORD, length=40).named("jwt-secret-value").inputs

    assert password["special"] is False


@pytest.mark.parametrize(
    ("rotation", "keepers", "current", "previous"),
    [
        (1, {"jwt-secret-value": "1"}, "jwt-secret-value", None),
        (2, {"jwt-secret-value": "1", "jwt-secret-value-even": "2"}, "jwt-secret-value-even", "jwt-secret-value"),
        (3, {"jwt-secret-value": "3", "jwt-secret-value-even": "2"}, "jwt-secret-value", "jwt-secret-value-even"),
    ],
)
def test_a_rotation_makes_one_new_value_and_leaves_the_one_before_as_it_was(
    rotation: int, keepers: dict[str, str], current: str, previous: str | None
) -> None:
    recording = _built(kind=GeneratedKind.PASSWORD, rotation=rotation)
    made = {
        one.name: one.inputs["keepers"]["rotation"]
        for one in recording.of("random:index/randomPassword:RandomPassword")
    }
    outputs = recording.outputs_of("jwt-secret")

    assert made == keepers, "only the value whose turn it is may be made anew: tasks still run with the other"
    assert outputs["value"] == f"{current}!"
    assert outputs.get("previous") == (f"{previous}!" if previous else None)


@pytest.mark.parametrize(("kind", "length"), [(GeneratedKind.HEX, 32), (GeneratedKind.PASSWORD, 32)])
def test_both_values_are_given_out_as_secrets(kind: GeneratedKind, length: int) -> None:
    recording = _built(kind=kind, length=length, rotation=2)

    secrets = recording.secret_outputs[recording.named("jwt-secret").urn]
    assert secrets == {"value", "previous"}, "in clear they would be in state"
