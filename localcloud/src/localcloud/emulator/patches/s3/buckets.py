"""Buckets."""

from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

from localcloud.emulator.patching import patch

#: Since January 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
_SINGLE = ("Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
_SEVERAL = {"Transition": "Transitions", "NoncurrentVersionTransition": "NoncurrentVersionTransitions"}


@patch(FakeBucket, "__init__")
def init_bucket(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """Give a new bucket what AWS gives it; moto gives it nothing.

    No public access and no ACLs since April 2023:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    """
    original(self, *args, **kwargs)
    self.encryption = _ENCRYPTION
    self.ownership_rule = "BucketOwnerEnforced"
    self.public_access_block = PublicAccessBlock("true", "true", "true", "true")


@patch(S3Backend, "delete_bucket_encryption")
def delete_bucket_encryption(self: S3Backend, bucket_name: str) -> None:
    """Go back to AWS's own keys; moto leaves the bucket without encryption.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html
    """
    vars(self.get_bucket(bucket_name))["encryption"] = _ENCRYPTION


@patch(FakeBucket, "set_lifecycle")
def set_lifecycle(original: Any, self: Any, rules: list[dict[str, Any]]) -> None:
    """Keep the rules as they were put: moto checks them, and drops object sizes and the number of versions to keep."""
    original(self, rules)
    for rule, kept in zip(rules, self.rules, strict=True):
        rule["ID"] = kept.id or rule.get("ID")
    self.rules_as_put = rules


@patch(S3Response, "get_bucket_lifecycle")
def get_bucket_lifecycle(self: S3Response) -> Any:
    self.data["Action"] = "GetBucketLifecycleConfiguration"
    name = self.bucket_name
    if not self.backend.get_bucket_lifecycle(name):
        raise NoSuchLifecycleConfiguration(bucket_name=name)
    rules = vars(self.backend.get_bucket(name))["rules_as_put"]
    return self.serialized(
        ActionResult(
            {
                "Rules": [_lifecycle_rule(rule) for rule in rules],
                "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K",
            }
        )
    )


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as it came in XML in the shape that it goes out in."""
    answer: dict[str, Any] = {"ID": rule["ID"], "Status": rule["Status"]}
    if "Prefix" in rule:
        answer["Prefix"] = rule["Prefix"] or ""
    if "Filter" in rule:
        answer["Filter"] = _lifecycle_filter(rule["Filter"] or {})
    answer |= {key: dict(rule[key]) for key in _SINGLE if rule.get(key)}
    if "ExpiredObjectDeleteMarker" in answer.get("Expiration", {}):
        answer["Expiration"]["ExpiredObjectDeleteMarker"] = rule["Expiration"]["ExpiredObjectDeleteMarker"] == "true"
    for key, plural in _SEVERAL.items():
        if rule.get(key):
            answer[plural] = rule[key] if isinstance(rule[key], list) else [rule[key]]
    return answer


def _lifecycle_filter(wanted: dict[str, Any]) -> dict[str, Any]:
    answer = {key: value for key, value in wanted.items() if key not in ("Prefix", "And", "Tag")}
    if "Prefix" in wanted:
        answer["Prefix"] = wanted["Prefix"] or ""
    tags = wanted.get("Tag")
    if isinstance(tags, list):
        answer["Tags"] = tags  # within And
    elif tags:
        answer["Tag"] = tags
    if wanted.get("And"):
        both = _lifecycle_filter(wanted["And"])
        if "Tag" in both:
            both["Tags"] = [both.pop("Tag")]
        answer["And"] = both
    return answer
