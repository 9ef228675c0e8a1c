"""CloudWatch Logs."""

import json
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


def test_a_log_group_tells_its_class_and_moves_to_a_key(crud: Callable[..., Any], aws: Session) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    life = crud(LOG_GROUP, {}, {"kmsKeyId": key})
    assert life.created["logGroupClass"] == "STANDARD"
    assert life.updated["kmsKeyId"] == key


def test_a_key_that_is_not_there_is_refused(driver: Callable[..., Any], aws: Session) -> None:
    key = aws.arn("kms", "key/11111111-2222-3333-4444-555555555555")
    with pytest.raises(ProviderError, match="CreateLogGroup: InvalidParameterException: The specified KMS key"):
        driver().create(LOG_GROUP, {"name": "/x", "kmsKeyId": key})


def test_a_protected_log_group_stays(driver: Callable[..., Any]) -> None:
    drive = driver()
    id, state = drive.create(LOG_GROUP, {"name": "/x", "deletionProtectionEnabled": True})
    with pytest.raises(ProviderError, match="deletion protection"):
        drive.delete(LOG_GROUP, id, state, {})
    drive.update(LOG_GROUP, id, state, {"deletionProtectionEnabled": True}, {"name": "/x"})
    drive.delete(LOG_GROUP, id, state, {})


def test_a_retention_that_aws_does_not_know_fails_the_check(driver: Callable[..., Any]) -> None:
    failures = driver().checked(LOG_GROUP, {"retentionInDays": 8}).failures
    assert [item.property for item in failures] == ["retentionInDays"]
    assert failures[0].reason.startswith("8 is none of 0, 1, 3, 5, 7, 14, 30")


def test_a_resource_policy_lives(crud: Callable[..., Any]) -> None:
    def policy(action: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Action": action,
            "Resource": "*",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    life = crud(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        {"policyName": "waf", "policyDocument": policy("logs:PutLogEvents")},
        {"policyDocument": policy("logs:*")},
    )
    assert life.id == "waf"


def test_a_metric_filter_lives(crud: Callable[..., Any], aws: Session) -> None:
    aws.client("logs").create_log_group(logGroupName="/x")
    metric = {"name": "Errors", "namespace": "App", "value": "1", "defaultValue": "0"}
    crud(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        {"logGroupName": "/x", "pattern": "ERROR", "metricTransformation": metric},
        {"pattern": "FATAL", "metricTransformation": {**metric, "unit": "Count"}},
    )


def test_a_metric_filter_of_no_log_group_is_refused(driver: Callable[..., Any]) -> None:
    metric = {"name": "Errors", "namespace": "App", "value": "1"}
    with pytest.raises(ProviderError, match="PutMetricFilter: ResourceNotFoundException"):
        driver().create(
            "aws:cloudwatch/logMetricFilter:LogMetricFilter",
            {"name": "f", "logGroupName": "/x", "pattern": "", "metricTransformation": metric},
        )


def test_a_saved_query_lives(crud: Callable[..., Any]) -> None:
    crud(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        {"name": "errors", "queryString": "fields @message", "logGroupNames": ["/a"]},
        {"queryString": "fields @timestamp", "logGroupNames": ["/a", "/b"]},
    )
