"""EventBridge Scheduler: schedules."""

from typing import Any

from localcloud.provider.api import ApiResource
from localcloud.provider.base import AutoName, Properties, resource


@resource("aws:scheduler/schedule:Schedule")
class Schedule(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/scheduler/schedule/."""

    replace = frozenset({"groupName", "name", "namePrefix"})
    defaults = {"scheduleExpressionTimezone": "UTC", "state": "ENABLED"}
    autoname = AutoName(max_length=64)
    unordered = frozenset(
        f"target.ecsParameters.{name}"
        for name in (
            "capacityProviderStrategies",
            "networkConfiguration.securityGroups",
            "networkConfiguration.subnets",
            "placementConstraints",
            "placementStrategies",
        )
    )
    service = "scheduler"
    creates, reads, updates, deletes = "create_schedule", "get_schedule", "update_schedule", "delete_schedule"
    updates_whole = True
    keys = {"groupName": "GroupName", "name": "Name"}
    not_found = ("ResourceNotFoundException",)
    renames = {"pipelineParameters": "PipelineParameterList"}
    outputs = {
        "actionAfterCompletion": "ActionAfterCompletion",
        "arn": "Arn",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
        "state": "State",
    }

    def id_of(self, inputs: Properties) -> str:
        return super().id_of({"groupName": "default", **inputs})

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return super().arguments(call, {"groupName": "default", **inputs})

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "target" and value.get("ecsParameters"):
            value = {**value, "ecsParameters": _ecs(value["ecsParameters"])}
        return super().argument(key, value, shape)


def _ecs(given: Properties) -> Properties:
    parts = {"taskCount": 1, **{key: value for key, value in given.items() if value not in (None, [], {})}}
    if network := parts.get("networkConfiguration"):
        public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
        parts["networkConfiguration"] = {"awsvpcConfiguration": {**network, "assignPublicIp": public}}
    # A list of maps: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html
    if tags := parts.get("tags"):
        parts["tags"] = [{"Key": name, "Value": text} for name, text in tags.items()]
    return parts
