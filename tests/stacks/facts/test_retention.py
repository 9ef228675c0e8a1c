"""What is kept, for how long, and with which key."""

import json

from stacks.systems import SYSTEMS
from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import pages


def test_every_log_group_is_encrypted_and_kept_as_long_as_the_profile_says(standing: Standing) -> None:
    groups = pages(standing.client("logs"), "describe_log_groups", "logGroups")
    assert len(groups) > 10
    for group in every(groups):
        assert group["kmsKeyId"], group["logGroupName"]
        assert group["retentionInDays"] == (365 if standing.name == "prod" else 30), group["logGroupName"]


def test_registries_keep_releases_and_move_no_tag(standing: Standing) -> None:
    ecr = standing.client("ecr")
    repositories = ecr.describe_repositories()["repositories"]
    assert {repository["repositoryName"] for repository in repositories} == {
        f"{standing.name}/{system.name}-{image}" for system in SYSTEMS for image in system.images
    }
    for repository in every(repositories):
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"]["scanOnPush"]
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
        policy = json.loads(
            ecr.get_lifecycle_policy(repositoryName=repository["repositoryName"])["lifecyclePolicyText"]
        )
        for rule in every(policy["rules"]):
            assert rule["selection"]["tagStatus"] == "tagged", "an untagged image may be one that runs"
            assert rule["selection"]["countType"] == "imageCountMoreThan", "an old release may be the one that runs"


def test_the_key_rotates(standing: Standing) -> None:
    kms = standing.client("kms")
    key = standing.client("rds").describe_db_instances()["DBInstances"][0]["KmsKeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
