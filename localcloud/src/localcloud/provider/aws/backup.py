"""AWS Backup: vaults and their locks, plans, what a plan selects, and restore testing."""

from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import Properties, resource

#: A vault that isn't there is answered as one that may not be seen, too.
_NOT_FOUND = ("ResourceNotFoundException", "AccessDeniedException")
_TAGS = Tagging("ResourceArn", reads="list_tags")

#: What the provider fills in: https://www.pulumi.com/registry/packages/aws/api-docs/backup/plan/#planrule
_RULE_DEFAULTS = {
    "completionWindow": 180,
    "enableContinuousBackup": False,
    "scheduleExpressionTimezone": "Etc/UTC",
    "startWindow": 60,
}


@resource("aws:backup/vault:Vault")
class Vault(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/vault/."""

    replace = frozenset({"kmsKeyArn", "name"})
    defaults = {"forceDestroy": False}
    service = "backup"
    creates, reads, deletes = "create_backup_vault", "describe_backup_vault", "delete_backup_vault"
    keys = {"name": "BackupVaultName"}
    not_found = _NOT_FOUND
    tagging = _TAGS
    renames = {"kmsKeyArn": "EncryptionKeyArn"}
    outputs = {
        "arn": "BackupVaultArn",
        "kmsKeyArn": "EncryptionKeyArn",
        "recoveryPoints": "NumberOfRecoveryPoints || `0`",
    }


@resource("aws:backup/vaultLockConfiguration:VaultLockConfiguration")
class VaultLockConfiguration(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/vaultlockconfiguration/."""

    replace = frozenset({"backupVaultName", "changeableForDays", "maxRetentionDays", "minRetentionDays"})
    service = "backup"
    creates, reads = "put_backup_vault_lock_configuration", "describe_backup_vault"
    deletes = "delete_backup_vault_lock_configuration"
    keys = {"backupVaultName": "BackupVaultName"}
    described = "[@][?Locked] | [0]"
    not_found = _NOT_FOUND
    outputs = {"backupVaultArn": "BackupVaultArn"}


@resource("aws:backup/plan:Plan")
class Plan(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/plan/."""

    replace = frozenset({"name"})
    unordered = frozenset({"advancedBackupSettings", "rules", "rules.copyActions"})
    recomputes = {"rules": ("version",), "advancedBackupSettings": ("version",)}
    service = "backup"
    creates, reads = "create_backup_plan", "get_backup_plan"
    updates, deletes = "update_backup_plan", "delete_backup_plan"
    updates_whole = True
    keys = {"id": "BackupPlanId"}
    new_id = "BackupPlanId"
    inside = "BackupPlan"
    not_found = _NOT_FOUND
    tagging = _TAGS
    renames = {
        "coldStorageAfter": "MoveToColdStorageAfterDays",
        "completionWindow": "CompletionWindowMinutes",
        "deleteAfter": "DeleteAfterDays",
        "destinationVaultArn": "DestinationBackupVaultArn",
        "name": "BackupPlanName",
        "schedule": "ScheduleExpression",
        "startWindow": "StartWindowMinutes",
        "targetVaultName": "TargetBackupVaultName",
    }
    outputs = {
        "arn": "BackupPlanArn",
        "name": "BackupPlan.BackupPlanName",
        "rules": "BackupPlan.Rules",
        "advancedBackupSettings": "AdvancedBackupSettings",
        "version": "VersionId",
    }

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "rules":
            value = [{**_RULE_DEFAULTS, **rule} for rule in value]
        return super().argument(key, value, shape)


@resource("aws:backup/selection:Selection")
class Selection(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/selection/."""

    replace = frozenset({"conditions", "iamRoleArn", "name", "notResources", "planId", "resources", "selectionTags"})
    unordered = frozenset({"conditions", "notResources", "resources", "selectionTags"})
    service = "backup"
    creates, reads, deletes = "create_backup_selection", "get_backup_selection", "delete_backup_selection"
    keys = {"id": "SelectionId"}
    new_id = "SelectionId"
    inside = described = "BackupSelection"
    not_found = _NOT_FOUND
    renames = {
        "key": "ConditionKey",
        "name": "SelectionName",
        "planId": "BackupPlanId",
        "selectionTags": "ListOfTags",
        "type": "ConditionType",
        "value": "ConditionValue",
    }

    def where(self, id: str, state: Properties) -> Properties:
        return {"BackupPlanId": state["planId"], "SelectionId": id}


@resource("aws:backup/restoreTestingPlan:RestoreTestingPlan")
class RestoreTestingPlan(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/restoretestingplan/."""

    replace = frozenset({"name"})
    unordered = frozenset(
        f"recoveryPointSelection.{name}" for name in ("includeVaults", "excludeVaults", "recoveryPointTypes")
    )
    service = "backup"
    creates, reads = "create_restore_testing_plan", "get_restore_testing_plan"
    updates, deletes = "update_restore_testing_plan", "delete_restore_testing_plan"
    updates_whole = True
    keys = {"name": "RestoreTestingPlanName"}
    inside = described = "RestoreTestingPlan"
    not_found = _NOT_FOUND
    tagging = _TAGS
    outputs = {
        "arn": "RestoreTestingPlanArn",
        "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
        "startWindowHours": "StartWindowHours",
    }


@resource("aws:backup/restoreTestingSelection:RestoreTestingSelection")
class RestoreTestingSelection(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/backup/restoretestingselection/."""

    replace = frozenset({"name", "protectedResourceType", "restoreTestingPlanName"})
    unordered = frozenset({"protectedResourceArns"})
    service = "backup"
    creates, reads = "create_restore_testing_selection", "get_restore_testing_selection"
    updates, deletes = "update_restore_testing_selection", "delete_restore_testing_selection"
    updates_whole = True
    keys = {"name": "RestoreTestingSelectionName", "restoreTestingPlanName": "RestoreTestingPlanName"}
    separator = ":"
    inside = described = "RestoreTestingSelection"
    not_found = _NOT_FOUND
    outputs = {"restoreMetadataOverrides": "RestoreMetadataOverrides", "validationWindowHours": "ValidationWindowHours"}
