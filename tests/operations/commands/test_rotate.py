"""Which secrets may be rotated next, and what the stack's file says afterwards."""

from pathlib import Path

import pytest

from operations.commands import rotate
from operations.errors import OperationError
from operations.state.rotation import Rotation, SecretFacts
from operations.state.stack import Stack, System

FILE = """\
config:
  # Raise a number to rotate that secret.
  equivalence:rotation: {POSTGRES_PASSWORD: 3} # three so far

  # The rest.
  aprendeai:rotation:
    JWT_SECRET: 1 # once
"""
SECRETS = {
    "POSTGRES_PASSWORD": SecretFacts(kind="generated", rotation=3, store="postgres"),
    "API_KEY_SALT": SecretFacts(kind="generated", rotation=1, ends="every API key that was issued stops working"),
    "LLM_API_KEY": SecretFacts(kind="supplied"),
    "DATABASE_URL": SecretFacts(kind="composed", follows="POSTGRES_PASSWORD", store="postgres"),
    "POSTGRES_PASSWORD_PREVIOUS": SecretFacts(kind="previous", follows="POSTGRES_PASSWORD"),
}
STACK = Stack(name="prod", cluster="alicerce-prod", systems={}, alarms=())


def equivalence(**begun: int) -> System:
    """Return the system after an `up`; `begun` are counters of one that began and didn't end."""
    return System(
        name="equivalence",
        release="v1",
        services={},
        task_definitions={},
        migration_task_definition=None,
        secrets={},
        database="",
        migrations=None,
        rotation=Rotation(secrets=SECRETS, begun={"POSTGRES_PASSWORD": 3, "API_KEY_SALT": 1, **begun}),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose stack `prod` has rotated once or twice."""
    (tmp_path / "Pulumi.yaml").write_text("name: alicerce\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(FILE)
    return tmp_path


def refusal(root: Path, *variables: str, system: System | None = None) -> str:
    with pytest.raises(OperationError) as refused:
        rotate.plan(STACK, system or equivalence(), root, variables, confirmed=False)
    text, _, end = str(refused.value).rpartition("\n")
    assert end == "Nothing was changed"
    return text


def rotated(root: Path, *variables: str) -> str:
    steps = rotate.plan(STACK, equivalence(), root, variables, confirmed=True)
    rotate.apply(STACK, equivalence(), root, steps)
    return (root / "Pulumi.prod.yaml").read_text()


def test_a_counter_rises_by_one_and_the_rest_of_the_file_stays(root: Path) -> None:
    assert rotated(root, "POSTGRES_PASSWORD") == FILE.replace("POSTGRES_PASSWORD: 3", "POSTGRES_PASSWORD: 4")


def test_a_secret_that_is_named_twice_rises_once(root: Path) -> None:
    assert "POSTGRES_PASSWORD: 4}" in rotated(root, "POSTGRES_PASSWORD", "POSTGRES_PASSWORD")


def test_a_counter_that_the_file_lacks_is_at_1(root: Path) -> None:
    text = rotated(root, "API_KEY_SALT")
    assert "equivalence:rotation: {POSTGRES_PASSWORD: 3, API_KEY_SALT: 2}" in text


def test_what_has_to_be_confirmed_is_refused_and_with_confirm_gets_both_lines(root: Path) -> None:
    assert refusal(root, "API_KEY_SALT") == (
        "API_KEY_SALT: with its rotation every API key that was issued stops working. If that is meant, add --confirm"
    )
    assert rotated(root, "API_KEY_SALT") == FILE.replace(
        "{POSTGRES_PASSWORD: 3} # three so far\n",
        "{POSTGRES_PASSWORD: 3, API_KEY_SALT: 2} # three so far\n  equivalence:confirmRotation: {API_KEY_SALT: 2}\n",
    )


def test_what_comes_from_a_person_is_refused_with_the_command(root: Path) -> None:
    assert refusal(root, "LLM_API_KEY") == (
        "LLM_API_KEY: comes from a person. Set another value: "
        "pulumi config set --secret equivalence:LLM_API_KEY --stack prod"
    )


def test_what_follows_another_is_refused_with_whom_it_follows(root: Path) -> None:
    assert refusal(root, "DATABASE_URL", "POSTGRES_PASSWORD_PREVIOUS") == (
        "DATABASE_URL: is composed, and follows POSTGRES_PASSWORD. Rotate POSTGRES_PASSWORD\n"
        "POSTGRES_PASSWORD_PREVIOUS: is the value before the last rotation, and follows POSTGRES_PASSWORD. "
        "Rotate POSTGRES_PASSWORD"
    )


def test_what_isnt_there_is_refused_with_the_nearest(root: Path) -> None:
    assert refusal(root, "API_KEY_SALTS") == (
        "API_KEY_SALTS: equivalence has no such secret (did you mean API_KEY_SALT?); "
        "it makes: POSTGRES_PASSWORD, API_KEY_SALT"
    )


@pytest.mark.parametrize(
    ("counter", "begun", "message"),
    [
        (4, 3, "is 4 in the stack's config and 3 in its state: one step at a time. Run up for stack 'prod' first"),
        (
            5,
            3,
            "is 5 in the stack's config and 3 in its state: one step at a time. Set it to 4, and run up for stack "
            "'prod' first",
        ),
        (
            2,
            3,
            "is 2 in the stack's config and 3 in its state: one step at a time. Set it to 3, and run up for stack "
            "'prod' first",
        ),
        (
            4,
            4,
            "is 4 in the stack's config and 3 in its state, and an `up` with 4 didn't end: one step at a time. Run up "
            "for stack 'prod' first",
        ),
        (
            3,
            4,
            "is 3 in the stack's config and 3 in its state, and an `up` with 4 didn't end: one step at a time. Set it "
            "to 4, and run up for stack 'prod' first",
        ),
    ],
)
def test_a_file_that_isnt_where_the_last_up_left_it_is_refused(
    root: Path, counter: int, begun: int, message: str
) -> None:
    (root / "Pulumi.prod.yaml").write_text(FILE.replace("POSTGRES_PASSWORD: 3", f"POSTGRES_PASSWORD: {counter}"))
    assert refusal(root, "POSTGRES_PASSWORD", system=equivalence(POSTGRES_PASSWORD=begun)) == (
        f"POSTGRES_PASSWORD: equivalence:rotation.POSTGRES_PASSWORD {message}"
    )


def test_one_secret_that_cant_be_rotated_keeps_the_others_from_it(root: Path) -> None:
    assert refusal(root, "POSTGRES_PASSWORD", "LLM_API_KEY").startswith("LLM_API_KEY: ")
    assert (root / "Pulumi.prod.yaml").read_text() == FILE


def test_counters_that_are_none_are_refused(root: Path) -> None:
    (root / "Pulumi.prod.yaml").write_text("config:\n  equivalence:rotation: three\n")
    with pytest.raises(OperationError) as refused:
        rotate.plan(STACK, equivalence(), root, ["POSTGRES_PASSWORD"], confirmed=False)
    assert str(refused.value) == (
        "equivalence:rotation of stack 'prod' is 'three'; allowed: a positive integer for each secret, such as "
        "{JWT_SECRET: 2}"
    )


def test_a_state_that_tells_nothing_of_rotations_is_refused(root: Path) -> None:
    with pytest.raises(OperationError) as refused:
        Rotation().require("equivalence", "prod")
    assert str(refused.value) == (
        "the state of stack 'prod' tells nothing of equivalence's rotations: run up for stack 'prod', and try again"
    )
