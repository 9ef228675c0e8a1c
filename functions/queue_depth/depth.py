"""What RQ's keys say about its queues, and how CloudWatch is told. Nothing here speaks to anyone.

The keys are RQ's own; its pages don't list them, its source does:
https://github.com/rq/rq/blob/master/rq/queue.py (`rq:queues`, `rq:queue:<name>`)
https://github.com/rq/rq/blob/master/rq/intermediate_queue.py (`rq:queue:<name>:intermediate`)
https://github.com/rq/rq/blob/master/rq/registry.py (`rq:wip:<name>`, `rq:failed:<name>`, scored by times of expiry)
https://github.com/rq/rq/blob/master/rq/job.py (`rq:job:<id>`, with its member `enqueued_at`)
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

#: A set of the keys of all queues.
QUEUES_KEY = "rq:queues"
_QUEUE_PREFIX = "rq:queue:"

#: Queues that have metrics of their own: each metric is paid for. The others count in the sums.
MOST_QUEUES = 50
#: Most metrics of one call. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
MOST_METRICS = 1000
#: What a dimension's value may not hold, and its longest.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
_NOT_PRINTABLE = re.compile(r"[^ -~]")
_LONGEST_DIMENSION = 1024


@dataclass(frozen=True)
class Keys:
    """The keys of one queue."""

    name: str
    """The queue's name."""

    @property
    def waiting(self) -> str:
        """A list of the ids of jobs that wait, the next one first."""
        return f"{_QUEUE_PREFIX}{self.name}"

    @property
    def handed_over(self) -> str:
        """A list of the ids of jobs that a worker has taken and not begun."""
        return f"{_QUEUE_PREFIX}{self.name}:intermediate"

    @property
    def started(self) -> str:
        """A sorted set of the jobs that are worked on, by the time when their worker counts as dead."""
        return f"rq:wip:{self.name}"

    @property
    def failed(self) -> str:
        """A sorted set of the jobs that failed, by the time when they are forgotten."""
        return f"rq:failed:{self.name}"


def job_key(job: str) -> str:
    """Return the key of a job's hash."""
    return f"rq:job:{job}"


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How much work a queue holds."""

    ready: int = 0
    """Jobs that wait."""
    started: int = 0
    """Jobs that are worked on."""
    failed: int = 0
    """Jobs that failed."""
    unfinished: int = 0
    """Jobs that wait, are handed over or are worked on, and those whose worker died: a worker has to look at them."""
    oldest_seconds: float = 0.0
    """How long the job has waited that has waited longest; 0 when none does."""


def queue_names(keys: Iterable[str], named: Sequence[str]) -> list[str]:
    """Return the queues to look at: those that are named, whether or not they are there, then the others by name."""
    there = {key.removeprefix(_QUEUE_PREFIX) for key in keys if key.startswith(_QUEUE_PREFIX)}
    return [*named, *sorted(there - set(named))]


def age_seconds(enqueued: Iterable[str | None], now: datetime) -> float:
    """Return the seconds since the earliest of these moments; 0 without any.

    Args:
        enqueued: moments as RQ writes them; None for a job that is gone.
        now: the present moment.
    """
    moments = [moment for text in enqueued if text and (moment := _moment(text)) is not None]
    return max(0.0, (now - min(moments)).total_seconds()) if moments else 0.0


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def together(depths: Iterable[Depth]) -> Depth:
    """Return the depth of several queues together."""
    known = list(depths)
    return Depth(
        ready=sum(depth.ready for depth in known),
        started=sum(depth.started for depth in known),
        failed=sum(depth.failed for depth in known),
        unfinished=sum(depth.unfinished for depth in known),
        oldest_seconds=max((depth.oldest_seconds for depth in known), default=0.0),
    )


def metric_data(
    depths: Mapping[str, Depth], dimensions: Mapping[str, str], now: datetime
) -> list[list[dict[str, Any]]]:
    """Return what PutMetricData takes, in as many calls as it needs.

    Args:
        depths: each queue's depth by its name, those that matter most first.
        dimensions: what every metric is told apart by.
        now: the moment of measurement.
    """
    shown = {_dimension(name): depth for name, depth in list(depths.items())[:MOST_QUEUES]}
    data = [
        *_metrics(together(depths.values()), dimensions, now),
        *(metric for name, depth in shown.items() for metric in _metrics(depth, {**dimensions, "Queue": name}, now)),
    ]
    return [data[start : start + MOST_METRICS] for start in range(0, len(data), MOST_METRICS)]


def _metrics(depth: Depth, dimensions: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "Timestamp": now,
            "Value": float(value),
            "Unit": unit,
        }
        for name, value, unit in (
            ("ReadyJobs", depth.ready, "Count"),
            ("StartedJobs", depth.started, "Count"),
            ("FailedJobs", depth.failed, "Count"),
            ("UnfinishedJobs", depth.unfinished, "Count"),
            ("OldestJobAge", depth.oldest_seconds, "Seconds"),
        )
    ]


def _dimension(name: str) -> str:
    """Return a queue's name as CloudWatch takes it: one odd name must not lose the numbers of all."""
    text = _NOT_PRINTABLE.sub("?", name)[:_LONGEST_DIMENSION]
    return f"?{text[1:]}" if text.startswith(":") or not text.strip() else text
