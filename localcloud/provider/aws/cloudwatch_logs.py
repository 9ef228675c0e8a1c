"""CloudWatch Logs: log groups."""

from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick, tag_changes


@resource("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/."""

    replace = frozenset({"name", "namePrefix", "logGroupClass"})
    defaults = {"skipDestroy": False}
    autoname = AutoName(max_length=512)

    def create(self, aws: Session, inputs: Properties) -> str:
        logs = aws.client("logs")
        logs.create_log_group(
            logGroupName=inputs["name"],
            **({"kmsKeyId": inputs["kmsKeyId"]} if inputs.get("kmsKeyId") else {}),
            **({"tags": inputs["tags"]} if inputs.get("tags") else {}),
        )
        if inputs.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=inputs["name"], retentionInDays=inputs["retentionInDays"])
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        logs = aws.client("logs")
        groups = logs.describe_log_groups(logGroupNamePrefix=id)["logGroups"]
        group = next((item for item in groups if item["logGroupName"] == id), None)
        if group is None:
            return None
        arn = group["arn"].removesuffix(":*")
        return {
            "name": id,
            "arn": arn,
            "retentionInDays": group.get("retentionInDays", 0),
            **pick(group, kmsKeyId="kmsKeyId", logGroupClass="logGroupClass"),
            "tags": logs.list_tags_for_resource(resourceArn=arn)["tags"],
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        logs = aws.client("logs")
        if changed(old, new, "retentionInDays"):
            if new.get("retentionInDays"):
                logs.put_retention_policy(logGroupName=id, retentionInDays=new["retentionInDays"])
            else:
                logs.delete_retention_policy(logGroupName=id)
        if changed(old, new, "kmsKeyId"):
            if new.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=id, kmsKeyId=new["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=id)
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if put:
            logs.tag_resource(resourceArn=old["arn"], tags=put)
        if drop:
            logs.untag_resource(resourceArn=old["arn"], tagKeys=drop)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("skipDestroy"):
            return
        with ignoring("ResourceNotFoundException"):
            aws.client("logs").delete_log_group(logGroupName=id)
