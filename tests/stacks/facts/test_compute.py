"""Services, their containers and their deployments."""

from typing import Any

from stacks.systems import SYSTEMS
from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import containers_of, definitions_of, pages, services_of


def test_every_service_of_the_guides_runs(standing: Standing) -> None:
    services = services_of(standing)
    assert set(services) == {f"{system.name}-{name}" for system in SYSTEMS for name in system.services}
    for name, service in every(services.items()):
        assert service["runningCount"] == service["desiredCount"] >= 1, name
        assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_containers_are_hardened(standing: Standing) -> None:
    for family, container in every(containers_of(standing)):
        assert container["readonlyRootFilesystem"] is True, family
        assert container["user"] not in ("", "0", "root"), family
        assert not container.get("privileged", False), family
        assert container["linuxParameters"]["initProcessEnabled"] is True, family
        assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"], family
        assert container["logConfiguration"]["logDriver"] == "awslogs", family


def test_every_service_has_a_container_health_check(standing: Standing) -> None:
    for _, container in every(one for one in containers_of(standing) if not one[0].endswith("-migration")):
        assert container["healthCheck"]["command"], "a worker has no load balancer that would tell"


def test_images_are_named_by_digest(standing: Standing) -> None:
    for family, container in every(containers_of(standing)):
        assert "@sha256:" in container["image"], f"{family} would run whatever its tag means tomorrow"


def test_the_guides_commands_run(standing: Standing) -> None:
    commands: dict[str, Any] = {
        family.removeprefix(f"{standing.name}-"): c.get("command") for family, c in containers_of(standing)
    }
    assert commands["aprendeai-migration"] == ["npx", "prisma", "migrate", "deploy"]
    assert commands["equivalence-migration"] == ["alembic", "upgrade", "head"]
    assert "rq worker" in commands["equivalence-worker"][-1]


def test_the_ai_service_has_time_and_room(standing: Standing) -> None:
    definition = definitions_of(standing)[f"{standing.name}-aprendeai-ai"]
    if standing.name == "prod":
        assert (definition["cpu"], definition["memory"]) == ("4096", "8192")
    deployment = services_of(standing)["aprendeai-ai"]["deployments"][0]
    served = deployment["serviceConnectConfiguration"]["services"][0]
    assert served["clientAliases"][0] == {"port": 8001, "dnsName": "ai"}
    assert served["timeout"]["perRequestTimeoutSeconds"] > 30, "Service Connect cuts a request after 15 s by default"


def test_nothing_in_progress_is_cut(standing: Standing) -> None:
    longest = {
        f"{system.name}-{name}": service.longest_request_seconds
        for system in SYSTEMS
        for name, service in system.services.items()
    }
    containers = dict(containers_of(standing))
    for service, seconds in every(longest.items()):
        assert containers[f"{standing.name}-{service}"]["stopTimeout"] >= seconds
    elb = standing.client("elbv2")
    for group in every(elb.describe_target_groups()["TargetGroups"]):
        attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        delay = next(a["Value"] for a in attributes if a["Key"] == "deregistration_delay.timeout_seconds")
        assert int(delay) >= (110 if group["Port"] == 4000 else 30)


def test_production_keeps_a_base_on_demand_for_its_workers(bring_up: Any) -> None:  # noqa: ANN401 - a fixture
    services = services_of(bring_up("prod"))
    for name in ("aprendeai-worker", "equivalence-worker"):
        shares = {share["capacityProvider"]: share for share in services[name]["capacityProviderStrategy"]}
        assert shares["FARGATE"]["base"] == 1, "Spot alone has nothing to fall back on"
        assert shares["FARGATE_SPOT"]["weight"] > shares["FARGATE"]["weight"]


def test_services_of_production_scale_and_only_those_that_scale_ignore_their_count(bring_up: Any) -> None:  # noqa: ANN401
    prod = bring_up("prod")
    targets = pages(
        prod.client("application-autoscaling"), "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs"
    )
    assert len(targets) == 6
    ignoring = {
        resource.urn.rsplit("::", 1)[1]
        for resource in prod.stack.resources()
        if resource.type == "aws:ecs/service:Service" and "desiredCount" in resource.ignore_changes
    }
    assert len(ignoring) == 6
    staging = bring_up("staging")
    assert not [
        resource
        for resource in staging.stack.resources()
        if resource.type == "aws:ecs/service:Service" and resource.ignore_changes
    ], "without an autoscaler, the program's number is the number"
