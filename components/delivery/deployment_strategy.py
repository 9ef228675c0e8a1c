"""How a new revision of a service takes the place of the old one."""

from dataclasses import dataclass
from enum import StrEnum

import pulumi_aws as aws

from components.core.checks import check_between

#: Minutes for which a bake makes sense: alarms see a bad release about four minutes after its first requests (the load
#: balancer's metrics come minutes late), and ECS ends a deployment that stays longer than a day in one stage.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html
BAKE_MINUTES = (5, 1440)
#: What part of the requests a canary may get. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CanaryConfiguration.html
CANARY_PERCENT = (1, 99)

#: How long ECS watches the alarms after a rolling deployment, at most, in seconds. It works that out itself.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
_ROLLING_WATCH = 600


class Strategy(StrEnum):
    """How traffic comes to the new tasks."""

    ROLLING = "rolling"
    """Task by task, as the new ones get healthy."""
    BLUE_GREEN = "blue_green"
    """All at once, when all new tasks are healthy; the old ones stay for the bake time."""
    CANARY = "canary"
    """A part of the requests for the bake time, then all; the old tasks stay for another bake time."""


@dataclass(frozen=True, kw_only=True)
class DeploymentStrategy:
    """How a deployment goes, and how long it is watched."""

    strategy: Strategy = Strategy.ROLLING
    """How traffic comes to the new tasks."""
    bake_minutes: int = 10
    """How long the old tasks stay beside the new ones, and how long a canary lasts; ECS decides for a rolling one."""
    canary_percent: int = 10
    """What part of the requests a canary gets."""

    def __post_init__(self) -> None:
        """Refuse what ECS refuses, and what would protect from nothing."""
        check_between(
            "DeploymentStrategy.bake_minutes",
            self.bake_minutes,
            *BAKE_MINUTES,
            "give the alarms time to see a bad release",
        )
        check_between(
            "DeploymentStrategy.canary_percent",
            self.canary_percent,
            *CANARY_PERCENT,
            "give a canary a part of the requests, or take blue_green",
        )

    @property
    def shifts(self) -> bool:
        """Whether ECS moves the traffic between two target groups, rather than tasks into one."""
        return self.strategy is not Strategy.ROLLING

    @property
    def watch_seconds(self) -> int:
        """How long ECS watches a deployment after all of its tasks run, at most."""
        bakes = {Strategy.ROLLING: 0, Strategy.BLUE_GREEN: 1, Strategy.CANARY: 2}[self.strategy]
        return bakes * self.bake_minutes * 60 if bakes else _ROLLING_WATCH

    @property
    def configuration(self) -> aws.ecs.ServiceDeploymentConfigurationArgsDict:
        """The strategy as ECS takes it.

        The strategy is always named, since one that is left out keeps what the service had; a rolling one's bake time
        is left to ECS, which fits it to the alarms.
        """
        configuration: aws.ecs.ServiceDeploymentConfigurationArgsDict = {"strategy": self.strategy.value.upper()}
        if self.shifts:
            configuration["bake_time_in_minutes"] = str(self.bake_minutes)
        if self.strategy is Strategy.CANARY:
            configuration["canary_configuration"] = {
                "canary_percent": float(self.canary_percent),
                "canary_bake_time_in_minutes": str(self.bake_minutes),
            }
        return configuration
