"""AWS Backup's restore testing: plans, and what they restore."""

from localcloud.provider.aws.backup import GONE, retag, tags_of
from localcloud.provider.base import Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, found, ignoring, pascal

_PLAN = ("recoveryPointSelection", "scheduleExpression", "scheduleExpressionTimezone", "startWindowHours")
_SELECTION = (
    "iamRoleArn",
    "protectedResourceArns",
    "protectedResourceConditions",
    "restoreMetadataOverrides",
    "validationWindowHours",
)


@resource("aws:backup/restoreTestingPlan:RestoreTestingPlan")
class RestoreTestingPlan(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/restoretestingplan/."""

    replace = frozenset({"name"})
    unordered = frozenset(
        f"recoveryPointSelection.{name}" for name in ("includeVaults", "excludeVaults", "recoveryPointTypes")
    )

    def create(self, aws: Session, inputs: Properties) -> str:
        plan = {"RestoreTestingPlanName": inputs["name"], **self._settings(inputs)}
        aws.client("backup").create_restore_testing_plan(RestoreTestingPlan=plan, Tags=inputs["tags"])
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("backup").get_restore_testing_plan(RestoreTestingPlanName=id), *GONE)
        if answer is None:
            return None
        live = answer["RestoreTestingPlan"]
        told = {
            "arn": live["RestoreTestingPlanArn"],
            "name": live["RestoreTestingPlanName"],
            **{key: camel(live[key[:1].upper() + key[1:]]) for key in _PLAN},
            "tags": tags_of(aws, live["RestoreTestingPlanArn"]),
        }
        return written(told, state, "recoveryPointSelection")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if any(new.get(key) is not None and old.get(key) != new[key] for key in _PLAN):
            aws.client("backup").update_restore_testing_plan(
                RestoreTestingPlanName=id, RestoreTestingPlan=self._settings(new)
            )
        retag(aws, old["arn"], old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("backup").delete_restore_testing_plan(RestoreTestingPlanName=id)

    @staticmethod
    def _settings(inputs: Properties) -> Properties:
        settings: Properties = pascal({key: inputs[key] for key in _PLAN if inputs.get(key) is not None})
        return settings


@resource("aws:backup/restoreTestingSelection:RestoreTestingSelection")
class RestoreTestingSelection(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/restoretestingselection/."""

    tagged = False
    replace = frozenset({"name", "protectedResourceType", "restoreTestingPlanName"})
    unordered = frozenset({"protectedResourceArns"})

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("backup").create_restore_testing_selection(
            RestoreTestingPlanName=inputs["restoreTestingPlanName"],
            RestoreTestingSelection={
                "RestoreTestingSelectionName": inputs["name"],
                "ProtectedResourceType": inputs["protectedResourceType"],
                **self._settings(inputs),
            },
        )
        return f"{inputs['name']}:{inputs['restoreTestingPlanName']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("backup").get_restore_testing_selection(**self._where(id)), *GONE)
        if answer is None:
            return None
        live = answer["RestoreTestingSelection"]
        conditions = {key: value for key, value in live.get("ProtectedResourceConditions", {}).items() if value}
        told = {
            "name": live["RestoreTestingSelectionName"],
            "restoreTestingPlanName": live["RestoreTestingPlanName"],
            "protectedResourceType": live["ProtectedResourceType"],
            "iamRoleArn": live["IamRoleArn"],
            "protectedResourceArns": live.get("ProtectedResourceArns", []),
            "protectedResourceConditions": camel(conditions) or None,
            "restoreMetadataOverrides": live.get("RestoreMetadataOverrides", {}),
            "validationWindowHours": live.get("ValidationWindowHours", 0),
        }
        return written(told, state, "protectedResourceArns", "protectedResourceConditions")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("backup").update_restore_testing_selection(
            **self._where(id), RestoreTestingSelection=self._settings(new)
        )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("backup").delete_restore_testing_selection(**self._where(id))

    @staticmethod
    def _where(id: str) -> Properties:
        name, _, plan = id.partition(":")
        return {"RestoreTestingPlanName": plan, "RestoreTestingSelectionName": name}

    @staticmethod
    def _settings(inputs: Properties) -> Properties:
        given = {key: inputs[key] for key in _SELECTION if inputs.get(key) is not None}
        overrides = given.pop("restoreMetadataOverrides", None)  # its keys are the program's own
        settings: Properties = pascal(given)
        return {**settings, **({"RestoreMetadataOverrides": overrides} if overrides else {})}
