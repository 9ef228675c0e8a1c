"""Creates that can be done again: a call that was answered is answered the same again, and makes nothing twice.

A create that a killed run began may have reached the account or not, and AWS gives most of what it makes no name by
which to look for it. So every call of a create that changes something carries a name of its own in a header, and the
emulator keeps its answers by those names. Doing the create again gives what was made, and does what was left to do.

AWS has the same for single calls, by client tokens: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.emulator import control
from localcloud.emulator.idempotency import ANSWERED_PATH, HEADER

#: How operations begin that change nothing, and whose answers may differ from one time to the next.
_READS = ("BatchGet", "Describe", "Get", "Head", "List", "Lookup")


class _Current(threading.local):
    """The create that this thread does: its token, and how often each operation was answered so far."""

    def __init__(self) -> None:
        self.token = ""
        self.answered: Counter[str] = Counter()


_CURRENT = _Current()


@contextmanager
def repeatable(token: str) -> Iterator[None]:
    """Name the calls that this thread makes after a token, which stands for one create."""
    _CURRENT.token, _CURRENT.answered = token, Counter()
    try:
        yield
    finally:
        _CURRENT.token = ""


def watch(client: Any) -> None:  # noqa: ANN401 - boto3 clients are made at run time
    """Have a client name its calls."""
    client.meta.events.register("before-call", _name)
    client.meta.events.register("after-call", _count)


def answered(endpoint: str, token: str) -> bool:
    """Tell whether an emulator has answered any call of a create."""
    return bool(control.ask(endpoint, ANSWERED_PATH + token)["answered"])


def _name(model: Any, params: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's event
    if _CURRENT.token and not model.name.startswith(_READS):
        params["headers"][HEADER] = f"{_CURRENT.token}/{model.name}/{_CURRENT.answered[model.name]}"


def _count(model: Any, http_response: Any, **_: object) -> None:  # noqa: ANN401 - botocore's event
    if _CURRENT.token and http_response.status_code < 300:
        _CURRENT.answered[model.name] += 1
