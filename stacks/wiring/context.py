"""What each part of one system is built from."""

from dataclasses import dataclass

from components.core.naming import LOG_GROUP_NAME
from components.core.placement import Placement
from stacks.settings.load import Settings, SystemSettings
from stacks.systems.spec import SystemSpec
from stacks.wiring.platform import Platform


@dataclass(frozen=True, kw_only=True)
class SystemContext:
    """One system, in one stack, on its platform."""

    settings: Settings
    """What is set for the stack."""
    system_settings: SystemSettings
    """What is set for the system."""
    platform: Platform
    """What the stack's systems share."""

    @property
    def system(self) -> SystemSpec:
        """The system itself."""
        return self.system_settings.system

    @property
    def placement(self) -> Placement:
        """Where the system's parts are."""
        return self.platform.placement.with_tags(System=self.system.name)

    def name(self, part: str) -> str:
        """Return the logical name of a part of the system."""
        return f"{self.system.name}-{part}"

    def log_group_name(self, part: str) -> str:
        """Return the physical name of a part's log group."""
        return f"/{self.settings.stack}/{self.system.name}/{part}"[:LOG_GROUP_NAME]
