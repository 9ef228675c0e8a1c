"""CloudWatch: metric alarms, composite alarms and dashboards (log groups are in `cloudwatch_logs`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import document, written
from localcloud.provider.session import Session
from localcloud.provider.shapes import found, ignoring, pascal, tag_changes, tag_list, tag_map

#: For a property of an alarm: the argument of PutMetricAlarm or PutCompositeAlarm.
_ACTIONS = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "insufficientDataActions": "InsufficientDataActions",
    "okActions": "OKActions",
}
_METRIC = {
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationInterval": "EvaluationInterval",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}


def _arguments(inputs: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    return {argument: inputs[key] for key, argument in names.items() if inputs.get(key) is not None}


def _live(alarm: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    return {key: alarm[argument] for key, argument in names.items() if alarm.get(argument) is not None}


def _tags(aws: Session, arn: str) -> dict[str, str]:
    return tag_map(aws.client("cloudwatch").list_tags_for_resource(ResourceARN=arn).get("Tags"))


def _retag(aws: Session, old: Properties, new: Properties) -> None:
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if put:
        aws.client("cloudwatch").tag_resource(ResourceARN=old["arn"], Tags=tag_list(put))
    if drop:
        aws.client("cloudwatch").untag_resource(ResourceARN=old["arn"], TagKeys=drop)


@resource("aws:cloudwatch/metricAlarm:MetricAlarm")
class MetricAlarm(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/metricalarm/."""

    replace = frozenset({"name"})
    defaults = {"actionsEnabled": True, "treatMissingData": "missing"}
    autoname = AutoName(max_length=255)
    unordered = frozenset({"alarmActions", "insufficientDataActions", "okActions", "metricQueries"})

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

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs, **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}))
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        alarms = aws.client("cloudwatch").describe_alarms(AlarmNames=[id], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        alarm = alarms[0]
        live: Properties = {
            "name": alarm["AlarmName"],
            "arn": alarm["AlarmArn"],
            **_live(alarm, _ACTIONS),
            **_live(alarm, _METRIC),
            "tags": _tags(aws, alarm["AlarmArn"]),
        }
        if alarm.get("Dimensions"):
            live["dimensions"] = {item["Name"]: item["Value"] for item in alarm["Dimensions"]}
        if alarm.get("Metrics"):
            live["metricQueries"] = [_live_query(query) for query in alarm["Metrics"]]
        return written(live, state, "metricQueries", "alarmActions", "okActions", "insufficientDataActions")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)
        _retag(aws, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ResourceNotFound"):
            aws.client("cloudwatch").delete_alarms(AlarmNames=[id])

    @staticmethod
    def _put(aws: Session, inputs: Properties, **more: Any) -> None:  # noqa: ANN401 - passed through
        arguments: Properties = {
            "AlarmName": inputs["name"],
            **_arguments(inputs, _ACTIONS),
            **_arguments(inputs, _METRIC),
        }
        if dimensions := inputs.get("dimensions"):
            arguments["Dimensions"] = tag_list(dimensions, "Name")
        if queries := inputs.get("metricQueries"):
            arguments["Metrics"] = [_query(query) for query in queries]
        for key in ("evaluationCriteria", "evaluationWindow", "warmUpConfiguration"):
            if inputs.get(key):
                block = pascal(inputs[key])
                if "PromqlCriteria" in block:
                    block["PromQLCriteria"] = block.pop("PromqlCriteria")
                arguments[key[0].upper() + key[1:]] = block
        aws.client("cloudwatch").put_metric_alarm(**arguments, **more)


def _query(query: Properties) -> Properties:
    result = _arguments(
        query,
        {"id": "Id", "accountId": "AccountId", "expression": "Expression", "label": "Label", "period": "Period"},
    )
    # The official provider always sends it, and its default is false.
    result["ReturnData"] = bool(query.get("returnData", False))
    if metric := query.get("metric"):
        result["MetricStat"] = {
            "Metric": {
                **_arguments(metric, {"metricName": "MetricName", "namespace": "Namespace"}),
                "Dimensions": tag_list(metric.get("dimensions"), "Name"),
            },
            **_arguments(metric, {"period": "Period", "stat": "Stat", "unit": "Unit"}),
        }
    return result


def _live_query(query: Mapping[str, Any]) -> Properties:
    result = _live(
        query,
        {
            "id": "Id",
            "accountId": "AccountId",
            "expression": "Expression",
            "label": "Label",
            "period": "Period",
            "returnData": "ReturnData",
        },
    )
    if stat := query.get("MetricStat"):
        metric = stat["Metric"]
        result["metric"] = {
            **_live(metric, {"metricName": "MetricName", "namespace": "Namespace"}),
            **_live(stat, {"period": "Period", "stat": "Stat", "unit": "Unit"}),
        }
        if metric.get("Dimensions"):
            result["metric"]["dimensions"] = {item["Name"]: item["Value"] for item in metric["Dimensions"]}
    return result


@resource("aws:cloudwatch/compositeAlarm:CompositeAlarm")
class CompositeAlarm(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/compositealarm/."""

    replace = frozenset({"alarmName", "actionsEnabled"})
    defaults = {"actionsEnabled": True}
    unordered = frozenset({"alarmActions", "insufficientDataActions", "okActions"})

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs, **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}))
        return str(inputs["alarmName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = aws.client("cloudwatch").describe_alarms(AlarmNames=[id], AlarmTypes=["CompositeAlarm"])
        if not answer["CompositeAlarms"]:
            return None
        alarm = answer["CompositeAlarms"][0]
        live: Properties = {
            "alarmName": alarm["AlarmName"],
            "arn": alarm["AlarmArn"],
            "alarmRule": alarm["AlarmRule"],
            **_live(alarm, _ACTIONS),
            "tags": _tags(aws, alarm["AlarmArn"]),
        }
        if alarm.get("ActionsSuppressor"):
            live["actionsSuppressor"] = {
                "alarm": alarm["ActionsSuppressor"],
                "extensionPeriod": alarm.get("ActionsSuppressorExtensionPeriod", 0),
                "waitPeriod": alarm.get("ActionsSuppressorWaitPeriod", 0),
            }
        return written(live, state, "alarmActions", "okActions", "insufficientDataActions", "actionsSuppressor")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)
        _retag(aws, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ResourceNotFound"):
            aws.client("cloudwatch").delete_alarms(AlarmNames=[id])

    @staticmethod
    def _put(aws: Session, inputs: Properties, **more: Any) -> None:  # noqa: ANN401 - passed through
        arguments: Properties = {
            "AlarmName": inputs["alarmName"],
            "AlarmRule": inputs["alarmRule"],
            **_arguments(inputs, _ACTIONS),
        }
        if suppressor := inputs.get("actionsSuppressor"):
            arguments["ActionsSuppressor"] = suppressor["alarm"]
            arguments["ActionsSuppressorExtensionPeriod"] = suppressor["extensionPeriod"]
            arguments["ActionsSuppressorWaitPeriod"] = suppressor["waitPeriod"]
        aws.client("cloudwatch").put_composite_alarm(**arguments, **more)


@resource("aws:cloudwatch/dashboard:Dashboard")
class Dashboard(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/dashboard/."""

    replace = frozenset({"dashboardName"})
    documents = frozenset({"dashboardBody"})
    tagged = False

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs)
        return str(inputs["dashboardName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = found(
            lambda: aws.client("cloudwatch").get_dashboard(DashboardName=id),
            "ResourceNotFound",
            "DashboardNotFoundError",
        )
        if live is None:
            return None
        return {
            "dashboardName": live["DashboardName"],
            "dashboardArn": live["DashboardArn"],
            "dashboardBody": document(live["DashboardBody"], state.get("dashboardBody")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("ResourceNotFound", "DashboardNotFoundError"):
            aws.client("cloudwatch").delete_dashboards(DashboardNames=[id])

    @staticmethod
    def _put(aws: Session, inputs: Properties) -> None:
        aws.client("cloudwatch").put_dashboard(
            DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"]
        )
