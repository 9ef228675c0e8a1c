"""AWS Backup: vaults, their locks and policies, plans, and what a plan selects (restore testing: `restore_testing`)."""

from typing import Any

from localcloud.provider.base import Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import found, ignoring, tag_changes

#: A vault that isn't there is answered as one that may not be seen, too.
GONE = ("ResourceNotFoundException", "AccessDeniedException")

#: For a property of a rule: the member of AWS's.
_RULE = {
    "completionWindow": "CompletionWindowMinutes",
    "enableContinuousBackup": "EnableContinuousBackup",
    "recoveryPointTags": "RecoveryPointTags",
    "ruleName": "RuleName",
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "startWindow": "StartWindowMinutes",
    "targetVaultName": "TargetBackupVaultName",
}
#: What the provider fills in: https://www.pulumi.com/registry/packages/aws/api-docs/backup/plan/#planrule
_RULE_DEFAULTS = {
    "completionWindow": 180,
    "enableContinuousBackup": False,
    "scheduleExpressionTimezone": "Etc/UTC",
    "startWindow": 60,
}
_LIFECYCLE = {
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "optInToArchiveForSupportedResources": "OptInToArchiveForSupportedResources",
}
_CONDITIONS = {
    "stringEquals": "StringEquals",
    "stringLikes": "StringLike",
    "stringNotEquals": "StringNotEquals",
    "stringNotLikes": "StringNotLike",
}


def retag(aws: Session, arn: str, old: Properties, new: Properties) -> None:
    """Bring a resource's tags from the old ones to the new."""
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if put:
        aws.client("backup").tag_resource(ResourceArn=arn, Tags=put)
    if drop:
        aws.client("backup").untag_resource(ResourceArn=arn, TagKeyList=drop)


def tags_of(aws: Session, arn: str) -> dict[str, str]:
    """Return a resource's tags."""
    answer: dict[str, str] = aws.client("backup").list_tags(ResourceArn=arn).get("Tags", {})
    return {key: value for key, value in answer.items() if not key.startswith("aws:")}


def _forth(value: Properties | None, names: dict[str, str]) -> Properties:
    return {name: value[key] for key, name in names.items() if value and value.get(key) not in (None, 0)}


def _back(value: Properties | None, names: dict[str, str]) -> Properties:
    return {key: value[name] for key, name in names.items() if value and value.get(name) is not None}


@resource("aws:backup/vault:Vault")
class Vault(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/vault/."""

    replace = frozenset({"kmsKeyArn", "name"})
    defaults = {"forceDestroy": False}
    autoname = None

    def create(self, aws: Session, inputs: Properties) -> str:
        more = {"EncryptionKeyArn": inputs["kmsKeyArn"]} if inputs.get("kmsKeyArn") else {}
        aws.client("backup").create_backup_vault(BackupVaultName=inputs["name"], BackupVaultTags=inputs["tags"], **more)
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = found(lambda: aws.client("backup").describe_backup_vault(BackupVaultName=id), *GONE)
        if live is None:
            return None
        return {
            "arn": live["BackupVaultArn"],
            "name": live["BackupVaultName"],
            "kmsKeyArn": live["EncryptionKeyArn"],
            "recoveryPoints": live.get("NumberOfRecoveryPoints", 0),
            "tags": tags_of(aws, live["BackupVaultArn"]),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        retag(aws, old["arn"], old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("backup").delete_backup_vault(BackupVaultName=id)


@resource("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
class VaultLockConfiguration(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/vaultlockconfiguration/."""

    tagged = False
    replace = frozenset({"backupVaultName", "changeableForDays", "maxRetentionDays", "minRetentionDays"})

    def create(self, aws: Session, inputs: Properties) -> str:
        names = {
            "backupVaultName": "BackupVaultName",
            "changeableForDays": "ChangeableForDays",
            "maxRetentionDays": "MaxRetentionDays",
            "minRetentionDays": "MinRetentionDays",
        }
        aws.client("backup").put_backup_vault_lock_configuration(**_forth(inputs, names))
        return str(inputs["backupVaultName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = found(lambda: aws.client("backup").describe_backup_vault(BackupVaultName=id), *GONE)
        if live is None or not live.get("Locked"):
            return None
        return {
            "backupVaultArn": live["BackupVaultArn"],
            "backupVaultName": live["BackupVaultName"],
            "maxRetentionDays": live.get("MaxRetentionDays"),
            "minRetentionDays": live.get("MinRetentionDays"),
        }

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("backup").delete_backup_vault_lock_configuration(BackupVaultName=id)


@resource("aws:backup/plan:Plan")
class Plan(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/plan/."""

    replace = frozenset({"name"})
    unordered = frozenset({"advancedBackupSettings", "rules", "rules.copyActions"})
    recomputes = {"rules": ("version",), "advancedBackupSettings": ("version",)}

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("backup").create_backup_plan(BackupPlan=self._plan(inputs), BackupPlanTags=inputs["tags"])
        return str(answer["BackupPlanId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = found(lambda: aws.client("backup").get_backup_plan(BackupPlanId=id), *GONE)
        if live is None:
            return None
        settings = [
            {"backupOptions": item["BackupOptions"], "resourceType": item["ResourceType"]}
            for item in live.get("AdvancedBackupSettings", [])
        ]
        answer = {
            "arn": live["BackupPlanArn"],
            "name": live["BackupPlan"]["BackupPlanName"],
            "rules": [self._rule_back(rule) for rule in live["BackupPlan"]["Rules"]],
            "advancedBackupSettings": settings or None,
            "version": live["VersionId"],
            "tags": tags_of(aws, live["BackupPlanArn"]),
        }
        return written(answer, state, "rules", "advancedBackupSettings")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if any(old.get(key) != new.get(key) for key in ("rules", "advancedBackupSettings")):
            aws.client("backup").update_backup_plan(BackupPlanId=id, BackupPlan=self._plan(new))
        retag(aws, old["arn"], old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("backup").delete_backup_plan(BackupPlanId=id)

    @staticmethod
    def _plan(inputs: Properties) -> Properties:
        plan: Properties = {"BackupPlanName": inputs["name"], "Rules": []}
        for given in inputs["rules"]:
            rule = {**_RULE_DEFAULTS, **given}
            made = {name: rule[key] for key, name in _RULE.items() if rule.get(key) not in (None, "", {})}
            if given.get("lifecycle"):
                made["Lifecycle"] = _forth(given["lifecycle"], _LIFECYCLE)
            if given.get("copyActions"):
                made["CopyActions"] = [
                    {
                        "DestinationBackupVaultArn": action["destinationVaultArn"],
                        **({"Lifecycle": _forth(action["lifecycle"], _LIFECYCLE)} if action.get("lifecycle") else {}),
                    }
                    for action in given["copyActions"]
                ]
            plan["Rules"].append(made)
        if inputs.get("advancedBackupSettings"):
            plan["AdvancedBackupSettings"] = [
                {"BackupOptions": item["backupOptions"], "ResourceType": item["resourceType"]}
                for item in inputs["advancedBackupSettings"]
            ]
        return plan

    @staticmethod
    def _rule_back(live: Properties) -> Properties:
        rule = _back(live, _RULE)
        if live.get("Lifecycle"):
            rule["lifecycle"] = _back(live["Lifecycle"], _LIFECYCLE)
        if live.get("CopyActions"):
            rule["copyActions"] = [
                {
                    "destinationVaultArn": action["DestinationBackupVaultArn"],
                    **({"lifecycle": _back(action["Lifecycle"], _LIFECYCLE)} if action.get("Lifecycle") else {}),
                }
                for action in live["CopyActions"]
            ]
        return rule


@resource("aws:backup/selection:Selection")
class Selection(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/selection/."""

    tagged = False
    replace = frozenset({"conditions", "iamRoleArn", "name", "notResources", "planId", "resources", "selectionTags"})
    unordered = frozenset({"conditions", "notResources", "resources", "selectionTags"})

    def create(self, aws: Session, inputs: Properties) -> str:
        selection: Properties = {
            "SelectionName": inputs["name"],
            "IamRoleArn": inputs["iamRoleArn"],
            "Resources": inputs.get("resources") or [],
            "NotResources": inputs.get("notResources") or [],
            "ListOfTags": [
                {"ConditionType": tag["type"], "ConditionKey": tag["key"], "ConditionValue": tag["value"]}
                for tag in inputs.get("selectionTags") or []
            ],
        }
        for condition in inputs.get("conditions") or []:
            selection["Conditions"] = {
                name: [{"ConditionKey": item["key"], "ConditionValue": item["value"]} for item in condition[key]]
                for key, name in _CONDITIONS.items()
                if condition.get(key)
            }
        answer = aws.client("backup").create_backup_selection(BackupPlanId=inputs["planId"], BackupSelection=selection)
        return str(answer["SelectionId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        where = {"BackupPlanId": state["planId"], "SelectionId": id}
        answer = found(lambda: aws.client("backup").get_backup_selection(**where), *GONE)
        if answer is None:
            return None
        live: dict[str, Any] = answer["BackupSelection"]
        conditions = {
            key: [{"key": item["ConditionKey"], "value": item["ConditionValue"]} for item in live["Conditions"][name]]
            for key, name in _CONDITIONS.items()
            if live.get("Conditions", {}).get(name)
        }
        told = {
            "iamRoleArn": live["IamRoleArn"],
            "name": live["SelectionName"],
            "resources": live.get("Resources", []),
            "notResources": live.get("NotResources", []),
            "conditions": [conditions] if conditions else [],
            "selectionTags": [
                {"type": tag["ConditionType"], "key": tag["ConditionKey"], "value": tag["ConditionValue"]}
                for tag in live.get("ListOfTags", [])
            ],
        }
        return written(told, state, "resources", "notResources", "conditions", "selectionTags")

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("backup").delete_backup_selection(BackupPlanId=state["planId"], SelectionId=id)
