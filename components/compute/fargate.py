"""Which CPU and memory Fargate pairs, and how tasks are placed on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from components.core.checks import InvalidArguments, check_between


class Architecture(StrEnum):
    """What processor an image is built for."""

    ARM64 = "ARM64"
    X86_64 = "X86_64"


class CapacityProvider(StrEnum):
    """Where Fargate takes a task's capacity from; Spot is cheaper and may be taken back with two minutes' notice."""

    ON_DEMAND = "FARGATE"
    SPOT = "FARGATE_SPOT"


def _gigabytes(first: int, last: int, step: int = 1) -> tuple[int, ...]:
    return tuple(gigabytes * 1024 for gigabytes in range(first, last + 1, step))


#: Memory in MiB that each CPU size takes, CPU in units of 1/1024 vCPU.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
MEMORY_BY_CPU: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: _gigabytes(1, 4),
    1024: _gigabytes(2, 8),
    2048: _gigabytes(4, 16),
    4096: _gigabytes(8, 30),
    8192: _gigabytes(16, 60, 4),
    16384: _gigabytes(32, 120, 8),
}


def size_problem(cpu: int, memory: int) -> str | None:
    """Tell what is wrong with a task's size, or None.

    Args:
        cpu: units of 1/1024 vCPU.
        memory: MiB.
    """
    if cpu not in MEMORY_BY_CPU:
        return f"Fargate has no tasks of {cpu} CPU units: it has {', '.join(map(str, MEMORY_BY_CPU))}"
    if memory not in MEMORY_BY_CPU[cpu]:
        allowed = MEMORY_BY_CPU[cpu]
        return (
            f"Fargate doesn't pair {cpu} CPU units with {memory} MiB: "
            f"with {cpu} it takes {_ranges(allowed)} MiB of memory"
        )
    return None


def _ranges(values: Sequence[int]) -> str:
    if len(values) < 4:
        return ", ".join(map(str, values))
    return f"{values[0]} to {values[-1]} in steps of {values[1] - values[0]}"


@dataclass(frozen=True, kw_only=True)
class TaskSize:
    """How much of a machine one task gets."""

    cpu: int
    """Units of 1/1024 vCPU."""
    memory: int
    """MiB."""

    def __post_init__(self) -> None:
        """Refuse a pair that Fargate doesn't have.

        Raises:
            ValueError: with what Fargate pairs.
        """
        if problem := size_problem(self.cpu, self.memory):
            raise InvalidArguments(f"cpu={self.cpu}, memory={self.memory}: {problem}")


@dataclass(frozen=True, kw_only=True)
class CapacityShare:
    """How much of a service's tasks one capacity provider takes."""

    provider: CapacityProvider
    """On demand or Spot."""
    base: int = 0
    """How many tasks it takes before any weight counts; only one share of a service may have a base."""
    weight: int = 1
    """Its part of the tasks beyond the base, relative to the other shares'."""

    def __post_init__(self) -> None:
        """Refuse what ECS refuses.

        Raises:
            ValueError: when base or weight is out of ECS's range.
        """
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
        check_between("CapacityShare.base", self.base, 0, 100_000, "give the tasks that this provider takes first")
        check_between("CapacityShare.weight", self.weight, 0, 1000, "give its part relative to the other shares")
