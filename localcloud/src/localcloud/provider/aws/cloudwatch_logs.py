"""CloudWatch Logs: log groups, who may write to them, metrics from them and saved queries."""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import document
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_changes

#: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; 0 keeps for ever.
_RETENTION = (
    0,
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
_GONE = ("ResourceNotFoundException",)


@resource("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/."""

    replace = frozenset({"name", "namePrefix", "logGroupClass"})
    defaults = {"skipDestroy": False}
    autoname = AutoName(max_length=512)

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        days = inputs.get("retentionInDays")
        if days not in (None, UNKNOWN, *_RETENTION):
            yield "retentionInDays", f"{days} is none of {', '.join(map(str, _RETENTION))}"

    def create(self, aws: Session, inputs: Properties) -> str:
        logs = aws.client("logs")
        logs.create_log_group(
            **pick(
                inputs,
                logGroupName="name",
                kmsKeyId="kmsKeyId",
                logGroupClass="logGroupClass",
                deletionProtectionEnabled="deletionProtectionEnabled",
            ),
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
            "deletionProtectionEnabled": group.get("deletionProtectionEnabled", False),
            "region": aws.region,
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
        if changed(old, new, "deletionProtectionEnabled"):
            logs.put_log_group_deletion_protection(
                logGroupIdentifier=id, deletionProtectionEnabled=bool(new.get("deletionProtectionEnabled"))
            )
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


@resource("aws:cloudwatch/logResourcePolicy:LogResourcePolicy")
class LogResourcePolicy(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/logresourcepolicy/."""

    tagged = False
    replace = frozenset({"policyName", "resourceArn"})
    documents = frozenset({"policyDocument"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if inputs.get("resourceArn"):
            yield "resourceArn", "isn't served here: give policyName, which makes it a policy of the account"
        elif not inputs.get("policyName"):
            yield "policyName", "is missing: give the policy a name"

    def create(self, aws: Session, inputs: Properties) -> str:
        self.update(aws, inputs["policyName"], {}, inputs)
        return str(inputs["policyName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        pages = aws.client("logs").get_paginator("describe_resource_policies").paginate()
        policies = (item for page in pages for item in page["resourcePolicies"])
        policy = next((item for item in policies if item["policyName"] == id), None)
        return policy and {
            "policyName": id,
            "policyDocument": document(policy["policyDocument"], state.get("policyDocument")),
            "policyScope": policy.get("policyScope", "ACCOUNT"),
            "region": aws.region,
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("logs").put_resource_policy(policyName=id, policyDocument=new["policyDocument"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_GONE):
            aws.client("logs").delete_resource_policy(policyName=id)


@resource("aws:cloudwatch/logMetricFilter:LogMetricFilter")
class LogMetricFilter(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/logmetricfilter/."""

    tagged = False
    replace = frozenset({"logGroupName", "name"})
    autoname = AutoName(max_length=512)

    def create(self, aws: Session, inputs: Properties) -> str:
        self.update(aws, inputs["name"], {}, inputs)
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        logs = aws.client("logs")
        call = logs.get_paginator("describe_metric_filters").paginate(
            filterNamePrefix=id, **({"logGroupName": state["logGroupName"]} if state.get("logGroupName") else {})
        )
        filters = found(lambda: [item for page in call for item in page["metricFilters"]], *_GONE) or ()
        live = next((item for item in filters if item["filterName"] == id), None)
        if live is None:
            return None
        metric = live["metricTransformations"][0]
        default = metric.get("defaultValue")
        return {
            "name": id,
            "logGroupName": live["logGroupName"],
            "pattern": live.get("filterPattern", ""),
            "region": aws.region,
            "metricTransformation": {
                "name": metric["metricName"],
                "namespace": metric["metricNamespace"],
                "value": metric["metricValue"],
                # A default of 0 comes back as 0.0.
                **({} if default is None else {"defaultValue": f"{float(default):g}"}),
                **pick(metric, dimensions="dimensions"),
                **({"unit": metric["unit"]} if metric.get("unit", "None") != "None" else {}),
            },
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        wanted: dict[str, Any] = new["metricTransformation"]
        metric = {
            "metricName": wanted["name"],
            "metricNamespace": wanted["namespace"],
            "metricValue": str(wanted["value"]),
            **pick(wanted, dimensions="dimensions", unit="unit"),
        }
        if wanted.get("defaultValue") is not None:
            metric["defaultValue"] = float(wanted["defaultValue"])
        aws.client("logs").put_metric_filter(
            logGroupName=new["logGroupName"],
            filterName=id,
            filterPattern=new.get("pattern") or "",
            metricTransformations=[metric],
        )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_GONE):
            aws.client("logs").delete_metric_filter(logGroupName=state["logGroupName"], filterName=id)


@resource("aws:cloudwatch/queryDefinition:QueryDefinition")
class QueryDefinition(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/querydefinition/."""

    tagged = False
    autoname = AutoName(max_length=255)
    unordered = frozenset({"logGroupNames"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("logs").put_query_definition(
            name=inputs["name"], queryString=inputs["queryString"], **pick(inputs, logGroupNames="logGroupNames")
        )
        return str(answer["queryDefinitionId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        logs, token = aws.client("logs"), None
        while True:
            answer = logs.describe_query_definitions(**({"nextToken": token} if token else {}))
            live = next((item for item in answer["queryDefinitions"] if item["queryDefinitionId"] == id), None)
            token = answer.get("nextToken")
            if live or not token:
                break
        return live and {
            "queryDefinitionId": id,
            "arn": aws.arn("logs", f"query-definition:{id}"),
            "name": live["name"],
            "queryString": live["queryString"],
            "logGroupNames": live.get("logGroupNames") or [],
            "region": aws.region,
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("logs").put_query_definition(
            queryDefinitionId=id,
            name=new["name"],
            queryString=new["queryString"],
            logGroupNames=new.get("logGroupNames") or [],
        )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_GONE):
            aws.client("logs").delete_query_definition(queryDefinitionId=id)
