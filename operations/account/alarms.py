"""The stack's alarms as CloudWatch has them."""

from collections.abc import Sequence
from dataclasses import dataclass

from operations.account.account import Account, in_batches
from operations.permissions.statements import Statement, allow
from operations.state.stack import Alarm

#: How many alarms a call takes:
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
_ALARMS_PER_CALL = 100


@dataclass(frozen=True, kw_only=True)
class AlarmReport:
    """One alarm as it stands."""

    name: str
    """Its name."""
    state: str
    """`OK`, `ALARM`, `INSUFFICIENT_DATA`, or `missing`."""
    reason: str = ""
    """CloudWatch's reason for the state."""
    acts: bool = False
    """Whether it does something when it goes off."""


def permissions() -> list[Statement]:
    """Return what `reports` needs."""
    # Composite alarms are told of to whoever may describe every alarm:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
    return [allow("cloudwatch:DescribeAlarms")]


def reports(account: Account, wanted: Sequence[Alarm]) -> list[AlarmReport]:
    """Report on alarms; one that isn't there has the state `missing`."""
    cloudwatch = account.client("cloudwatch")
    found = {}
    for names in in_batches([alarm.name for alarm in wanted], _ALARMS_PER_CALL):
        answer = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"]):
            found[alarm["AlarmName"]] = AlarmReport(
                name=alarm["AlarmName"],
                state=alarm["StateValue"],
                reason=alarm.get("StateReason") or "no reason given",
                acts=bool(alarm["ActionsEnabled"] and alarm.get("AlarmActions")),
            )
    return [found.get(alarm.name) or AlarmReport(name=alarm.name, state="missing") for alarm in wanted]
