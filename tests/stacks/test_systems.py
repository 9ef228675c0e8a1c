"""What a system refuses of its own data."""

from dataclasses import replace

import pytest

from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import BacklogSpec, Need, Role, SpecError


@pytest.mark.parametrize(
    ("service", "store", "role"),
    [("api", Need.REDIS, Role.WEB), ("worker", Need.RABBITMQ, Role.WORKER), ("worker", Need.POSTGRES, Role.WORKER)],
)
def test_only_a_worker_follows_a_queue_and_only_one_that_it_reaches(service: str, store: Need, role: Role) -> None:
    changed = replace(
        EQUIVALENCE.services[service], backlog=BacklogSpec(store=store, latency_seconds=60, job_seconds=5)
    )
    with pytest.raises(SpecError) as refused:
        replace(EQUIVALENCE, services={**EQUIVALENCE.services, service: changed})
    assert str(refused.value) == (
        f"equivalence: service {service!r} has role {role} and a backlog in {store}: a worker follows a queue in redis "
        "or rabbitmq that it needs"
    )
