"""S3."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"


@pytest.fixture
def bucket(aws: Session) -> str:
    aws.client("s3").create_bucket(Bucket="logs")
    return "logs"


def test_a_bucket_lives_and_is_closed_from_the_start(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        s3 = aws.client("s3")
        assert all(s3.get_public_access_block(Bucket=id)["PublicAccessBlockConfiguration"].values())
        assert s3.get_bucket_tagging(Bucket=id)["TagSet"] == [{"Key": "B", "Value": "2"}]

    life = crud(BUCKET, {"tags": {"A": "1"}}, {"tags": {"B": "2"}}, name="Logs", look=look)
    assert life.id.startswith("logs-"), "bucket names are lower case"
    assert life.created["bucketRegionalDomainName"] == f"{life.id}.s3.us-east-1.amazonaws.com"
    assert life.created["hostedZoneId"] == "Z3AQBSTGFJSTF"


def test_a_bucket_in_another_region_is_made_there(driver: Callable[..., Any]) -> None:
    drive = driver(region="eu-west-1")
    _, state = drive.create(BUCKET, drive.check(BUCKET, {}))
    assert state["region"] == "eu-west-1"


def test_a_bucket_that_holds_objects_is_deleted_only_by_force(
    driver: Callable[..., Any], aws: Session, bucket: str
) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="a")
    with pytest.raises(ProviderError, match="DeleteBucket: BucketNotEmpty"):
        driver().delete(BUCKET, bucket, {"forceDestroy": False}, {})
    driver().delete(BUCKET, bucket, {"forceDestroy": True}, {})
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=bucket)


def test_a_setting_on_the_bucket_itself_is_refused_by_name(driver: Callable[..., Any]) -> None:
    failures = driver().checked(BUCKET, {"versioning": {"enabled": True}}).failures
    assert [(item.property, item.reason) for item in failures] == [
        ("versioning", "isn't served on the bucket itself, where it is deprecated: use aws.s3.BucketVersioning")
    ]


def test_public_access_is_blocked_as_asked(crud: Callable[..., Any], bucket: str) -> None:
    life = crud(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": bucket, "blockPublicAcls": True, "blockPublicPolicy": True},
        {"ignorePublicAcls": True, "restrictPublicBuckets": True},
    )
    assert life.id == bucket
    assert life.updated["restrictPublicBuckets"] is True


def test_ownership_lives(crud: Callable[..., Any], bucket: str) -> None:
    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
    crud(
        token,
        {"bucket": bucket, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    )


def test_encryption_goes_back_to_the_keys_of_s3(driver: Callable[..., Any], aws: Session, bucket: str) -> None:
    drive = driver()
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {
        "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
        "bucketKeyEnabled": True,
    }
    inputs = {"bucket": bucket, "rules": [rule]}
    id, state = drive.create(ENCRYPTION, inputs)
    _, live, known = drive.read(ENCRYPTION, id, state, inputs)
    assert known == inputs
    plain = {"bucket": bucket, "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}
    state = drive.update(ENCRYPTION, id, live, inputs, plain)
    assert drive.read(ENCRYPTION, id, state, plain)[2] == plain
    drive.delete(ENCRYPTION, id, state, plain)
    rules = aws.client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_versions_are_suspended_in_the_end(driver: Callable[..., Any], aws: Session, bucket: str) -> None:
    drive = driver()
    inputs = {"bucket": bucket, "versioningConfiguration": {"status": "Enabled"}}
    id, state = drive.create(VERSIONING, inputs)
    assert drive.read(VERSIONING, id, state, inputs)[2] == inputs
    drive.delete(VERSIONING, id, state, inputs)
    assert aws.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_lifecycle_rules_come_back_whole(crud: Callable[..., Any], aws: Session, bucket: str) -> None:
    rules = [
        {"id": "all", "status": "Enabled", "expiration": {"days": 90}},
        {
            "id": "some",
            "status": "Enabled",
            "filter": {"and": {"prefix": "a/", "tags": {"k": "v"}, "objectSizeGreaterThan": 10}},
            "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}, {"days": 60, "storageClass": "GLACIER"}],
            "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 3},
            "noncurrentVersionTransitions": [{"noncurrentDays": 3, "storageClass": "GLACIER"}],
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
        },
        {"id": "tag", "status": "Disabled", "filter": {"tag": {"key": "a", "value": "b"}}, "expiration": {"days": 1}},
        {
            "id": "marker",
            "status": "Enabled",
            "filter": {"prefix": "p/"},
            "expiration": {"expiredObjectDeleteMarker": True},
        },
    ]

    def look(id: str, state: dict[str, Any]) -> None:
        live = aws.client("s3").get_bucket_lifecycle_configuration(Bucket=id)["Rules"]
        assert live[1]["Filter"]["And"] == {
            "Prefix": "a/",
            "Tags": [{"Key": "k", "Value": "v"}],
            "ObjectSizeGreaterThan": 10,
        }
        assert live[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7, "NewerNoncurrentVersions": 3}

    life = crud(LIFECYCLE, {"bucket": bucket, "rules": rules[:1]}, {"rules": rules}, look=look)
    assert life.updated["rules"] == rules


def test_a_bucket_policy_lives(crud: Callable[..., Any], bucket: str) -> None:
    deny = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*"}],
    }
    crud("aws:s3/bucketPolicy:BucketPolicy", {"bucket": bucket, "policy": json.dumps(deny)})


def test_an_object_lives(crud: Callable[..., Any], aws: Session, bucket: str) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        assert aws.client("s3").get_object(Bucket=bucket, Key="a/b.txt")["Body"].read() == b"two"

    life = crud(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        {"bucket": bucket, "key": "a/b.txt", "content": "one", "contentType": "text/plain", "tags": {"A": "1"}},
        {"content": "two", "tags": {"A": "2"}},
        look=look,
    )
    assert life.id == "logs/a/b.txt"
    assert life.changed == {"content", "tags.A"}


@pytest.mark.parametrize(
    ("token", "inputs", "failure"),
    [
        (
            VERSIONING,
            {"bucket": "b", "versioningConfiguration": {"status": "On"}},
            ("versioningConfiguration.status", '"On" is none of Enabled, Suspended and Disabled'),
        ),
        (
            LIFECYCLE,
            {"bucket": "b", "rules": [{"id": "a", "status": "on"}]},
            ("rules[0].status", '"on" is neither Enabled nor Disabled'),
        ),
        (
            "aws:s3/bucketObjectv2:BucketObjectv2",
            {"bucket": "b", "key": "k", "content": "a", "contentBase64": "YQ=="},
            ("contentBase64", "conflicts with content: give one of content, contentBase64 and source"),
        ),
    ],
)
def test_inputs_that_aws_refuses_fail_the_check(
    driver: Callable[..., Any], token: str, inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    answer = driver().checked(token, inputs)
    assert [(item.property, item.reason) for item in answer.failures] == [failure]
