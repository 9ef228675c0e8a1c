"""CloudWatch: metric alarms, composite alarms and dashboards (log groups are in `cloudwatch_logs`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.session import Session

_TAGS = Tagging("ResourceARN")
_ACTIONS = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "insufficientDataActions": "InsufficientDataActions",
    "okActions": "OKActions",
}


@resource("aws:cloudwatch/metricAlarm:MetricAlarm")
class MetricAlarm(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/metricalarm/."""

    replace = frozenset({"name"})
    defaults = {"actionsEnabled": True, "treatMissingData": "missing"}
    autoname = AutoName(max_length=255)
    unordered = frozenset({"alarmActions", "insufficientDataActions", "okActions", "metricQueries"})
    service = "cloudwatch"
    creates = updates = "put_metric_alarm"
    updates_whole = True
    reads, deletes = "describe_alarms", "delete_alarms"
    keys = {"name": "AlarmName"}
    described = "MetricAlarms[0]"
    not_found = ("ResourceNotFound",)
    tagging = _TAGS
    renames = {"metricQueries": "Metrics"}
    outputs = {
        "arn": "AlarmArn",
        **_ACTIONS,
        "comparisonOperator": "ComparisonOperator",
        "evaluationPeriods": "EvaluationPeriods",
        "threshold": "Threshold",
        "treatMissingData": "TreatMissingData",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        queries = inputs.get("metricQueries")
        if queries is not None and queries is not UNKNOWN:
            for key in ("dimensions", "extendedStatistic", "metricName", "namespace", "period", "statistic", "unit"):
                if inputs.get(key) is not None:
                    yield key, f"{key} can't be given together with metricQueries"
        elif queries is None and inputs.get("metricName") is None and inputs.get("evaluationCriteria") is None:
            yield "metricName", "one of metricName, metricQueries and evaluationCriteria must be given"
        if inputs.get("statistic") is not None and inputs.get("extendedStatistic") is not None:
            yield "statistic", "statistic and extendedStatistic can't both be given"

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "metricQueries":
            value = [self._query(query) for query in value]
        return super().argument(key, value, shape)

    @staticmethod
    def _query(query: Properties) -> Properties:
        # The official provider always says whether data are returned, and its default is false.
        query = {"returnData": False, **query}
        if metric := query.pop("metric", None):
            what = {key: metric[key] for key in ("dimensions", "metricName", "namespace") if metric.get(key)}
            how = {key: value for key, value in metric.items() if key not in what and key != "dimensions"}
            query["metricStat"] = {"metric": what, **how}
        return query


@resource("aws:cloudwatch/compositeAlarm:CompositeAlarm")
class CompositeAlarm(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/compositealarm/."""

    replace = frozenset({"alarmName", "actionsEnabled"})
    defaults = {"actionsEnabled": True}
    unordered = frozenset({"alarmActions", "insufficientDataActions", "okActions"})
    service = "cloudwatch"
    creates = updates = "put_composite_alarm"
    updates_whole = True
    reads, deletes = "describe_alarms", "delete_alarms"
    keys = {"alarmName": "AlarmName"}
    reads_with = {"AlarmTypes": ["CompositeAlarm"]}
    described = "CompositeAlarms[0]"
    not_found = ("ResourceNotFound",)
    tagging = _TAGS
    outputs = {"arn": "AlarmArn", "alarmRule": "AlarmRule", **_ACTIONS}

    def arguments(self, call: str, inputs: Properties) -> Properties:
        suppressor = inputs.get("actionsSuppressor") or {}
        parts = {
            f"actionsSuppressor{'' if key == 'alarm' else key[:1].upper() + key[1:]}": value
            for key, value in suppressor.items()
        }
        return super().arguments(call, {**inputs, "actionsSuppressor": None, **parts})

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, {**state, "actionsSuppressor": None})
        if live.get("ActionsSuppressor"):
            properties["actionsSuppressor"] = {
                "alarm": live["ActionsSuppressor"],
                "extensionPeriod": live.get("ActionsSuppressorExtensionPeriod", 0),
                "waitPeriod": live.get("ActionsSuppressorWaitPeriod", 0),
            }
        return properties


@resource("aws:cloudwatch/dashboard:Dashboard")
class Dashboard(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/dashboard/."""

    replace = frozenset({"dashboardName"})
    documents = frozenset({"dashboardBody"})
    service = "cloudwatch"
    creates = updates = "put_dashboard"
    updates_whole = True
    reads, deletes = "get_dashboard", "delete_dashboards"
    keys = {"dashboardName": "DashboardName"}
    not_found = ("ResourceNotFound", "DashboardNotFoundError")
    outputs = {"dashboardArn": "DashboardArn", "dashboardBody": "DashboardBody"}
