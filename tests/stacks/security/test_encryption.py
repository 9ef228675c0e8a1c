"""Controls of the stack's own key, and of what is encrypted with it."""

import json

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import own_key, pages, several, statements_of


def test_everything_at_rest_is_encrypted_with_the_stacks_own_key(standing: Standing) -> None:
    key = own_key(standing)
    rds, cache, mq = standing.client("rds"), standing.client("elasticache"), standing.client("mq")
    sns = standing.client("sns")
    keys: dict[str, str | None] = {}
    for instance in rds.describe_db_instances()["DBInstances"]:
        keys[instance["DBInstanceArn"]] = instance["KmsKeyId"]
        keys[f"{instance['DBInstanceArn']} insights"] = instance["PerformanceInsightsKMSKeyId"]
    for group in cache.describe_replication_groups()["ReplicationGroups"]:
        keys[group["ARN"]] = group["KmsKeyId"]
    for summary in mq.list_brokers()["BrokerSummaries"]:
        broker = mq.describe_broker(BrokerId=summary["BrokerId"])
        keys[broker["BrokerArn"]] = broker["EncryptionOptions"].get("KmsKeyId")
    for repository in pages(standing.client("ecr"), "describe_repositories", "repositories"):
        keys[repository["repositoryArn"]] = repository["encryptionConfiguration"].get("kmsKey")
    for secret in pages(standing.client("secretsmanager"), "list_secrets", "SecretList"):
        keys[secret["ARN"]] = secret.get("KmsKeyId")
    for group in pages(standing.client("logs"), "describe_log_groups", "logGroups"):
        keys[group["arn"]] = group.get("kmsKeyId")
    for topic in pages(sns, "list_topics", "Topics"):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        keys[topic["TopicArn"]] = attributes.get("KmsMasterKeyId")
    assert len(keys) > 40
    others = {arn: used for arn, used in keys.items() if used != key}
    assert not others, "with another key, taking the key away would not take access away (SNS.1, ECR.5, RDS.3, …)"


def test_the_key_rotates_and_names_who_uses_it(standing: Standing) -> None:
    kms = standing.client("kms")
    key = own_key(standing)
    account = key.split(":")[4]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], "KMS.4"
    services = set()
    for statement in every(statements_of(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])):
        assert statement["Effect"] == "Allow"
        if statement["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"}:
            continue  # IAM decides; without it a key can be locked away from everyone
        assert set(statement["Principal"]) == {"Service"}, "KMS.5: a key that others may use is no lock"
        assert account in json.dumps(statement["Condition"]), "a service would use it in another account's name"
        assert not [a for a in statement["Action"] if a in ("kms:*", "kms:PutKeyPolicy", "kms:CreateGrant")]
        services.update(several(statement["Principal"]["Service"]))
    region = key.split(":")[3]
    assert services == {f"logs.{region}.amazonaws.com", "cloudwatch.amazonaws.com", "events.rds.amazonaws.com"}
