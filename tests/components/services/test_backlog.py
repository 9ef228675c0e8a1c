"""How many tasks a queue asks for: by arithmetic, and by the policies that are made of it."""

import itertools

import pytest

from components.services.backlog import AcceptedLatency, first_steps
from components.services.queue_metrics import rabbitmq_metrics, rq_metrics
from tests.components.services.policies import policies
from tests.components.target_tracking import queue_values, scaler
from tests.every import every

_QUEUES = {
    "rq": rq_metrics("equivalence", "prod", "default"),
    "rabbitmq": rabbitmq_metrics("aprendeai-broker-1", "aprendeai", None),
}


@pytest.mark.parametrize(
    ("latency", "job", "concurrency", "jobs_per_task"),
    [(60, 5, 1, 12), (60, 5, 4, 48), (120, 30, 1, 4), (60, 7, 1, 8.57), (60, 60, 1, 1), (10, 0.1, 1, 100)],
)
def test_the_backlog_per_task_is_the_latency_over_a_jobs_time(
    latency: float, job: float, concurrency: int, jobs_per_task: float
) -> None:
    accepted = AcceptedLatency(seconds=latency, job_seconds=job, concurrency=concurrency)
    assert accepted.jobs_per_task == jobs_per_task


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"seconds": 3, "job_seconds": 5},
            "AcceptedLatency.seconds is 3; allowed: at least the 5 seconds that a job takes; accept a longer wait, or "
            "make the jobs smaller",
        ),
        (
            {"seconds": 60, "job_seconds": 0},
            "AcceptedLatency.job_seconds is 0; allowed: more than 0; measure a job, in seconds",
        ),
        (
            {"seconds": 60, "job_seconds": -5},
            "AcceptedLatency.job_seconds is -5; allowed: more than 0; measure a job, in seconds",
        ),
        (
            {"seconds": 60, "job_seconds": 5, "concurrency": 0},
            "AcceptedLatency.concurrency is 0; allowed: 1 to 1000; count what one task works on at once",
        ),
    ],
)
def test_a_latency_that_no_number_of_tasks_keeps_is_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        AcceptedLatency(**values)
    assert str(refused.value) == message


@pytest.mark.parametrize("queue", ["rq", "rabbitmq"])
@pytest.mark.parametrize(
    ("backlog", "running", "job", "latency", "concurrency", "minimum", "maximum", "desired"),
    [
        # On target, and up to a tenth below it with every task at work: nothing changes.
        (24, 2, 5, 60, 1, 1, 10, 2),
        (22, 2, 5, 60, 1, 1, 10, 2),
        (1, 1, 60, 60, 1, 1, 10, 1),
        # Above the target: as many as the backlog takes, rounded up.
        (25, 2, 5, 60, 1, 1, 10, 3),
        (120, 2, 5, 60, 1, 1, 10, 10),
        (121, 2, 5, 60, 1, 1, 10, 10),
        (60, 1, 5, 60, 1, 1, 10, 5),
        (60, 4, 5, 60, 1, 1, 10, 5),
        (9, 2, 30, 120, 1, 2, 10, 3),
        (100, 1, 5, 60, 4, 1, 10, 3),
        (18, 2, 7, 60, 1, 1, 10, 3),
        (7, 3, 60, 60, 1, 1, 10, 7),
        # Far below, but all at work: an empty queue is what enough tasks look like.
        (5, 5, 5, 60, 1, 1, 10, 5),
        (10, 10, 5, 60, 1, 1, 10, 10),
        (8, 2, 5, 60, 4, 1, 10, 2),
        # Some without work: they go, those that work stay.
        (5, 11, 5, 60, 1, 1, 20, 5),
        (9, 10, 5, 60, 1, 1, 10, 10),
        (8, 10, 5, 60, 1, 1, 10, 8),
        (9, 10, 5, 60, 4, 1, 10, 3),
        # No work at all: down to the minimum.
        (0, 10, 5, 60, 1, 2, 10, 2),
        (0, 10, 5, 60, 1, 0, 10, 0),
        (0, 1, 5, 60, 1, 0, 10, 0),
        # Never below the minimum nor above the maximum.
        (1, 4, 5, 60, 1, 3, 10, 3),
        (10_000, 4, 5, 60, 1, 3, 10, 10),
        # From nothing.
        (0, 0, 5, 60, 1, 0, 10, 0),
        (1, 0, 5, 60, 1, 0, 10, 1),
        (11, 0, 5, 60, 1, 0, 10, 1),
        (12, 0, 5, 60, 1, 0, 10, 2),
        (25, 0, 5, 60, 1, 0, 10, 3),
        (10_000, 0, 5, 60, 1, 0, 10, 10),
        (10_000, 0, 5, 60, 1, 0, 40, 20),
    ],
)
def test_the_policies_ask_for_as_many_tasks_as_the_backlog_needs(
    queue: str,
    backlog: int,
    running: int,
    job: float,
    latency: float,
    concurrency: int,
    minimum: int,
    maximum: int,
    desired: int,
) -> None:
    accepted = AcceptedLatency(seconds=latency, job_seconds=job, concurrency=concurrency)
    scaling = scaler(policies(accepted, _QUEUES[queue], minimum, maximum), running)
    started = min(backlog, running * concurrency)
    metrics = {**queue_values(backlog - started, started), "running": float(running)}
    minutes = [scaling.minute(metrics, minute * 60.0) for minute in range(20)]
    changed = next((capacity for capacity in minutes if capacity != running), running)
    assert changed == desired


def test_the_first_tasks_come_in_no_more_steps_than_a_policy_takes() -> None:
    steps = first_steps(AcceptedLatency(seconds=60, job_seconds=5), 40)
    assert [step.tasks for step in steps] == list(range(1, 21))
    assert all(step.below == following.jobs for step, following in every(itertools.pairwise(steps))), (
        "a gap or an overlap between steps is refused by Application Auto Scaling"
    )
    assert (steps[0].jobs, steps[-1].below) == (0, None)
