"""Deployments that shift traffic by listener weights, and those that an alarm ends."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.provider.session import Session
from support.ecs import World

ERRORS, LATENCY = "api-errors", "api-latency"

#: So long that a test can look around: a minute is a moment here.
LONG = 1440


class Shifting(World):
    """A service whose load balancer has a rule for two target groups."""

    def __init__(self, aws: Session) -> None:
        super().__init__(aws)
        self.ecs, self.elb, self.cloudwatch = aws.client("ecs"), aws.client("elbv2"), aws.client("cloudwatch")
        self.shift_role = self.role_for("ecs.amazonaws.com", "shift")
        self.alternate = self.new_target_group("alternate")
        listener = self.elb.describe_listeners(
            LoadBalancerArn=self.elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
        )["Listeners"][0]["ListenerArn"]
        self.listener = listener
        self.rule = self.elb.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["api.example.com"]}}],
            Actions=[self.forward({self.target_group: 100, self.alternate: 0})],
        )["Rules"][0]["RuleArn"]
        for name in (ERRORS, LATENCY):
            self.cloudwatch.put_metric_alarm(
                AlarmName=name,
                Namespace="AWS/ApplicationELB",
                MetricName="HTTPCode_Target_5XX_Count",
                ComparisonOperator="GreaterThanThreshold",
                Threshold=1,
                EvaluationPeriods=1,
                Period=60,
                Statistic="Sum",
            )

    @staticmethod
    def forward(weights: dict[str, int]) -> dict[str, Any]:
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
        return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}

    def weights(self) -> dict[str, int]:
        """Return the weights of the production rule by target group: `blue` and `green`."""
        (action,) = self.elb.describe_rules(RuleArns=[self.rule])["Rules"][0]["Actions"]
        names = {self.target_group: "blue", self.alternate: "green"}
        return {names[one["TargetGroupArn"]]: one["Weight"] for one in action["ForwardConfig"]["TargetGroups"]}

    def targets(self, group: str) -> int:
        return len(self.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"])

    def register(self, **environment: str) -> str:
        """Register a revision whose tasks are told something; return its ARN."""
        inputs = self.definition(environment=[{"name": key, "value": value} for key, value in environment.items()])
        answer = self.ecs.register_task_definition(
            family="api",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=self.role,
            containerDefinitions=json.loads(inputs["containerDefinitions"]),
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    @property
    def advanced(self) -> dict[str, str]:
        """What ECS needs for shifting traffic."""
        return {
            "alternateTargetGroupArn": self.alternate,
            "productionListenerRule": self.rule,
            "roleArn": self.shift_role,
        }

    def create(self, configuration: dict[str, Any], advanced: dict[str, str] | None = None) -> str:
        """Create the service with a first revision, wait for its end, and return the revision."""
        first = self.register(RELEASE="1")
        self.ecs.create_service(
            cluster="main",
            serviceName="api",
            taskDefinition=first,
            desiredCount=2,
            capacityProviderStrategy=[{"capacityProvider": "FARGATE", "weight": 1}],
            networkConfiguration={"awsvpcConfiguration": {"subnets": self.subnets, "securityGroups": [self.group]}},
            loadBalancers=[
                {
                    "targetGroupArn": self.target_group,
                    "containerName": "api",
                    "containerPort": 8000,
                    "advancedConfiguration": self.advanced if advanced is None else advanced,
                }
            ],
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                "alarms": {"alarmNames": [ERRORS, LATENCY], "enable": True, "rollback": True},
                **configuration,
            },
        )
        self.ended()
        return first

    def deploy(self, definition: str, **more: Any) -> None:  # noqa: ANN401 - any argument
        self.ecs.update_service(cluster="main", service="api", taskDefinition=definition, **more)

    def last(self) -> dict[str, Any]:
        """Return the last service deployment as AWS describes it."""
        arn = self.ecs.list_service_deployments(cluster="main", service="api")["serviceDeployments"][0]
        arns = [arn["serviceDeploymentArn"]]
        return dict(self.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0])

    def ended(self) -> dict[str, Any]:
        """Wait for the end of the last service deployment."""
        deadline = time.monotonic() + 10
        while (last := self.last())["status"] == "IN_PROGRESS":
            assert time.monotonic() < deadline, last
            time.sleep(0.02)
        return last


@pytest.fixture
def world(aws: Session) -> Shifting:
    return Shifting(aws)


CANARY = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 5,
    "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": 5},
}


def test_blue_and_green_take_turns(world: Shifting) -> None:
    world.create({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1})
    first = world.weights()
    world.deploy(world.register(RELEASE="2"))
    assert world.ended()["status"] == "SUCCESSFUL"
    second = world.weights()
    assert sorted(first.values()) == sorted(second.values()) == [0, 100]
    assert first != second, "the tasks of the new release are in the group that had no traffic"
    assert {world.targets(world.target_group), world.targets(world.alternate)} == {0, 2}


def test_a_canary_gets_its_part_then_all_and_the_old_tasks_stay_until_the_end(world: Shifting) -> None:
    world.create({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})
    before = world.weights()
    long = {**CANARY, "canaryConfiguration": {"canaryPercent": 10, "canaryBakeTimeInMinutes": LONG}}
    world.deploy(world.register(RELEASE="2"), deploymentConfiguration=long)
    last = world.last()
    assert (last["status"], last["lifecycleStage"]) == ("IN_PROGRESS", "PRODUCTION_TRAFFIC_SHIFT")
    assert last["targetServiceRevision"]["requestedProductionTrafficWeight"] == 10
    assert sorted(world.weights().values()) == [10, 90]
    assert [world.targets(group) for group in (world.target_group, world.alternate)] == [2, 2]
    assert world.live()["deployments"][0]["rolloutState"] == "IN_PROGRESS", "a bake is no end"

    world.deploy(world.register(RELEASE="3"), deploymentConfiguration=CANARY)
    assert world.ended()["status"] == "SUCCESSFUL"
    assert world.weights() != before
    assert sum(world.targets(group) for group in (world.target_group, world.alternate)) == 2


def test_an_alarm_during_the_bake_gives_the_traffic_back(world: Shifting) -> None:
    first = world.create({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})
    before = world.weights()
    world.deploy(
        world.register(RELEASE="2"), deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": LONG}
    )
    assert world.last()["lifecycleStage"] == "BAKE_TIME"
    assert world.weights() != before, "the new release has all of the traffic"
    world.cloudwatch.set_alarm_state(AlarmName=ERRORS, StateValue="ALARM", StateReason="5 of 100 requests failed")
    ended = world.ended()
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert ended["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": [ERRORS, LATENCY],
        "triggeredAlarmNames": [ERRORS],
    }
    assert world.weights() == before
    live = world.live()
    assert live["taskDefinition"] == first
    assert [(one["status"], one["rolloutState"]) for one in live["deployments"]] == [
        ("INACTIVE", "FAILED"),
        ("PRIMARY", "COMPLETED"),
    ], "what served before is the primary deployment again, not a new one"
    said = [event["message"] for event in live["events"]]
    assert any(text.endswith("deployment failed: alarm detected.") for text in said)
    assert {task["taskDefinitionArn"] for task in world.tasks()} == {first}


@pytest.mark.parametrize("strategy", ["ROLLING", "BLUE_GREEN", "CANARY"])
def test_a_task_can_ask_for_an_alarm(world: Shifting, strategy: str) -> None:
    first = world.create({**CANARY, "strategy": strategy, "bakeTimeInMinutes": 1})
    world.deploy(world.register(LOCALCLOUD_ALARM="latency"))
    ended = world.ended()
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert ended["alarms"]["triggeredAlarmNames"] == [LATENCY]
    assert world.live()["taskDefinition"] == first
    assert world.live()["runningCount"] == 2
    states = {a["AlarmName"]: a["StateValue"] for a in world.cloudwatch.describe_alarms()["MetricAlarms"]}
    assert states[LATENCY] == "OK", "what set it off is gone"


def test_an_alarm_that_is_on_at_the_start_turns_all_alarms_off_for_the_deployment(world: Shifting) -> None:
    world.create({"strategy": "ROLLING"})
    world.cloudwatch.set_alarm_state(AlarmName=ERRORS, StateValue="ALARM", StateReason="the last release")
    second = world.register(LOCALCLOUD_ALARM="latency")
    world.deploy(second)
    ended = world.ended()
    assert (ended["status"], ended["alarms"]["status"]) == ("SUCCESSFUL", "DISABLED")
    assert world.live()["taskDefinition"] == second


def test_tasks_that_do_not_start_never_get_traffic(world: Shifting) -> None:
    first = world.create(CANARY)
    before = world.weights()
    world.deploy(world.register(LOCALCLOUD_EXIT_CODE="1"))
    ended = world.ended()
    assert ended["statusReason"] == "Service deployment rolled back because the circuit breaker threshold was exceeded."
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert world.weights() == before
    assert {task["taskDefinitionArn"] for task in world.tasks()} == {first}


def test_a_canary_that_hangs_stays_in_progress(world: Shifting) -> None:
    world.create(CANARY)
    before = world.weights()
    world.deploy(world.register(LOCALCLOUD_HANG="1"))
    last = world.last()
    assert (last["status"], last["lifecycleStage"]) == ("IN_PROGRESS", "SCALE_UP")
    assert world.weights() == before


def test_rolling_tasks_go_where_the_traffic_goes(world: Shifting) -> None:
    world.create({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0})
    serving = world.weights()
    assert serving == {"blue": 0, "green": 100}, "even the first release comes up aside"
    world.deploy(world.register(RELEASE="2"), deploymentConfiguration={"strategy": "ROLLING"})
    assert world.ended()["status"] == "SUCCESSFUL"
    assert world.weights() == serving, "no request goes to a group without tasks"
    assert (world.targets(world.target_group), world.targets(world.alternate)) == (0, 2)


def test_a_role_that_ecs_may_not_take_on_ends_the_deployment(world: Shifting) -> None:
    world.create({"strategy": "ROLLING"})
    balancers = world.live()["loadBalancers"]
    balancers[0]["advancedConfiguration"]["roleArn"] = world.role
    world.deploy(world.register(RELEASE="2"), loadBalancers=balancers, deploymentConfiguration=CANARY)
    assert world.ended()["statusReason"] == (
        "Service deployment rolled back because of invalid networking configuration. ECS was unable to manage the ELB "
        f"resources due to missing permissions on ECS Infrastructure Role '{world.role}'."
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "advancedConfiguration field is required for all loadBalancers"),
        ({"alternateTargetGroupArn": "blue"}, "Duplicate targetGroupArn found: "),
        ({"productionListenerRule": "listener"}, "productionListenerRule has an invalid ARN format"),
        ({"alternateTargetGroupArn": "other"}, "testListenerRule is required when productionListenerRule is not"),
    ],
)
def test_what_traffic_can_not_be_shifted_at_is_refused(
    world: Shifting, change: dict[str, str] | None, message: str
) -> None:
    other = world.new_target_group("other")
    world.elb.create_rule(
        ListenerArn=world.listener,
        Priority=2,
        Conditions=[{"Field": "host-header", "HostHeaderConfig": {"Values": ["other.example.com"]}}],
        Actions=[world.forward({other: 1})],
    )
    arns = {"blue": world.target_group, "listener": world.listener, "other": other}
    advanced = {} if change is None else world.advanced | {key: arns[value] for key, value in change.items()}
    with pytest.raises(ClientError, match=message):
        world.create(CANARY, advanced)
