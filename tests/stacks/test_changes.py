"""What a change of config changes, and what it leaves alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stacks.systems.aprendeai import APRENDEAI
from tests.stacks.changes import applied, changes, services, version
from tests.stacks.conftest import PLANTED, Account, started, succeed


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account with staging up in it, changed by one test after the other."""
    with started(tmp_path_factory.mktemp("changes")) as account:
        succeed(account.stack("staging").up())
        yield account


def test_a_second_up_changes_nothing(account: Account) -> None:
    assert changes(succeed(account.stack("staging").up())) == []


def test_an_edited_supplied_secret_restarts_the_services_that_use_it_and_nothing_else(account: Account) -> None:
    result = applied(account, secrets={"aprendeai:SENTRY_DSN": "planted-another-dsn"})
    users = {name for name, service in APRENDEAI.services.items() if "SENTRY_DSN" in service.secrets}
    assert users == {"api", "frontend", "ai", "worker"}
    assert changes(result) == sorted(services(users, "aprendeai") + version("aprendeai", "SENTRY_DSN"))
    applied(account, secrets={"aprendeai:SENTRY_DSN": PLANTED["aprendeai:SENTRY_DSN"]})


def test_another_release_of_one_system_restarts_that_systems_services_and_no_other(account: Account) -> None:
    result = applied(account, {"aprendeai:release": "v1.1.0"})
    migration = [
        ("replace", "aws:ecs/taskDefinition:TaskDefinition", "aprendeai-migration-definition"),
        ("update", "pulumi-python:dynamic/alicerce:MigrationRun", "aprendeai-migration-run"),
    ]
    # The registries are told which release runs, so that they never expire it.
    kept = [
        ("replace", "aws:ecr/lifecyclePolicy:LifecyclePolicy", f"aprendeai-{image}-images-lifecycle")
        for image in APRENDEAI.images
    ]
    assert changes(result) == sorted([*services(set(APRENDEAI.services), "aprendeai"), *migration, *kept])


def test_going_back_runs_the_old_digest_and_every_secret_version_of_it_is_still_there(account: Account) -> None:
    before = account.stack("staging").outputs()["aprendeai"]["digests"]
    applied(account, {"aprendeai:release": "v2.0.0"}, {"aprendeai:SENTRY_DSN": "planted-v2-dsn"})
    assert account.stack("staging").outputs()["aprendeai"]["digests"] != before
    applied(account, {"aprendeai:release": "v1.0.0"})
    ecs, manager = account.client("ecs"), account.client("secretsmanager")
    for arn in ecs.list_task_definitions(familyPrefix="staging-aprendeai-api")["taskDefinitionArns"]:
        for container in ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]:
            for secret in container["secrets"]:
                name, _, _, version = secret["valueFrom"].rsplit(":", 3)
                manager.get_secret_value(SecretId=name, VersionId=version)


def test_a_services_size_changes_that_service(account: Account) -> None:
    result = applied(account, {"equivalence:services": {"worker": {"cpu": 512, "memory": 2048}}})
    assert changes(result) == services({"worker"}, "equivalence")
    applied(account)


def test_a_worker_that_may_have_no_task_gets_what_starts_the_first_and_nothing_else_changes(account: Account) -> None:
    nothing = {"equivalence:services": {"worker": {"minimum": 0}}}
    result = applied(account, nothing)
    scaling = "equivalence-worker-scaling"
    assert changes(result) == sorted(
        [
            ("create", "alicerce:index:Autoscaling", scaling),
            ("create", "aws:appautoscaling/target:Target", f"{scaling}-target"),
            *(
                ("create", "aws:appautoscaling/policy:Policy", f"{scaling}-{role}")
                for role in ("backlog", "busy", "first")
            ),
            ("create", "aws:cloudwatch/metricAlarm:MetricAlarm", f"{scaling}-first-alarm"),
        ]
    )
    (alarm,) = [
        alarm
        for alarm in account.client("cloudwatch").describe_alarms()["MetricAlarms"]
        if alarm["AlarmName"].startswith(scaling)
    ]
    (policy,) = account.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="ecs", PolicyNames=[alarm["AlarmActions"][0].rpartition("policyName/")[2]]
    )["ScalingPolicies"]
    assert policy["PolicyType"] == "StepScaling"
    # The accepted latency is in the policies alone.
    quicker = account.stack("staging", {"equivalence:services": {"worker": {"minimum": 0, "latencySeconds": 30}}})
    assert changes(succeed(quicker.preview())) == [
        ("update", "aws:appautoscaling/policy:Policy", f"{scaling}-backlog"),
    ], "one task at the most has no second step"
    applied(account)


def test_an_unknown_release_fails_the_preview_by_name(account: Account) -> None:
    result = account.stack("staging", {"equivalence:release": "v9.9.9"}).preview()
    assert not result.ok
    message = "\n".join(result.errors)
    assert (
        "equivalence:release is 'v9.9.9', and the repository staging/equivalence-api has no image with that tag"
    ) in message
    assert "pulumi config set equivalence:release <tag>" in message
    assert not account.stack("staging", {"equivalence:release": "v9.9.9"}).up().ok
    running = account.client("ecs").describe_services(cluster="alicerce-staging", services=["equivalence-api"])
    assert len(running["services"][0]["deployments"]) == 1, "what runs is left alone"


def test_a_refused_config_changes_nothing_and_says_everything_at_once(account: Account) -> None:
    before = {resource.urn: resource.outputs for resource in account.stack("staging").resources()}
    wrong = account.stack("staging", {"aprendeai:zone": "example.org", "equivalence:rotation": {"API_KEY_SALT": 0}})
    result = wrong.up()
    assert not result.ok
    message = "\n".join(result.errors)
    assert "3 problems in Pulumi.staging.yaml, nothing was created" in message
    assert "outside the zone example.org" in message
    assert "equivalence:rotation.API_KEY_SALT is 0" in message
    assert "Traceback" not in message
    assert {resource.urn: resource.outputs for resource in account.stack("staging").resources()} == before


@pytest.mark.slow
def test_without_a_release_the_platform_stands_without_services(tmp_path: Path) -> None:
    with started(tmp_path) as fresh:
        result = succeed(fresh.stack("staging", {"aprendeai:release": None, "equivalence:release": None}).up())
        said = "\n".join(diagnostic.message for diagnostic in result.diagnostics)
        assert "aprendeai:release is not set: what aprendeai stands on is built, its services are not" in said
        assert fresh.client("ecr").describe_repositories()["repositories"]
        assert not fresh.client("ecs").list_services(cluster="alicerce-staging")["serviceArns"]
        # The first release brings services, and nothing that stands is touched.
        first = succeed(fresh.stack("staging").up())
        policies = [step for step in first.changes if step.type == "aws:ecr/lifecyclePolicy:LifecyclePolicy"]
        assert {step.op for step in first.changes if step not in policies} <= {"create", "update"}
        assert len(fresh.client("ecs").list_services(cluster="alicerce-staging")["serviceArns"]) == 6
