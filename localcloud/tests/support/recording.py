"""Which calls of AWS's API each resource type and invoke really makes."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import LocalProvider
from localcloud.provider.session import Session

Recorded = dict[str, set[tuple[str, str]]]


def record(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Record by botocore's own events, from now on, what is called on behalf of which token."""
    recorded: Recorded = {}
    current = threading.local()
    call, client = LocalProvider._call, Session.client

    async def noting(self: LocalProvider, doing: str, work: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        token = doing.rpartition("(")[2].rstrip(")") if "(" in doing else doing.removeprefix("invoking ")

        def on_behalf(*given: Any) -> Any:  # noqa: ANN401 - passed through
            current.token = token
            try:
                return work(*given)
            finally:
                current.token = None

        return await call(self, doing, on_behalf, *args)

    def listened(self: Session, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        made = client(self, service, region)

        def note(model: Any, **_: Any) -> None:  # noqa: ANN401 - botocore's
            if token := getattr(current, "token", None):
                recorded.setdefault(token, set()).add((service, model.name))

        # By its id a listener is there once, however often the client is asked for.
        made.meta.events.register("before-call", note, unique_id="recording")
        return made

    monkeypatch.setattr(LocalProvider, "_call", noting)
    monkeypatch.setattr(Session, "client", listened)
    return recorded
