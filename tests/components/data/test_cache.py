"""What a cache asks ElastiCache for, and what it refuses first."""

import json
from typing import Any

import pytest

from components.data.cache import Cache, CacheArgs, parameter_group_family
from tests.components.recording import KEY, TAGS, Recording, placement, record
from tests.every import every

PASSWORD = "correct-horse-battery"


def _args(**overrides: object) -> CacheArgs:
    values: dict[str, Any] = {
        "placement": placement(),
        "username": "aprendeai",
        "password": PASSWORD,
        "node_type": "cache.m7g.large",
        "replicas": 1,
        "snapshot_retention_days": 7,
        "final_snapshot": True,
        **overrides,
    }
    return CacheArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: Cache("aprendeai-cache", _args(**overrides)))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"replicas": 6}, "CacheArgs.replicas is 6; allowed: 0 to 5; add shards elsewhere, not replicas"),
        (
            {"placement": placement(isolated_subnet_ids=["subnet-a"])},
            "CacheArgs.placement.isolated_subnet_ids is 1; allowed: 2 or more subnets with 1 replicas; give one of "
            "each zone's",
        ),
        (
            {"placement": placement(isolated_subnet_ids=[]), "replicas": 0},
            "CacheArgs.placement.isolated_subnet_ids is 0; allowed: 1 or more subnets with 0 replicas; give one of "
            "each zone's",
        ),
        (
            {"username": "default"},
            "CacheArgs.username is 'default'; allowed: 1 to 64 letters, digits, hyphens and underscores, beginning "
            "with a letter, other than default; name it after the system",
        ),
        (
            {"password": "fifteen-letters"},
            "CacheArgs.password is a secret of 15 characters; allowed: 16 to 128 printable ASCII characters without "
            "spaces; generate one of letters and digits",
        ),
        (
            {"previous_password": "old"},
            "CacheArgs.previous_password is a secret of 3 characters; allowed: 16 to 128 printable ASCII characters "
            "without spaces; generate one of letters and digits",
        ),
        (
            {"engine_version": "8"},
            "CacheArgs.engine_version is '8'; allowed: 7.2, 8.0, 8.1, 8.2, 9.0, 9.1 for valkey; give major and minor "
            "version",
        ),
        (
            {"node_type": "m7g.large"},
            "CacheArgs.node_type is 'm7g.large'; allowed: a type of cache nodes, beginning with cache.; write it like "
            '"cache.m7g.large"',
        ),
        (
            {"snapshot_retention_days": 36},
            "CacheArgs.snapshot_retention_days is 36; allowed: 0 to 35; 0 turns daily snapshots off",
        ),
    ],
)
def test_a_value_that_elasticache_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_a_retention_that_cloudwatch_refuses_is_refused_first() -> None:
    with pytest.raises(ValueError, match=r"log_retention_days is 366; .* take 365 or 400"):
        _args(placement=placement(log_retention_days=366))


def test_no_password_is_in_a_representation() -> None:
    shown = repr(_args(previous_password="an-older-password"))
    assert PASSWORD not in shown, "a repr ends up in tracebacks and logs"
    assert "an-older-password" not in shown


@pytest.mark.parametrize(("version", "family"), [("7.2", "valkey7"), ("8.2", "valkey8"), ("9.0", "valkey9")])
def test_the_parameter_group_family_follows_the_major_version(version: str, family: str) -> None:
    assert parameter_group_family(version) == family


def test_data_is_encrypted_at_rest_and_on_the_way() -> None:
    group = _built().named("aprendeai-cache-replication-group").inputs

    assert (group["atRestEncryptionEnabled"], group["kmsKeyId"]) == (True, KEY), "ElastiCache.4"
    assert (group["transitEncryptionEnabled"], group["transitEncryptionMode"]) == (True, "required"), (
        "ElastiCache.5: with `preferred`, a client without TLS is let in"
    )


def test_nobody_gets_in_without_a_name_and_a_password() -> None:
    recording = _built()
    users = {user.inputs["userName"]: user for user in recording.of("aws:elasticache/user:User")}

    assert set(users) == {"default", "aprendeai"}
    assert users["default"].inputs["accessString"] == "off ~* &* -@all", "ElastiCache.6: AWS's own default user is open"
    assert users["default"].inputs["passwords"] == ["aprendeai-cache-default-password!"]
    assert users["aprendeai"].inputs["passwords"] == [PASSWORD]
    assert all("passwords" in user.secret_inputs for user in every(users.values()))
    assert recording.named("aprendeai-cache-user-group").inputs["userIds"] == [
        "aprendeai-cache-default-0badcafe",
        "aprendeai-cache-app-0badcafe",
    ]
    assert recording.named("aprendeai-cache-replication-group").inputs["userGroupIds"] == ["aprendeai-cache-0badcafe"]


def test_the_application_can_neither_administer_nor_empty_the_server() -> None:
    access = _built().named("aprendeai-cache-application-user").inputs["accessString"].split()

    assert access[0] == "on"
    assert access.index("+@all") < access.index("-@admin") < access.index("-@dangerous"), "later rules win"
    assert [rule for rule in access[access.index("-@dangerous") + 1 :]] == ["+info", "+client|list"], (
        "what RQ and BullMQ ask for at their start, and not one command more"
    )


def test_a_second_password_opens_during_a_rotation() -> None:
    user = _built(previous_password="an-older-password").named("aprendeai-cache-application-user")

    assert user.inputs["passwords"] == [PASSWORD, "an-older-password"]


def test_nothing_is_evicted_since_queues_live_there() -> None:
    (parameter,) = _built().named("aprendeai-cache-parameter-group").inputs["parameters"]

    assert parameter == {"name": "maxmemory-policy", "value": "noeviction"}, "an evicted key may be a job"


@pytest.mark.parametrize(("replicas", "failover"), [(0, False), (1, True), (2, True)])
def test_failover_comes_with_the_first_replica(replicas: int, failover: bool) -> None:
    group = _built(replicas=replicas).named("aprendeai-cache-replication-group").inputs

    assert group["numCacheClusters"] == 1 + replicas
    assert (group["automaticFailoverEnabled"], group["multiAzEnabled"]) == (failover, failover), "ElastiCache.3"


def test_a_version_that_elasticache_raised_is_no_planned_downgrade() -> None:
    assert _built().named("aprendeai-cache-replication-group").ignore_changes == ("engineVersion",), (
        "the provider replaces the group on a downgrade"
    )
    assert _built(follow_engine_version=True).named("aprendeai-cache-replication-group").ignore_changes == ()


def test_both_logs_go_to_encrypted_groups() -> None:
    recording = _built()
    deliveries = recording.named("aprendeai-cache-replication-group").inputs["logDeliveryConfigurations"]

    assert {delivery["logType"]: delivery["destination"] for delivery in deliveries} == {
        "slow-log": "/aws/vendedlogs/elasticache/aprendeai-cache-0badcafe/slow-log",
        "engine-log": "/aws/vendedlogs/elasticache/aprendeai-cache-0badcafe/engine-log",
    }
    assert {group.inputs["kmsKeyId"] for group in recording.of("aws:cloudwatch/logGroup:LogGroup")} == {KEY}


def test_the_final_snapshot_is_as_told() -> None:
    kept = _built(final_snapshot=True).named("aprendeai-cache-replication-group").inputs
    dropped = _built(final_snapshot=False).named("aprendeai-cache-replication-group").inputs

    assert kept["finalSnapshotIdentifier"] == "aprendeai-cache-0badcafe-final", "a fixed name collides the next time"
    assert "finalSnapshotIdentifier" not in dropped


def test_the_security_group_opens_nothing_by_itself() -> None:
    group = _built().named("aprendeai-cache-security-group").inputs

    assert "ingress" not in group, "inline rules and rule resources of one group undo each other"
    assert "egress" not in group, "a cache answers and never calls"


@pytest.mark.parametrize("protect", [True, False])
def test_protection_is_as_told(protect: bool) -> None:
    assert _built(protect=protect).named("aprendeai-cache-replication-group").protect is protect


def test_a_long_name_leaves_every_id_within_forty_characters() -> None:
    recording = record(lambda: Cache("a-system-with-quite-a-long-name-production-cache", _args()))
    ids = [
        *(user.inputs["userId"] for user in recording.of("aws:elasticache/user:User")),
        *(group.inputs["userGroupId"] for group in recording.of("aws:elasticache/userGroup:UserGroup")),
        *(
            group.inputs["replicationGroupId"]
            for group in recording.of("aws:elasticache/replicationGroup:ReplicationGroup")
        ),
    ]

    assert len(ids) == 4
    assert all(len(identifier) <= 40 for identifier in every(ids))


def test_what_it_gives_out_is_what_a_client_needs() -> None:
    recording = _built()

    assert recording.outputs_of("aprendeai-cache") == {
        "address": "master.aprendeai-cache-0badcafe.example",
        "port": 6379,
        "username": "aprendeai",
        "security_group_id": "aprendeai-cache-security-group-id",
    }
    assert PASSWORD not in json.dumps(recording.outputs), "an output is shown to anyone who may read the stack"


def test_everything_that_takes_tags_has_them() -> None:
    for resource in every(r for r in _built().resources if r.type.startswith("aws:")):
        assert TAGS.items() <= resource.inputs["tags"].items(), f"{resource.name} can't be found by its system"
