"""What ECS is told of a deployment, and how long one is watched."""

from typing import Any

import pytest

from components.delivery.deployment_strategy import DeploymentStrategy, Strategy


@pytest.mark.parametrize(
    ("given", "configuration", "watched"),
    [
        ({}, {"strategy": "ROLLING"}, 600),
        (
            {"strategy": Strategy.BLUE_GREEN, "bake_minutes": 20},
            {"strategy": "BLUE_GREEN", "bake_time_in_minutes": "20"},
            1200,
        ),
        (
            {"strategy": Strategy.CANARY, "bake_minutes": 20, "canary_percent": 5},
            {
                "strategy": "CANARY",
                "bake_time_in_minutes": "20",
                "canary_configuration": {"canary_percent": 5.0, "canary_bake_time_in_minutes": "20"},
            },
            2400,
        ),
    ],
)
def test_each_strategy_is_named_with_what_it_takes(
    given: dict[str, Any], configuration: dict[str, Any], watched: int
) -> None:
    strategy = DeploymentStrategy(**given)
    assert strategy.configuration == configuration
    assert strategy.watch_seconds == watched, "`up` waits for the bake too"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"bake_minutes": 4},
            "DeploymentStrategy.bake_minutes is 4; allowed: 5 to 1440; give the alarms time to see a bad release",
        ),
        (
            {"bake_minutes": 1441},
            "DeploymentStrategy.bake_minutes is 1441; allowed: 5 to 1440; give the alarms time to see a bad release",
        ),
        (
            {"canary_percent": 100},
            "DeploymentStrategy.canary_percent is 100; allowed: 1 to 99; give a canary a part of the requests, or take "
            "blue_green",
        ),
    ],
)
def test_what_protects_from_nothing_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        DeploymentStrategy(**given)
    assert str(refused.value) == message
