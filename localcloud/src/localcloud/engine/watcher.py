"""Who sees a run while it happens."""

from dataclasses import dataclass

from localcloud.engine.planner import Step


@dataclass(frozen=True)
class Diagnostic:
    """A message of a run.

    Attributes:
        severity: `info`, `warning` or `error`.
        message: the text.
        urn: the resource it is about, or empty.
    """

    severity: str
    message: str
    urn: str = ""


class Watcher:
    """Sees a run while it happens, and shows nothing of it; see display.py for one that does."""

    def started(self, step: Step) -> None:
        """Note that a step starts."""

    def finished(self, step: Step, error: str | None) -> None:
        """Note that a step has ended."""

    def reported(self, diagnostic: Diagnostic) -> None:
        """Note a message."""


class Recorder(Watcher):
    """Keeps what happened, and passes it on."""

    def __init__(self, watcher: Watcher) -> None:
        """Take who else watches."""
        self._watcher = watcher
        #: Why steps failed, by their identity.
        self.errors: dict[int, str] = {}
        self.diagnostics: list[Diagnostic] = []

    def started(self, step: Step) -> None:
        """Note that a step starts."""
        self._watcher.started(step)

    def finished(self, step: Step, error: str | None) -> None:
        """Note that a step has ended."""
        if error is not None:
            self.errors[id(step)] = error
        self._watcher.finished(step, error)

    def reported(self, diagnostic: Diagnostic) -> None:
        """Note a message."""
        self.diagnostics.append(diagnostic)
        self._watcher.reported(diagnostic)
