"""Idempotent calls: one that carries the name of an earlier call gets its answer, and does nothing a second time.

`localcloud.provider.repeat` says what for.
"""

from collections import OrderedDict

#: The header that names a call, and where the emulator says whether it has answered any call of a create.
HEADER = "x-localcloud-call"
ANSWERED_PATH = "/moto-api/localcloud/answered/"

#: An answer: status, headers and body.
Answer = tuple[str, list[tuple[str, str]], bytes]

#: How many answers are kept. A run that was killed had at most sixteen creates under way.
_MOST = 4096


class AnsweredCalls:
    """The last answers to named calls."""

    def __init__(self) -> None:
        """Start without any."""
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def get(self, name: str) -> Answer | None:
        """Return the answer to a call of this name, or None."""
        return self._kept.get(name)

    def keep(self, name: str, answer: Answer) -> None:
        """Keep an answer, unless it is a refusal: after that, nothing was done, and the call may be made again."""
        if answer[0].startswith("2"):
            self._kept[name] = answer
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def forget(self) -> None:
        """Forget all answers, when the account is emptied."""
        self._kept.clear()

    def any_of(self, token: str) -> bool:
        """Tell whether any call was answered whose name begins with a token."""
        return any(name.startswith(f"{token}/") for name in self._kept)
