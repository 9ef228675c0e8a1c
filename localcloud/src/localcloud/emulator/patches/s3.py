"""S3: what a new bucket has on it, and lifecycle rules without losses."""

from typing import Any

from moto.core.responses import ActionResult
from moto.s3.exceptions import NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

#: Since January 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
_ENCRYPTION = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}
_SINGLE = ("Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
_SEVERAL = {"Transition": "Transitions", "NoncurrentVersionTransition": "NoncurrentVersionTransitions"}


def install() -> None:
    """Install the additions."""
    bucket: Any = FakeBucket
    bucket.__init__ = _born_closed(bucket.__init__)
    bucket.set_lifecycle = _keeping_rules(bucket.set_lifecycle)
    backend: Any = S3Backend
    # moto leaves a bucket without encryption; AWS goes back to its own keys:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html
    backend.delete_bucket_encryption = lambda self, name: setattr(self.get_bucket(name), "encryption", _ENCRYPTION)
    response: Any = S3Response
    response.get_bucket_lifecycle = _get_bucket_lifecycle


def _born_closed(init: Any) -> Any:  # noqa: ANN401 - moto's method
    """Give a new bucket what AWS gives it; moto gives it nothing.

    No public access and no ACLs since April 2023:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    """

    def born(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
        init(self, *args, **kwargs)
        self.encryption = _ENCRYPTION
        self.ownership_rule = "BucketOwnerEnforced"
        self.public_access_block = PublicAccessBlock("true", "true", "true", "true")

    return born


def _keeping_rules(set_lifecycle: Any) -> Any:  # noqa: ANN401 - moto's method
    """Keep the rules as they were put: moto checks them, and drops object sizes and the number of versions to keep."""

    def keeping(self: Any, rules: list[dict[str, Any]]) -> None:  # noqa: ANN401 - the bucket, with one attribute more
        set_lifecycle(self, rules)
        for rule, kept in zip(rules, self.rules, strict=True):
            rule["ID"] = kept.id or rule.get("ID")
        self.rules_as_put = rules

    return keeping


def _get_bucket_lifecycle(self: S3Response) -> Any:  # noqa: ANN401 - moto's answers
    self.data["Action"] = "GetBucketLifecycleConfiguration"
    name = self.bucket_name
    if not self.backend.get_bucket_lifecycle(name):
        raise NoSuchLifecycleConfiguration(bucket_name=name)
    rules = vars(self.backend.get_bucket(name))["rules_as_put"]
    return self.serialized(
        ActionResult(
            {
                "Rules": [_told(rule) for rule in rules],
                "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K",
            }
        )
    )


def _told(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as it came in XML in the shape that it goes out in."""
    told: dict[str, Any] = {"ID": rule["ID"], "Status": rule["Status"]}
    if "Prefix" in rule:
        told["Prefix"] = rule["Prefix"] or ""
    if "Filter" in rule:
        told["Filter"] = _told_filter(rule["Filter"] or {})
    told |= {key: dict(rule[key]) for key in _SINGLE if rule.get(key)}
    if "ExpiredObjectDeleteMarker" in told.get("Expiration", {}):
        told["Expiration"]["ExpiredObjectDeleteMarker"] = rule["Expiration"]["ExpiredObjectDeleteMarker"] == "true"
    for key, plural in _SEVERAL.items():
        if rule.get(key):
            told[plural] = rule[key] if isinstance(rule[key], list) else [rule[key]]
    return told


def _told_filter(wanted: dict[str, Any]) -> dict[str, Any]:
    told = {key: value for key, value in wanted.items() if key not in ("Prefix", "And", "Tag")}
    if "Prefix" in wanted:
        told["Prefix"] = wanted["Prefix"] or ""
    tags = wanted.get("Tag")
    if isinstance(tags, list):
        told["Tags"] = tags  # within And
    elif tags:
        told["Tag"] = tags
    if wanted.get("And"):
        both = _told_filter(wanted["And"])
        if "Tag" in both:
            both["Tags"] = [both.pop("Tag")]
        told["And"] = both
    return told
