"""Keeps the staging labels of a secret within what AWS allows, however often its value changes."""

from typing import Any

import botocore.exceptions
import pulumi

from components.core import aws_clients

#: What every label of our own begins with, so that nobody else's is ever touched.
PREFIX = "version-"
#: How many versions keep a label of their own. AWS allows 20 labels in all versions of a secret together; two are its
#: own (AWSCURRENT and AWSPREVIOUS), one is free for the next version, and one is left to a person.
#: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
KEPT = 16


def surplus(versions: list[dict[str, Any]], kept: int = KEPT) -> list[tuple[str, str]]:
    """Return the labels of our own beyond those of the newest versions, as pairs of label and version id.

    Args:
        versions: as `ListSecretVersionIds` answers: `VersionId`, `CreatedDate`, `VersionStages`.
        kept: how many of the newest labelled versions keep their label.
    """
    labelled = [
        (version["CreatedDate"], version["VersionId"], stage)
        for version in versions
        for stage in version.get("VersionStages", [])
        if stage.startswith(PREFIX)
    ]
    newest_first = sorted(labelled, reverse=True)
    return [(stage, version_id) for _, version_id, stage in newest_first[kept:]]


def prune(args: pulumi.ResourceHookArgs) -> None:
    """Take the labels of the oldest versions away, after a new version was made; a resource hook.

    A version without a label is AWS's to delete. It was some `KEPT` values ago that a task definition named it.
    Not being allowed to prune is a warning: the new version is there, and works.
    """
    secret_arn = str((args.new_inputs or {})["secretId"])
    region = secret_arn.split(":")[3]
    try:
        client = aws_clients.client("secretsmanager", region)
        # botocore has no paginator for this call.
        page = client.list_secret_version_ids(SecretId=secret_arn)
        versions = page["Versions"]
        while token := page.get("NextToken"):
            page = client.list_secret_version_ids(SecretId=secret_arn, NextToken=token)
            versions += page["Versions"]
        for label, version_id in surplus(versions):
            client.update_secret_version_stage(SecretId=secret_arn, VersionStage=label, RemoveFromVersionId=version_id)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        pulumi.log.warn(
            f"{args.name}: the labels of old versions of {secret_arn} couldn't be looked after ({error}); AWS allows "
            f"20, so allow secretsmanager:ListSecretVersionIds and UpdateSecretVersionStage before there are more"
        )
