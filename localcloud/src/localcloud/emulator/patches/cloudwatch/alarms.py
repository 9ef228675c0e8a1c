"""Metric alarms and composite alarms."""

import re
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from localcloud.emulator.patching import patch

#: Alarms in a rule: `ALARM("name")`, `OK(name)`, `INSUFFICIENT_DATA(arn:…)`:
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
_IN_RULE = re.compile(r"(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*\"?([^\")]+?)\"?\s*\)")

_STATE_MEMBERS = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


@patch(CloudWatchBackend, "put_metric_alarm")
def put_metric_alarm(original: Any, self: CloudWatchBackend, *args: Any, **kwargs: Any) -> Alarm:
    """Keep the state of an alarm that is changed; a new one has no data yet.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    before = self.alarms.get(str(kwargs.get("name", args[0] if args else "")))
    alarm: Alarm = original(self, *args, **kwargs)
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        for member in _STATE_MEMBERS:
            setattr(alarm, member, getattr(before, member))
    vars(alarm)["state_transitioned_timestamp"] = alarm.state_updated_timestamp
    return alarm


@patch(Alarm, "update_state")
def update_state(original: Any, self: Alarm, reason: str, reason_data: str, state_value: str) -> None:
    """Say since when an alarm is in its state, which moto doesn't know of."""
    before = self.state_value
    original(self, reason, reason_data, state_value)
    if state_value != before:
        vars(self)["state_transitioned_timestamp"] = self.state_updated_timestamp


@patch(CloudWatchResponse, "put_metric_alarm")
def put_metric_alarm_response(original: Any, self: CloudWatchResponse) -> EmptyResult:
    """Keep what moto drops."""
    answer: EmptyResult = original(self)
    params = self._get_params()
    alarm = self.cloudwatch_backend.alarms[str(params["AlarmName"])]
    vars(alarm).update(
        evaluation_window=params.get("EvaluationWindow"),
        warm_up_configuration=params.get("WarmUpConfiguration"),
        evaluation_criteria=params.get("EvaluationCriteria"),
        evaluation_interval=params.get("EvaluationInterval"),
    )
    for query, asked in zip(alarm.metric_data_queries, params.get("Metrics") or [], strict=False):
        vars(query)["account_id"] = asked.get("AccountId")
    return answer


@patch(CloudWatchResponse, "put_composite_alarm")
def put_composite_alarm(self: CloudWatchResponse) -> EmptyResult:
    backend, params = self.cloudwatch_backend, self._get_params()
    name, rule = str(params["AlarmName"]), str(params["AlarmRule"])
    for other in _IN_RULE.findall(rule):
        if other.rpartition(":alarm:")[2] not in backend.alarms:
            raise ValidationError(
                f"Could not save the composite alarm as alarms [{other}] in the alarm rule do not exist"
            )
    suppressor = params.get("ActionsSuppressor")
    if suppressor and suppressor.rpartition(":alarm:")[2] not in backend.alarms:
        raise ValidationError(f"ActionsSuppressor alarm {suppressor} does not exist")
    alarm = backend.put_metric_alarm(
        name=name,
        namespace=None,  # type: ignore[arg-type]
        metric_name=None,  # type: ignore[arg-type]
        comparison_operator=None,  # type: ignore[arg-type]
        evaluation_periods=None,  # type: ignore[arg-type]
        period=None,  # type: ignore[arg-type]
        threshold=None,  # type: ignore[arg-type]
        statistic=None,  # type: ignore[arg-type]
        description=params.get("AlarmDescription"),  # type: ignore[arg-type]
        dimensions=[],
        alarm_actions=params.get("AlarmActions") or [],
        ok_actions=params.get("OKActions") or [],
        insufficient_data_actions=params.get("InsufficientDataActions") or [],
        actions_enabled=params.get("ActionsEnabled", True),
        rule=rule,
        tags=params.get("Tags") or [],
    )
    vars(alarm).update(
        actions_suppressor=suppressor,
        actions_suppressor_wait_period=params.get("ActionsSuppressorWaitPeriod"),
        actions_suppressor_extension_period=params.get("ActionsSuppressorExtensionPeriod"),
    )
    return EmptyResult()


@patch(CloudWatchResponse, "describe_alarms")
def describe_alarms(self: CloudWatchResponse) -> ActionResult:
    """Answer for the types that are asked for, metric alarms unless told otherwise.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    """
    params = self._get_params()
    names, prefix, state = params.get("AlarmNames"), params.get("AlarmNamePrefix"), params.get("StateValue")
    action = params.get("ActionPrefix")
    types = params.get("AlarmTypes") or ["MetricAlarm"]
    alarms = [
        alarm
        for alarm in self.cloudwatch_backend.alarms.values()
        if (not names or alarm.name in names)
        and (not prefix or alarm.name.startswith(prefix))
        and (not state or alarm.state_value == state)
        and (not action or any(one.startswith(action) for one in alarm.alarm_actions))
    ]
    return ActionResult(
        {
            "MetricAlarms": [alarm for alarm in alarms if alarm.rule is None and "MetricAlarm" in types],
            "CompositeAlarms": [alarm for alarm in alarms if alarm.rule is not None and "CompositeAlarm" in types],
        }
    )


@patch(CloudWatchBackend, "delete_alarms")
def delete_alarms(original: Any, self: CloudWatchBackend, alarm_names: list[str]) -> None:
    """Take the tags along, and keep what a composite alarm's rule names.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
    """
    for alarm in self.alarms.values():
        if alarm.rule is None or alarm.name in alarm_names:
            continue
        needed = {other.rpartition(":alarm:")[2] for other in _IN_RULE.findall(alarm.rule)} & set(alarm_names)
        if needed:
            raise ValidationError(
                f"Cannot delete {', '.join(sorted(needed))} as there are composite alarm(s) depending on it."
            )
    for name in alarm_names:
        if name in self.alarms:
            self.tagger.delete_all_tags_for_resource(self.alarms[name].alarm_arn)
    original(self, alarm_names)
