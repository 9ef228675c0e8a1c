"""What the systems of a stack share, worked out without making anything."""

import pytest

from components.ingress.route import RouteKind, check_priorities, listener_rules, rule_priority
from stacks.systems import SYSTEMS
from stacks.wiring import platform
from tests.stacks.configs import settings_of


def test_the_systems_listener_rules_have_priorities_of_their_own() -> None:
    rules = platform._priorities(settings_of())
    web = sum(service.url is not None for system in SYSTEMS for service in system.services.values())
    denied = sum(
        len(listener_rules(["api.example.com"], service.private_paths)) - 1
        for system in SYSTEMS
        for service in system.services.values()
    )
    assert denied
    assert len(rules) == web + denied
    check_priorities(rules)


def test_two_rules_of_one_priority_are_refused_by_name() -> None:
    with pytest.raises(ValueError) as refused:
        check_priorities({"aprendeai-api host 0": 40000, "equivalence-api host 0": 40000})
    assert str(refused.value) == (
        "the listener priority of equivalence-api host 0 is 40000; allowed: one that aprendeai-api host 0 doesn't "
        "have; rename one of the services: the priority follows from the name"
    )


def test_another_system_moves_no_rule() -> None:
    before = platform._priorities(settings_of())
    assert before["equivalence-api host 0"] == rule_priority("equivalence", "api", RouteKind.HOST, 0)
