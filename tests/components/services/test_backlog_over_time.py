"""What the policies of a queue do over hours, in a simulation of Application Auto Scaling."""

import random
from collections.abc import Callable, Sequence

import pytest

from components.services.backlog import AcceptedLatency
from components.services.queue_metrics import rabbitmq_metrics, rq_metrics
from tests.components.metric_math import DOCUMENTED, READINGS, Reading, evaluate
from tests.components.services.policies import policies
from tests.components.target_tracking import Run, Scaler, scaler, simulate
from tests.every import every

_HOUR = 3600
_QUEUES = {
    "rq": rq_metrics("equivalence", "prod", None),
    "rabbitmq": rabbitmq_metrics("aprendeai-broker-1", "aprendeai", "jobs"),
}


def _scaler(
    latency: AcceptedLatency, *, minimum: int = 1, queue: str = "rq", tasks: int = 1, reading: Reading = DOCUMENTED
) -> Scaler:
    return scaler(policies(latency, _QUEUES[queue], minimum, 40), tasks, reading)


def _run(
    scaling: Scaler,
    latency: AcceptedLatency,
    arrives: Callable[[float], float],
    *,
    hours: int = 4,
    missing: Callable[[float], Sequence[str]] = lambda now: (),
) -> Run:
    return simulate(
        scaling,
        arrives=arrives,
        job_seconds=latency.job_seconds,
        concurrency=latency.concurrency,
        seconds=hours * _HOUR,
        missing=missing,
    )


@pytest.mark.parametrize(
    ("latency", "job", "concurrency", "rate", "needed"),
    [
        (60, 5, 1, 0.1, 1),
        (60, 5, 1, 1.0, 5),
        (60, 5, 1, 2.1, 11),
        (120, 30, 1, 0.2, 6),
        (60, 10, 4, 3.0, 8),
        (60, 60, 1, 0.05, 3),
        (600, 5, 1, 1.0, 5),
    ],
)
@pytest.mark.parametrize("queue", ["rq", "rabbitmq"])
def test_under_a_constant_load_no_job_waits_longer_than_is_accepted(
    latency: float, job: float, concurrency: int, rate: float, needed: int, queue: str
) -> None:
    accepted = AcceptedLatency(seconds=latency, job_seconds=job, concurrency=concurrency)
    run = _run(_scaler(accepted, queue=queue), accepted, lambda now: rate)
    assert run.longest_wait(since=2 * _HOUR) <= latency
    assert run.tasks(since=2 * _HOUR) == {needed}, "as many as the load takes, and not one more or less"


def test_the_backlog_alone_would_take_away_tasks_that_work_and_let_jobs_wait_again() -> None:
    """Why there is the second policy."""
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    scaling = _scaler(accepted)
    scaling.policies = [policy for policy in scaling.policies if policy.name.endswith("-backlog")]
    run = _run(scaling, accepted, lambda now: 1.0)
    assert run.longest_wait(since=2 * _HOUR) > 2 * accepted.seconds
    assert len(run.tasks(since=2 * _HOUR)) > 2


def test_jobs_that_arrive_at_random_rarely_wait_longer_than_is_accepted() -> None:
    chance = random.Random(6)
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    # The expected number of arrivals in a second is 1: 0 to 4 of them.
    run = _run(_scaler(accepted), accepted, lambda now: float(sum(chance.random() < 0.25 for _ in range(4))), hours=8)
    waits = sorted(wait for when, wait in run.waits if when >= 2 * _HOUR)
    assert waits[int(len(waits) * 0.95)] <= accepted.seconds


def test_tasks_follow_a_load_that_ends() -> None:
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    run = _run(_scaler(accepted, minimum=2, tasks=2), accepted, lambda now: 2.0 if now < 2 * _HOUR else 0.0)
    assert run.tasks(since=_HOUR, until=2 * _HOUR) == {10}
    assert run.tasks(since=3 * _HOUR) == {2}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("queue", ["rq", "rabbitmq"])
@pytest.mark.parametrize(
    "missing",
    [
        ("unfinished", "started", "ready", "unacknowledged"),
        ("ready",),
        ("unacknowledged", "started"),
        ("running",),
        ("unfinished", "started", "ready", "unacknowledged", "running"),
    ],
    ids=lambda names: " ".join(names),
)
def test_missing_data_never_takes_a_task_away(queue: str, reading: Reading, missing: Sequence[str]) -> None:
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    scaling = _scaler(accepted, minimum=0, queue=queue, tasks=10, reading=reading)
    run = _run(scaling, accepted, lambda now: 2.0, hours=2, missing=lambda now: missing if 1800 <= now < 5400 else ())
    assert min(run.tasks(since=0)) >= 10, "a queue that can't be seen is not an empty one"


@pytest.mark.parametrize("queue", ["rq", "rabbitmq"])
def test_missing_data_would_look_like_an_empty_queue_without_the_expressions_guard(queue: str) -> None:
    naive = {"rq": "unfinished / running", "rabbitmq": "(ready + unacknowledged) / running"}[queue]
    metrics = {"unfinished": None, "ready": None, "unacknowledged": None, "started": None, "running": 10.0}
    assert evaluate(naive, metrics) == 0, "metric math takes what is missing for 0"
    for policy in every(_scaler(AcceptedLatency(seconds=60, job_seconds=5), queue=queue).policies):
        policy.watch(metrics)
        assert policy.points == [None], policy.name


@pytest.mark.parametrize(
    ("reading", "shown"),
    [
        *((reading, True) for reading in READINGS),
        # Where neither FILL nor arithmetic knew a way around a metric that is missing, no expression could.
        *((reading, False) for reading in READINGS if reading.missing_is_zero or reading.fills_empty),
    ],
)
def test_a_service_without_tasks_starts_some_when_jobs_come_and_has_none_when_they_are_done(
    reading: Reading, shown: bool
) -> None:
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    scaling = _scaler(accepted, minimum=0, tasks=0, reading=reading)
    hidden = [] if shown else ["running"]
    run = _run(
        scaling,
        accepted,
        lambda now: 0.5 if _HOUR <= now < 2 * _HOUR else 0.0,
        missing=lambda now: hidden if scaling.capacity == 0 else (),
    )
    assert run.tasks(since=0, until=_HOUR) == {0}
    assert min(run.tasks(since=_HOUR + 300, until=2 * _HOUR)) >= 1
    assert run.longest_wait(since=_HOUR + 900) <= accepted.seconds
    assert run.tasks(since=3 * _HOUR) == {0}


def test_tasks_that_do_not_start_bring_no_flood_of_others() -> None:
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    scaling = _scaler(accepted, minimum=0, tasks=0)
    for minute in range(5):
        scaling.minute({"unfinished": 30.0, "started": 0.0, "running": 0.0}, minute * 60.0)
    assert scaling.capacity == 3, "within the cooldown what was started counts as if it ran"


@pytest.mark.parametrize("minutes", [0, 1, 2])
def test_a_count_of_tasks_that_comes_late_is_not_taken_for_none(minutes: int) -> None:
    accepted = AcceptedLatency(seconds=60, job_seconds=5)
    scaling = _scaler(accepted, minimum=0, tasks=5)
    for step in scaling.steps:
        step.late = {"running": minutes}
    for minute in range(20):
        scaling.minute({"unfinished": 30.0, "started": 5.0, "running": 5.0}, minute * 60.0)
    assert scaling.capacity == 5
