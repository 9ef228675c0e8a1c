"""Vaults, plans with their selections, and restore testing."""

import json
import re
from typing import Any
from urllib.parse import unquote

import moto.backup.urls
from moto.backup.exceptions import (
    InvalidParameterValueException,
    InvalidRequestException,
    ResourceNotFoundException,
)
from moto.backup.models import BackupBackend, Plan, Vault
from moto.backup.responses import BackupResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import unix_time
from moto.iam.models import iam_backends
from moto.kms.utils import RESERVED_ALIASES
from moto.moto_api._internal import mock_random

from localcloud.emulator.patches import references
from localcloud.emulator.patching import patch

_KEY_ALIAS = "alias/aws/backup"
_PATHS = (
    "{0}/restore-testing/plans$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections$",
    "{0}/restore-testing/plans/(?P<name>[^/]+)/selections/(?P<selection>[^/]+)$",
)
#: https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateRestoreTestingPlan.html
_NAME = re.compile(r"[0-9A-Za-z_]{1,50}")


if _KEY_ALIAS not in RESERVED_ALIASES:
    RESERVED_ALIASES.append(_KEY_ALIAS)
for path in _PATHS:
    moto.backup.urls.url_paths[path] = BackupResponse.dispatch


def _store(backend: BackupBackend, name: str) -> dict[str, Any]:
    store: dict[str, Any] = vars(backend).setdefault(name, {})
    return store


def _parts(self: BackupResponse, after: str) -> list[str]:
    return [unquote(part) for part in self.path.partition(after)[2].strip("/").split("/")]


# Vaults


@patch(BackupBackend, "create_backup_vault")
def create_backup_vault(original: Any, self: BackupBackend, **asked: Any) -> Vault:
    key = asked.get("encryption_key_arn") or _KEY_ALIAS
    described = references.key(self, key, InvalidParameterValueException(f"The KMS key {key} isn't there"))
    if key == _KEY_ALIAS:
        described.key_manager = "AWS"
    asked["encryption_key_arn"] = described.arn
    vault: Vault = original(self, **asked)
    return vault


@patch(BackupBackend, "delete_backup_vault")
def delete_backup_vault(original: Any, self: BackupBackend, backup_vault_name: str) -> None:
    if backup_vault_name not in self.vaults:
        raise ResourceNotFoundException(f"Backup vault {backup_vault_name} not found")
    self.tagger.delete_all_tags_for_resource(self.vaults[backup_vault_name].backup_vault_arn)
    original(self, backup_vault_name)


# Plans


def _check_plan(backend: BackupBackend, plan: dict[str, Any]) -> None:
    for rule in plan["Rules"]:
        if rule["TargetBackupVaultName"] not in backend.vaults:
            raise InvalidParameterValueException(f"Backup vault {rule['TargetBackupVaultName']} does not exist.")
        life = rule.get("Lifecycle") or {}
        cold, delete_after = life.get("MoveToColdStorageAfterDays"), life.get("DeleteAfterDays")
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_Lifecycle.html
        if cold and delete_after and delete_after < cold + 90:
            raise InvalidParameterValueException(
                "DeleteAfterDays cannot be less than 90 days from MoveToColdStorageAfterDays"
            )


@patch(BackupBackend, "create_backup_plan")
def create_backup_plan(original: Any, self: BackupBackend, **asked: Any) -> Plan:
    _check_plan(self, asked["backup_plan"])
    plan: Plan = original(self, **asked)
    return plan


@patch(BackupBackend, "get_backup_plan")
def get_backup_plan(original: Any, self: BackupBackend, backup_plan_id: str, version_id: Any | None) -> Plan:
    plan = self.plans.get(backup_plan_id)
    if plan is None or plan.deletion_date is not None:
        raise ResourceNotFoundException(f"Cannot find Backup plan with ID {backup_plan_id}")
    found: Plan = original(self, backup_plan_id, version_id)
    return found


@patch(BackupBackend, "delete_backup_plan")
def delete_backup_plan(original: Any, self: BackupBackend, backup_plan_id: str) -> Any:
    plan = self.get_backup_plan(backup_plan_id, None)
    if _store(self, "selections").get(backup_plan_id):
        raise InvalidRequestException(
            f"Related backup plan selections must be deleted prior to backup plan deletion: {backup_plan_id}"
        )
    self.tagger.delete_all_tags_for_resource(plan.backup_plan_arn)
    answer = original(self, backup_plan_id)
    del self.plans[backup_plan_id]  # so that its name is free again
    return answer


@patch(BackupResponse, "update_backup_plan")
def update_backup_plan(self: BackupResponse) -> str:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateBackupPlan.html."""
    plan = self.backup_backend.get_backup_plan(_parts(self, "/plans/")[0], None)
    asked = json.loads(self.body)["BackupPlan"]
    _check_plan(self.backup_backend, asked)
    # moto fills a plan's rules in where it makes one, and only there.
    made = Plan(backup_plan=asked, creator_request_id=plan.creator_request_id, backend=self.backup_backend)
    plan.backup_plan, plan.version_id = made.backup_plan, made.version_id
    plan.advanced_backup_settings = made.advanced_backup_settings
    return json.dumps(plan.to_dict())


# Selections


def _selections(self: BackupResponse) -> tuple[str, dict[str, Any]]:
    plan = _parts(self, "/plans/")[0]
    self.backup_backend.get_backup_plan(plan, None)
    selections: dict[str, Any] = _store(self.backup_backend, "selections").setdefault(plan, {})
    return plan, selections


def _selection(self: BackupResponse) -> tuple[str, dict[str, Any], str]:
    plan, selections = _selections(self)
    name = _parts(self, "/plans/")[2]
    if name not in selections:
        # https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetBackupSelection.html
        raise ResourceNotFoundException(f"Cannot find Backup selection with ID {name}")
    return plan, selections, name


def _check_role(backend: BackupBackend, arn: str) -> None:
    if not any(role.arn == arn for role in iam_backends[backend.account_id]["aws"].get_roles()):
        raise InvalidParameterValueException(f"IAM Role {arn} is not authorized or does not exist")


@patch(BackupResponse, "create_backup_selection")
def create_backup_selection(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupSelection.html."""
    plan, selections = _selections(self)
    asked = json.loads(self.body)
    selection = asked["BackupSelection"]
    _check_role(self.backup_backend, selection["IamRoleArn"])
    name = str(mock_random.uuid4())
    conditions = selection.get("Conditions") or {}
    selections[name] = {
        "BackupSelection": {
            "Resources": [],
            "ListOfTags": [],
            "NotResources": [],
            **selection,
            "Conditions": {
                kind: conditions.get(kind) or []
                for kind in ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike")
            },
        },
        "SelectionId": name,
        "BackupPlanId": plan,
        "CreationDate": unix_time(),
        "CreatorRequestId": asked.get("CreatorRequestId"),
    }
    made = selections[name]
    return ActionResult({key: made[key] for key in ("SelectionId", "BackupPlanId", "CreationDate")})


@patch(BackupResponse, "get_backup_selection")
def get_backup_selection(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetBackupSelection.html."""
    _, selections, name = _selection(self)
    return ActionResult(selections[name])


@patch(BackupResponse, "list_backup_selections")
def list_backup_selections(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListBackupSelections.html."""
    _, selections = _selections(self)
    listed = [
        {
            **{key: one[key] for key in ("SelectionId", "BackupPlanId", "CreationDate")},
            "SelectionName": one["BackupSelection"]["SelectionName"],
            "IamRoleArn": one["BackupSelection"]["IamRoleArn"],
        }
        for one in selections.values()
    ]
    return ActionResult({"BackupSelectionsList": listed})


@patch(BackupResponse, "delete_backup_selection")
def delete_backup_selection(self: BackupResponse) -> EmptyResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteBackupSelection.html."""
    _, selections, name = _selection(self)
    del selections[name]
    return EmptyResult()


# Restore testing


def _testing_plan(self: BackupResponse) -> dict[str, Any]:
    name = _parts(self, "/restore-testing/plans")[0]
    plans = _store(self.backup_backend, "restore_testing_plans")
    if name not in plans:
        raise ResourceNotFoundException(f"Restore testing plan {name} not found")
    plan: dict[str, Any] = plans[name]
    return plan


def _only(of: dict[str, Any], *keys: str) -> ActionResult:
    return ActionResult({key: of[key] for key in keys if key in of})


@patch(BackupResponse, "create_restore_testing_plan")
def create_restore_testing_plan(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateRestoreTestingPlan.html."""
    backend, asked = self.backup_backend, json.loads(self.body)
    plan, plans = asked["RestoreTestingPlan"], _store(backend, "restore_testing_plans")
    name = plan["RestoreTestingPlanName"]
    if not _NAME.fullmatch(name):
        raise InvalidParameterValueException(f"The name {name} may hold letters, digits and underscores only")
    if name in plans:
        raise InvalidParameterValueException(f"Restore testing plan {name} already exists")
    kind, tail = "restore-testing-plan", f"{name}-{mock_random.uuid4()}"
    plans[name] = {
        "ScheduleExpressionTimezone": "Etc/UTC",
        "StartWindowHours": 24,
        **plan,
        "RecoveryPointSelection": _recovery_points(plan["RecoveryPointSelection"]),
        "RestoreTestingPlanArn": f"arn:aws:backup:{backend.region_name}:{backend.account_id}:{kind}:{tail}",
        "CreationTime": unix_time(),
        "selections": {},
    }
    backend.tag_resource(plans[name]["RestoreTestingPlanArn"], asked.get("Tags") or {})
    return _only(plans[name], "CreationTime", "RestoreTestingPlanArn", "RestoreTestingPlanName")


def _recovery_points(selection: dict[str, Any]) -> dict[str, Any]:
    return {"ExcludeVaults": [], "SelectionWindowDays": 30, **selection}


@patch(BackupResponse, "get_restore_testing_plan")
def get_restore_testing_plan(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetRestoreTestingPlan.html."""
    plan = _testing_plan(self)
    return ActionResult({"RestoreTestingPlan": {key: value for key, value in plan.items() if key != "selections"}})


@patch(BackupResponse, "list_restore_testing_plans")
def list_restore_testing_plans(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_ListRestoreTestingPlans.html."""
    plans = _store(self.backup_backend, "restore_testing_plans").values()
    hidden = ("selections", "RecoveryPointSelection")
    return ActionResult(
        {"RestoreTestingPlans": [{key: value for key, value in plan.items() if key not in hidden} for plan in plans]}
    )


@patch(BackupResponse, "update_restore_testing_plan")
def update_restore_testing_plan(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateRestoreTestingPlan.html."""
    plan, asked = _testing_plan(self), json.loads(self.body)["RestoreTestingPlan"]
    if "RecoveryPointSelection" in asked:
        asked["RecoveryPointSelection"] = _recovery_points(asked["RecoveryPointSelection"])
    plan.update(asked, LastUpdateTime=unix_time())
    plan["UpdateTime"] = plan["LastUpdateTime"]
    return _only(plan, "CreationTime", "RestoreTestingPlanArn", "RestoreTestingPlanName", "UpdateTime")


@patch(BackupResponse, "delete_restore_testing_plan")
def delete_restore_testing_plan(self: BackupResponse) -> EmptyResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteRestoreTestingPlan.html."""
    plan = _testing_plan(self)
    if plan["selections"]:
        raise InvalidRequestException("Restore testing selections must be deleted before their plan")
    self.backup_backend.tagger.delete_all_tags_for_resource(plan["RestoreTestingPlanArn"])
    del _store(self.backup_backend, "restore_testing_plans")[plan["RestoreTestingPlanName"]]
    return EmptyResult()


def _testing_selection(self: BackupResponse) -> dict[str, Any]:
    plan, name = _testing_plan(self), _parts(self, "/restore-testing/plans")[2]
    if name not in plan["selections"]:
        raise ResourceNotFoundException(f"Restore testing selection {name} not found")
    selection: dict[str, Any] = plan["selections"][name]
    return selection


_SELECTION_KEYS = ("CreationTime", "RestoreTestingPlanArn", "RestoreTestingPlanName", "RestoreTestingSelectionName")


@patch(BackupResponse, "create_restore_testing_selection")
def create_restore_testing_selection(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateRestoreTestingSelection.html."""
    plan, asked = _testing_plan(self), json.loads(self.body)["RestoreTestingSelection"]
    name = asked["RestoreTestingSelectionName"]
    _check_role(self.backup_backend, asked["IamRoleArn"])
    if name in plan["selections"]:
        raise InvalidParameterValueException(f"Restore testing selection {name} already exists")
    plan["selections"][name] = {
        "ProtectedResourceArns": [],
        "RestoreMetadataOverrides": {},
        "ValidationWindowHours": 0,
        **asked,
        "ProtectedResourceConditions": _conditions(asked),
        "RestoreTestingPlanName": plan["RestoreTestingPlanName"],
        "CreationTime": unix_time(),
    }
    return _only({**plan, **plan["selections"][name]}, *_SELECTION_KEYS)


def _conditions(asked: dict[str, Any]) -> dict[str, Any]:
    return {"StringEquals": [], "StringNotEquals": [], **(asked.get("ProtectedResourceConditions") or {})}


@patch(BackupResponse, "get_restore_testing_selection")
def get_restore_testing_selection(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_GetRestoreTestingSelection.html."""
    return ActionResult({"RestoreTestingSelection": _testing_selection(self)})


@patch(BackupResponse, "update_restore_testing_selection")
def update_restore_testing_selection(self: BackupResponse) -> ActionResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_UpdateRestoreTestingSelection.html."""
    selection, asked = _testing_selection(self), json.loads(self.body)["RestoreTestingSelection"]
    if asked.get("IamRoleArn"):
        _check_role(self.backup_backend, asked["IamRoleArn"])
    if "ProtectedResourceConditions" in asked:
        asked["ProtectedResourceConditions"] = _conditions(asked)
    selection.update(asked)
    merged = {**_testing_plan(self), **selection, "UpdateTime": unix_time()}
    return _only(merged, *_SELECTION_KEYS, "UpdateTime")


@patch(BackupResponse, "delete_restore_testing_selection")
def delete_restore_testing_selection(self: BackupResponse) -> EmptyResult:
    """https://docs.aws.amazon.com/aws-backup/latest/devguide/API_DeleteRestoreTestingSelection.html."""
    selection = _testing_selection(self)
    del _testing_plan(self)["selections"][selection["RestoreTestingSelectionName"]]
    return EmptyResult()
