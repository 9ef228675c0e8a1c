"""How many tasks a queue asks for, in terms of the latency that its users accept. Arithmetic; nothing is made here.

A task that works `concurrency` jobs at once, each for `job_seconds`, ends one every `job_seconds / concurrency`. A job
that joins a queue of B unfinished jobs before N tasks so waits B / N times that, and waits no longer than users accept
while B / N is at most `accepted latency / job_seconds * concurrency`: the backlog per task that target tracking holds.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-using-sqs-queue.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from components.core.checks import InvalidValue, check_between

#: Most steps of a step scaling policy.
#: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
_MOST_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class AcceptedLatency:
    """What a person says about a queue: how long a job may wait, and how long one takes."""

    seconds: float
    """How long a job may wait before a task takes it."""
    job_seconds: float
    """How long a task works on one job, on average."""
    concurrency: int = 1
    """How many jobs a task works on at once."""

    def __post_init__(self) -> None:
        """Refuse what no number of tasks can keep.

        Raises:
            ValueError: naming the value, what is allowed and the way out.
        """
        check_between("AcceptedLatency.concurrency", self.concurrency, 1, 1000, "count what one task works on at once")
        if self.job_seconds <= 0:
            raise InvalidValue(
                "AcceptedLatency.job_seconds", self.job_seconds, "more than 0", "measure a job, in seconds"
            )
        if self.seconds < self.job_seconds:
            raise InvalidValue(
                "AcceptedLatency.seconds",
                self.seconds,
                f"at least the {self.job_seconds:g} seconds that a job takes",
                "accept a longer wait, or make the jobs smaller",
            )

    @property
    def jobs_per_task(self) -> float:
        """Unfinished jobs for each task at which a new job waits exactly as long as is accepted."""
        return round(self.seconds / self.job_seconds * self.concurrency, 2)


@dataclass(frozen=True, kw_only=True)
class Step:
    """How many tasks are started, where none runs, for a number of unfinished jobs."""

    jobs: float
    """From this many unfinished jobs on."""
    below: float | None
    """Up to less than this many; None for all beyond."""
    tasks: int
    """How many tasks are started."""


def first_steps(latency: AcceptedLatency, maximum: int) -> Sequence[Step]:
    """Return how many tasks a backlog starts where none runs: one, and another for each full target beyond."""
    most = min(maximum, _MOST_STEPS)
    return [
        Step(
            jobs=(number - 1) * latency.jobs_per_task,
            below=number * latency.jobs_per_task if number < most else None,
            tasks=number,
        )
        for number in range(1, most + 1)
    ]
