"""Application Auto Scaling, as its pages describe it, over a queue and its tasks.

What the pages leave open is taken at its worst: tasks are taken away at once, all that the metric allows.

- https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
- https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
- https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from tests.components.metric_math import DOCUMENTED, Reading, evaluate
from tests.components.recording import Recording
from tests.every import every

#: Minutes in a row for which the alarms that target tracking makes have to be breached: to add, to take away.
_HIGH, _LOW = 3, 15
#: "Usually more than 10% lower" than the target, before tasks are taken away.
_LOW_SHARE = 0.9

Values = Mapping[str, float | None]


@dataclass
class Tracking:
    """A target tracking policy with its two alarms."""

    name: str
    queries: Sequence[Mapping[str, Any]]
    target: float
    out_cooldown: int
    in_cooldown: int
    reading: Reading = DOCUMENTED
    points: list[float | None] = field(default_factory=list)

    def watch(self, metrics: Values) -> None:
        """Take in one minute of metrics."""
        known = dict(metrics)
        for query in self.queries:
            if "expression" in query:
                known[query["id"]] = evaluate(query["expression"], known, self.reading)
        (result,) = [query["id"] for query in self.queries if query.get("returnData", True)]
        self.points.append(known[result])

    def _breached(self, minutes: int, breaches: Callable[[float], bool]) -> bool:
        """An alarm looks at the points that are there; with none it has insufficient data and does nothing."""
        there = [point for point in self.points[-minutes:] if point is not None]
        return len(self.points) >= minutes and bool(there) and all(map(breaches, there))

    @property
    def high(self) -> bool:
        """Whether tasks are to be added."""
        return self._breached(_HIGH, lambda point: point > self.target)

    @property
    def low(self) -> bool:
        """Whether tasks may be taken away."""
        return self._breached(_LOW, lambda point: point < _LOW_SHARE * self.target)

    def wanted(self, capacity: int) -> int:
        """Return the capacity at which the metric would be at its target, rounded up."""
        last = next(point for point in reversed(self.points) if point is not None)
        return ceil(round(capacity * last / self.target, 6))


@dataclass
class Stepping:
    """A step scaling policy with the alarm that calls it."""

    steps: Sequence[Mapping[str, Any]]
    expression: str
    threshold: float
    cooldown: int
    minutes: int
    """How many minutes the alarm looks at; all of them have to breach."""
    reading: Reading = DOCUMENTED
    late: Mapping[str, int] = field(default_factory=dict)
    """By how many minutes a metric comes late; it is there when the alarm looks at that minute again."""
    seen: list[Values] = field(default_factory=list)
    added: int = 0
    until: float = -1.0

    def more(self, metrics: Values, now: float) -> int:
        """Return how many tasks are added, less what was added within the cooldown."""
        self.seen.append(metrics)
        values = [
            evaluate(self.expression, {**known, **self._not_yet(age)}, self.reading)
            for age, known in enumerate(reversed(self.seen[-self.minutes :]))
        ]
        value = values[0]
        if value is None or len(values) < self.minutes or any(one is None or one <= self.threshold for one in values):
            return 0
        step = next(
            step
            for step in self.steps
            if float(step["metricIntervalLowerBound"]) <= value - self.threshold
            and value - self.threshold < float(step.get("metricIntervalUpperBound", "inf"))
        )
        more = int(step["scalingAdjustment"]) - (self.added if now < self.until else 0)
        if more > 0:
            self.added, self.until = int(step["scalingAdjustment"]), now + self.cooldown
        return max(0, more)

    def _not_yet(self, age: int) -> dict[str, float | None]:
        return {name: None for name, minutes in self.late.items() if age < minutes}


@dataclass
class Scaler:
    """The policies of one service, and the capacity that they have brought about."""

    policies: Sequence[Tracking]
    steps: Sequence[Stepping]
    minimum: int
    maximum: int
    capacity: int
    _before: int = 0
    _out_until: float = -1.0
    _in_until: float = -1.0

    def minute(self, metrics: Values, now: float) -> int:
        """Take in one minute of metrics; return the capacity after it."""
        for policy in self.policies:
            policy.watch(metrics)
        # What was added within the cooldown counts as if it were there: the metric doesn't know of it yet.
        base = self._before if now < self._out_until else self.capacity
        outs = [(policy.wanted(base), policy.out_cooldown) for policy in self.policies if policy.high]
        more = max((step.more(metrics, now) for step in self.steps), default=0)
        if more:
            outs.append((self.capacity + more, 0))
        wanted, cooldown = max(outs, default=(0, 0))
        if min(wanted, self.maximum) > self.capacity:
            self._before, self._out_until, self._in_until = self.capacity, now + cooldown, -1.0
            self.capacity = min(wanted, self.maximum)
        elif all(policy.low for policy in every(self.policies)) and now >= self._in_until:
            wanted = max(self.minimum, *(policy.wanted(self.capacity) for policy in self.policies))
            if wanted < self.capacity:
                self.capacity = wanted
                self._in_until = now + max(policy.in_cooldown for policy in self.policies)
        return self.capacity


def scaler(recording: Recording, capacity: int, reading: Reading = DOCUMENTED) -> Scaler:
    """Return the scaler that a component asked for."""
    (target,) = recording.of("aws:appautoscaling/target:Target")
    policies, steps = [], []
    for policy in every(recording.of("aws:appautoscaling/policy:Policy")):
        if policy.inputs["policyType"] == "TargetTrackingScaling":
            block = policy.inputs["targetTrackingScalingPolicyConfiguration"]
            policies.append(
                Tracking(
                    name=policy.name,
                    queries=block["customizedMetricSpecification"]["metrics"],
                    target=block["targetValue"],
                    out_cooldown=block["scaleOutCooldown"],
                    in_cooldown=block["scaleInCooldown"],
                    reading=reading,
                )
            )
            continue
        block = policy.inputs["stepScalingPolicyConfiguration"]
        (alarm,) = recording.of("aws:cloudwatch/metricAlarm:MetricAlarm")
        steps.append(
            Stepping(
                steps=block["stepAdjustments"],
                expression=next(q["expression"] for q in alarm.inputs["metricQueries"] if q.get("returnData")),
                threshold=alarm.inputs["threshold"],
                cooldown=block["cooldown"],
                minutes=int(alarm.inputs["evaluationPeriods"]),
                reading=reading,
            )
        )
        assert alarm.inputs["datapointsToAlarm"] == alarm.inputs["evaluationPeriods"]
    return Scaler(policies, steps, int(target.inputs["minCapacity"]), int(target.inputs["maxCapacity"]), capacity)


def queue_values(ready: float, started: float) -> dict[str, float | None]:
    """Return a queue's numbers under the names of RQ's metrics and of RabbitMQ's."""
    return {"unfinished": ready + started, "started": started, "ready": ready, "unacknowledged": started}


@dataclass
class _Task:
    ready: float
    places: list[float]
    stopping: bool = False


@dataclass
class Run:
    """What came of a simulated stretch of time."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    """For each job that was taken up: when, and how long it had waited, in seconds."""
    capacity: list[tuple[float, int]] = field(default_factory=list)
    """By minute: when, and how many tasks there had to be."""

    def longest_wait(self, since: float) -> float:
        """Return the longest wait of the jobs taken up since a moment."""
        return max((wait for when, wait in self.waits if when >= since), default=0.0)

    def tasks(self, since: float, until: float = float("inf")) -> set[int]:
        """Return every number of tasks that there was between two moments."""
        return {tasks for when, tasks in self.capacity if since <= when < until}


def simulate(
    scaler: Scaler,
    *,
    arrives: Callable[[float], float],
    job_seconds: float,
    concurrency: int = 1,
    seconds: int,
    start_seconds: int = 60,
    missing: Callable[[float], Sequence[str]] = lambda now: (),
) -> Run:
    """Let jobs arrive and tasks work, second by second; each minute the scaler sees the numbers of the minute before.

    Args:
        scaler: the policies, with the capacity at first.
        arrives: jobs a second, at a moment.
        job_seconds: how long a task works on a job.
        concurrency: how many jobs a task works on at once.
        seconds: how long.
        start_seconds: how long a task takes to start.
        missing: metrics that have no value at a moment.
    """
    tasks = [_Task(0, []) for _ in range(scaler.capacity)]
    queue: deque[float] = deque()
    run, due, seen = Run(), 0.0, dict[str, float | None]()
    for second in range(seconds):
        now = float(second)
        due += arrives(now)
        while due >= 1:
            queue.append(now)
            due -= 1
        for task in tasks:
            task.places = [end for end in task.places if end > now]
            while queue and not task.stopping and task.ready <= now and len(task.places) < concurrency:
                run.waits.append((now, now - queue[0]))
                queue.popleft()
                task.places.append(now + job_seconds)
        tasks = [task for task in tasks if task.places or not task.stopping]
        if second % 60 == 59:
            if seen:
                scaler.minute({**seen, **dict.fromkeys(missing(now))}, now)
                run.capacity.append((now, scaler.capacity))
            _follow(tasks, scaler.capacity, now + start_seconds)
            started = float(sum(len(task.places) for task in tasks))
            running = float(sum(not task.stopping and task.ready <= now for task in tasks))
            seen = {"running": running, **queue_values(len(queue), started)}
    return run


def _follow(tasks: list[_Task], capacity: int, ready: float) -> None:
    """Start or stop tasks as ECS does; one that stops ends its job first."""
    kept = [task for task in tasks if not task.stopping]
    for task in kept[capacity:]:
        task.stopping = True
    tasks.extend(_Task(ready, []) for _ in range(capacity - len(kept)))
