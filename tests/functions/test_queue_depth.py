"""What the keys of RQ's queues say, and how CloudWatch is told."""

from datetime import UTC, datetime

import pytest

from components.services.queue_metrics import NAMESPACE, rq_metrics
from functions.queue_depth.depth import Depth, age_seconds, metric_data, queue_names, together

_NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def test_a_named_queue_is_looked_at_whether_or_not_it_is_there() -> None:
    assert queue_names({"rq:queue:low", "rq:queue:default", "other:queue:x"}, ["default", "high"]) == [
        "default",
        "high",
        "low",
    ]


@pytest.mark.parametrize(
    ("enqueued", "age"),
    [
        ([], 0.0),
        ([None], 0.0),
        (["2026-03-01T11:59:00.500000Z"], 59.5),
        (["2026-03-01T11:59:30.000000Z", None, "2026-03-01T11:58:00.000000Z"], 120.0),
        (["2026-03-01T11:59:30Z"], 30.0),
        (["2026-03-01T12:00:05.000000Z"], 0.0),
        (["yesterday", "2026-03-01T11:59:50.000000Z"], 10.0),
    ],
    ids=["none", "gone", "one", "not in order", "without fractions", "a clock that is ahead", "not a time"],
)
def test_the_oldest_job_is_the_one_that_was_enqueued_first(enqueued: list[str | None], age: float) -> None:
    assert age_seconds(enqueued, _NOW) == age


def test_queues_together_add_up_and_are_as_old_as_the_oldest() -> None:
    first = Depth(ready=3, started=2, failed=1, unfinished=6, oldest_seconds=9.0)
    second = Depth(ready=1, unfinished=1, oldest_seconds=30.0)
    assert together([first, second]) == Depth(ready=4, started=2, failed=1, unfinished=7, oldest_seconds=30.0)
    assert together([]) == Depth()


def test_each_queue_and_all_together_have_five_metrics() -> None:
    depths = {"default": Depth(ready=2, started=1, unfinished=3, oldest_seconds=4.5), "low": Depth(failed=1)}
    (data,) = metric_data(depths, {"System": "equivalence", "Environment": "prod"}, _NOW)
    told = {
        (metric["MetricName"], next((d["Value"] for d in metric["Dimensions"] if d["Name"] == "Queue"), None)): metric
        for metric in data
    }
    assert len(told) == len(data) == 15
    assert told["UnfinishedJobs", None] == {
        "MetricName": "UnfinishedJobs",
        "Dimensions": [{"Name": "System", "Value": "equivalence"}, {"Name": "Environment", "Value": "prod"}],
        "Timestamp": _NOW,
        "Value": 3.0,
        "Unit": "Count",
    }
    assert told["OldestJobAge", "default"]["Value"] == 4.5
    assert told["OldestJobAge", "default"]["Unit"] == "Seconds"
    assert (told["ReadyJobs", "default"]["Value"], told["StartedJobs", "default"]["Value"]) == (2.0, 1.0)
    assert told["FailedJobs", "low"]["Value"] == 1.0


def test_the_sums_are_there_without_any_queue() -> None:
    (data,) = metric_data({}, {"System": "equivalence", "Environment": "prod"}, _NOW)
    assert {metric["MetricName"]: metric["Value"] for metric in data} == dict.fromkeys(
        ("ReadyJobs", "StartedJobs", "FailedJobs", "UnfinishedJobs", "OldestJobAge"), 0.0
    )


def test_a_queue_for_each_customer_costs_no_metric_for_each() -> None:
    depths = {f"customer-{number}": Depth(unfinished=1) for number in range(300)}
    data = [metric for call in metric_data(depths, {"System": "s", "Environment": "e"}, _NOW) for metric in call]
    assert len(data) == 5 * 51
    total = next(metric for metric in data if metric["MetricName"] == "UnfinishedJobs")
    assert total["Value"] == 300, "those without metrics of their own count all the same"


@pytest.mark.parametrize(
    ("name", "told"),
    [("fila-de-aprovação", "fila-de-aprova??o"), (":odd", "?odd"), (" ", "?"), ("x" * 2000, "x" * 1024)],
)
def test_a_name_that_cloudwatch_refuses_is_told_in_another_way(name: str, told: str) -> None:
    (data,) = metric_data({name: Depth()}, {}, _NOW)
    assert data[-1]["Dimensions"] == [{"Name": "Queue", "Value": told}], "one refused name would lose all numbers"


def test_scaling_reads_what_the_function_writes() -> None:
    wanted = rq_metrics("equivalence", "prod", "default")
    (data,) = metric_data({"default": Depth()}, {"System": "equivalence", "Environment": "prod"}, _NOW)
    told = {(metric["MetricName"], frozenset((d["Name"], d["Value"]) for d in metric["Dimensions"])) for metric in data}
    for metric in (*wanted.unfinished, wanted.started):
        assert metric.namespace == NAMESPACE
        assert (metric.name, frozenset(metric.dimensions.items())) in told
