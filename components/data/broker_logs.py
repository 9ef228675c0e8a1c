"""Sets the retention and the key of a broker's log groups, which Amazon MQ leaves open."""

import botocore.exceptions
import pulumi

from components.core import aws_clients

#: The broker's tag that says how long its logs are kept. It makes an edited retention a change of the broker, and so
#: makes the hook run.
RETENTION_TAG = "LogRetentionDays"


def configure_log_groups(args: pulumi.ResourceHookArgs) -> None:
    """Set retention and key of a broker's log groups, after the broker was made or changed; a resource hook.

    Amazon MQ makes the groups itself, while it makes the broker, under the id that only then is known: they can be
    neither created before it nor declared after it.
    https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/security-logging-monitoring.html
    Not being allowed to is a warning: the broker is there, and works.
    """
    inputs = args.new_inputs or {}
    days = int(inputs["tags"][RETENTION_TAG])
    key = str(inputs["encryptionOptions"]["kmsKeyId"])
    region = str((args.new_outputs or {})["arn"]).split(":")[3]
    prefix = f"/aws/amazonmq/broker/{args.id}/"
    try:
        client = aws_clients.client("logs", region)
        pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        for group in [group for page in pages for group in page["logGroups"]]:
            if group.get("retentionInDays") != days:
                client.put_retention_policy(logGroupName=group["logGroupName"], retentionInDays=days)
            if group.get("kmsKeyId") != key:
                client.associate_kms_key(logGroupName=group["logGroupName"], kmsKeyId=key)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        pulumi.log.warn(
            f"{args.name}: the log groups {prefix}* keep their events for ever and without the stack's key ({error}); "
            f"allow logs:DescribeLogGroups, PutRetentionPolicy and AssociateKmsKey, and change the broker's "
            f"log retention to try again"
        )
