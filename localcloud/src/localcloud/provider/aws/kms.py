"""KMS: keys and aliases."""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import document
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_changes, tag_list, tag_map


@resource("aws:kms/key:Key")
class Key(ResourceType):
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

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        window, period = inputs.get("deletionWindowInDays"), inputs.get("rotationPeriodInDays")
        if window not in (None, UNKNOWN) and not 7 <= window <= 30:
            yield "deletionWindowInDays", f"{window} is out of range: 7 to 30 days"
        if period not in (None, UNKNOWN):
            if not 90 <= period <= 2560:
                yield "rotationPeriodInDays", f"{period} is out of range: 90 to 2560 days"
            if inputs.get("enableKeyRotation") is False:
                yield "rotationPeriodInDays", "is given without enableKeyRotation: set enableKeyRotation to true"

    def create(self, aws: Session, inputs: Properties) -> str:
        kms = aws.client("kms")
        key = kms.create_key(
            **pick(
                inputs,
                "bypassPolicyLockoutSafetyCheck",
                "customKeyStoreId",
                "description",
                "keyUsage",
                "multiRegion",
                "policy",
                "xksKeyId",
                KeySpec="customerMasterKeySpec",
            ),
            Tags=tag_list(inputs["tags"], "TagKey", "TagValue"),
        )["KeyMetadata"]
        self._rotation(aws, key["KeyId"], {"enableKeyRotation": False}, inputs)
        if inputs.get("isEnabled") is False:
            kms.disable_key(KeyId=key["KeyId"])
        return str(key["KeyId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        kms = aws.client("kms")
        answer = found(lambda: kms.describe_key(KeyId=id), "NotFoundException")
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = answer["KeyMetadata"]
        rotation: dict[str, Any] = {}
        if key["KeySpec"] == "SYMMETRIC_DEFAULT" and key["Origin"] == "AWS_KMS":
            rotation = kms.get_key_rotation_status(KeyId=id)
        policy = kms.get_key_policy(KeyId=id, PolicyName="default")["Policy"]
        return {
            "arn": key["Arn"],
            "keyId": key["KeyId"],
            "description": key["Description"],
            "keyUsage": key["KeyUsage"],
            "customerMasterKeySpec": key["KeySpec"],
            "isEnabled": key["Enabled"],
            "multiRegion": key["MultiRegion"],
            "enableKeyRotation": rotation.get("KeyRotationEnabled", False),
            "rotationPeriodInDays": rotation.get("RotationPeriodInDays", 0),
            "policy": document(policy, state.get("policy")),
            "region": aws.region,
            "tags": tag_map(kms.list_resource_tags(KeyId=id)["Tags"], "TagKey", "TagValue"),
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
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            kms.untag_resource(KeyId=id, TagKeys=drop)
        if put:
            kms.tag_resource(KeyId=id, Tags=tag_list(put, "TagKey", "TagValue"))
        if changed(old, new, "isEnabled") and not new.get("isEnabled"):
            kms.disable_key(KeyId=id)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        # KMSInvalidStateException: its deletion is scheduled already.
        with ignoring("NotFoundException", "KMSInvalidStateException"):
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
class Alias(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/kms/alias/."""

    tagged = False
    replace = frozenset({"name", "namePrefix"})
    autoname = AutoName(max_length=255, prefix="alias/")
    recomputes = {"targetKeyId": ("targetKeyArn",)}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        name = inputs.get("name")
        if isinstance(name, str) and (not name.startswith("alias/") or name.startswith("alias/aws/")):
            yield "name", f'"{name}" must begin with "alias/", and not with "alias/aws/", which is AWS\'s own'

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        alias = _alias(aws, id)
        if alias is None:
            return None
        key_arn = alias["AliasArn"].replace(f":{id}", f":key/{alias['TargetKeyId']}")
        # A key may be named by its id or its ARN: the same key is no change.
        same = str(state.get("targetKeyId", "")).endswith(alias["TargetKeyId"])
        return {
            "name": id,
            "arn": alias["AliasArn"],
            "targetKeyId": state["targetKeyId"] if same else alias["TargetKeyId"],
            "targetKeyArn": key_arn,
            "region": aws.region,
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("kms").update_alias(AliasName=id, TargetKeyId=new["targetKeyId"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("NotFoundException"):
            aws.client("kms").delete_alias(AliasName=id)


def _alias(aws: Session, name: str) -> dict[str, Any] | None:
    pages = aws.client("kms").get_paginator("list_aliases").paginate()
    return next((item for page in pages for item in page["Aliases"] if item["AliasName"] == name), None)
