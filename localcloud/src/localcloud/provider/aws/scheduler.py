"""EventBridge Scheduler: schedules and their groups."""

from datetime import UTC, datetime
from typing import Any

from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, found, ignoring, pascal, tag_map

_GONE = ("ResourceNotFoundException",)
_NAMES = {
    "actionAfterCompletion": "ActionAfterCompletion",
    "description": "Description",
    "endDate": "EndDate",
    "kmsKeyArn": "KmsKeyArn",
    "scheduleExpression": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startDate": "StartDate",
    "state": "State",
}
#: Members of a target whose names differ by more than the case of the first letter.
_ECS = {
    "capacityProviderStrategies": "CapacityProviderStrategy",
    "enableEcsManagedTags": "EnableECSManagedTags",
    "placementStrategies": "PlacementStrategy",
}
#: Members of ECS's part that keep their first letter small.
_SMALL = ("capacityProviderStrategies", "placementConstraints", "placementStrategies")


@resource("aws:scheduler/schedule:Schedule")
class Schedule(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/scheduler/schedule/."""

    tagged = False
    replace = frozenset({"groupName", "name", "namePrefix"})
    defaults = {"scheduleExpressionTimezone": "UTC", "state": "ENABLED"}
    autoname = AutoName(max_length=64)
    unordered = frozenset(
        f"target.ecsParameters.{name}"
        for name in (*_SMALL, "networkConfiguration.subnets", "networkConfiguration.securityGroups")
    )

    def create(self, aws: Session, inputs: Properties) -> str:
        group = inputs.get("groupName") or "default"
        aws.client("scheduler").create_schedule(**self._arguments(inputs), Name=inputs["name"], GroupName=group)
        return f"{group}/{inputs['name']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        group, _, name = id.partition("/")
        live = found(lambda: aws.client("scheduler").get_schedule(GroupName=group, Name=name), *_GONE)
        if live is None:
            return None
        answer = {key: live[argument] for key, argument in _NAMES.items() if live.get(argument) not in (None, "")}
        for key in ("endDate", "startDate"):
            if key in answer:
                answer[key] = answer[key].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer |= {
            "arn": live["Arn"],
            "name": live["Name"],
            "groupName": live["GroupName"],
            "flexibleTimeWindow": camel(live["FlexibleTimeWindow"]),
            "target": _target_back(live["Target"]),
        }
        return written(answer, state, "flexibleTimeWindow", "target")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        group, _, name = id.partition("/")
        aws.client("scheduler").update_schedule(**self._arguments(new), Name=name, GroupName=group)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        group, _, name = id.partition("/")
        with ignoring(*_GONE):
            aws.client("scheduler").delete_schedule(GroupName=group, Name=name)

    @staticmethod
    def _arguments(inputs: Properties) -> Properties:
        arguments = {argument: inputs[key] for key, argument in _NAMES.items() if inputs.get(key) is not None}
        for name in ("EndDate", "StartDate"):
            if name in arguments:
                arguments[name] = datetime.fromisoformat(arguments[name])
        return {
            **arguments,
            "FlexibleTimeWindow": pascal(inputs["flexibleTimeWindow"]),
            "Target": _target(inputs["target"]),
        }


def _target(inputs: Properties) -> Properties:
    given = dict(inputs)
    ecs, pipeline = given.pop("ecsParameters", None), given.pop("sagemakerPipelineParameters", None)
    events = given.pop("eventbridgeParameters", None)
    target: Properties = pascal(given)
    if events:
        target["EventBridgeParameters"] = pascal(events)
    if pipeline:
        target["SageMakerPipelineParameters"] = {
            "PipelineParameterList": pascal(pipeline.get("pipelineParameters") or [])
        }
    if ecs:
        target["EcsParameters"] = _ecs({"taskCount": 1, **ecs})
    return target


def _ecs(given: Properties) -> Properties:
    answer: Properties = {}
    for key, value in given.items():
        if value in (None, [], {}):
            continue
        name = _ECS.get(key, key[:1].upper() + key[1:])
        if key == "networkConfiguration":
            network = pascal({**value, "assignPublicIp": "ENABLED" if value.get("assignPublicIp") else "DISABLED"})
            answer[name] = {"awsvpcConfiguration": network}
        elif key == "tags":
            # A list of maps: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_EcsParameters.html
            answer[name] = [{"Key": tag, "Value": text} for tag, text in value.items()]
        else:
            answer[name] = value  # lists of ECS's keep their small letters
    return answer


def _target_back(live: Properties) -> Properties:
    given = dict(live)
    ecs, pipeline = given.pop("EcsParameters", None), given.pop("SageMakerPipelineParameters", None)
    events = given.pop("EventBridgeParameters", None)
    target: Properties = camel(given)
    if events:
        target["eventbridgeParameters"] = camel(events)
    if pipeline:
        target["sagemakerPipelineParameters"] = {"pipelineParameters": camel(pipeline["PipelineParameterList"])}
    if ecs:
        back: Any = {name: key for key, name in _ECS.items()}
        answer = {back.get(name, name[:1].lower() + name[1:]): value for name, value in ecs.items()}
        if "networkConfiguration" in answer:
            network = camel(answer["networkConfiguration"]["awsvpcConfiguration"])
            answer["networkConfiguration"] = {
                **network,
                "assignPublicIp": network.get("assignPublicIp") == "ENABLED",
            }
        if "tags" in answer:
            answer["tags"] = tag_map(answer["tags"])
        target["ecsParameters"] = answer
    return target
