"""ECR: repositories, their policies, images by tag and digest."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.emulator import images
from localcloud.provider import ProviderError
from localcloud.provider.session import Session

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
IMAGE = "aws:ecr/getImage:getImage"


def _rules(count: int) -> str:
    selection = {
        "tagStatus": "tagged",
        "tagPatternList": ["v*"],
        "countType": "imageCountMoreThan",
        "countNumber": count,
    }
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


@pytest.fixture
def repository(aws: Session) -> str:
    return str(aws.client("ecr").create_repository(repositoryName="app/api")["repository"]["repositoryName"])


def test_a_repository_is_immutable_scanned_and_encrypted(crud: Callable[..., Any], aws: Session) -> None:
    kms = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    life = crud(
        REPOSITORY,
        {
            "name": "app/api",
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": kms}],
            "forceDelete": True,
            "tags": {"System": "a"},
        },
        {"imageScanningConfiguration": {"scanOnPush": False}, "tags": {"System": "b"}},
        default_tags={"Environment": "test"},
    )
    assert life.created["repositoryUrl"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com/app/api"
    assert life.created["tagsAll"] == {"System": "a", "Environment": "test"}


def test_a_repository_with_images_goes_only_by_force(driver: Callable[..., Any]) -> None:
    drive = driver()
    inputs = drive.check(REPOSITORY, {})
    id, state = drive.create(REPOSITORY, inputs)
    with pytest.raises(ProviderError, match="RepositoryNotEmptyException"):
        drive.delete(REPOSITORY, id, state, inputs)
    drive.delete(REPOSITORY, id, {**state, "forceDelete": True}, inputs)


def test_a_changed_lifecycle_policy_is_replaced_old_one_first(
    crud: Callable[..., Any], driver: Callable[..., Any], repository: str
) -> None:
    crud(LIFECYCLE, {"repository": repository, "policy": _rules(10)})
    old = {"repository": repository, "policy": _rules(10)}
    answer = driver().diff(LIFECYCLE, repository, old, old, {**old, "policy": _rules(20)})
    assert answer.replaces == ["policy"]
    assert answer.delete_before_replace, "else the old one's deletion would take the new one away"


def test_an_image_is_found_by_tag_and_by_digest(driver: Callable[..., Any], repository: str) -> None:
    drive = driver()
    by_tag = drive.invoke(IMAGE, {"repositoryName": repository, "imageTag": images.RELEASES[0]})
    by_digest = drive.invoke(IMAGE, {"repositoryName": repository, "imageDigest": by_tag["imageDigest"]})
    assert by_digest["imageTags"] == [images.RELEASES[0]]
    assert by_tag["imageUri"] == (f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{repository}@{by_tag['imageDigest']}")
    latest = drive.invoke(IMAGE, {"repositoryName": repository, "mostRecent": True})
    assert latest["imageTags"] == [images.RELEASES[-1]]


def test_an_image_that_is_not_there_is_an_error_by_name(driver: Callable[..., Any], repository: str) -> None:
    with pytest.raises(ProviderError, match=r"ImageNotFoundException.*v9\.9\.9"):
        driver().invoke(IMAGE, {"repositoryName": repository, "imageTag": "v9.9.9"})


def test_a_login_is_found(driver: Callable[..., Any]) -> None:
    login = driver().invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken", {})
    assert login["userName"] == "AWS"
