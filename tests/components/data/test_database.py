"""What a database asks RDS for, and what it refuses first."""

import json
from typing import Any

import pulumi
import pytest

from components.data.database import PARAMETERS, PostgresDatabase, PostgresDatabaseArgs
from tests.components.recording import ACCOUNT, KEY, TAGS, Recording, placement, record
from tests.every import every

PASSWORD = "correct-horse-battery"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:events"


def _args(**overrides: object) -> PostgresDatabaseArgs:
    values: dict[str, Any] = {
        "placement": placement(),
        "database_name": "aprendeai",
        "username": "aprendeai",
        "password": PASSWORD,
        "engine_version": "16",
        "instance_class": "db.m7g.large",
        "storage_gb": 50,
        "max_storage_gb": 200,
        "multi_az": True,
        "backup_retention_days": 14,
        "deletion_protection": True,
        "final_snapshot": True,
        **overrides,
    }
    return PostgresDatabaseArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: PostgresDatabase("aprendeai-database", _args(**overrides)))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"placement": placement(isolated_subnet_ids=["subnet-a"])},
            "PostgresDatabaseArgs.placement.isolated_subnet_ids is 1; allowed: two subnets or more; give one "
            "of each zone's",
        ),
        (
            {"database_name": "aprende-ai"},
            "PostgresDatabaseArgs.database_name is 'aprende-ai'; allowed: 1 to 63 lower case letters, digits and "
            "underscores, beginning with a letter; name it after the system",
        ),
        (
            {"username": "postgres"},
            "PostgresDatabaseArgs.username is 'postgres'; allowed: 1 to 63 lower case letters, digits and "
            "underscores, beginning with a letter, other than admin, postgres, rdsadmin; name it after the system",
        ),
        (
            {"username": "admin"},
            "PostgresDatabaseArgs.username is 'admin'; allowed: 1 to 63 lower case letters, digits and "
            "underscores, beginning with a letter, other than admin, postgres, rdsadmin; name it after the system",
        ),
        (
            {"password": "p@ssword"},
            "PostgresDatabaseArgs.password is a secret of 8 characters; allowed: 8 to 128 printable ASCII characters "
            'without space, /, @ and "; generate one of letters and digits',
        ),
        (
            {"engine_version": "16.4"},
            "PostgresDatabaseArgs.engine_version is '16.4'; allowed: a major version of PostgreSQL: 14, 15, 16, 17, "
            "18; leave the minor version to RDS, which upgrades it by itself",
        ),
        (
            {"instance_class": "m7g.large"},
            "PostgresDatabaseArgs.instance_class is 'm7g.large'; allowed: a class of DB instances, beginning with "
            'db.; write it like "db.m7g.large"',
        ),
        (
            {"storage_gb": 19},
            "PostgresDatabaseArgs.storage_gb is 19; allowed: 20 to 65536; give the GiB to begin with",
        ),
        (
            {"storage_gb": 50, "max_storage_gb": 54},
            "PostgresDatabaseArgs.max_storage_gb is 54; allowed: 55 to 65536 (a tenth more than storage_gb at least); "
            "give the storage room to grow",
        ),
        (
            {"backup_retention_days": 0},
            "PostgresDatabaseArgs.backup_retention_days is 0; allowed: 1 to 35; 0 would turn point-in-time recovery "
            "off",
        ),
    ],
)
def test_a_value_that_rds_or_the_standard_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_a_retention_that_cloudwatch_refuses_is_refused_first() -> None:
    with pytest.raises(ValueError, match=r"log_retention_days is 10; .* take 7 or 14"):
        _args(placement=placement(log_retention_days=10))


@pytest.mark.parametrize("overrides", [{"storage_gb": 20, "max_storage_gb": 22}, {"backup_retention_days": 35}])
def test_values_on_the_boundary_are_taken(overrides: dict[str, Any]) -> None:
    _args(**overrides)


def test_the_password_is_in_no_representation() -> None:
    assert PASSWORD not in repr(_args()), "a repr ends up in tracebacks and logs"


def test_an_unknown_password_is_left_for_rds_to_judge() -> None:
    record(lambda: _args(password=pulumi.Output.from_input("short")))


def test_the_instance_is_private_encrypted_and_in_its_own_subnets() -> None:
    instance = _built().named("aprendeai-database-instance").inputs

    assert instance["publiclyAccessible"] is False, "RDS.2: a database has no business on the internet"
    assert instance["storageEncrypted"] is True, "RDS.3: a stolen snapshot must be of no use"
    assert instance["kmsKeyId"] == KEY
    assert instance["dbSubnetGroupName"] == "aprendeai-database-subnet-group", "the default group may be public"
    assert instance["vpcSecurityGroupIds"] == ["aprendeai-database-security-group-id"]


def test_the_security_group_opens_nothing_by_itself() -> None:
    group = _built().named("aprendeai-database-security-group").inputs

    assert "ingress" not in group, "inline rules and rule resources of one group undo each other"
    assert "egress" not in group, "a database answers and never calls"


def test_connections_without_tls_are_refused_by_the_server() -> None:
    group = _built().named("aprendeai-database-parameter-group").inputs
    parameters = {parameter["name"]: parameter["value"] for parameter in group["parameters"]}

    assert group["family"] == "postgres16"
    assert parameters["rds.force_ssl"] == "1", "RDS.38: a client that forgets TLS would send its data in clear"
    assert parameters["rds.accepted_password_auth_method"] == "scram", "an MD5 verifier is as good as the password"


def test_no_statement_is_logged_for_what_it_is_or_because_it_failed() -> None:
    assert PARAMETERS["log_statement"] == "none", "ddl would log the password of each ALTER ROLE"
    assert PARAMETERS["log_min_error_statement"] == "panic", "a failed ALTER ROLE would be logged with its password"
    assert PARAMETERS["log_parameter_max_length"] == PARAMETERS["log_parameter_max_length_on_error"] == "0"


def test_log_groups_stand_before_the_instance_and_outlive_it() -> None:
    recording = _built()
    instance = recording.named("aprendeai-database-instance")
    groups = recording.of("aws:cloudwatch/logGroup:LogGroup")

    assert sorted(group.inputs["name"] for group in groups) == [
        "/aws/rds/instance/aprendeai-database-0badcafe/postgresql",
        "/aws/rds/instance/aprendeai-database-0badcafe/upgrade",
    ]
    assert instance.inputs["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    for group in every(groups):
        assert group.urn in instance.depends_on, "RDS makes a missing group itself, unencrypted and for ever"
        assert (group.inputs["retentionInDays"], group.inputs["kmsKeyId"]) == (365, KEY)


def test_the_version_is_a_major_one_so_that_a_minor_upgrade_is_no_planned_downgrade() -> None:
    instance = _built().named("aprendeai-database-instance").inputs

    assert instance["engineVersion"] == "16"
    assert instance["autoMinorVersionUpgrade"] is True, "RDS.13: the provider takes a prefix only with it"


def test_backups_outlive_the_instance_where_there_is_a_final_snapshot() -> None:
    kept = _built(final_snapshot=True).named("aprendeai-database-instance").inputs
    dropped = _built(final_snapshot=False).named("aprendeai-database-instance").inputs

    assert (kept["skipFinalSnapshot"], kept["deleteAutomatedBackups"]) == (False, False)
    assert (dropped["skipFinalSnapshot"], dropped["deleteAutomatedBackups"]) == (True, True)
    assert kept["finalSnapshotIdentifier"] == "aprendeai-database-0badcafe-final", "a fixed name collides the next time"
    assert kept["copyTagsToSnapshot"] is True, "RDS.17"


def test_the_suffix_changes_with_whatever_replaces_the_instance() -> None:
    suffix = _built().named("aprendeai-database-suffix").inputs

    assert suffix["keepers"] == {"database_name": "aprendeai", "username": "aprendeai", "kms_key_arn": KEY}


def test_a_snapshot_to_restore_from_is_read_once() -> None:
    instance = _built(snapshot_identifier="before").named("aprendeai-database-instance")

    assert instance.inputs["snapshotIdentifier"] == "before"
    assert "snapshotIdentifier" in instance.ignore_changes, "taken away later, it would replace the database"


@pytest.mark.parametrize("protect", [True, False])
def test_protection_is_as_told(protect: bool) -> None:
    instance = _built(protect=protect, deletion_protection=protect).named("aprendeai-database-instance")

    assert (instance.protect, instance.inputs["deletionProtection"]) == (protect, protect)


def test_the_password_is_a_secret_even_when_it_came_in_plain() -> None:
    recording = _built()

    assert "password" in recording.named("aprendeai-database-instance").secret_inputs
    assert PASSWORD not in json.dumps(recording.outputs), "an output is shown to anyone who may read the stack"


def test_the_monitoring_role_serves_this_instance_alone() -> None:
    role = _built().named("aprendeai-database-monitoring-role").inputs
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]

    assert statement["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:rds:us-east-1:{ACCOUNT}:db:aprendeai-database-0badcafe"},
    }, "a service role that any account's database can borrow is a confused deputy"


def test_events_go_to_the_topic_when_there_is_one() -> None:
    subscriptions = _built(events_topic_arn=TOPIC).of("aws:rds/eventSubscription:EventSubscription")

    assert {s.inputs["sourceType"]: sorted(s.inputs["eventCategories"]) for s in subscriptions} == {
        "db-instance": ["configuration change", "failure", "maintenance"],
        "db-parameter-group": ["configuration change"],
        "db-security-group": ["configuration change", "failure"],
    }, "RDS.20, RDS.21 and RDS.22"
    assert {s.inputs["snsTopic"] for s in subscriptions} == {TOPIC}


def test_without_a_topic_there_are_no_subscriptions() -> None:
    assert _built().of("aws:rds/eventSubscription:EventSubscription") == []


def test_what_it_gives_out_is_what_a_client_needs() -> None:
    assert _built().outputs_of("aprendeai-database") == {
        "address": "aprendeai-database-0badcafe.rds.example",
        "port": 5432,
        "database_name": "aprendeai",
        "security_group_id": "aprendeai-database-security-group-id",
        "instance_identifier": "aprendeai-database-0badcafe",
    }


def test_everything_that_takes_tags_has_them() -> None:
    taken = [r for r in _built(events_topic_arn=TOPIC).resources if "PolicyAttachment" not in r.type]
    for resource in every(resource for resource in taken if resource.type.startswith("aws:")):
        assert TAGS.items() <= resource.inputs["tags"].items(), f"{resource.name} can't be found by its system"
