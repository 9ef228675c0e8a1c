"""Reading and editing a stack's config file: comments, order and style stay."""

from pathlib import Path

import pytest

from operations.errors import OperationError
from operations.state.config_file import ConfigFile

COMMENTED = """\
# What a person edits.
config:
  demo:cidr: 10.1.0.0/16 # ours
  # how many
  demo:zones: 3
  x:hosts:
    - b.test # first
    - a.test
"""


def _config(tmp_path: Path, text: str) -> ConfigFile:
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    return ConfigFile(tmp_path, "dev")


def test_setting_a_value_keeps_comments_and_order(tmp_path: Path) -> None:
    file = _config(tmp_path, COMMENTED)
    file.set("demo:zones", "2")
    file.set("aprendeai:release", "v2")
    file.save()
    expected = COMMENTED.replace("demo:zones: 3", "demo:zones: '2'") + "  aprendeai:release: v2\n"
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == expected


def test_values_are_read_as_text(tmp_path: Path) -> None:
    text = "config:\n  x:release: v1\n  x:migrate: false\n  x:turns: {A: 1}\n  x:none:\n"
    file = _config(tmp_path, text)
    assert [file.get(f"x:{key}") for key in ("release", "migrate", "turns", "none", "gone")] == [
        "v1",
        "false",
        '{"A": 1}',
        None,
        None,
    ]
    assert _config(tmp_path, "").get("x:release") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config: {x:release: {secure: v1:abc}}", "x:release is encrypted"),
        ("- config", "{path} holds no mapping"),
    ],
)
def test_what_cant_be_read_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(OperationError) as refusal:
        _config(tmp_path, text).get("x:release")
    path = tmp_path / "Pulumi.dev.yaml"
    assert str(refusal.value) == f"the config of stack 'dev' can't be read: {reason.format(path=path)}"


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="the config of stack 'dev' can't be read: "):
        _config(tmp_path, "config: [")


def _members(tmp_path: Path, text: str, *members: tuple[str, str, int], after: str | None = None) -> str:
    file = _config(tmp_path, text)
    for key, member, value in members:
        file.set_member(key, member, value, after=after)
    file.save()
    return (tmp_path / "Pulumi.dev.yaml").read_text()


def test_a_member_of_an_object_in_one_line_is_set_in_place(tmp_path: Path) -> None:
    text = "config:\n  # how often\n  x:turns: {A: 1, B: 1} # ours\n\n  x:other: 1\n"
    edited = _members(tmp_path, text, ("x:turns", "A", 2), ("x:turns", "C", 2))
    assert edited == text.replace("{A: 1, B: 1}", "{A: 2, B: 1, C: 2}")


def test_a_member_of_an_object_on_lines_of_its_own_is_set_in_place(tmp_path: Path) -> None:
    text = "config:\n  x:turns:\n    # the first\n    A: 1 # once\n    B: 1\n  x:other: 1\n"
    assert _members(tmp_path, text, ("x:turns", "A", 2)) == text.replace("A: 1", "A: 2")


def test_an_object_that_isnt_there_is_made_where_it_belongs(tmp_path: Path) -> None:
    text = "config:\n  x:turns: {A: 1}\n\n  # the rest\n  x:other: 1\n"
    assert _members(tmp_path, text, ("x:sure", "A", 2), after="x:turns") == text.replace(
        "{A: 1}\n", "{A: 1}\n  x:sure: {A: 2}\n"
    )
    assert _members(tmp_path, text, ("x:sure", "A", 2), after="x:gone") == text + "  x:sure: {A: 2}\n"
    assert _members(tmp_path, "", ("x:sure", "A", 2)) == "config:\n  x:sure: {A: 2}\n"


def test_what_stands_at_the_end_of_a_line_stays_there(tmp_path: Path) -> None:
    text = "config:\n  x:turns: {A: 1} # ours\n\n  # the rest\n  x:other: 1\n"
    assert _members(tmp_path, text, ("x:sure", "A", 2), after="x:turns") == text.replace(
        "# ours\n", "# ours\n  x:sure: {A: 2}\n"
    )


def test_an_object_that_is_written_as_text_becomes_one(tmp_path: Path) -> None:
    text = """config:\n  x:turns: '{"A": 1}'\n"""
    assert _members(tmp_path, text, ("x:turns", "B", 2)) == "config:\n  x:turns: {A: 1, B: 2}\n"


@pytest.mark.parametrize("value", ["3", "[1]", "some", "{secure: v1:abc}"])
def test_a_member_of_what_is_no_object_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(OperationError) as refusal:
        _members(tmp_path, f"config:\n  x:turns: {value}\n", ("x:turns", "A", 2))
    assert str(refusal.value) == "x:turns isn't an object, so it can't have the member A"
