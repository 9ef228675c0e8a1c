"""Where the state of a stack from before the rooms looks for `RolloutProvider`, which it names by its module."""

from components.delivery.rollout import RolloutProvider as RolloutProvider
