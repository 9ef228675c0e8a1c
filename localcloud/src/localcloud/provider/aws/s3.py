"""S3: buckets, and objects in them."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pulumi

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.session import DEFAULT_REGION, Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_list, tag_map

NOT_FOUND = ("NoSuchBucket", "404", "NoSuchKey")

#: Route 53's zones of S3's website endpoints: https://docs.aws.amazon.com/general/latest/gr/s3.html
_ZONES = {
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "sa-east-1": "Z7KQH4QJS55SO",
    "us-east-1": "Z3AQBSTGFJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
}

#: What the bucket itself once held and a resource of its own holds now.
_ELSEWHERE = {
    "accelerationStatus": "BucketAccelerateConfiguration",
    "acl": "BucketAcl",
    "corsRules": "BucketCorsConfiguration",
    "grants": "BucketAcl",
    "lifecycleRules": "BucketLifecycleConfiguration",
    "logging": "BucketLogging",
    "loggings": "BucketLogging",
    "objectLockConfiguration": "BucketObjectLockConfiguration",
    "policy": "BucketPolicy",
    "replicationConfiguration": "BucketReplicationConfig",
    "replicationConfigurations": "BucketReplicationConfig",
    "requestPayer": "BucketRequestPaymentConfiguration",
    "serverSideEncryptionConfiguration": "BucketServerSideEncryptionConfiguration",
    "serverSideEncryptionConfigurations": "BucketServerSideEncryptionConfiguration",
    "versioning": "BucketVersioning",
    "versionings": "BucketVersioning",
    "website": "BucketWebsiteConfiguration",
    "websites": "BucketWebsiteConfiguration",
}


@resource("aws:s3/bucket:Bucket")
class Bucket(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucket/."""

    replace = frozenset({"bucket", "bucketPrefix", "objectLockEnabled"})
    defaults = {"forceDestroy": False}
    autoname = AutoName(property="bucket", max_length=63, unless=("bucketPrefix",), lower=True)
    service = "s3"
    creates, reads = "create_bucket", "head_bucket"
    keys = {"bucket": "Bucket"}
    not_found = NOT_FOUND
    tagging = Tagging("Bucket", by="id")

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        for key, kind in _ELSEWHERE.items():
            if inputs.get(key):
                yield key, f"isn't served on the bucket itself, where it is deprecated: use aws.s3.{kind}"

    def arguments(self, call: str, inputs: Properties) -> Properties:
        named = {"Bucket": inputs["bucket"], "ObjectLockEnabledForBucket": inputs.get("objectLockEnabled") or False}
        # us-east-1 is the place where none is named:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
        place = {"LocationConstraint": inputs.get("region")}
        return {**named, **({"CreateBucketConfiguration": place} if inputs.get("region") != DEFAULT_REGION else {})}

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        name, region = state["bucket"], live.get("BucketRegion") or aws.region
        return {
            "arn": f"arn:aws:s3:::{name}",
            "bucketDomainName": f"{name}.s3.amazonaws.com",
            "bucketRegion": region,
            "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
            "hostedZoneId": _ZONES.get(region, ""),
        }

    def live_tags(self, aws: Session, id: str, properties: Properties, live: Any) -> dict[str, str]:  # noqa: ANN401
        answer = found(lambda: aws.client("s3").get_bucket_tagging(Bucket=id), "NoSuchTagSet") or {}
        return tag_map(answer.get("TagSet"))

    def retag(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "tags"):
            if new["tags"]:
                aws.client("s3").put_bucket_tagging(Bucket=id, Tagging={"TagSet": tag_list(new["tags"])})
            else:
                aws.client("s3").delete_bucket_tagging(Bucket=id)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        s3 = aws.client("s3")
        with ignoring(*NOT_FOUND):
            if state.get("forceDestroy"):
                for page in s3.get_paginator("list_object_versions").paginate(Bucket=id):
                    kept = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                    named = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in kept]
                    if named:
                        s3.delete_objects(Bucket=id, Delete={"Objects": named, "Quiet": True})
            s3.delete_bucket(Bucket=id)


@resource("aws:s3/bucketObjectv2:BucketObjectv2")
class BucketObjectv2(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketobjectv2/."""

    replace = frozenset({"bucket", "key"})
    defaults = {"forceDestroy": False}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [key for key in ("content", "contentBase64", "source") if inputs.get(key) is not None]
        if len(given) > 1:
            yield given[1], f"conflicts with {given[0]}: give one of content, contentBase64 and source"
        if isinstance(inputs.get("source"), pulumi.Archive):
            yield "source", "is an archive, which isn't served here: give a file or a text as an asset"
        if inputs.get("bucket") is not UNKNOWN and not inputs.get("bucket"):
            yield "bucket", "is missing: give the name of a bucket"

    def create(self, aws: Session, inputs: Properties) -> str:
        self.update(aws, "", {}, inputs)
        return f"{inputs['bucket']}/{inputs['key']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        bucket, _, key = id.partition("/")
        s3 = aws.client("s3")
        head = found(lambda: s3.head_object(Bucket=bucket, Key=key), *NOT_FOUND)
        if head is None:
            return None
        return {
            "bucket": bucket,
            "key": key,
            "arn": f"arn:aws:s3:::{bucket}/{key}",
            "etag": head["ETag"].strip('"'),
            "versionId": head.get("VersionId", ""),
            "serverSideEncryption": head.get("ServerSideEncryption", ""),
            "storageClass": head.get("StorageClass", "STANDARD"),
            "contentType": head.get("ContentType", ""),
            "metadata": head.get("Metadata") or {},
            "tags": tag_map(s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        s3, bucket, key = aws.client("s3"), new["bucket"], new["key"]
        content = [name for name in (*_CONTENT, *_HEADERS) if name != "tags"]
        if changed(old, new, *content):
            s3.put_object(
                Bucket=bucket,
                Key=key,
                Body=_body(new),
                **pick(new, *_HEADERS, SSEKMSKeyId="kmsKeyId", WebsiteRedirectLocation="websiteRedirect", ACL="acl"),
            )
        if changed(old, new, "tags") or changed(old, new, *content):
            s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": tag_list(new["tags"])})

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        bucket, _, key = id.partition("/")
        s3 = aws.client("s3")
        with ignoring(*NOT_FOUND):
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
                for item in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
                    if item["Key"] == key:
                        s3.delete_object(Bucket=bucket, Key=key, VersionId=item["VersionId"])


_CONTENT = ("content", "contentBase64", "source", "sourceHash", "etag", "kmsKeyId", "websiteRedirect", "acl")
_HEADERS = (
    "bucketKeyEnabled",
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "metadata",
    "serverSideEncryption",
    "storageClass",
)


def _body(inputs: Properties) -> bytes:
    if (text := inputs.get("content")) is not None:
        return str(text).encode()
    if (encoded := inputs.get("contentBase64")) is not None:
        return base64.b64decode(encoded)
    source: Any = inputs.get("source")
    if isinstance(source, pulumi.FileAsset):
        return Path(source.path).read_bytes()
    if isinstance(source, pulumi.StringAsset):
        return source.text.encode()
    if isinstance(source, pulumi.RemoteAsset):
        with urlopen(source.uri) as answer:
            return bytes(answer.read())
    return b""
