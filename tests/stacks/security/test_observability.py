"""Controls of topics and alarms."""

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import pages, statements_of


def test_topics_take_messages_from_named_services_of_this_account_only(standing: Standing) -> None:
    sns = standing.client("sns")
    topics = pages(sns, "list_topics", "Topics")
    assert topics
    for topic in every(topics):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        allowed = [s for s in statements_of(attributes["Policy"]) if s["Effect"] == "Allow"]
        for statement in every(allowed):
            assert set(statement["Principal"]) == {"Service"}, "SNS.4: anyone could read what happens here, or lie"
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": attributes["Owner"]}}


def test_every_alarm_does_something(standing: Standing) -> None:
    alarms = pages(standing.client("cloudwatch"), "describe_alarms", "MetricAlarms")
    ours = {alarm["AlarmName"] for alarm in alarms} - {
        alarm["AlarmName"] for alarm in alarms if alarm["AlarmName"].startswith("TargetTracking-")
    }
    web = ("aprendeai-api", "aprendeai-frontend", "equivalence-api")
    assert ours == {f"{standing.name}-{name}-{what}" for name in web for what in ("errors", "latency")}
    topics = {topic["TopicArn"] for topic in pages(standing.client("sns"), "list_topics", "Topics")}
    for alarm in every(alarm for alarm in alarms if alarm["AlarmName"] in ours):
        assert set(alarm["AlarmActions"]) <= topics
    for alarm in every(alarms):
        assert alarm["ActionsEnabled"], f"CloudWatch.17: {alarm['AlarmName']} rings and nobody hears it"
        assert alarm["AlarmActions"], f"CloudWatch.15: {alarm['AlarmName']} has nobody to tell"
