"""Alarms: in the states that someone sets."""

from localcloud.provider.session import Session


def test_an_alarm_goes_to_alarm_and_back_when_it_is_told_to(aws: Session) -> None:
    client = aws.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_5XX_Count",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=1,
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
    )
    client.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("errors")')
    for state in ("ALARM", "OK"):
        for name in ("errors", "any"):
            client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
        answer = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue=state)
        found = [alarm["AlarmName"] for alarm in (*answer["MetricAlarms"], *answer["CompositeAlarms"])]
        assert found == ["errors", "any"]
        assert answer["MetricAlarms"][0]["StateReason"] == "a test"
