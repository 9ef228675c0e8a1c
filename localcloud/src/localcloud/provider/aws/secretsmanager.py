"""Secrets Manager: secrets, their versions and their policies."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import document
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, code_of, ignoring, pick

_NOT_FOUND = ("ResourceNotFoundException",)
_CURRENT, _PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"


@resource("aws:secretsmanager/secret:Secret")
class Secret(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/secretsmanager/secret/.

    Deleting a secret schedules its deletion, 30 days ahead where no window is given, and keeps its name until then.
    """

    replace = frozenset({"name", "namePrefix"})
    defaults = {"forceOverwriteReplicaSecret": False, "recoveryWindowInDays": 30}
    autoname = AutoName(max_length=512)
    documents = frozenset({"policy"})
    unordered = frozenset({"replicas"})

    service = "secretsmanager"
    creates, reads, updates = "create_secret", "describe_secret", "update_secret"
    keys = {"arn": "SecretId"}
    new_id = "ARN"
    described = "[@][?!DeletedDate] | [0]"
    not_found = _NOT_FOUND
    tagging = Tagging("SecretId", reads="", by="id")
    renames = {"replicas": "AddReplicaRegions"}
    # An empty key means the account's own: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
    cleared = {"description": "", "kmsKeyId": ""}
    outputs = {
        "description": "Description || ''",
        "kmsKeyId": "KmsKeyId",
        "name": "Name",
        "replicas": "ReplicationStatus || `[]`",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        days = inputs["recoveryWindowInDays"]
        if days is not UNKNOWN and days != 0 and not 7 <= days <= 30:
            yield "recoveryWindowInDays", f"{days} is out of range: 7 to 30 days, or 0 for none"

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        if inputs.get("policy"):
            aws.client("secretsmanager").put_resource_policy(SecretId=id, ResourcePolicy=inputs["policy"])

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        policy = aws.client("secretsmanager").get_resource_policy(SecretId=live["ARN"]).get("ResourcePolicy")
        return {**super().properties(aws, live, state), "policy": document(policy, state.get("policy")) or ""}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        super().update(aws, id, old, new)
        client = aws.client("secretsmanager")
        if changed(old, new, "policy"):
            if new.get("policy"):
                client.put_resource_policy(SecretId=id, ResourcePolicy=new["policy"])
            else:
                client.delete_resource_policy(SecretId=id)
        before = {item["region"]: item for item in old.get("replicas") or ()}
        after = {item["region"]: item for item in new.get("replicas") or ()}
        if drop := sorted(before.keys() - after.keys()):
            client.remove_regions_from_replication(SecretId=id, RemoveReplicaRegions=drop)
        if add := [after[name] for name in sorted(after.keys() - before.keys())]:
            client.replicate_secret_to_regions(
                SecretId=id,
                AddReplicaRegions=[pick(item, "region", "kmsKeyId") for item in add],
                ForceOverwriteReplicaSecret=new["forceOverwriteReplicaSecret"],
            )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        client = aws.client("secretsmanager")
        with ignoring(*_NOT_FOUND):
            secret = client.describe_secret(SecretId=id)
            if regions := [item["Region"] for item in secret.get("ReplicationStatus", ())]:
                client.remove_regions_from_replication(SecretId=id, RemoveReplicaRegions=regions)
            days = state.get("recoveryWindowInDays", 30)
            if days == 0:
                client.delete_secret(SecretId=id, ForceDeleteWithoutRecovery=True)
            elif not secret.get("DeletedDate"):
                client.delete_secret(SecretId=id, RecoveryWindowInDays=days)


@resource("aws:secretsmanager/secretVersion:SecretVersion")
class SecretVersion(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/secretsmanager/secretversion/.

    A version can't be deleted: deleting the resource takes its staging labels away, all but AWSCURRENT, which can only
    move: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    """

    tagged = False
    replace = frozenset({"secretId", "secretBinary", "secretString"})
    unordered = frozenset({"versionStages"})
    secrets = frozenset({"secretBinary", "secretString"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [key for key in ("secretString", "secretBinary") if inputs.get(key) is not None]
        if "secretStringWo" in inputs:
            yield "secretStringWo", "isn't served here, since the state of this engine is encrypted: use secretString"
        elif len(given) > 1:
            yield "secretBinary", "conflicts with secretString: give one of the two"
        elif not given:
            yield "secretString", "is missing: give secretString, or secretBinary in base64"
        binary = inputs.get("secretBinary")
        if isinstance(binary, str):
            try:
                base64.b64decode(binary, validate=True)
            except binascii.Error:
                yield "secretBinary", "is no base64"

    def create(self, aws: Session, inputs: Properties) -> str:
        binary = inputs.get("secretBinary")
        answer = aws.client("secretsmanager").put_secret_value(
            SecretId=inputs["secretId"],
            **pick(inputs, "secretString"),
            **({"SecretBinary": base64.b64decode(binary)} if binary else {}),
            **({"VersionStages": inputs["versionStages"]} if inputs.get("versionStages") else {}),
        )
        return f"{inputs['secretId']}|{answer['VersionId']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        secret, _, version = id.partition("|")
        client = aws.client("secretsmanager")
        try:
            value = client.get_secret_value(SecretId=secret, VersionId=version)
        except client.exceptions.ClientError as error:
            if code_of(error) in _NOT_FOUND or "marked for deletion" in str(error) or "was deleted" in str(error):
                return None
            raise
        live: Properties = {
            "arn": value["ARN"],
            "secretId": secret,
            "secretArn": value["ARN"],
            "versionId": value["VersionId"],
            "versionStages": sorted(value["VersionStages"]),
            "hasSecretStringWo": False,
            "region": aws.region,
        }
        if "SecretString" in value:
            live["secretString"] = value["SecretString"]
        if "SecretBinary" in value:
            live["secretBinary"] = base64.b64encode(value["SecretBinary"]).decode()
        return live

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        secret, _, version = id.partition("|")
        client = aws.client("secretsmanager")
        if not new.get("versionStages"):
            return  # left to AWS
        before, after = set(old.get("versionStages") or ()), set(new["versionStages"])
        stages = {
            stage: item["VersionId"]
            for item in client.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)["Versions"]
            for stage in item.get("VersionStages", ())
        }
        for stage in sorted(after - before):
            holder = stages.get(stage)
            if holder != version:
                client.update_secret_version_stage(
                    SecretId=secret,
                    VersionStage=stage,
                    MoveToVersionId=version,
                    **({"RemoveFromVersionId": holder} if holder else {}),
                )
        moved_current = _CURRENT in after - before
        for stage in sorted(before - after):
            if stage != _CURRENT and not (moved_current and stage == _PREVIOUS):
                client.update_secret_version_stage(SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        secret, _, version = id.partition("|")
        client = aws.client("secretsmanager")
        # What other versions took over since then is no longer this one's to give up.
        live = self.read(aws, id, state)
        for stage in (live or {}).get("versionStages", ()):
            if stage != _CURRENT:
                with ignoring(*_NOT_FOUND):
                    client.update_secret_version_stage(SecretId=secret, VersionStage=stage, RemoveFromVersionId=version)
