"""CloudWatch Logs."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_a_log_group_lives_and_keeps_the_default_tags(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        group = aws.client("logs").describe_log_groups()["logGroups"][0]
        assert group["retentionInDays"] == 30
        assert aws.client("logs").list_tags_for_resource(resourceArn=state["arn"])["tags"] == {"A": "2", "Env": "x"}

    life = crud(
        LOG_GROUP,
        {"retentionInDays": 7, "tags": {"A": "1"}},
        {"retentionInDays": 30, "tags": {"A": "2"}},
        default_tags={"Env": "x"},
        look=look,
    )
    assert life.changed == {"retentionInDays", "tags.A"}
    assert life.created["tags"] == {"A": "1"}
    assert life.created["tagsAll"] == {"A": "1", "Env": "x"}


def test_a_log_group_that_is_there_already_is_refused_by_name(driver: Callable[..., Any], aws: Session) -> None:
    aws.client("logs").create_log_group(logGroupName="/x")
    with pytest.raises(ProviderError, match="CreateLogGroup: ResourceAlreadyExistsException"):
        driver().create(LOG_GROUP, {"name": "/x"})
