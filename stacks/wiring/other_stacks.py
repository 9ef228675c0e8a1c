"""What other stacks of this project export."""

from typing import Any

import pulumi


class OtherStacks:
    """References to other stacks of this project: one a stack, however many ask for it."""

    def __init__(self) -> None:
        self._known: dict[str, pulumi.StackReference] = {}

    def output(self, stack: str, name: str) -> pulumi.Output[Any]:
        """Return one output of another stack; None when it has no such output."""
        if stack not in self._known:
            self._known[stack] = pulumi.StackReference(f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}")
        return self._known[stack].get_output(name)
