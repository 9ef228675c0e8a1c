"""Databases, caches and the broker."""

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import pages


def test_databases_are_private_encrypted_and_take_tls_only(standing: Standing) -> None:
    rds = standing.client("rds")
    instances = rds.describe_db_instances()["DBInstances"]
    assert {instance["DBName"] for instance in instances} == {"aprendeai", "equivalence"}
    for instance in every(instances):
        assert not instance["PubliclyAccessible"]
        assert instance["StorageEncrypted"]
        assert instance["KmsKeyId"], "the stack's own key, so that access can be taken away by it"
        assert instance["StorageType"] == "gp3"
        assert instance["CopyTagsToSnapshot"]
        assert instance["MultiAZ"] == (standing.name == "prod")
        assert instance["BackupRetentionPeriod"] == (14 if standing.name == "prod" else 3)
        assert instance["DeletionProtection"] == (standing.name == "prod")
        assert instance["PerformanceInsightsEnabled"]
        assert set(instance["EnabledCloudwatchLogsExports"]) == {"postgresql", "upgrade"}
        group = instance["DBParameterGroups"][0]["DBParameterGroupName"]
        parameters = pages(rds, "describe_db_parameters", "Parameters", DBParameterGroupName=group)
        forced = [p["ParameterValue"] for p in parameters if p["ParameterName"] == "rds.force_ssl"]
        assert forced == ["1"], "without it the server takes passwords in the clear"


def test_caches_are_encrypted_and_have_no_open_default_user(standing: Standing) -> None:
    cache = standing.client("elasticache")
    groups = cache.describe_replication_groups()["ReplicationGroups"]
    assert len(groups) == 2
    users = {user["UserId"]: user for user in cache.describe_users()["Users"]}
    for group in every(groups):
        assert group["AtRestEncryptionEnabled"]
        assert group["TransitEncryptionEnabled"]
        assert group["KmsKeyId"]
        assert (group["AutomaticFailover"] == "enabled") == (standing.name == "prod")
        assert group["UserGroupIds"], "a group without users takes anyone who reaches it"
    members = [users[user] for group in cache.describe_user_groups()["UserGroups"] for user in group["UserIds"]]
    assert {user["UserName"] for user in members if user["UserName"] != "default"} == {"aprendeai", "equivalence"}
    for user in every(user for user in members if user["UserName"] == "default"):
        assert user["AccessString"].startswith("off"), "the default user takes anyone, without a password"


def test_the_broker_is_private_encrypted_and_clustered_in_production(standing: Standing) -> None:
    mq = standing.client("mq")
    brokers = mq.list_brokers()["BrokerSummaries"]
    assert len(brokers) == 1
    broker = mq.describe_broker(BrokerId=brokers[0]["BrokerId"])
    assert not broker["PubliclyAccessible"]
    assert broker["DeploymentMode"] == ("CLUSTER_MULTI_AZ" if standing.name == "prod" else "SINGLE_INSTANCE")
    assert broker["EncryptionOptions"]["UseAwsOwnedKey"] is False
    assert broker["AutoMinorVersionUpgrade"]
    assert broker["Logs"]["General"]
