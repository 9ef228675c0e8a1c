"""The bucket of access logs: one writer, nothing public, nothing kept for ever."""

from typing import Any

import pytest

from components.ingress.log_bucket import LogBucket, LogBucketArgs, log_bucket_policy
from tests.components.recording import ACCOUNT, TAGS, Recording, record
from tests.every import every


def _args(**overrides: object) -> LogBucketArgs:
    values: dict[str, Any] = {"account_id": ACCOUNT, "expire_days": 365, "force_destroy": False, "tags": TAGS}
    return LogBucketArgs(**{**values, **overrides})


@pytest.fixture(scope="module")
def bucket() -> Recording:
    """What a log bucket asks for."""
    return record(lambda: LogBucket("logs", _args()))


def test_only_load_balancers_of_the_own_account_write() -> None:
    allowed = [s for s in log_bucket_policy("arn:aws:s3:::logs", ACCOUNT)["Statement"] if s["Effect"] == "Allow"]
    assert [(s["Principal"], s["Action"], s["Resource"]) for s in allowed] == [
        (
            {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "s3:PutObject",
            f"arn:aws:s3:::logs/AWSLogs/{ACCOUNT}/*",
        )
    ], "the account in the path keeps other accounts' load balancers out"


def test_requests_without_tls_are_refused() -> None:
    (denied,) = [s for s in log_bucket_policy("arn:aws:s3:::logs", ACCOUNT)["Statement"] if s["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, "S3.5"
    assert denied["Resource"] == ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]


def test_nothing_in_the_bucket_can_become_public(bucket: Recording) -> None:
    access = bucket.named("logs-public-access").inputs
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(access[switch] is True for switch in every(switches)), "S3.1, S3.8"
    assert bucket.named("logs-ownership").inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}, "S3.12"


def test_the_bucket_uses_the_only_encryption_that_load_balancers_can_write_to(bucket: Recording) -> None:
    assert bucket.named("logs-encryption").inputs["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]


def test_logs_their_old_versions_and_abandoned_uploads_are_deleted(bucket: Recording) -> None:
    assert bucket.named("logs-versioning").inputs["versioningConfiguration"] == {"status": "Enabled"}, "S3.14"
    rules = {rule["id"]: rule for rule in bucket.named("logs-lifecycle").inputs["rules"]}
    assert rules["expire-logs"]["expiration"] == {"days": 365}, "S3.13"
    assert rules["expire-logs"]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}, "S3.10"
    assert rules["abort-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}, "S3.13"


def test_the_policy_waits_for_the_public_access_block(bucket: Recording) -> None:
    waits_for = bucket.named("logs-policy").depends_on
    assert bucket.named("logs-public-access").urn in waits_for, "S3 refuses two changes of a bucket's access at once"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"account_id": "self"}, "account_id is 'self'; allowed: twelve digits; see aws sts get-caller-identity"),
        ({"expire_days": 0}, "expire_days is 0; allowed: 1 or more; S3 expires objects after whole days"),
    ],
)
def test_an_unusable_value_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message
