"""Controls of secrets and buckets."""

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import allowed_to, containers_of, load_balancers_of, pages, several, statements_of


def test_every_secret_is_read_by_a_task_or_a_function(standing: Standing) -> None:
    functions = standing.client("lambda").list_functions()["Functions"]
    roles = {function["Role"].rpartition("/")[2] for function in functions}
    named = {
        arn
        for owner, statement in allowed_to(standing)
        if owner in roles and statement["Action"] == "secretsmanager:GetSecretValue"
        for arn in several(statement["Resource"])
    }
    named |= {
        variable["valueFrom"].rsplit(":", 3)[0]
        for _, container in containers_of(standing)
        for variable in container["secrets"]
    }
    kept = {secret["ARN"] for secret in pages(standing.client("secretsmanager"), "list_secrets", "SecretList")}
    assert kept == named, "SecretsManager.3: a secret that nobody uses is one that nobody would miss when it leaks"


def test_buckets_are_closed_versioned_and_forget(standing: Standing) -> None:
    s3 = standing.client("s3")
    # ELB's logs: no other bucket has an exception. See docs/security.md.
    log_buckets = {attributes["access_logs.s3.bucket"] for _, attributes, _ in load_balancers_of(standing)}
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert names
    for name in every(names):
        blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert blocked and all(blocked.values()), "S3.8: one wrong policy would publish it"
        ownership = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
        assert [rule["ObjectOwnership"] for rule in ownership] == ["BucketOwnerEnforced"], (
            "S3.12: ACLs pass by policies"
        )
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled", "S3.14: an overwritten log is a lost one"
        refusals = [
            statement
            for statement in statements_of(s3.get_bucket_policy(Bucket=name)["Policy"])
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        assert [(r["Principal"], r["Action"]) for r in refusals] == [("*", "s3:*")], "S3.5: TLS only, for everyone"
        assert set(refusals[0]["Resource"]) == {f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"}
        rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        active = [rule for rule in rules if rule["Status"] == "Enabled"]
        assert [rule for rule in active if "Expiration" in rule], "S3.13: what is kept for ever leaks one day"
        assert [rule for rule in active if "NoncurrentVersionExpiration" in rule], "S3.10: so do old versions"
        assert [rule for rule in active if "AbortIncompleteMultipartUpload" in rule], "parts that no listing shows"
        (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        algorithm = encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        if name in log_buckets:
            assert algorithm == "AES256", "a load balancer writes to no other kind, and would lose its logs"
        else:
            assert algorithm == "aws:kms", "S3.17"
            assert "LoggingEnabled" in s3.get_bucket_logging(Bucket=name), "S3.9"
