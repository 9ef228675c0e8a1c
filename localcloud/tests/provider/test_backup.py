"""AWS Backup."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"
TESTING = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
TESTED = "aws:backup/restoreTestingSelection:RestoreTestingSelection"

RULE = {"ruleName": "daily", "targetVaultName": "main", "schedule": "cron(0 5 ? * * *)"}
TEST_PLAN = {
    "name": "drill",
    "scheduleExpression": "cron(0 5 1 * ? *)",
    "recoveryPointSelection": {
        "algorithm": "LATEST_WITHIN_WINDOW",
        "includeVaults": ["*"],
        "recoveryPointTypes": ["SNAPSHOT", "CONTINUOUS"],
    },
}


@pytest.fixture
def vault(aws: Session) -> str:
    aws.client("backup").create_backup_vault(BackupVaultName="main")
    return "main"


@pytest.fixture
def role(aws: Session) -> str:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    return str(aws.client("iam").create_role(RoleName="backup", AssumeRolePolicyDocument=trust)["Role"]["Arn"])


def test_a_vault_lives(crud: Callable[..., Any], aws: Session) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    life = crud(
        VAULT, {"name": "main", "kmsKeyArn": key, "tags": {"A": "1"}}, {"tags": {"A": "2"}}, default_tags={"S": "x"}
    )
    assert life.created["arn"] == "arn:aws:backup:us-east-1:123456789012:backup-vault:main"
    assert life.created["recoveryPoints"] == 0


def test_a_vault_that_names_no_key_has_the_accounts_own(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        key = aws.client("kms").describe_key(KeyId="alias/aws/backup")["KeyMetadata"]
        assert (key["Arn"], key["KeyManager"]) == (state["kmsKeyArn"], "AWS")

    crud(VAULT, {"name": "main"}, look=look)


def test_a_lock_lives(crud: Callable[..., Any], vault: str) -> None:
    crud(LOCK, {"backupVaultName": vault, "minRetentionDays": 7, "maxRetentionDays": 60})


def test_a_plan_lives(crud: Callable[..., Any], aws: Session, vault: str) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        rules = aws.client("backup").get_backup_plan(BackupPlanId=id)["BackupPlan"]["Rules"]
        assert [rule["RuleName"] for rule in rules] == ["daily", "monthly"]
        assert rules[0]["CompletionWindowMinutes"] == 180, "the provider's default, not AWS's"
        assert rules[1]["Lifecycle"] == {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 365}

    monthly = {
        **RULE,
        "ruleName": "monthly",
        "schedule": "cron(0 5 1 * ? *)",
        "lifecycle": {"coldStorageAfter": 30, "deleteAfter": 365},
        "copyActions": [{"destinationVaultArn": "arn:aws:backup:eu-west-1:123456789012:backup-vault:copy"}],
        "recoveryPointTags": {"kept_For": "audit"},
    }
    life = crud(
        PLAN,
        {"name": "all", "rules": [{**RULE, "lifecycle": {"deleteAfter": 35}}], "tags": {"A": "1"}},
        {"rules": [RULE, monthly], "tags": {"A": "2"}},
        look=look,
    )
    assert life.created["version"] != life.updated["version"]


def test_a_selection_lives(crud: Callable[..., Any], aws: Session, vault: str, role: str) -> None:
    rules = [{"RuleName": "daily", "TargetBackupVaultName": vault}]
    plan = aws.client("backup").create_backup_plan(BackupPlan={"BackupPlanName": "all", "Rules": rules})["BackupPlanId"]

    def look(id: str, state: dict[str, Any]) -> None:
        client = aws.client("backup")
        with pytest.raises(client.exceptions.InvalidRequestException, match="selections must be deleted prior"):
            client.delete_backup_plan(BackupPlanId=plan)
        assert [one["SelectionId"] for one in client.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]]

    crud(
        SELECTION,
        {
            "planId": plan,
            "name": "databases",
            "iamRoleArn": role,
            "resources": ["arn:aws:rds:*:*:db:*"],
            "conditions": [{"stringEquals": [{"key": "aws:ResourceTag/Environment", "value": "prod"}]}],
            "selectionTags": [{"type": "STRINGEQUALS", "key": "Backup", "value": "yes"}],
        },
        look=look,
    )


def test_a_restore_test_lives(crud: Callable[..., Any], driver: Callable[..., Any], role: str) -> None:
    drive = driver()

    def look(id: str, state: dict[str, Any]) -> None:
        assert state["startWindowHours"] == 24
        inputs = {
            "name": "databases",
            "restoreTestingPlanName": id,
            "protectedResourceType": "RDS",
            "iamRoleArn": role,
        }
        crud_of_selection = drive.check(TESTED, {**inputs, "protectedResourceArns": ["*"]})
        made, kept = drive.create(TESTED, crud_of_selection)
        assert made == "databases:drill"
        with pytest.raises(ProviderError, match="must be deleted before their plan"):
            drive.delete(TESTING, id, state, {})
        drive.delete(TESTED, made, kept, crud_of_selection)

    crud(TESTING, TEST_PLAN, {"scheduleExpressionTimezone": "America/Sao_Paulo", "tags": {"A": "1"}}, look=look)


def test_what_a_restore_test_selects_lives(crud: Callable[..., Any], driver: Callable[..., Any], role: str) -> None:
    drive = driver()
    drive.create(TESTING, drive.check(TESTING, TEST_PLAN))
    crud(
        TESTED,
        {
            "name": "databases",
            "restoreTestingPlanName": "drill",
            "protectedResourceType": "RDS",
            "iamRoleArn": role,
            "protectedResourceConditions": {"stringEquals": [{"key": "aws:ResourceTag/A", "value": "1"}]},
        },
        {"validationWindowHours": 4, "restoreMetadataOverrides": {"dbSubnetGroupName": "drill"}},
    )


@pytest.mark.parametrize(
    ("token", "inputs", "message"),
    [
        (VAULT, {"name": "v", "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/none"}, "KMS key .* isn't there"),
        (PLAN, {"name": "p", "rules": [{**RULE, "targetVaultName": "none"}]}, "Backup vault none does not exist"),
        (
            PLAN,
            {"name": "p", "rules": [{**RULE, "lifecycle": {"coldStorageAfter": 30, "deleteAfter": 60}}]},
            "cannot be less than 90 days",
        ),
        (SELECTION, {"planId": "none", "name": "s", "iamRoleArn": "arn:aws:iam::123456789012:role/x"}, "Cannot find"),
        (LOCK, {"backupVaultName": "main", "minRetentionDays": 9, "maxRetentionDays": 8}, "cannot be greater than"),
    ],
)
def test_what_aws_refuses_is_refused(
    driver: Callable[..., Any], vault: str, token: str, inputs: dict[str, Any], message: str
) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=message):
        drive.create(token, drive.check(token, inputs))
