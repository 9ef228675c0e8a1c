"""Controls of services, tasks and the cluster."""

import re

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import containers_of, definitions_of, own_key, pages, services_of

#: What a variable of a secret is called: words that no plain variable's name may hold.
_SECRET_WORDS = re.compile(r"PASS|SECRET|TOKEN|SALT|KEY|DSN|CREDENTIAL|DATABASE_URL|REDIS_URL|RABBITMQ_URL")


def test_tasks_share_nothing_of_their_host(standing: Standing) -> None:
    definitions = definitions_of(standing)
    assert definitions
    for family, definition in every(definitions.items()):
        assert definition.get("pidMode") != "host", f"ECS.3: {family} could see and stop every process of its host"
        assert definition["networkMode"] == "awsvpc", f"ECS.17: {family} would pass by its security group"


def test_no_plain_variable_is_called_like_a_secret(standing: Standing) -> None:
    for family, container in every(containers_of(standing)):
        plain = {variable["name"] for variable in container["environment"]}
        secret = sorted(name for name in plain if _SECRET_WORDS.search(name.upper()))
        assert not secret, f"ECS.8: whoever may describe {family} could read them"


def test_execution_and_task_roles_are_nobody_elses(standing: Standing) -> None:
    roles = [
        definition[role]
        for definition in definitions_of(standing).values()
        for role in ("executionRoleArn", "taskRoleArn")
    ]
    assert len(set(roles)) == len(roles), "a shared role may do what any of its users needs"


def test_services_run_on_the_latest_platform(standing: Standing) -> None:
    for name, service in every(services_of(standing).items()):
        # 1.4.0 is what LATEST means. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
        assert service["platformVersion"] in ("LATEST", "1.4.0"), f"ECS.10: {name} would miss the platform's patches"


def test_the_cluster_is_measured_and_its_shells_are_logged_and_encrypted(standing: Standing) -> None:
    ecs = standing.client("ecs")
    arns = ecs.list_clusters()["clusterArns"]
    (cluster,) = ecs.describe_clusters(clusters=arns, include=["SETTINGS", "CONFIGURATIONS"])["clusters"]
    settings = {setting["name"]: setting["value"] for setting in cluster["settings"]}
    assert settings["containerInsights"] in ("enabled", "enhanced"), "ECS.12: an attack shows in what tasks use"
    shell = cluster["configuration"]["executeCommandConfiguration"]
    assert shell["logging"] == "OVERRIDE", "what a person types in production is evidence"
    assert shell["logConfiguration"]["cloudWatchEncryptionEnabled"]
    assert shell["kmsKeyId"] == own_key(standing)
    groups = {group["logGroupName"] for group in pages(standing.client("logs"), "describe_log_groups", "logGroups")}
    assert shell["logConfiguration"]["cloudWatchLogGroupName"] in groups
    assert f"/aws/ecs/containerinsights/{cluster['clusterName']}/performance" in groups, (
        "CloudWatch.16: Container Insights would make the group itself, without our key and our retention"
    )
    for name, service in every(services_of(standing).items()):
        assert not service["enableExecuteCommand"], f"a shell in {name} needs a root file system that can be written"
