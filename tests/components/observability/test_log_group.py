"""Log groups: encrypted, and forgetting."""

from typing import Any

import pulumi
import pytest

from components.core.checks import RETENTION_DAYS, check_retention
from components.observability.log_group import LogGroup, LogGroupArgs
from tests.components.recording import KEY, TAGS, record


def _args(**overrides: object) -> LogGroupArgs:
    values: dict[str, Any] = {"log_group_name": "/app/api", "retention_days": 30, "kms_key_arn": KEY, "tags": TAGS}
    return LogGroupArgs(**{**values, **overrides})


def test_a_log_group_is_encrypted_with_the_given_key_and_forgets() -> None:
    group = record(lambda: LogGroup("api", _args())).named("api-log-group").inputs
    assert group["kmsKeyId"] == KEY, "every log group is encrypted with our key"
    assert group["retentionInDays"] == 30
    assert group["name"] == "/app/api"


def test_a_log_group_of_another_component_carries_that_ones_tag() -> None:
    tags = {**TAGS, "Component": "broker"}
    assert record(lambda: LogGroup("api", _args(tags=tags))).named("api-log-group").inputs["tags"] == tags


@pytest.mark.parametrize("days", RETENTION_DAYS)
def test_every_retention_of_cloudwatch_is_taken(days: int) -> None:
    check_retention("retention_days", days)


@pytest.mark.parametrize(("days", "nearest"), [(-1, "1"), (0, "1"), (2, "1 or 3"), (366, "365 or 400"), (3654, "3653")])
def test_another_retention_is_refused_with_the_nearest_ones(days: int, nearest: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(retention_days=days)
    assert str(refused.value) == (
        f"retention_days is {days}; allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, "
        f"1827, 2192, 2557, 2922, 3288, 3653 days; take {nearest}"
    )


@pytest.mark.parametrize("name", ["", "a" * 513, "/app/api logs", "/app/café"])
def test_an_unusable_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(log_group_name=name)
    assert str(refused.value) == (
        f"log_group_name is {name!r}; allowed: 1 to 512 letters, digits and the signs _ - / . #; take the other "
        f"characters out"
    )


def test_a_name_that_is_not_known_yet_is_taken() -> None:
    assert _args(log_group_name=pulumi.Output.from_input("a b")).retention_days == 30
