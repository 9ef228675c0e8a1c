"""Scalable targets, scaling policies, scheduled actions and tags."""

import json
from typing import Any

from moto.applicationautoscaling.models import (
    ApplicationAutoscalingBackend,
    FakeApplicationAutoscalingPolicy,
    FakeScalableTarget,
)
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.exceptions import JsonRESTError

from localcloud.emulator.patching import patch

#: The service-linked role of ECS targets:
#: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
_ROLE = (
    "arn:aws:iam::{account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_ECSService"
)
_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def _missing(message: str) -> JsonRESTError:
    return JsonRESTError("ObjectNotFoundException", message)


# Targets


@patch(ApplicationAutoScalingResponse, "register_scalable_target")
def register_scalable_target_response(self: ApplicationAutoScalingResponse) -> str:
    self._validate_params()
    role = _ROLE.format(account=self.current_account)
    target = self.applicationautoscaling_backend.register_scalable_target(
        self._get_param("ServiceNamespace"),
        self._get_param("ResourceId"),
        self._get_param("ScalableDimension"),
        min_capacity=self._get_int_param("MinCapacity"),
        max_capacity=self._get_int_param("MaxCapacity"),
        role_arn=self._get_param("RoleARN") or role,
        suspended_state=self._get_param("SuspendedState"),
    )
    _tags_of(self)[target.arn] = {**_tags_of(self).get(target.arn, {}), **(self._get_param("Tags") or {})}
    return json.dumps({"ScalableTargetARN": target.arn})


@patch(ApplicationAutoscalingBackend, "register_scalable_target")
def register_scalable_target(
    original: Any,
    self: ApplicationAutoscalingBackend,
    namespace: str,
    r_id: str,
    dimension: str,
    **kwargs: Any,
) -> FakeScalableTarget:
    """Refuse capacities the wrong way round and services that are gone; say what isn't suspended."""
    known = self.targets.get(dimension, {}).get(r_id)
    least: int | None = kwargs["min_capacity"]
    most: int | None = kwargs["max_capacity"]
    if known is not None:
        least = known.min_capacity if least is None else least
        most = known.max_capacity if most is None else most
    if least is None or most is None:
        raise JsonRESTError(
            "ValidationException", "MinCapacity and MaxCapacity must be specified for a new scalable target."
        )
    if least > most:
        raise JsonRESTError("ValidationException", "Maximum capacity cannot be less than minimum capacity.")
    if namespace == "ecs":
        service = self.ecs_backend.services.get(":".join(r_id.split("/")[1:]))
        if service is None or service.status == "INACTIVE":
            raise JsonRESTError("ValidationException", f"ECS service doesn't exist: {r_id}")
    target: FakeScalableTarget = original(self, namespace, r_id, dimension, **kwargs)
    target.suspended_state = {**_SUSPENDED, **(target.suspended_state or {})}  # type: ignore[assignment, dict-item]
    return target


@patch(ApplicationAutoscalingBackend, "deregister_scalable_target")
def deregister_scalable_target(self: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str) -> None:
    """Take policies and scheduled actions along.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
    """
    _find(self, namespace, r_id, dimension)
    del self.targets[dimension][r_id]
    for key, policy in list(self.policies.items()):
        if (policy.service_namespace, policy.resource_id, policy.scalable_dimension) == (namespace, r_id, dimension):
            policy.delete_alarms(self.account_id, self.region_name)
            del self.policies[key]
    self.scheduled_actions = [
        action
        for action in self.scheduled_actions
        if (action.service_namespace, action.resource_id, action.scalable_dimension) != (namespace, r_id, dimension)
    ]


def _find(backend: ApplicationAutoscalingBackend, namespace: str, r_id: str, dimension: str) -> FakeScalableTarget:
    target = backend.targets.get(dimension, {}).get(r_id)
    if target is None:
        raise _missing(
            f"No scalable target found for service namespace: {namespace}, resource ID: {r_id}, "
            f"scalable dimension: {dimension}"
        )
    return target


# Policies


@patch(ApplicationAutoscalingBackend, "put_scaling_policy")
def put_scaling_policy(
    original: Any, self: ApplicationAutoscalingBackend, **kwargs: Any
) -> FakeApplicationAutoscalingPolicy:
    """Keep the policy's ARN and put new alarms in the place of the old ones; refuse one without a target."""
    place = (kwargs["service_namespace"], kwargs["resource_id"], kwargs["scalable_dimension"])
    _find(self, *place)
    _check_metrics(kwargs["policy_body"] or {})
    key = FakeApplicationAutoscalingPolicy.formulate_key(*place, kwargs["policy_name"])
    before = self.policies.get(key)
    if before is not None:
        before.delete_alarms(self.account_id, self.region_name)
    policy: FakeApplicationAutoscalingPolicy = original(self, **kwargs)
    if before is not None:
        policy.policy_arn, policy.creation_time = before.policy_arn, before.creation_time
    return policy


def _check_metrics(config: dict[str, Any]) -> None:
    """Refuse queries that give no one time series.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingMetricDataQuery.html
    """
    metrics = (config.get("CustomizedMetricSpecification") or {}).get("Metrics") or []
    for metric in metrics:
        if ("Expression" in metric) == ("MetricStat" in metric):
            raise JsonRESTError(
                "ValidationException",
                f"Either Expression or MetricStat must be specified, but not both: {metric['Id']}",
            )
    if metrics and sum(metric.get("ReturnData", True) for metric in metrics) != 1:
        raise JsonRESTError("ValidationException", "Exactly one of the metrics must have ReturnData set to true.")


@patch(ApplicationAutoscalingBackend, "delete_scaling_policy")
def delete_scaling_policy(original: Any, self: ApplicationAutoscalingBackend, **kwargs: Any) -> None:
    place = (kwargs["service_namespace"], kwargs["resource_id"], kwargs["scalable_dimension"])
    if FakeApplicationAutoscalingPolicy.formulate_key(*place, kwargs["policy_name"]) not in self.policies:
        raise _missing(f"No scaling policy found for policy name: {kwargs['policy_name']}")
    original(self, **kwargs)


@patch(ApplicationAutoScalingResponse, "describe_scaling_policies")
def describe_scaling_policies(original: Any, self: ApplicationAutoScalingResponse) -> str:
    """Only the policies of that very resource, and by name."""
    answer = json.loads(original(self))
    resource, names = self._get_param("ResourceId"), self._get_param("PolicyNames")
    answer["ScalingPolicies"] = [
        policy
        for policy in answer["ScalingPolicies"]
        if (not resource or policy["ResourceId"] == resource) and (not names or policy["PolicyName"] in names)
    ]
    return json.dumps(answer)


@patch(FakeApplicationAutoscalingPolicy, "_generate_ecs_alarms")
def generate_ecs_alarms(self: FakeApplicationAutoscalingPolicy) -> list[Any]:
    """Make the pair of alarms that the policy's own metric and target ask for.

    moto's watch the CPU whatever the metric is, at 6 %.
    https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
    """
    config: dict[str, Any] = self.target_tracking_scaling_policy_configuration or {}
    cloudwatch = cloudwatch_backends[self.account_id][self.region_name]
    target = float(config.get("TargetValue", 0))
    alarms = []
    for side, operator, periods, share in (
        ("AlarmHigh", "GreaterThanThreshold", 3, 1.0),
        ("AlarmLow", "LessThanThreshold", 15, 0.9),
    ):
        if side == "AlarmLow" and config.get("DisableScaleIn"):
            continue
        action = f"{self.policy_arn}:createdBy/{self._guid}"
        alarms.append(
            cloudwatch.put_metric_alarm(
                name=f"TargetTracking-{self.resource_id}-{side}-{self._guid}",
                comparison_operator=operator,
                evaluation_periods=periods,
                threshold=target * share,
                description=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {action}.",
                alarm_actions=[action],
                **_watched(self, config),
            )
        )
    return alarms


def _watched(policy: FakeApplicationAutoscalingPolicy, config: dict[str, Any]) -> dict[str, Any]:
    """Return what the alarms of a policy watch."""
    predefined = config.get("PredefinedMetricSpecification")
    custom = config.get("CustomizedMetricSpecification") or {}
    if custom.get("Metrics"):
        queries = [_query(metric) for metric in custom["Metrics"]]
        nothing: dict[str, Any] = {
            "namespace": None,
            "metric_name": None,
            "period": None,
            "statistic": None,
            "dimensions": [],
        }
        return {**nothing, "metric_data_queries": queries}
    if custom:
        return {
            "namespace": custom.get("Namespace"),
            "metric_name": custom.get("MetricName"),
            "period": 60,
            "statistic": custom.get("Statistic"),
            "dimensions": custom.get("Dimensions") or [],
            "unit": custom.get("Unit"),
        }
    kind = str((predefined or {}).get("PredefinedMetricType", ""))
    if kind == "ALBRequestCountPerTarget":
        label = str((predefined or {}).get("ResourceLabel", ""))
        balancer, _, group = label.partition("/targetgroup/")
        dimensions = [
            {"Name": "LoadBalancer", "Value": balancer},
            {"Name": "TargetGroup", "Value": f"targetgroup/{group}"},
        ]
        return {
            "namespace": "AWS/ApplicationELB",
            "metric_name": "RequestCountPerTarget",
            "period": 60,
            "statistic": "Sum",
            "dimensions": dimensions,
        }
    _, cluster, service = policy.resource_id.split("/")
    return {
        "namespace": "AWS/ECS",
        "metric_name": "MemoryUtilization" if "Memory" in kind else "CPUUtilization",
        "period": 60,
        "statistic": "Average",
        "unit": "Percent",
        "dimensions": [{"Name": "ClusterName", "Value": cluster}, {"Name": "ServiceName", "Value": service}],
    }


def _query(metric: dict[str, Any]) -> MetricDataQuery:
    stat = metric.get("MetricStat")
    return MetricDataQuery(
        query_id=metric["Id"],
        label=metric.get("Label"),  # type: ignore[arg-type]
        period=None if stat else 60,  # type: ignore[arg-type]
        return_data=metric.get("ReturnData", True),
        expression=metric.get("Expression"),
        metric_stat=MetricStat(
            metric=Metric(
                stat["Metric"]["MetricName"],
                stat["Metric"]["Namespace"],
                [Dimension(one["Name"], one["Value"]) for one in stat["Metric"].get("Dimensions") or []],
            ),
            period=60,  # type: ignore[arg-type]
            stat=stat["Stat"],
            unit=stat.get("Unit"),
        )
        if stat
        else None,
    )


# Scheduled actions


@patch(ApplicationAutoscalingBackend, "put_scheduled_action")
def put_scheduled_action(original: Any, self: ApplicationAutoscalingBackend, **kwargs: Any) -> None:
    """Refuse an action without a target, and say which time zone it means."""
    _find(self, kwargs["service_namespace"], kwargs["resource_id"], kwargs["scalable_dimension"])
    kwargs["timezone"] = kwargs.get("timezone") or "UTC"
    original(self, **kwargs)


@patch(ApplicationAutoscalingBackend, "delete_scheduled_action")
def delete_scheduled_action(original: Any, self: ApplicationAutoscalingBackend, **kwargs: Any) -> None:
    """An action that isn't there is an error; moto says nothing."""
    before = len(self.scheduled_actions)
    original(self, **kwargs)
    if len(self.scheduled_actions) == before:
        raise _missing(f"No scheduled action found for name: {kwargs['scheduled_action_name']}")


# Tags


def _tags_of(self: ApplicationAutoScalingResponse) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = vars(self.applicationautoscaling_backend).setdefault("target_tags", {})
    return tags


def _tagged(self: ApplicationAutoScalingResponse) -> str:
    arn = str(self._get_param("ResourceARN"))
    targets = self.applicationautoscaling_backend.targets.values()
    if not any(target.arn == arn for dimension in targets for target in dimension.values()):
        raise JsonRESTError("ResourceNotFoundException", f"Resource {arn} not found")
    return arn


@patch(ApplicationAutoScalingResponse, "list_tags_for_resource")
def list_tags_for_resource(self: ApplicationAutoScalingResponse) -> str:
    return json.dumps({"Tags": _tags_of(self).get(_tagged(self), {})})


@patch(ApplicationAutoScalingResponse, "tag_resource")
def tag_resource(self: ApplicationAutoScalingResponse) -> str:
    _tags_of(self).setdefault(_tagged(self), {}).update(self._get_param("Tags") or {})
    return "{}"


@patch(ApplicationAutoScalingResponse, "untag_resource")
def untag_resource(self: ApplicationAutoScalingResponse) -> str:
    tags = _tags_of(self).get(_tagged(self), {})
    for key in self._get_param("TagKeys") or []:
        tags.pop(key, None)
    return "{}"
