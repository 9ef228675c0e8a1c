"""S3: what is set on a bucket, each setting a resource of its own whose id is the bucket's name."""

from collections.abc import Iterable
from typing import Any, ClassVar

from localcloud.provider.api import ApiResource
from localcloud.provider.aws.s3 import NOT_FOUND
from localcloud.provider.base import UNKNOWN, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import ignoring


class _Setting(ApiResource):
    """What the settings have in common: an update puts the whole setting."""

    replace = frozenset({"bucket", "expectedBucketOwner"})
    service = "s3"
    updates_whole = True
    keys = {"bucket": "Bucket"}
    not_found: ClassVar[tuple[str, ...]] = NOT_FOUND


@resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
class BucketPublicAccessBlock(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketpublicaccessblock/."""

    replace = frozenset({"bucket"})
    defaults = {
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    }
    creates = updates = "put_public_access_block"
    reads, deletes = "get_public_access_block", "delete_public_access_block"
    inside = described = "PublicAccessBlockConfiguration"
    not_found = (*NOT_FOUND, "NoSuchPublicAccessBlockConfiguration")


@resource("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
class BucketOwnershipControls(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketownershipcontrols/."""

    replace = frozenset({"bucket"})
    creates = updates = "put_bucket_ownership_controls"
    reads, deletes = "get_bucket_ownership_controls", "delete_bucket_ownership_controls"
    inside = described = "OwnershipControls"
    not_found = (*NOT_FOUND, "OwnershipControlsNotFoundError")


@resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
class BucketServerSideEncryptionConfiguration(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketserversideencryptionconfiguration/.

    A bucket without it is encrypted with S3's own keys, so that deleting it leaves that.
    """

    unordered = frozenset({"rules"})
    creates = updates = "put_bucket_encryption"
    reads, deletes = "get_bucket_encryption", "delete_bucket_encryption"
    inside = described = "ServerSideEncryptionConfiguration"
    not_found = (*NOT_FOUND, "ServerSideEncryptionConfigurationNotFoundError")


@resource("aws:s3/bucketVersioning:BucketVersioning")
class BucketVersioning(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketversioning/.

    A bucket that once had versions can't be without them again: deleting this suspends them.
    """

    creates = updates = "put_bucket_versioning"
    reads = "get_bucket_versioning"
    described = "{VersioningConfiguration: {Status: Status || 'Disabled', MFADelete: MFADelete}}"

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        status = (inputs.get("versioningConfiguration") or {}).get("status")
        if status is not UNKNOWN and status not in ("Enabled", "Suspended", "Disabled"):
            yield "versioningConfiguration.status", f'"{status}" is none of Enabled, Suspended and Disabled'

    def call(self, aws: Session, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - botocore's
        if arguments.get("VersioningConfiguration", {}).get("Status") != "Disabled":  # it is no status to be set
            return super().call(aws, method, **arguments)
        return {}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if (state.get("versioningConfiguration") or {}).get("status") != "Disabled":
            with ignoring(*self.not_found):
                aws.client("s3").put_bucket_versioning(Bucket=id, VersioningConfiguration={"Status": "Suspended"})


@resource("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
class BucketLifecycleConfiguration(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketlifecycleconfiguration/."""

    creates = updates = "put_bucket_lifecycle_configuration"
    reads, deletes = "get_bucket_lifecycle_configuration", "delete_bucket_lifecycle"
    inside = "LifecycleConfiguration"
    not_found = (*NOT_FOUND, "NoSuchLifecycleConfiguration")
    outputs = {
        "transitionDefaultMinimumObjectSize": "TransitionDefaultMinimumObjectSize || 'all_storage_classes_128K'",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        rules = inputs.get("rules")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and rule.get("status") not in ("Enabled", "Disabled", UNKNOWN):
                yield f"rules[{index}].status", f'"{rule.get("status")}" is neither Enabled nor Disabled'

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "rules":
            value = [self._rule(rule) for rule in value]
        return super().argument(key, value, shape)

    @staticmethod
    def _rule(rule: Properties) -> Properties:
        given = {key: value for key, value in rule.items() if value}
        every = {} if "prefix" in rule or given.get("filter") else {"filter": {"prefix": ""}}
        return {**given, **every}


@resource("aws:s3/bucketPolicy:BucketPolicy")
class BucketPolicy(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketpolicy/."""

    replace = frozenset({"bucket"})
    documents = frozenset({"policy"})
    creates = updates = "put_bucket_policy"
    reads, deletes = "get_bucket_policy", "delete_bucket_policy"
    not_found = (*NOT_FOUND, "NoSuchBucketPolicy")
    outputs = {"policy": "Policy"}
