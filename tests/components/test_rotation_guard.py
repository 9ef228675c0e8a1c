"""Counters go up by one at a time."""

import pytest

from components.rotation_guard import RotationError, RotationGuardProvider, check_steps


def _props(ends: dict[str, str] | None = None, **counters: int) -> dict[str, object]:
    return {"system": "aprendeai", "counters": counters, "ends": ends or {}}


@pytest.mark.parametrize("now", [{"A": 3}, {"A": 4}, {"A": 3, "B": 7}])
def test_a_counter_may_stay_rise_by_one_or_be_new(now: dict[str, int]) -> None:
    check_steps("aprendeai", {"A": 3}, now)


@pytest.mark.parametrize("now", [5, 2])
def test_a_counter_that_skips_a_rotation_or_goes_back_is_refused(now: int) -> None:
    with pytest.raises(RotationError) as refused:
        RotationGuardProvider().diff("aprendeai", _props(JWT_SECRET=3), _props(JWT_SECRET=now))
    assert str(refused.value) == (
        f"aprendeai:rotation.JWT_SECRET goes from 3 to {now}; allowed: 3 or 4, since running tasks have the value of 3 "
        "until this update is through. Mend it: pulumi config set --path 'aprendeai:rotation.JWT_SECRET' 4"
    )


def test_every_counter_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(RotationError) as refused:
        check_steps("aprendeai", {"A": 1, "B": 1}, {"A": 3, "B": 4})
    assert [line.split(";")[0] for line in str(refused.value).splitlines()] == [
        "aprendeai:rotation.A goes from 1 to 3",
        "aprendeai:rotation.B goes from 1 to 4",
    ]


def test_a_counter_that_comes_back_from_state_as_a_float_is_the_same_counter() -> None:
    diff = RotationGuardProvider().diff("aprendeai", {"system": "a", "counters": {"A": 1.0}, "ends": {}}, _props(A=1))
    assert diff.changes is False


def test_a_rotation_that_ends_something_says_so_when_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    ends = {"API_KEY_SALT": "every API key that was issued stops working"}
    provider = RotationGuardProvider()

    provider.diff("aprendeai", _props(ends, API_KEY_SALT=2), _props(ends, API_KEY_SALT=2))
    assert capsys.readouterr().out == "", "what is past is not said again"

    assert provider.diff("aprendeai", _props(ends, API_KEY_SALT=1), _props(ends, API_KEY_SALT=2)).changes
    assert capsys.readouterr().out == (
        "aprendeai: rotating API_KEY_SALT: every API key that was issued stops working\n"
    )
