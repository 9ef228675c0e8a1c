"""What a system refuses of its own data."""

import sys
from dataclasses import replace
from typing import Any

import pytest

from components.compute import fargate
from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import AmqpUrl, BacklogSpec, Need, Role, SpecError


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


_GENERATED = "the system generates POSTGRES_PASSWORD, REDIS_PASSWORD, API_KEY_SALT, DATABASE_ADMIN_PASSWORD"


@pytest.mark.parametrize(
    ("service", "changes", "problem"),
    [
        ("api", {"image": "web"}, "runs image 'web': the system has api"),
        ("worker", {"calls": ("api",)}, "calls api: only the system's internal services are called"),
        ("api", {"url": None}, "has role web and url None: web services have a url"),
        ("api", {"url": "APP_URL"}, "has url 'APP_URL': the system has API_URL"),
        ("worker", {"port": 80}, "has role worker and port 80: all but workers have a port"),
        ("api", {"needs": frozenset({Need.RABBITMQ})}, "needs rabbitmq: the system has none"),
    ],
)
def test_a_service_that_names_what_is_not_there_is_refused(service: str, changes: dict[str, Any], problem: str) -> None:
    changed = replace(EQUIVALENCE.services[service], **changes)
    with pytest.raises(SpecError) as refused:
        replace(EQUIVALENCE, services={**EQUIVALENCE.services, service: changed})
    assert str(refused.value) == f"equivalence: service {service!r} {problem}"


@pytest.mark.parametrize(
    ("part", "value", "problem"),
    [
        (
            "migration",
            replace(EQUIVALENCE.migration, image="web"),
            "the migration runs image 'web': the system has api",
        ),
        (
            "migration",
            replace(EQUIVALENCE.migration, secrets=("DB_URL",)),
            f"the migration reads DB_URL: the system has {', '.join(EQUIVALENCE.secrets)}",
        ),
        (
            "database",
            replace(EQUIVALENCE.database, password="LLM_API_KEY"),
            f"the database has password 'LLM_API_KEY': {_GENERATED}",
        ),
        (
            "secrets",
            {**EQUIVALENCE.secrets, "RABBITMQ_URL": AmqpUrl(password="REDIS_PASSWORD")},
            "RABBITMQ_URL is composed of a broker: the system has none",
        ),
    ],
)
def test_a_system_that_names_what_it_has_not_is_refused(part: str, value: Any, problem: str) -> None:  # noqa: ANN401
    with pytest.raises(SpecError) as refused:
        replace(EQUIVALENCE, **{part: value})
    assert str(refused.value) == f"equivalence: {problem}"


def test_everything_that_is_wrong_with_a_system_is_said_at_once() -> None:
    with pytest.raises(SpecError) as refused:
        replace(EQUIVALENCE, images={})
    assert str(refused.value).splitlines() == [
        "equivalence: service 'api' runs image 'api': the system has ",
        "equivalence: service 'worker' runs image 'api': the system has ",
        "equivalence: the migration runs image 'api': the system has ",
    ]


def test_a_value_that_a_component_refuses_is_refused_with_its_place_in_the_systems_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fargate, "size_problem", lambda cpu, memory: "there is no such pair" if cpu == 4096 else "")
    for name in [name for name in sys.modules if name == "stacks.systems" or name.startswith("stacks.systems.")]:
        if name != "stacks.systems.spec":
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SpecError, match=r"stacks/systems/aprendeai\.py, line \d+: cpu=4096, memory=8192: there is no"):
        __import__("stacks.systems")
