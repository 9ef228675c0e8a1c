"""Application Auto Scaling: scalable targets, scaling policies and scheduled actions."""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import AutoName, Properties, resource

_PLACE = {"serviceNamespace": "ServiceNamespace", "resourceId": "ResourceId", "scalableDimension": "ScalableDimension"}


def _placed(id: str, state: Properties) -> Properties:
    """Return where something is, from its state or, for an import, from `namespace/resource/dimension[/name]`."""
    if state.get("resourceId"):
        return dict(state)
    parts = id.split("/")
    if len(parts) < 4:
        raise ValueError(
            f"unexpected format of id ({id!r}), "
            "expected <service-namespace>/<resource-id>/<scalable-dimension>[/<name>]"
        )
    end = next(index for index, part in enumerate(parts) if index > 1 and ":" in part)
    name = {"name": "/".join(parts[end + 1 :])} if parts[end + 1 :] else {}
    return {
        **state,
        "serviceNamespace": parts[0],
        "resourceId": "/".join(parts[1:end]),
        "scalableDimension": parts[end],
        **name,
    }


class _Placed(ApiResource):
    """What is found by the place that it scales, and maybe by a name there."""

    service = "application-autoscaling"
    not_found = ("ObjectNotFoundException",)

    def where(self, id: str, state: Properties) -> Properties:
        place = _placed(id, state)
        return {name: place[key] for key, name in {**_PLACE, **self.keys}.items()}

    def parts(self, id: str) -> Properties:
        return {}


@resource("aws:appautoscaling/target:Target")
class Target(_Placed):
    """https://www.pulumi.com/registry/packages/aws/api-docs/appautoscaling/target/."""

    replace = frozenset({"resourceId", "scalableDimension", "serviceNamespace", "roleArn"})
    creates = updates = "register_scalable_target"
    reads, deletes = "describe_scalable_targets", "deregister_scalable_target"
    keys = {"resourceId": "ResourceId"}
    described = "ScalableTargets[0]"
    tagging = Tagging("ResourceARN")
    outputs = {**_PLACE, "arn": "ScalableTargetARN", "roleArn": "RoleARN", "suspendedState": "SuspendedState || `{}`"}

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        arguments = super().changes(changed & {"minCapacity", "maxCapacity", "suspendedState"}, old, new)
        return self.arguments(self.updates, new) if arguments else {}


@resource("aws:appautoscaling/policy:Policy")
class Policy(_Placed):
    """https://www.pulumi.com/registry/packages/aws/api-docs/appautoscaling/policy/."""

    replace = frozenset({"name", "resourceId", "scalableDimension", "serviceNamespace"})
    defaults = {"policyType": "StepScaling"}
    autoname = AutoName(max_length=255)
    unordered = frozenset(
        {
            "stepScalingPolicyConfiguration.stepAdjustments",
            "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.dimensions",
            "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics",
        }
    )
    creates = updates = "put_scaling_policy"
    updates_whole = True
    reads, deletes = "describe_scaling_policies", "delete_scaling_policy"
    keys = {"name": "PolicyName"}
    described = "ScalingPolicies[0]"
    outputs = {
        **_PLACE,
        "alarmArns": "Alarms[].AlarmARN || `[]`",
        "arn": "PolicyARN",
        "name": "PolicyName",
        "policyType": "PolicyType",
        "stepScalingPolicyConfiguration": "StepScalingPolicyConfiguration",
        "targetTrackingScalingPolicyConfiguration": "TargetTrackingScalingPolicyConfiguration",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        tracking = inputs.get("targetTrackingScalingPolicyConfiguration")
        if isinstance(tracking, dict):
            given = [k for k in ("customizedMetricSpecification", "predefinedMetricSpecification") if tracking.get(k)]
            if len(given) > 1:
                yield (
                    "targetTrackingScalingPolicyConfiguration",
                    "customizedMetricSpecification and predefinedMetricSpecification can't both be given",
                )
            custom = tracking.get("customizedMetricSpecification")
            if isinstance(custom, dict) and custom.get("metrics"):
                for key in ("dimensions", "metricName", "namespace", "statistic", "unit"):
                    if custom.get(key):
                        yield (
                            f"targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.{key}",
                            f"{key} can't be given together with metrics",
                        )

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "stepScalingPolicyConfiguration":
            # Bounds of a step are text in the schema, since an absent one means infinity and 0 means 0.
            steps = [
                {k: v for k, v in step.items() if v not in (None, "")} for step in value.get("stepAdjustments") or []
            ]
            value = {**value, "stepAdjustments": steps}
        return super().argument(key, value, shape)


@resource("aws:appautoscaling/scheduledAction:ScheduledAction")
class ScheduledAction(_Placed):
    """https://www.pulumi.com/registry/packages/aws/api-docs/appautoscaling/scheduledaction/."""

    replace = frozenset({"name", "resourceId", "scalableDimension", "serviceNamespace"})
    defaults = {"timezone": "UTC"}
    autoname = AutoName(max_length=255)
    creates = updates = "put_scheduled_action"
    updates_whole = True
    reads, deletes = "describe_scheduled_actions", "delete_scheduled_action"
    keys = {"name": "ScheduledActionName"}
    described = "ScheduledActions[0]"
    outputs = {**_PLACE, "arn": "ScheduledActionARN", "name": "ScheduledActionName", "schedule": "Schedule"}

    def id_of(self, inputs: Properties) -> str:
        return "-".join(str(inputs[key]) for key in ("name", "serviceNamespace", "resourceId"))

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "scalableTargetAction":  # its numbers are text in the schema, where an empty one means none
            value = {part: item for part, item in value.items() if item != ""}
        return super().argument(key, value, shape)
