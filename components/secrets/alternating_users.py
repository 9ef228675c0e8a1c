"""Two users that take turns: while one rotates in, the other still works, so that no connection is refused."""

from dataclasses import dataclass

from components.core.checks import InvalidValue


def whose_turn(rotation: int, odd: str, even: str) -> str:
    """Return what a rotation uses, of the two that take turns; 1 is the first rotation."""
    return odd if rotation % 2 else even


@dataclass(frozen=True, kw_only=True)
class AlternatingUsers:
    """The two users that a system has at a store, and whose turn it is."""

    username: str
    """The user of odd rotations, so of the first one."""
    rotation: int
    """Rotation of the password; 1 at first."""

    def __post_init__(self) -> None:
        """Refuse a rotation that is none.

        Raises:
            ValueError: naming the value and its range.
        """
        if self.rotation < 1:
            raise InvalidValue("AlternatingUsers.rotation", self.rotation, "a positive integer", "start at 1")

    @property
    def current(self) -> str:
        """The user whose password is the current one."""
        return self._of(self.rotation)

    @property
    def other(self) -> str:
        """The user of the rotation before and of the one after."""
        return self._of(self.rotation + 1)

    def _of(self, rotation: int) -> str:
        return whose_turn(rotation, self.username, f"{self.username}_2")
