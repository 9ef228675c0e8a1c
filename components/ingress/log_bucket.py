"""The bucket that load balancers write their access logs to."""

import re
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue
from components.core.iam import WITHOUT_TLS, allow, deny, document
from components.core.naming import Tags, component_tags

#: The service that delivers a load balancer's access logs. It replaces the account per region that older examples
#: name, in every region.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html#attach-bucket-policy
LOG_DELIVERY_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com"

#: How long an overwritten or deleted log can still be recovered, in days.
NONCURRENT_DAYS = 30
#: How long the parts of an upload that never ended are kept, in days.
ABORTED_UPLOAD_DAYS = 7


def log_bucket_policy(bucket_arn: str, account_id: str) -> dict[str, Any]:
    """Return the policy of the bucket: one writer, under its account's own path, and nobody without TLS."""
    return document(
        allow(
            "s3:PutObject",
            # The account in the path is what keeps other accounts' load balancers out.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html#attach-bucket-policy
            f"{bucket_arn}/AWSLogs/{account_id}/*",
            sid="LoadBalancersOfThisAccountWriteTheirLogs",
            principal={"Service": LOG_DELIVERY_SERVICE},
        ),
        deny(
            "s3:*",
            [bucket_arn, f"{bucket_arn}/*"],
            sid="RefuseRequestsWithoutTls",
            principal="*",
            condition=WITHOUT_TLS,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class LogBucketArgs:
    """What a `LogBucket` is made from."""

    account_id: str
    """The account whose load balancers write here: twelve digits."""
    expire_days: int
    """How many days a log is kept."""
    force_destroy: bool
    """Whether the bucket may be destroyed with logs in it."""
    tags: Tags
    """Tags for the bucket."""

    def __post_init__(self) -> None:
        """Refuse values that S3 would refuse, or that would let another account write."""
        if not re.fullmatch(r"\d{12}", self.account_id):
            raise InvalidValue("account_id", self.account_id, "twelve digits", "see aws sts get-caller-identity")
        if self.expire_days < 1:
            raise InvalidValue("expire_days", self.expire_days, "1 or more", "S3 expires objects after whole days")


class LogBucket(pulumi.ComponentResource):
    """An S3 bucket for the access logs of load balancers.

    Creates the bucket and its settings. Guarantees that nothing in it is public, that ACLs are off, that every request
    uses TLS, that only load balancers of its own account write, that objects are encrypted and versioned, and that
    logs, their old versions and abandoned uploads are deleted in time.

    The bucket is encrypted with S3's own keys (SSE-S3): the load balancer can write to no other kind.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html#access-log-create-bucket
    """

    bucket_name: pulumi.Output[str]
    """The bucket's name, once load balancers may write to it."""

    def __init__(self, name: str, args: LogBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:LogBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            f"{name}-bucket",
            force_destroy=args.force_destroy,
            tags=component_tags(args.tags, "log-bucket", Name=name),
            opts=child,
        )
        public_access = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    )
                )
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        self._lifecycle(name, args, bucket, versioning)
        # S3 refuses two changes of a bucket's access at once, so the policy waits for the public access block.
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(bucket.arn.apply(lambda arn: log_bucket_policy(arn, args.account_id))),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[public_access]),
        )
        # A load balancer tests the bucket when its logs are turned on: it must not know the name before the policy is
        # there.
        self.bucket_name = policy.bucket
        self.register_outputs({"bucket_name": self.bucket_name})

    def _lifecycle(
        self, name: str, args: LogBucketArgs, bucket: aws.s3.Bucket, versioning: aws.s3.BucketVersioning
    ) -> None:
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs
        everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                # `days` also removes a delete marker that has no versions left behind it.
                # https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-actions
                rule(
                    id="expire-logs",
                    status="Enabled",
                    filter=everything,
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=args.expire_days),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=NONCURRENT_DAYS
                    ),
                ),
                rule(
                    id="abort-uploads",
                    status="Enabled",
                    filter=everything,
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=ABORTED_UPLOAD_DAYS
                    ),
                ),
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
