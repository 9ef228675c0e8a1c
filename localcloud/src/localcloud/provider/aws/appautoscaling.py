"""Application Auto Scaling: scalable targets, scaling policies and scheduled actions."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, changed, found, ignoring, pascal, tag_changes


def _place(inputs: Mapping[str, Any]) -> Properties:
    return {
        "ServiceNamespace": inputs["serviceNamespace"],
        "ResourceId": inputs["resourceId"],
        "ScalableDimension": inputs["scalableDimension"],
    }


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


@resource("aws:appautoscaling/target:Target")
class Target(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/appautoscaling/target/."""

    replace = frozenset({"resourceId", "scalableDimension", "serviceNamespace", "roleArn"})

    def create(self, aws: Session, inputs: Properties) -> str:
        self._register(aws, inputs, **({"Tags": inputs["tags"]} if inputs.get("tags") else {}))
        return str(inputs["resourceId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        where = _placed(id, state)
        scaling = aws.client("application-autoscaling")
        targets = scaling.describe_scalable_targets(
            ServiceNamespace=where["serviceNamespace"],
            ResourceIds=[where["resourceId"]],
            ScalableDimension=where["scalableDimension"],
        )["ScalableTargets"]
        if not targets:
            return None
        target = targets[0]
        arn = target["ScalableTargetARN"]
        live = {
            "arn": arn,
            "resourceId": target["ResourceId"],
            "scalableDimension": target["ScalableDimension"],
            "serviceNamespace": target["ServiceNamespace"],
            "minCapacity": target["MinCapacity"],
            "maxCapacity": target["MaxCapacity"],
            "roleArn": target["RoleARN"],
            "suspendedState": camel(target.get("SuspendedState") or {}),
            "tags": scaling.list_tags_for_resource(ResourceARN=arn)["Tags"],
        }
        return written(live, state, "suspendedState")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "minCapacity", "maxCapacity", "suspendedState"):
            self._register(aws, new)
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if put:
            aws.client("application-autoscaling").tag_resource(ResourceARN=old["arn"], Tags=put)
        if drop:
            aws.client("application-autoscaling").untag_resource(ResourceARN=old["arn"], TagKeys=drop)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ObjectNotFoundException"):
            aws.client("application-autoscaling").deregister_scalable_target(**_place(state))

    @staticmethod
    def _register(aws: Session, inputs: Properties, **more: Any) -> None:  # noqa: ANN401 - passed through
        suspended = pascal(inputs.get("suspendedState") or {})
        aws.client("application-autoscaling").register_scalable_target(
            **_place(inputs),
            MinCapacity=inputs["minCapacity"],
            MaxCapacity=inputs["maxCapacity"],
            **({"RoleARN": inputs["roleArn"]} if inputs.get("roleArn") else {}),
            **({"SuspendedState": suspended} if suspended else {}),
            **more,
        )


@resource("aws:appautoscaling/policy:Policy")
class Policy(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/appautoscaling/policy/."""

    replace = frozenset({"name", "resourceId", "scalableDimension", "serviceNamespace"})
    defaults = {"policyType": "StepScaling"}
    autoname = AutoName(max_length=255)
    tagged = False
    unordered = frozenset(
        {
            "stepScalingPolicyConfiguration.stepAdjustments",
            "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.dimensions",
            "targetTrackingScalingPolicyConfiguration.customizedMetricSpecification.metrics",
        }
    )

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

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs)
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        where = _placed(id, state)
        answer = aws.client("application-autoscaling").describe_scaling_policies(
            PolicyNames=[where["name"]], **_place(where)
        )
        policy = next((item for item in answer["ScalingPolicies"] if item["PolicyName"] == where["name"]), None)
        if policy is None:
            return None
        live: Properties = {
            "name": policy["PolicyName"],
            "arn": policy["PolicyARN"],
            "alarmArns": [alarm["AlarmARN"] for alarm in policy.get("Alarms", [])],
            "policyType": policy["PolicyType"],
            "resourceId": policy["ResourceId"],
            "scalableDimension": policy["ScalableDimension"],
            "serviceNamespace": policy["ServiceNamespace"],
        }
        if policy.get("TargetTrackingScalingPolicyConfiguration"):
            tracking = camel(policy["TargetTrackingScalingPolicyConfiguration"])
            live["targetTrackingScalingPolicyConfiguration"] = tracking
        if policy.get("StepScalingPolicyConfiguration"):
            live["stepScalingPolicyConfiguration"] = _live_steps(policy["StepScalingPolicyConfiguration"])
        return written(live, state, "targetTrackingScalingPolicyConfiguration", "stepScalingPolicyConfiguration")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        # A target that is deregistered takes its policies with it.
        with ignoring("ObjectNotFoundException"):
            aws.client("application-autoscaling").delete_scaling_policy(PolicyName=state["name"], **_place(state))

    @staticmethod
    def _put(aws: Session, inputs: Properties) -> None:
        arguments: Properties = {"PolicyName": inputs["name"], "PolicyType": inputs["policyType"], **_place(inputs)}
        if tracking := inputs.get("targetTrackingScalingPolicyConfiguration"):
            arguments["TargetTrackingScalingPolicyConfiguration"] = pascal(tracking)
        if steps := inputs.get("stepScalingPolicyConfiguration"):
            arguments["StepScalingPolicyConfiguration"] = _steps(steps)
        if predictive := inputs.get("predictiveScalingPolicyConfiguration"):
            arguments["PredictiveScalingPolicyConfiguration"] = pascal(predictive)
        aws.client("application-autoscaling").put_scaling_policy(**arguments)


#: Bounds of a step are text in the schema, since an absent one means infinity and 0 means 0.
_BOUNDS = ("metricIntervalLowerBound", "metricIntervalUpperBound")


def _steps(block: Properties) -> Properties:
    steps = [
        {key: float(value) if key in _BOUNDS else value for key, value in step.items() if value not in (None, "")}
        for step in block.get("stepAdjustments") or []
    ]
    return dict(pascal({**block, "stepAdjustments": steps}))


def _live_steps(block: Mapping[str, Any]) -> Properties:
    live = dict(camel(block))
    live["stepAdjustments"] = [
        {key: f"{value:g}" if key in _BOUNDS else value for key, value in step.items()}
        for step in live.get("stepAdjustments", [])
    ]
    return live


@resource("aws:appautoscaling/scheduledAction:ScheduledAction")
class ScheduledAction(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/appautoscaling/scheduledaction/."""

    replace = frozenset({"name", "resourceId", "scalableDimension", "serviceNamespace"})
    defaults = {"timezone": "UTC"}
    autoname = AutoName(max_length=255)
    tagged = False

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs)
        return "-".join(str(inputs[key]) for key in ("name", "serviceNamespace", "resourceId"))

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(
            lambda: aws.client("application-autoscaling").describe_scheduled_actions(
                ScheduledActionNames=[state["name"]], **_place(state)
            ),
            "ObjectNotFoundException",
        )
        if not answer or not answer["ScheduledActions"]:
            return None
        action = answer["ScheduledActions"][0]
        live: Properties = {
            "name": action["ScheduledActionName"],
            "arn": action["ScheduledActionARN"],
            "resourceId": action["ResourceId"],
            "scalableDimension": action["ScalableDimension"],
            "serviceNamespace": action["ServiceNamespace"],
            "schedule": action["Schedule"],
            "timezone": action.get("Timezone", "UTC"),
            # Capacities are text in the schema ("nullable"), numbers in the program.
            "scalableTargetAction": camel(action.get("ScalableTargetAction") or {}),
        }
        for key in ("StartTime", "EndTime"):
            if action.get(key):
                live[key[0].lower() + key[1:]] = action[key].strftime("%Y-%m-%dT%H:%M:%SZ")
        return written(live, state, "scalableTargetAction")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ObjectNotFoundException"):
            aws.client("application-autoscaling").delete_scheduled_action(
                ScheduledActionName=state["name"], **_place(state)
            )

    @staticmethod
    def _put(aws: Session, inputs: Properties) -> None:
        action = {key: int(value) for key, value in pascal(inputs["scalableTargetAction"]).items() if value != ""}
        aws.client("application-autoscaling").put_scheduled_action(
            ScheduledActionName=inputs["name"],
            Schedule=inputs["schedule"],
            Timezone=inputs["timezone"],
            ScalableTargetAction=action,
            **({"StartTime": inputs["startTime"]} if inputs.get("startTime") else {}),
            **({"EndTime": inputs["endTime"]} if inputs.get("endTime") else {}),
            **_place(inputs),
        )
