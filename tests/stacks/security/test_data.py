"""Controls of databases and caches."""

from typing import Any

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import own_vpc, pages


def _instances(standing: Standing) -> list[dict[str, Any]]:
    found = list(standing.client("rds").describe_db_instances()["DBInstances"])
    assert len(found) == 2
    return found


def test_databases_are_watched_from_inside_and_upgraded(standing: Standing) -> None:
    for instance in every(_instances(standing)):
        assert instance["MonitoringInterval"] > 0, "RDS.6: what the operating system does shows only there"
        assert instance["MonitoringRoleArn"]
        assert instance["AutoMinorVersionUpgrade"], "RDS.13: minor versions are where holes are closed"
        assert instance["BackupRetentionPeriod"] >= (7 if standing.name == "prod" else 1), "RDS.11"


def test_databases_can_be_entered_by_iam_and_have_no_usual_admin(standing: Standing) -> None:
    for instance in every(_instances(standing)):
        assert instance["IAMDatabaseAuthenticationEnabled"], "RDS.10: a token that ends is safer than a password"
        assert instance["MasterUsername"] not in ("admin", "postgres"), "RDS.25: half of a login is known otherwise"


def test_databases_live_in_the_stacks_network(standing: Standing) -> None:
    for instance in every(_instances(standing)):
        assert instance["DBSubnetGroup"]["VpcId"] == own_vpc(standing), "RDS.18: security groups guard what is in it"


def test_what_happens_to_databases_is_reported(standing: Standing) -> None:
    rds = standing.client("rds")
    topics = {topic["TopicArn"] for topic in pages(standing.client("sns"), "list_topics", "Topics")}
    reported: dict[str, set[str]] = {}
    for subscription in every(pages(rds, "describe_event_subscriptions", "EventSubscriptionsList")):
        assert subscription["Enabled"]
        assert subscription["SnsTopicArn"] in topics
        reported.setdefault(subscription["SourceType"], set()).update(subscription["EventCategoriesList"])
    assert reported["db-instance"] >= {"configuration change", "failure", "maintenance"}, "RDS.20: nobody would know"
    assert reported["db-parameter-group"] >= {"configuration change"}, "RDS.21: TLS is forced there"
    assert reported["db-security-group"] >= {"configuration change", "failure"}, "RDS.22: so is who gets in"


def test_caches_are_backed_up_upgraded_and_in_subnets_of_their_own(standing: Standing) -> None:
    cache = standing.client("elasticache")
    clusters = pages(cache, "describe_cache_clusters", "CacheClusters")
    assert clusters
    for cluster in every(clusters):
        assert cluster["AutoMinorVersionUpgrade"], "ElastiCache.2: minor versions are where holes are closed"
        assert cluster["CacheSubnetGroupName"] != "default", "ElastiCache.7: the default group's subnets are public"
    for group in every(pages(cache, "describe_replication_groups", "ReplicationGroups")):
        assert group["SnapshotRetentionLimit"] >= (1 if standing.name == "prod" else 0), "ElastiCache.1"
