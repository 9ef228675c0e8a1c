"""ECS: clusters, capacity providers, task definitions and services that run their tasks."""

import json
import time
from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session
from support.ecs import World

CLUSTER = "aws:ecs/cluster:Cluster"
CLUSTER_PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"
PROVIDER = "aws:ecs/capacityProvider:CapacityProvider"
DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
SERVICE = "aws:ecs/service:Service"


@pytest.fixture
def world(aws: Session) -> World:
    return World(aws)


def _registered(drive: Any, inputs: dict[str, Any]) -> str:  # noqa: ANN401 - the driver fixture's
    return str(drive.create(DEFINITION, drive.check(DEFINITION, inputs))[1]["arn"])


# Clusters


def test_a_cluster_changes_in_place(crud: Callable[..., Any], aws: Session) -> None:
    kms = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    life = crud(
        CLUSTER,
        {
            "settings": [{"name": "containerInsights", "value": "enabled"}],
            "configuration": {"executeCommandConfiguration": {"kmsKeyId": kms, "logging": "NONE"}},
            "tags": {"System": "a"},
        },
        {"settings": [{"name": "containerInsights", "value": "disabled"}], "tags": {"System": "b"}},
        default_tags={"Environment": "test"},
    )
    assert life.id == life.created["arn"]
    assert life.created["name"].startswith("thing-")


def test_a_cluster_with_services_stays(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    definition = _registered(drive, world.definition())
    drive.create(SERVICE, drive.check(SERVICE, world.service(definition)))
    with pytest.raises(ProviderError, match="ClusterContainsServicesException"):
        drive.delete(CLUSTER, world.cluster, {}, {})


def test_a_cluster_gets_its_capacity_providers(driver: Callable[..., Any], aws: Session) -> None:
    aws.client("ecs").create_cluster(clusterName="main")
    drive = driver()
    inputs = drive.check(
        CLUSTER_PROVIDERS,
        {
            "clusterName": "main",
            "capacityProviders": ["FARGATE_SPOT", "FARGATE"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}],
        },
    )
    id, state = drive.create(CLUSTER_PROVIDERS, inputs)
    _, live, known = drive.read(CLUSTER_PROVIDERS, id, state, inputs)
    assert not drive.diff(CLUSTER_PROVIDERS, id, live, known, inputs).changes
    drive.delete(CLUSTER_PROVIDERS, id, state, inputs)
    assert aws.client("ecs").describe_clusters(clusters=["main"])["clusters"][0]["capacityProviders"] == []
    with pytest.raises(ProviderError, match="The specified capacity provider 'GPU' was not found"):
        drive.create(CLUSTER_PROVIDERS, {"clusterName": "main", "capacityProviders": ["GPU"]})


def test_a_capacity_provider_needs_a_group_that_is_there(driver: Callable[..., Any]) -> None:
    drive = driver()
    arn = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:0:autoScalingGroupName/gpu"
    inputs = drive.check(PROVIDER, {"autoScalingGroupProvider": {"autoScalingGroupArn": arn}})
    with pytest.raises(ProviderError, match="The specified Auto Scaling group ARN is invalid"):
        drive.create(PROVIDER, inputs)


# Task definitions


def test_a_task_definition_is_registered_and_deregistered(crud: Callable[..., Any], world: World, aws: Session) -> None:
    life = crud(DEFINITION, world.definition(), {"tags": {"System": "b"}}, default_tags={"Environment": "test"})
    assert life.id == "api"
    assert life.created["arn"] == "arn:aws:ecs:us-east-1:123456789012:task-definition/api:1"
    assert life.created["arnWithoutRevision"] == "arn:aws:ecs:us-east-1:123456789012:task-definition/api"
    assert life.created["revision"] == 1
    ecs = aws.client("ecs")
    assert ecs.describe_task_definition(taskDefinition="api:1")["taskDefinition"]["status"] == "INACTIVE"


def test_a_kept_revision_stays_active_and_the_next_has_the_next_number(
    driver: Callable[..., Any], world: World, aws: Session
) -> None:
    drive = driver()
    inputs = drive.check(DEFINITION, {**world.definition(), "skipDestroy": True})
    id, state = drive.create(DEFINITION, inputs)
    drive.delete(DEFINITION, id, state, inputs)
    ecs = aws.client("ecs")
    assert ecs.describe_task_definition(taskDefinition="api:1")["taskDefinition"]["status"] == "ACTIVE"
    ecs.deregister_task_definition(taskDefinition="api:1")
    assert _registered(drive, world.definition()).endswith(":2"), "a number never comes again"


def test_every_change_of_a_task_definition_replaces_it(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    old = drive.check(DEFINITION, world.definition())
    for change in (
        {"cpu": "512"},
        {"runtimePlatform": {"cpuArchitecture": "X86_64"}},
        {"containerDefinitions": json.dumps([{"name": "api", "image": "other"}])},
        {"volumes": [{"name": "tmp"}]},
        {"ephemeralStorage": {"sizeInGib": 30}},
    ):
        answer = drive.diff(DEFINITION, "api", old, old, drive.check(DEFINITION, {**world.definition(), **change}, old))
        assert answer.replaces == [*change]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cpu": "256", "memory": "4096"}, "No Fargate configuration exists for given values: 256 CPU, 4096 memory"),
        ({"networkMode": "bridge"}, "Fargate only supports network mode"),
        ({"executionRoleArn": None}, "you must also specify a value for 'executionRoleArn'"),
    ],
)
def test_what_fargate_does_not_take_is_refused(
    driver: Callable[..., Any], world: World, change: dict[str, Any], message: str
) -> None:
    drive = driver()
    inputs = {key: value for key, value in {**world.definition(), **change}.items() if value is not None}
    with pytest.raises(ProviderError, match=message):
        drive.create(DEFINITION, drive.check(DEFINITION, inputs))


def test_containers_that_are_no_json_are_refused_at_check(driver: Callable[..., Any]) -> None:
    answer = driver().checked(DEFINITION, {"family": "api", "containerDefinitions": "[{]"})
    assert "container_definitions is invalid" in answer.failures[0].reason


# Services


def test_a_service_runs_its_tasks_behind_its_load_balancer(
    crud: Callable[..., Any], driver: Callable[..., Any], world: World, aws: Session
) -> None:
    definition = _registered(driver(), world.definition())

    def look(id: str, state: dict[str, Any]) -> None:
        live = world.live()
        assert (live["desiredCount"], live["runningCount"]) == (3, 3)
        assert [one["rolloutState"] for one in live["deployments"]] == ["COMPLETED"]
        tasks = world.tasks()
        assert {task["lastStatus"] for task in tasks} == {"RUNNING"}
        assert {task["healthStatus"] for task in tasks} == {"HEALTHY"}
        assert {task["availabilityZone"] for task in tasks} == {"us-east-1a", "us-east-1b"}
        tags = {tag["key"]: tag["value"] for tag in tasks[0]["tags"]}
        assert tags["System"] == "a"
        assert tags["aws:ecs:serviceName"] == "api"
        health = aws.client("elbv2").describe_target_health(TargetGroupArn=world.target_group)
        states = [item["TargetHealth"]["State"] for item in health["TargetHealthDescriptions"]]
        assert states == ["healthy"] * 3

    life = crud(
        SERVICE,
        world.service(definition, waitForSteadyState=True),
        {"desiredCount": 3, "tags": {"System": "b"}},
        default_tags={"Environment": "test"},
        look=look,
    )
    assert life.id == life.created["arn"] == "arn:aws:ecs:us-east-1:123456789012:service/main/api"
    assert life.changed == {"desiredCount", "tags.System"}
    interfaces = aws.client("ec2").describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [world.group]}])
    assert interfaces["NetworkInterfaces"] == [], "a deleted service leaves no network interface"


def test_a_new_task_definition_is_a_new_deployment(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    old = drive.check(SERVICE, world.service(_registered(drive, world.definition())))
    id, state = drive.create(SERVICE, old)
    before = world.live()["deployments"][0]["id"]
    second = _registered(drive, world.definition(environment=[{"name": "A", "value": "2"}]))
    new = drive.check(SERVICE, world.service(second), old)
    drive.update(SERVICE, id, state, old, new)
    live = world.live()
    assert live["deployments"][0]["id"] != before
    assert {task["taskDefinitionArn"] for task in world.tasks()} == {second}


def test_a_change_of_the_count_is_no_deployment(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    old = drive.check(SERVICE, world.service(_registered(drive, world.definition())))
    id, state = drive.create(SERVICE, old)
    before = world.live()["deployments"][0]["id"]
    drive.update(SERVICE, id, state, old, {**old, "desiredCount": 1})
    assert world.live()["deployments"][0]["id"] == before
    assert len(world.tasks()) == 1


def test_a_forced_deployment_starts_new_tasks(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    old = drive.check(SERVICE, world.service(_registered(drive, world.definition()), triggers={"at": "1"}))
    id, state = drive.create(SERVICE, old)
    before = {task["taskArn"] for task in world.tasks()}
    new = {**old, "forceNewDeployment": True, "triggers": {"at": "2"}}
    drive.update(SERVICE, id, state, old, new)
    assert not before & {task["taskArn"] for task in world.tasks()}


def test_a_secret_version_that_is_gone_rolls_the_service_back(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    first = _registered(drive, world.definition())
    old = drive.check(SERVICE, world.service(first, waitForSteadyState=True))
    id, state = drive.create(SERVICE, old)
    second = _registered(drive, world.definition(version="00000000-0000-0000-0000-000000000000"))
    new = drive.check(SERVICE, world.service(second, waitForSteadyState=True), old)
    with pytest.raises(RuntimeError, match="ended as ROLLBACK_SUCCESSFUL: Service deployment rolled back because"):
        drive.update(SERVICE, id, state, old, new)
    ecs = world.aws.client("ecs")
    history = ecs.list_service_deployments(service="api", cluster="main")["serviceDeployments"]
    assert [one["status"] for one in history] == ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]
    arns = [one["targetServiceRevisionArn"] for one in history]
    revisions = ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
    assert [one["taskDefinition"] for one in revisions] == [second, first], "a rollback is no revision of its own"
    live = world.live()
    assert live["taskDefinition"] == first
    assert live["runningCount"] == 2
    reasons = {task["stoppedReason"] for task in world.tasks("STOPPED") if task["stopCode"] == "TaskFailedToStart"}
    assert len(reasons) == 1
    assert "can't find the specified secret value for VersionId" in reasons.pop()


def test_the_first_deployment_has_nothing_to_go_back_to(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    broken = _registered(drive, world.definition(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/none:v1"))
    with pytest.raises(RuntimeError, match="ended as ROLLBACK_FAILED: No rollback candidate was found"):
        drive.create(SERVICE, drive.check(SERVICE, world.service(broken, waitForSteadyState=True)))
    live = world.live()
    assert live["runningCount"] == 0
    assert live["deployments"][0]["rolloutState"] == "FAILED"
    assert "CannotPullContainerError" in world.tasks("STOPPED")[0]["stoppedReason"]


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/none"}}}, "log group does not"),
        ({"secrets": [{"name": "S", "valueFrom": "nothing"}]}, "invalid parameters: nothing"),
        ({"environment": [{"name": "LOCALCLOUD_EXIT_CODE", "value": "1"}]}, "Essential container in task exited"),
    ],
)
def test_a_task_stops_with_the_reason(
    driver: Callable[..., Any], world: World, container: dict[str, Any], reason: str
) -> None:
    drive = driver()
    drive.create(SERVICE, drive.check(SERVICE, world.service(_registered(drive, world.definition(**container)))))
    assert reason in world.tasks("STOPPED")[0]["stoppedReason"]


def test_a_role_that_tasks_may_not_take_on_starts_none(driver: Callable[..., Any], world: World) -> None:
    role = world.role_for("lambda.amazonaws.com", "other")
    drive = driver()
    definition = _registered(drive, {**world.definition(), "taskRoleArn": role})
    drive.create(SERVICE, drive.check(SERVICE, world.service(definition)))
    assert world.live()["runningCount"] == 0
    assert any(f"unable to assume the role '{role}'" in event["message"] for event in world.live()["events"])


@pytest.mark.parametrize(
    "change",
    [
        {"name": "other"},
        {"cluster": "other"},
        {"schedulingStrategy": "DAEMON"},
        {"launchType": "FARGATE", "capacityProviderStrategies": None},
    ],
)
def test_what_cannot_be_changed_replaces(driver: Callable[..., Any], world: World, change: dict[str, Any]) -> None:
    drive = driver()
    old = drive.check(SERVICE, world.service("api:1"))
    wanted = {key: value for key, value in {**world.service("api:1"), **change}.items() if value is not None}
    answer = drive.diff(SERVICE, "arn", old, old, drive.check(SERVICE, wanted, old))
    assert set(answer.replaces) & set(change)


def test_another_capacity_provider_replaces_unless_a_deployment_is_forced(
    driver: Callable[..., Any], world: World
) -> None:
    drive = driver()
    old = drive.check(SERVICE, world.service("api:1"))
    spot = {"capacityProviderStrategies": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
    wanted = drive.check(SERVICE, {**world.service("api:1"), **spot}, old)
    assert drive.diff(SERVICE, "arn", old, old, wanted).replaces == ["capacityProviderStrategies"]
    forced = drive.check(SERVICE, {**world.service("api:1"), **spot, "forceNewDeployment": True}, old)
    assert drive.diff(SERVICE, "arn", old, old, forced).replaces == []


def _wrong(world: World, aws: Session, what: str) -> dict[str, Any]:
    """Return what makes a service wrong."""
    ec2 = aws.client("ec2")
    network = {"subnets": world.subnets, "securityGroups": [world.group], "assignPublicIp": False}
    balancer = {"targetGroupArn": world.target_group, "containerName": "api", "containerPort": 8000}
    if what == "cluster":
        return {"cluster": "none"}
    if what == "definition":
        return {"taskDefinition": "none:1"}
    if what == "subnet":
        return {"networkConfiguration": {**network, "subnets": ["subnet-0123"]}}
    if what == "group":
        return {"networkConfiguration": {**network, "securityGroups": ["sg-0123"]}}
    if what == "vpc":
        other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(GroupName="other", Description="other", VpcId=other)["GroupId"]
        return {"networkConfiguration": {**network, "securityGroups": [group]}}
    if what == "unattached":
        return {"loadBalancers": [{**balancer, "targetGroupArn": world.new_target_group("alone")}]}
    if what == "instances":
        return {"loadBalancers": [{**balancer, "targetGroupArn": world.new_target_group("machines", "instance")}]}
    if what == "port":
        return {"loadBalancers": [{**balancer, "containerPort": 9000}]}
    if what == "container":
        return {"loadBalancers": [{**balancer, "containerName": "web"}]}
    if what == "provider":
        return {"capacityProviderStrategies": [{"capacityProvider": "GPU", "weight": 1}]}
    return {"serviceConnectConfiguration": {"enabled": True, "namespace": "none"}}


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("cluster", "ClusterNotFoundException"),
        ("definition", "ClientException: TaskDefinition not found"),
        ("subnet", "The subnet ID 'subnet-0123' does not exist"),
        ("group", "The security group 'sg-0123' does not exist"),
        ("vpc", "does not appear to belong to the same VPC"),
        ("unattached", "does not have an associated load balancer"),
        ("instances", "incompatible with the awsvpc network mode"),
        ("port", "The container api did not have a container port 9000 defined"),
        ("container", "The container web does not exist in the task definition"),
        ("provider", "not associated with the cluster"),
        ("namespace", "NamespaceNotFoundException"),
    ],
)
def test_a_wrong_reference_is_refused_as_aws_would(
    driver: Callable[..., Any], world: World, aws: Session, what: str, message: str
) -> None:
    drive = driver()
    inputs = {**world.service(_registered(drive, world.definition())), **_wrong(world, aws, what)}
    with pytest.raises(ProviderError, match=message):
        drive.create(SERVICE, drive.check(SERVICE, inputs))
    assert aws.client("ecs").list_services(cluster="main")["serviceArns"] == []


def test_service_connect_is_kept(crud: Callable[..., Any], driver: Callable[..., Any], world: World) -> None:
    discovery = world.aws.client("servicediscovery")
    discovery.create_http_namespace(Name="inside")
    namespace = discovery.list_namespaces()["Namespaces"][0]["Arn"]

    def connect(seconds: int) -> dict[str, Any]:
        service = {
            "portName": "api",
            "discoveryName": "api",
            "clientAlias": [{"dnsName": "api", "port": 8000}],
            "timeout": {"perRequestTimeoutSeconds": seconds, "idleTimeoutSeconds": seconds + 10},
        }
        return {"enabled": True, "namespace": namespace, "services": [service]}

    def look(id: str, state: dict[str, Any]) -> None:
        kept = world.live()["deployments"][0]["serviceConnectConfiguration"]
        assert kept["namespace"] == namespace
        assert kept["services"][0]["timeout"] == {"perRequestTimeoutSeconds": 60, "idleTimeoutSeconds": 70}

    definition = _registered(driver(), world.definition())
    crud(
        SERVICE,
        world.service(definition, serviceConnectConfiguration=connect(30)),
        {"serviceConnectConfiguration": connect(60)},
        look=look,
    )


def test_a_scaled_service_is_drained_before_it_is_deleted(driver: Callable[..., Any], world: World) -> None:
    drive = driver()
    inputs = drive.check(SERVICE, world.service(_registered(drive, world.definition())))
    id, state = drive.create(SERVICE, inputs)
    drive.delete(SERVICE, id, state, inputs)
    assert world.live()["status"] == "INACTIVE"
    assert drive.create(SERVICE, inputs)[0] == id, "the name of a deleted service is free"


# One-off tasks


def test_a_one_off_task_ends_as_it_was_told(driver: Callable[..., Any], world: World, aws: Session) -> None:
    definition = _registered(driver(), world.definition())
    ecs = aws.client("ecs")
    told = [{"name": "LOCALCLOUD_EXIT_CODE", "value": "3"}, {"name": "LOCALCLOUD_LOG", "value": "one\ntwo"}]
    arn = ecs.run_task(
        cluster="main",
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": world.subnets, "securityGroups": [world.group]}},
        overrides={"containerOverrides": [{"name": "api", "environment": told}]},
    )["tasks"][0]["taskArn"]
    seen: list[str] = []
    deadline = time.monotonic() + 60
    while (task := ecs.describe_tasks(cluster="main", tasks=[arn])["tasks"][0])["lastStatus"] != "STOPPED":
        assert time.monotonic() < deadline, f"still {task['lastStatus']}"
        seen += [task["lastStatus"]] if task["lastStatus"] not in seen else []
        time.sleep(0.02)
    assert seen == [status for status in ("PENDING", "RUNNING") if status in seen], "a slow machine may miss one"
    assert task["createdAt"] < task["startedAt"] <= task["stoppedAt"]
    assert task["containers"][0]["exitCode"] == 3
    assert task["stopCode"] == "EssentialContainerExited"
    stream = f"api/api/{arn.split('/')[-1]}"
    events = aws.client("logs").get_log_events(logGroupName="/app/api", logStreamName=stream)["events"]
    assert [event["message"] for event in events] == ["one", "two"]


def test_a_one_off_task_needs_a_role_and_a_definition_that_stand(
    driver: Callable[..., Any], world: World, aws: Session
) -> None:
    ecs = aws.client("ecs")
    definition = _registered(driver(), world.definition())
    ecs.deregister_task_definition(taskDefinition=definition)
    network = {"awsvpcConfiguration": {"subnets": world.subnets, "securityGroups": [world.group]}}
    with pytest.raises(ecs.exceptions.ClientException, match="TaskDefinition is inactive"):
        ecs.run_task(cluster="main", taskDefinition=definition, networkConfiguration=network)


# Invokes


def test_task_definitions_are_listed_by_their_numbers_in_either_order(aws: Session) -> None:
    ecs = aws.client("ecs")
    for _ in range(11):
        ecs.register_task_definition(
            family="api", containerDefinitions=[{"name": "api", "image": "api", "memory": 128}]
        )

    def listed(**order: Any) -> list[str]:  # noqa: ANN401 - the call's parameters
        arns = ecs.list_task_definitions(familyPrefix="api", **order)["taskDefinitionArns"]
        return [arn.rpartition(":")[2] for arn in arns]

    numbers = [str(number) for number in range(1, 12)]
    assert listed() == listed(sort="ASC") == numbers
    assert listed(sort="DESC") == numbers[::-1]
    with pytest.raises(botocore.exceptions.ClientError, match="sort must be one of ASC and DESC, not NEWEST"):
        listed(sort="NEWEST")
