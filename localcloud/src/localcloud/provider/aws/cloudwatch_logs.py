"""CloudWatch Logs: log groups, who may write to them, metrics from them and saved queries."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found

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
_NOT_FOUND = ("ResourceNotFoundException",)


@resource("aws:cloudwatch/logGroup:LogGroup")
class LogGroup(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/."""

    replace = frozenset({"name", "namePrefix", "logGroupClass"})
    defaults = {"skipDestroy": False}
    autoname = AutoName(max_length=512)
    service = "logs"
    creates, reads, deletes = "create_log_group", "describe_log_groups", "delete_log_group"
    keys = {"name": "logGroupName"}
    not_found = _NOT_FOUND
    tagging = Tagging("resourceArn", answer="tags")
    outputs = {
        "arn": "logGroupArn",
        "deletionProtectionEnabled": "deletionProtectionEnabled || `false`",
        "kmsKeyId": "kmsKeyId",
        "logGroupClass": "logGroupClass",
        "retentionInDays": "retentionInDays || `0`",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        days = inputs.get("retentionInDays")
        if days not in (None, UNKNOWN, *_RETENTION):
            yield "retentionInDays", f"{days} is none of {', '.join(map(str, _RETENTION))}"

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._retain(aws, id, {}, inputs)

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=id)["logGroups"]
        group = next((item for item in groups if item["logGroupName"] == id), None)
        return group and {**group, "logGroupArn": group["arn"].removesuffix(":*")}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        logs = aws.client("logs")
        self._retain(aws, id, old, new)
        if changed(old, new, "kmsKeyId"):
            if new.get("kmsKeyId"):
                logs.associate_kms_key(logGroupName=id, kmsKeyId=new["kmsKeyId"])
            else:
                logs.disassociate_kms_key(logGroupName=id)
        if changed(old, new, "deletionProtectionEnabled"):
            logs.put_log_group_deletion_protection(
                logGroupIdentifier=id, deletionProtectionEnabled=bool(new.get("deletionProtectionEnabled"))
            )

    @staticmethod
    def _retain(aws: Session, id: str, old: Properties, new: Properties) -> None:
        if new.get("retentionInDays"):
            if changed(old, new, "retentionInDays"):
                aws.client("logs").put_retention_policy(logGroupName=id, retentionInDays=new["retentionInDays"])
        elif old.get("retentionInDays"):
            aws.client("logs").delete_retention_policy(logGroupName=id)


@resource("aws:cloudwatch/logResourcePolicy:LogResourcePolicy")
class LogResourcePolicy(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/logresourcepolicy/."""

    replace = frozenset({"policyName", "resourceArn"})
    documents = frozenset({"policyDocument"})
    service = "logs"
    creates = updates = "put_resource_policy"
    updates_whole = True
    reads, deletes = "describe_resource_policies", "delete_resource_policy"
    keys = {"policyName": "policyName"}
    not_found = _NOT_FOUND
    outputs = {"policyDocument": "policyDocument", "policyScope": "policyScope || 'ACCOUNT'"}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        if inputs.get("resourceArn"):
            yield "resourceArn", "isn't served here: give policyName, which makes it a policy of the account"
        elif not inputs.get("policyName"):
            yield "policyName", "is missing: give the policy a name"

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        pages = aws.client("logs").get_paginator("describe_resource_policies").paginate()
        return next((item for page in pages for item in page["resourcePolicies"] if item["policyName"] == id), None)


@resource("aws:cloudwatch/logMetricFilter:LogMetricFilter")
class LogMetricFilter(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/logmetricfilter/."""

    replace = frozenset({"logGroupName", "name"})
    autoname = AutoName(max_length=512)
    service = "logs"
    creates = updates = "put_metric_filter"
    updates_whole = True
    reads, deletes = "describe_metric_filters", "delete_metric_filter"
    keys = {"name": "filterName"}
    described = "metricFilters[0]"
    not_found = _NOT_FOUND
    renames = {
        "metricTransformation": "metricTransformations",
        "name": "metricName",
        "namespace": "metricNamespace",
        "pattern": "filterPattern",
        "value": "metricValue",
    }
    outputs = {"logGroupName": "logGroupName", "pattern": "filterPattern || ''"}

    def where(self, id: str, state: Properties) -> Properties:
        return {"logGroupName": state["logGroupName"], "filterName": id}

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        where = {key: value for key, value in state.items() if key == "logGroupName"}
        call = aws.client("logs").get_paginator("describe_metric_filters").paginate(filterNamePrefix=id, **where)
        filters = found(lambda: [item for page in call for item in page["metricFilters"]], *self.not_found) or ()
        return next((item for item in filters if item["filterName"] == id), None)

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return super().arguments(call, {"pattern": "", **inputs})


@resource("aws:cloudwatch/queryDefinition:QueryDefinition")
class QueryDefinition(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/querydefinition/."""

    autoname = AutoName(max_length=255)
    unordered = frozenset({"logGroupNames"})
    service = "logs"
    creates = updates = "put_query_definition"
    updates_whole = True
    reads, deletes = "describe_query_definitions", "delete_query_definition"
    keys = {"queryDefinitionId": "queryDefinitionId"}
    new_id = "queryDefinitionId"
    not_found = _NOT_FOUND
    outputs = {"logGroupNames": "logGroupNames || `[]`", "name": "name", "queryString": "queryString"}

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        logs, token = aws.client("logs"), None
        while True:
            answer = logs.describe_query_definitions(**({"nextToken": token} if token else {}))
            live = next((item for item in answer["queryDefinitions"] if item["queryDefinitionId"] == id), None)
            token = answer.get("nextToken")
            if live or not token:
                return live

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        arn = aws.arn("logs", f"query-definition:{live['queryDefinitionId']}")
        return {**super().properties(aws, live, state), "arn": arn}
