"""Secrets Manager."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:*", "Resource": "*"}],
    }
)


@pytest.fixture
def secret(aws: Session) -> str:
    return str(aws.client("secretsmanager").create_secret(Name="s")["ARN"])


def _labels(aws: Session, secret: str) -> dict[str, set[str]]:
    stages = aws.client("secretsmanager").describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    return {version: set(labels) for version, labels in stages.items()}


def test_a_secret_lives_and_leaves_nothing_without_a_window(crud: Callable[..., Any], aws: Session) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    life = crud(
        SECRET,
        {"recoveryWindowInDays": 0, "description": "one", "tags": {"A": "1"}},
        {"description": "two", "kmsKeyId": key, "policy": POLICY, "tags": {"B": "2"}},
    )
    assert life.id == life.created["arn"]
    assert life.updated["kmsKeyId"] == key
    with pytest.raises(ClientError, match="can't find the specified secret"):
        aws.client("secretsmanager").describe_secret(SecretId=life.id)


def test_a_deleted_secret_keeps_its_name_for_its_window(
    crud: Callable[..., Any], driver: Callable[..., Any], aws: Session
) -> None:
    life = crud(SECRET, {"name": "kept"})
    assert "DeletedDate" in aws.client("secretsmanager").describe_secret(SecretId=life.id)
    drive = driver()
    with pytest.raises(ProviderError, match=r"CreateSecret: InvalidRequestException: .* scheduled for deletion"):
        drive.create(SECRET, drive.check(SECRET, {"name": "kept"}))


def test_a_version_is_read_back_with_its_value(crud: Callable[..., Any], secret: str) -> None:
    life = crud_version(crud, {"secretId": secret, "secretString": "one"})
    assert life.id == f"{secret}|{life.created['versionId']}"
    assert life.created["secretArn"] == secret
    assert life.created["versionStages"] == ["AWSCURRENT"]


def crud_version(crud: Callable[..., Any], inputs: dict[str, Any]) -> Any:  # noqa: ANN401 - a life
    """Lead a version through its life; AWS keeps the current one, so that the end of the life is not asked for."""
    with pytest.raises(AssertionError, match="what is deleted is gone"):
        crud(VERSION, inputs, look=lambda id, state: lives.append((id, state)))
    id, state = lives.pop()
    return type("Life", (), {"id": id, "created": state})


lives: list[tuple[str, dict[str, Any]]] = []


def test_each_version_keeps_a_label_of_its_own(driver: Callable[..., Any], aws: Session, secret: str) -> None:
    drive = driver()
    first, _ = drive.create(VERSION, {"secretId": secret, "secretString": "1", "versionStages": ["AWSCURRENT", "v1"]})
    second, _ = drive.create(VERSION, {"secretId": secret, "secretString": "2", "versionStages": ["AWSCURRENT", "v2"]})
    one, two = first.partition("|")[2], second.partition("|")[2]
    assert _labels(aws, secret) == {one: {"AWSPREVIOUS", "v1"}, two: {"AWSCURRENT", "v2"}}, (
        "a version without any label may be deleted, and task definitions that name it would no longer start"
    )
    third, _ = drive.create(VERSION, {"secretId": secret, "secretString": "3", "versionStages": ["AWSCURRENT", "v3"]})
    three = third.partition("|")[2]
    assert _labels(aws, secret) == {one: {"v1"}, two: {"AWSPREVIOUS", "v2"}, three: {"AWSCURRENT", "v3"}}


def test_a_changed_value_replaces_and_changed_labels_move(
    driver: Callable[..., Any], aws: Session, secret: str
) -> None:
    drive = driver()
    old = {"secretId": secret, "secretString": "1"}
    id, state = drive.create(VERSION, old)
    assert drive.diff(VERSION, id, state, old, {**old, "secretString": "2"}).replaces == ["secretString"]
    other, _ = drive.create(VERSION, {"secretId": secret, "secretString": "2"})
    new = {**old, "versionStages": ["AWSCURRENT", "x"]}
    assert not drive.diff(VERSION, id, state, old, new).replaces
    _, state, _ = drive.read(VERSION, id, state, old)
    assert state["versionStages"] == ["AWSPREVIOUS"]
    state = drive.update(VERSION, id, state, old, new)
    assert _labels(aws, secret) == {
        id.partition("|")[2]: {"AWSCURRENT", "x"},
        other.partition("|")[2]: {"AWSPREVIOUS"},
    }
    reordered = {**new, "versionStages": ["x", "AWSCURRENT"]}
    assert not drive.diff(VERSION, id, state, new, reordered).changes
    drive.update(VERSION, id, state, new, {**new, "versionStages": ["AWSCURRENT"]})
    assert _labels(aws, secret)[id.partition("|")[2]] == {"AWSCURRENT"}


def test_labels_move_by_the_rules_of_aws(aws: Session, secret: str) -> None:
    client = aws.client("secretsmanager")
    one, two = (
        client.put_secret_value(SecretId=secret, SecretString=value, VersionStages=["AWSCURRENT", value])["VersionId"]
        for value in ("one", "two")
    )
    with pytest.raises(ClientError, match="It can't be completely removed"):
        client.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", RemoveFromVersionId=two)
    with pytest.raises(ClientError, match="must explicitly reference that version in RemoveFromVersionId"):
        client.update_secret_version_stage(SecretId=secret, VersionStage="one", MoveToVersionId=two)
    client.update_secret_version_stage(
        SecretId=secret, VersionStage="AWSCURRENT", RemoveFromVersionId=two, MoveToVersionId=one
    )
    assert _labels(aws, secret) == {one: {"AWSCURRENT", "one"}, two: {"AWSPREVIOUS", "two"}}
    assert client.get_secret_value(SecretId=secret)["SecretString"] == "one"


def test_deleting_a_version_takes_its_labels_but_not_the_current_one(
    driver: Callable[..., Any], aws: Session, secret: str
) -> None:
    drive = driver()
    inputs = {"secretId": secret, "secretString": "1", "versionStages": ["AWSCURRENT", "v1"]}
    id, state = drive.create(VERSION, inputs)
    drive.delete(VERSION, id, state, inputs)
    assert _labels(aws, secret) == {id.partition("|")[2]: {"AWSCURRENT"}}


def test_a_version_of_a_deleted_secret_is_gone(driver: Callable[..., Any], aws: Session, secret: str) -> None:
    drive = driver()
    inputs = {"secretId": secret, "secretString": "1"}
    id, state = drive.create(VERSION, inputs)
    aws.client("secretsmanager").delete_secret(SecretId=secret)
    assert drive.read(VERSION, id, state, inputs)[0] == ""


def test_the_twenty_first_label_is_refused(driver: Callable[..., Any], secret: str) -> None:
    drive = driver()
    # AWSCURRENT and AWSPREVIOUS count, too.
    for number in range(18):
        drive.create(VERSION, {"secretId": secret, "secretString": "x", "versionStages": ["AWSCURRENT", f"v{number}"]})
    with pytest.raises(ProviderError, match="LimitExceededException"):
        drive.create(VERSION, {"secretId": secret, "secretString": "x", "versionStages": ["AWSCURRENT", "v18"]})


def test_a_binary_value_comes_back_as_base64(driver: Callable[..., Any], secret: str) -> None:
    _, state = driver().create(VERSION, {"secretId": secret, "secretBinary": "AAEC"})
    assert state["secretBinary"] == "AAEC"


@pytest.mark.parametrize(
    ("token", "inputs", "failure"),
    [
        (
            SECRET,
            {"recoveryWindowInDays": 3},
            ("recoveryWindowInDays", "3 is out of range: 7 to 30 days, or 0 for none"),
        ),
        (VERSION, {"secretId": "s"}, ("secretString", "is missing: give secretString, or secretBinary in base64")),
        (
            VERSION,
            {"secretId": "s", "secretString": "a", "secretBinary": "AAEC"},
            ("secretBinary", "conflicts with secretString: give one of the two"),
        ),
        (VERSION, {"secretId": "s", "secretBinary": "?"}, ("secretBinary", "is no base64")),
        (
            VERSION,
            {"secretId": "s", "secretStringWo": "x", "secretStringWoVersion": 1},
            ("secretStringWo", "isn't served here, since the state of this engine is encrypted: use secretString"),
        ),
    ],
)
def test_inputs_that_aws_refuses_fail_the_check(
    driver: Callable[..., Any], token: str, inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    answer = driver().checked(token, inputs)
    assert [(item.property, item.reason) for item in answer.failures] == [failure]
