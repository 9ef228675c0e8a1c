"""Whose turn it is."""

import pytest

from components.secrets.alternating_users import AlternatingUsers


@pytest.mark.parametrize(
    ("rotation", "current", "other"),
    [
        (1, "aprendeai", "aprendeai_2"),
        (2, "aprendeai_2", "aprendeai"),
        (3, "aprendeai", "aprendeai_2"),
    ],
)
def test_two_users_take_turns(rotation: int, current: str, other: str) -> None:
    pair = AlternatingUsers(username="aprendeai", rotation=rotation)
    assert (pair.current, pair.other) == (current, other)


def test_a_rotation_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^AlternatingUsers\.rotation is 0; allowed: a positive integer; start at 1$"):
        AlternatingUsers(username="aprendeai", rotation=0)
