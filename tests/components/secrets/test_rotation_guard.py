"""Counters go up by one at a time."""

import pytest
from botocore.exceptions import ClientError

from components.core import aws_clients
from components.secrets.rotation_guard import RotationError, RotationGuardProvider, check_counters


def _props(ends: dict[str, str] | None = None, **counters: int) -> dict[str, object]:
    return {"system": "aprendeai", "counters": counters, "ends": ends or {}}


@pytest.mark.parametrize("now", [{"A": 3}, {"A": 4}, {"A": 3, "B": 7}])
def test_a_counter_may_stay_rise_by_one_or_be_new(now: dict[str, int]) -> None:
    check_counters("aprendeai", {"A": 3}, now)


@pytest.mark.parametrize("now", [5, 2])
def test_a_counter_that_skips_a_rotation_or_goes_back_is_refused(now: int) -> None:
    with pytest.raises(RotationError) as refused:
        RotationGuardProvider().diff("aprendeai", _props(JWT_SECRET=3), _props(JWT_SECRET=now))
    assert str(refused.value) == (
        f"aprendeai:rotation.JWT_SECRET goes from 3 to {now}; allowed: 3 or 4, since running tasks have the value of 3 "
        "until this update is through. Fix: pulumi config set --path 'aprendeai:rotation.JWT_SECRET' 4"
    )


def test_every_counter_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(RotationError) as refused:
        check_counters("aprendeai", {"A": 1, "B": 1}, {"A": 3, "B": 4})
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


class Ssm:
    """Systems Manager with one parameter, or none."""

    def __init__(self, value: str | None = None, code: str = "ParameterNotFound") -> None:
        self.value, self.code, self.asked = value, code, 0

    def get_parameter(self, Name: str, WithDecryption: bool) -> dict[str, object]:
        assert (Name, WithDecryption) == ("/alicerce/prod/aprendeai/rotations", True)
        self.asked += 1
        if self.value is None:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "GetParameter")
        return {"Parameter": {"Value": self.value}}


def _diff(monkeypatch: pytest.MonkeyPatch, ssm: Ssm, old: int, new: int) -> None:
    monkeypatch.setattr(aws_clients, "client", lambda service, region: ssm)
    more = {"region": "us-east-1", "parameter": "/alicerce/prod/aprendeai/rotations"}
    RotationGuardProvider().diff("aprendeai", {**_props(A=old), **more}, {**_props(A=new), **more})


def test_a_rotation_that_running_tasks_have_not_come_to_is_not_followed_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(RotationError) as refused:
        _diff(monkeypatch, Ssm('{"A": 1}'), 2, 3)
    assert str(refused.value) == (
        "aprendeai:rotation.A goes from 2 to 3, and the rotation to 2 isn't through: running tasks may have the value "
        "of 1 still, which this one would replace; allowed: 2. Set it back and run up until that goes through, then "
        "rotate again: pulumi config set --path 'aprendeai:rotation.A' 2"
    )
    _diff(monkeypatch, Ssm('{"A": 2}'), 2, 3)
    _diff(monkeypatch, Ssm('{"B": 2}'), 2, 3)


def test_what_running_tasks_have_is_asked_for_only_when_a_counter_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    ssm = Ssm('{"A": 1}')
    _diff(monkeypatch, ssm, 2, 2)
    assert ssm.asked == 0, "an update that failed is run again"


def test_a_stack_from_before_has_no_such_parameter_and_one_that_can_not_be_read_stops_the_rotation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _diff(monkeypatch, Ssm(), 2, 3)
    with pytest.raises(RotationError, match="who runs this call ssm:GetParameter on it, and kms:Decrypt"):
        _diff(monkeypatch, Ssm(code="AccessDeniedException"), 2, 3)
    _diff(monkeypatch, Ssm(code="AccessDeniedException"), 2, 2)
