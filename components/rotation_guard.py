"""Where the state of a stack from before the rooms looks for `RotationGuardProvider`, which it names by its module."""

from components.secrets.rotation_guard import RotationGuardProvider as RotationGuardProvider
