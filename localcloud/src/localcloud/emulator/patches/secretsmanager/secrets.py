"""Secrets, their versions and staging labels."""

from typing import Any

from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    SecretsManagerClientError,
)
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from localcloud.emulator.patching import patch

#: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
_MAX_LABELS = 20


@patch(FakeSecret, "reset_default_version")
def reset_default_version(self: FakeSecret, secret_version: dict[str, Any], version_id: str) -> None:
    """Move AWSCURRENT and AWSPREVIOUS, and leave every other label where it is unless the new version takes it.

    moto sets the labels of the version that was current to AWSPREVIOUS alone, so that its other labels are lost.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
    """
    taken = {"AWSPREVIOUS", "AWSCURRENT", *secret_version["version_stages"]}
    current = next((item for item in self.versions.values() if "AWSCURRENT" in item["version_stages"]), None)
    for version in self.versions.values():
        version["version_stages"] = [stage for stage in version["version_stages"] if stage not in taken]
    if current is not None:
        current["version_stages"].append("AWSPREVIOUS")
    self.versions[version_id] = secret_version
    self.default_version_id = version_id


@patch(SecretsManagerBackend, "get_secret_value")
@patch(SecretsManagerBackend, "put_secret_value")
@patch(SecretsManagerBackend, "update_secret_version_stage")
@patch(SecretsManagerBackend, "put_resource_policy")
def refuse_deleted(original: Any, self: SecretsManagerBackend, secret_id: str, *args: Any, **kwargs: Any) -> Any:
    """Say of a secret whose deletion is scheduled what AWS says; clients look for these words."""
    if self._is_valid_identifier(secret_id) and self.secrets[secret_id].is_deleted():
        raise InvalidRequestException(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return original(self, secret_id, *args, **kwargs)


@patch(SecretsManagerBackend, "update_secret_version_stage")
def update_secret_version_stage(
    original: Any,
    self: SecretsManagerBackend,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str | None,
    move_to_version_id: str | None,
) -> Any:
    """Move labels by AWS's rules, and what is read without a version with AWSCURRENT.

    moto lets AWSCURRENT vanish, gives a label to two versions, and goes on reading the version that was current.
    https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """
    known = self.secrets[secret_id] if self._is_valid_identifier(secret_id) else None
    versions = known.versions if known is not None else {}
    holder = next((id for id, item in versions.items() if version_stage in item["version_stages"]), None)
    if known is not None and holder and holder == move_to_version_id:
        return known.arn, known.name
    if version_stage == "AWSCURRENT" and not move_to_version_id:
        raise InvalidParameterException(
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."
        )
    if move_to_version_id and holder and remove_from_version_id != holder:
        raise InvalidParameterException(
            f"The parameter RemoveFromVersionId can't be empty. Staging label {version_stage} is currently "
            f"attached to version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
        )
    answer = original(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
    if version_stage == "AWSCURRENT" and isinstance(known, FakeSecret):
        known.set_default_version_id(move_to_version_id)
    return answer


@patch(SecretsManagerBackend, "put_secret_value")
def put_secret_value(original: Any, self: SecretsManagerBackend, secret_id: str, *args: Any, **kwargs: Any) -> Any:
    """Refuse the 21st staging label of a secret; moto takes any number."""
    if self._is_valid_identifier(secret_id):
        labels = {stage for item in self.secrets[secret_id].versions.values() for stage in item["version_stages"]}
        if len(labels | set(kwargs.get("version_stages") or ())) > _MAX_LABELS:
            raise SecretsManagerClientError(
                "LimitExceededException", f"A secret can't have more than {_MAX_LABELS} staging labels."
            )
    return original(self, secret_id, *args, **kwargs)


@patch(SecretsManagerBackend, "create_secret")
def create_secret(original: Any, self: SecretsManagerBackend, name: str, *args: Any, **kwargs: Any) -> Any:
    """Tell why a name is taken while its deletion is scheduled; moto says only that it exists."""
    if name in self.secrets and self.secrets[name].is_deleted():
        raise InvalidRequestException(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    return original(self, name, *args, **kwargs)
