"""The alarms that ECS watches while a service is deployed, and rolls the deployment back for."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue
from components.core.naming import Tags, component_tags, physical_name

#: Longest name of an alarm. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_ALARM_NAME = 255
#: How many metrics one alarm's expression may use, two for each target group.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
_TARGET_GROUPS = 5
#: Seconds of one data point; the load balancer's metrics have one a minute.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
_PERIOD = 60
#: Two bad minutes in the last five. The newest ones are often not there yet, and count as good: CloudWatch's page on
#: FILL says to use "M out of N" then. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
_BAD, _OF = 2, 5

#: How much of the requests may be answered with a 5xx.
_ERROR_PERCENT = 5
#: How many requests a minute a target group needs to be judged: one failure at night says nothing.
_MINIMUM_REQUESTS = 20


@dataclass(frozen=True, kw_only=True)
class WatchedTargets:
    """One target group behind one load balancer, as CloudWatch knows them."""

    load_balancer: pulumi.Input[str]
    """The end of the load balancer's ARN."""
    target_group: pulumi.Input[str]
    """The end of the target group's ARN."""


@dataclass(frozen=True, kw_only=True)
class DeploymentAlarmsArgs:
    """What is watched, and from where on it is too much."""

    title: str
    """What a person knows the service by, beginning of the alarms' names; unique in account and region."""
    targets: Mapping[str, WatchedTargets]
    """The target groups that the service's tasks are in, by a name of theirs, one to five."""
    latency_seconds: float
    """How long the slowest twentieth of requests may take."""
    topic_arn: pulumi.Input[str]
    """Where alarms are reported."""
    tags: Tags
    """Tags of the alarms."""

    def __post_init__(self) -> None:
        """Refuse what CloudWatch refuses, and what would never or always go off."""
        if not 1 <= len(self.targets) <= _TARGET_GROUPS:
            raise InvalidValue(
                "DeploymentAlarmsArgs.targets",
                sorted(self.targets),
                f"one to {_TARGET_GROUPS} target groups",
                "an alarm takes ten metrics, two for each",
            )
        if self.latency_seconds <= 0:
            raise InvalidValue(
                "DeploymentAlarmsArgs.latency_seconds", self.latency_seconds, "more than 0", "give seconds"
            )


class DeploymentAlarms(pulumi.ComponentResource):
    """Two alarms on a service's target groups: too many 5xx, and answers that take too long.

    Each target group is judged by itself, and the worst counts: a canary that fails every request is a tenth of all
    traffic, and must not hide in it.

    Guarantees: too few requests are no alarm, and neither is missing data; each alarm reports to the topic
    (CloudWatch.15, .17). ECS ignores all of a deployment's alarms while one is on when it begins:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """

    alarm_names: list[pulumi.Output[str]]
    """The alarms, by name, for a service's deployments."""

    def __init__(self, name: str, args: DeploymentAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:DeploymentAlarms", name, None, opts)
        errors = self._alarm(
            name,
            "errors",
            args,
            description=(
                f"More than {_ERROR_PERCENT} % of requests to {args.title} are answered with a 5xx; "
                "a deployment under way is rolled back"
            ),
            metric=("HTTPCode_Target_5XX_Count", "Sum"),
            judged="100 * FILL({metric}, 0) / {requests}",
            threshold=_ERROR_PERCENT,
        )
        latency = self._alarm(
            name,
            "latency",
            args,
            description=(
                f"One in twenty requests to {args.title} takes longer than {args.latency_seconds:g} s; "
                "a deployment under way is rolled back"
            ),
            metric=("TargetResponseTime", "p95"),
            judged="{metric}",
            threshold=args.latency_seconds,
        )
        self.alarm_names = [errors.name, latency.name]
        self.register_outputs({"alarm_names": self.alarm_names})

    def _alarm(
        self,
        name: str,
        role: str,
        args: DeploymentAlarmsArgs,
        *,
        description: str,
        metric: tuple[str, str],
        judged: str,
        threshold: float,
    ) -> aws.cloudwatch.MetricAlarm:
        queries: list[aws.cloudwatch.MetricAlarmMetricQueryArgsDict] = []
        worst = []
        for key, watched in args.targets.items():
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html (Id)
            id = f"{role}_{key}".replace("-", "_")
            requests = f"requests_{key}".replace("-", "_")
            queries.append(_query(id, metric, watched))
            queries.append(_query(requests, ("RequestCount", "Sum"), watched))
            value = judged.format(metric=id, requests=requests)
            worst.append(f"FILL(IF({requests} >= {_MINIMUM_REQUESTS}, {value}, 0), 0)")
        expression = f"MAX([{', '.join(worst)}])" if len(worst) > 1 else worst[0]
        queries.append({"id": "worst", "expression": expression, "label": role, "return_data": True})
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{role}",
            # People meet the name in a notification, and ECS takes alarms by name.
            name=physical_name(_ALARM_NAME, args.title, role),
            alarm_description=description,
            metric_queries=queries,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            evaluation_periods=_OF,
            datapoints_to_alarm=_BAD,
            treat_missing_data="notBreaching",
            alarm_actions=[args.topic_arn],
            ok_actions=[args.topic_arn],
            tags=component_tags(args.tags, "deployment-alarms"),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _query(id: str, metric: tuple[str, str], watched: WatchedTargets) -> aws.cloudwatch.MetricAlarmMetricQueryArgsDict:
    return {
        "id": id,
        "metric": {
            "namespace": "AWS/ApplicationELB",
            "metric_name": metric[0],
            "stat": metric[1],
            "period": _PERIOD,
            "dimensions": {"LoadBalancer": watched.load_balancer, "TargetGroup": watched.target_group},
        },
        "return_data": False,
    }
