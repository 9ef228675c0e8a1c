"""KMS: keys and aliases."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick


@resource("aws:kms/key:Key")
class Key(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/kms/key/.

    Deleting a key schedules its deletion, 30 days ahead where no window is given; until then the account keeps it:
    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    """

    replace = frozenset({"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"})
    defaults = {
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    }
    documents = frozenset({"policy"})

    service = "kms"
    creates, reads = "create_key", "describe_key"
    keys = {"keyId": "KeyId"}
    new_id = "KeyMetadata.KeyId"
    described = "KeyMetadata | [@][?KeyState!='PendingDeletion'] | [0]"
    not_found = ("NotFoundException",)
    tagging = Tagging("KeyId", reads="list_resource_tags", by="id")
    renames = {"customerMasterKeySpec": "KeySpec"}
    outputs = {
        "arn": "Arn",
        "customerMasterKeySpec": "KeySpec",
        "description": "Description",
        "isEnabled": "Enabled",
        "keyUsage": "KeyUsage",
        "multiRegion": "MultiRegion",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        window, period = inputs.get("deletionWindowInDays"), inputs.get("rotationPeriodInDays")
        if window not in (None, UNKNOWN) and not 7 <= window <= 30:
            yield "deletionWindowInDays", f"{window} is out of range: 7 to 30 days"
        if period not in (None, UNKNOWN):
            if not 90 <= period <= 2560:
                yield "rotationPeriodInDays", f"{period} is out of range: 90 to 2560 days"
            if inputs.get("enableKeyRotation") is False:
                yield "rotationPeriodInDays", "is given without enableKeyRotation: set enableKeyRotation to true"

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._rotation(aws, id, {"enableKeyRotation": False}, inputs)
        if inputs.get("isEnabled") is False:
            aws.client("kms").disable_key(KeyId=id)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        kms, id = aws.client("kms"), live["KeyId"]
        rotation: dict[str, Any] = {}
        if live["KeySpec"] == "SYMMETRIC_DEFAULT" and live["Origin"] == "AWS_KMS":
            rotation = kms.get_key_rotation_status(KeyId=id)
        return {
            **super().properties(aws, live, state),
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays", 0),
            "policy": self.echo("policy", kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"], state),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        kms = aws.client("kms")
        if changed(old, new, "isEnabled") and new.get("isEnabled"):
            kms.enable_key(KeyId=id)  # first, since a disabled key refuses the rest
        if changed(old, new, "enableKeyRotation", "rotationPeriodInDays"):
            self._rotation(aws, id, old, new)
        if changed(old, new, "description"):
            kms.update_key_description(KeyId=id, Description=new.get("description") or "")
        if changed(old, new, "policy") and new.get("policy"):
            kms.put_key_policy(
                KeyId=id,
                PolicyName="default",
                Policy=new["policy"],
                BypassPolicyLockoutSafetyCheck=new["bypassPolicyLockoutSafetyCheck"],
            )
        if changed(old, new, "isEnabled") and not new.get("isEnabled"):
            kms.disable_key(KeyId=id)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        # KMSInvalidStateException: its deletion is scheduled already.
        with ignoring(*self.not_found, "KMSInvalidStateException"):
            kms = aws.client("kms")
            if kms.describe_key(KeyId=id)["KeyMetadata"]["KeyState"] != "PendingDeletion":
                kms.schedule_key_deletion(KeyId=id, **pick(state, PendingWindowInDays="deletionWindowInDays"))

    @staticmethod
    def _rotation(aws: Session, id: str, old: Properties, new: Properties) -> None:
        if new.get("enableKeyRotation"):
            aws.client("kms").enable_key_rotation(KeyId=id, **pick(new, "rotationPeriodInDays"))
        elif old.get("enableKeyRotation"):
            aws.client("kms").disable_key_rotation(KeyId=id)


@resource("aws:kms/alias:Alias")
class Alias(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/kms/alias/."""

    replace = frozenset({"name", "namePrefix"})
    autoname = AutoName(max_length=255, prefix="alias/")
    recomputes = {"targetKeyId": ("targetKeyArn",)}
    service = "kms"
    creates, reads, updates, deletes = "create_alias", "list_aliases", "update_alias", "delete_alias"
    keys = {"name": "AliasName"}
    not_found = ("NotFoundException",)
    outputs = {"arn": "AliasArn"}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        name = inputs.get("name")
        if isinstance(name, str) and (not name.startswith("alias/") or name.startswith("alias/aws/")):
            yield "name", f'"{name}" must begin with "alias/", and not with "alias/aws/", which is AWS\'s own'

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        pages = aws.client("kms").get_paginator("list_aliases").paginate()
        return next((item for page in pages for item in page["Aliases"] if item["AliasName"] == id), None)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        key = live["TargetKeyId"]
        # A key may be named by its id or its ARN: the same key is no change.
        same = str(state.get("targetKeyId", "")).endswith(key)
        return {
            **super().properties(aws, live, state),
            "targetKeyId": state["targetKeyId"] if same else key,
            "targetKeyArn": live["AliasArn"].replace(f":{live['AliasName']}", f":key/{key}"),
        }
