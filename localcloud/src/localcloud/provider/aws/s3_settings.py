"""S3: what is set on a bucket, each setting a resource of its own whose id is the bucket's name."""

from collections.abc import Iterable
from typing import Any, ClassVar

from localcloud.provider.aws.s3 import GONE
from localcloud.provider.base import UNKNOWN, Properties, ResourceType, resource
from localcloud.provider.echo import as_written, document
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, found, ignoring, pascal, pick, tag_list, tag_map


class _Setting(ResourceType):
    """What the settings have in common: `update` puts the whole setting."""

    tagged = False
    replace = frozenset({"bucket", "expectedBucketOwner"})
    #: AWS's error when the bucket has no such setting.
    missing: ClassVar[tuple[str, ...]] = ()

    def create(self, aws: Session, inputs: Properties) -> str:
        self.update(aws, inputs["bucket"], {}, inputs)
        return str(inputs["bucket"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live: Properties | None = found(lambda: self.live(aws.client("s3"), id, state), *GONE, *self.missing)
        return None if live is None else {"bucket": id, "region": aws.region, **live}

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        """Return the live setting, or None where the bucket has none."""
        raise NotImplementedError(self.token)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE, *self.missing):
            self.remove(aws.client("s3"), id, state)

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        """Take the setting off the bucket."""
        raise NotImplementedError(self.token)


@resource("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
class BucketPublicAccessBlock(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketpublicaccessblock/."""

    replace = frozenset({"bucket"})
    missing = ("NoSuchPublicAccessBlockConfiguration",)
    defaults = {
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    }

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        answer = s3.get_public_access_block(Bucket=bucket)
        return dict(camel(answer["PublicAccessBlockConfiguration"]))

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        wanted = {key: new[key] for key in self.defaults}
        aws.client("s3").put_public_access_block(Bucket=id, PublicAccessBlockConfiguration=pascal(wanted))

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        if not state.get("skipDestroy"):
            s3.delete_public_access_block(Bucket=bucket)


@resource("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
class BucketOwnershipControls(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketownershipcontrols/."""

    replace = frozenset({"bucket"})
    missing = ("OwnershipControlsNotFoundError",)

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("s3").put_bucket_ownership_controls(Bucket=id, OwnershipControls={"Rules": [pascal(new["rule"])]})

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        s3.delete_bucket_ownership_controls(Bucket=bucket)


@resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
class BucketServerSideEncryptionConfiguration(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketserversideencryptionconfiguration/.

    A bucket without it is encrypted with S3's own keys, so that deleting it leaves that.
    """

    missing = ("ServerSideEncryptionConfigurationNotFoundError",)
    unordered = frozenset({"rules"})

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        rules = []
        for rule in s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]:
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            rules.append(
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": default.get("SSEAlgorithm"),
                        **pick(default, kmsMasterKeyId="KMSMasterKeyID"),
                    },
                    "bucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                }
            )
        return {"rules": as_written(rules, state.get("rules")) if state.get("rules") else rules}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        rules = []
        for rule in new["rules"]:
            default = rule.get("applyServerSideEncryptionByDefault") or {}
            named = pick(default, SSEAlgorithm="sseAlgorithm", KMSMasterKeyID="kmsMasterKeyId")
            rules.append(
                {
                    **({"ApplyServerSideEncryptionByDefault": named} if named else {}),
                    **pick(rule, "bucketKeyEnabled"),
                }
            )
        aws.client("s3").put_bucket_encryption(Bucket=id, ServerSideEncryptionConfiguration={"Rules": rules})

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        s3.delete_bucket_encryption(Bucket=bucket)


@resource("aws:s3/bucketVersioning:BucketVersioning")
class BucketVersioning(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketversioning/.

    A bucket that once had versions can't be without them again: deleting this suspends them.
    """

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        status = (inputs.get("versioningConfiguration") or {}).get("status")
        if status is not UNKNOWN and status not in ("Enabled", "Suspended", "Disabled"):
            yield "versioningConfiguration.status", f'"{status}" is none of Enabled, Suspended and Disabled'

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        answer = s3.get_bucket_versioning(Bucket=bucket)
        configuration = {"status": answer.get("Status", "Disabled"), **pick(answer, mfaDelete="MFADelete")}
        written = state.get("versioningConfiguration")
        return {"versioningConfiguration": as_written(configuration, written) if written else configuration}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        wanted = new["versioningConfiguration"]
        if wanted["status"] != "Disabled":
            aws.client("s3").put_bucket_versioning(
                Bucket=id,
                VersioningConfiguration=pick(wanted, "status", MFADelete="mfaDelete"),
                **pick(new, MFA="mfa"),
            )

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        if (state.get("versioningConfiguration") or {}).get("status") != "Disabled":
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


@resource("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
class BucketLifecycleConfiguration(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketlifecycleconfiguration/."""

    missing = ("NoSuchLifecycleConfiguration",)

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        rules = inputs.get("rules")
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and rule.get("status") not in ("Enabled", "Disabled", UNKNOWN):
                yield f"rules[{index}].status", f'"{rule.get("status")}" is neither Enabled nor Disabled'

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        answer = s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        rules = [_from_rule(rule) for rule in answer["Rules"]]
        return {
            "rules": as_written(rules, state.get("rules")) if state.get("rules") else rules,
            "transitionDefaultMinimumObjectSize": answer.get(
                "TransitionDefaultMinimumObjectSize", "all_storage_classes_128K"
            ),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("s3").put_bucket_lifecycle_configuration(
            Bucket=id, LifecycleConfiguration={"Rules": [_to_rule(rule) for rule in new["rules"]]}
        )

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        s3.delete_bucket_lifecycle(Bucket=bucket)


@resource("aws:s3/bucketPolicy:BucketPolicy")
class BucketPolicy(_Setting):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketpolicy/."""

    replace = frozenset({"bucket"})
    documents = frozenset({"policy"})
    missing = ("NoSuchBucketPolicy",)

    def live(self, s3: Any, bucket: str, state: Properties) -> Properties | None:  # noqa: ANN401 - a boto3 client
        return {"policy": document(s3.get_bucket_policy(Bucket=bucket)["Policy"], state.get("policy"))}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("s3").put_bucket_policy(Bucket=id, Policy=new["policy"])

    def remove(self, s3: Any, bucket: str, state: Properties) -> None:  # noqa: ANN401 - a boto3 client
        s3.delete_bucket_policy(Bucket=bucket)


# The names that these had before; programs and states still hold them.


def _to_rule(rule: Properties) -> dict[str, Any]:
    made = pascal({key: value for key, value in rule.items() if key not in ("id", "filter") and value})
    if rule.get("id"):
        made["ID"] = rule["id"]
    wanted = {key: value for key, value in (rule.get("filter") or {}).items() if value is not None}
    if "and" in wanted:
        both = dict(wanted.pop("and"))
        tags = both.pop("tags", None)
        wanted["and"] = {**both, **({"tags": tag_list(tags)} if tags else {})}
    if "prefix" not in rule:
        made["Filter"] = pascal(wanted) or {"Prefix": ""}  # every object
    return dict(made)


def _from_rule(rule: dict[str, Any]) -> Properties:
    told: Properties = camel({key: value for key, value in rule.items() if key not in ("ID", "Filter")})
    told["id"] = rule.get("ID", "")
    if "Filter" in rule:
        wanted = camel(rule["Filter"])
        if "and" in wanted:
            wanted["and"]["tags"] = tag_map(rule["Filter"]["And"].get("Tags"))
        told["filter"] = wanted
    return told
