"""The AWS account that a command asks: its clients, and answers in batches and pages."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from operations.errors import OperationError


@dataclass(frozen=True)
class Account:
    """Clients of one account and region, made when they are first asked for."""

    region: str
    _session: boto3.Session
    _clients: dict[tuple[str, str, int | None], Any] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, region: str | None = None) -> "Account":
        """Return the account that the environment leads to.

        Args:
            region: where; by default that of the environment (`AWS_REGION`, or the profile's).

        Raises:
            OperationError: nobody says which region.
        """
        # botocore itself reads AWS_DEFAULT_REGION alone:
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
        session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        if session.region_name is None:
            raise OperationError("no region is set: give --region, or set AWS_REGION")
        return cls(session.region_name, session)

    def client(self, service: str, region: str | None = None, *, read_seconds: int | None = None) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return a client of a service.

        Args:
            service: the service, as boto3 names it.
            region: another region than the account's.
            read_seconds: how long an answer is waited for, where that is longer than a minute; a call is then made
                once, since a second one would begin anew what the first still does.
        """
        key = (service, region or self.region, read_seconds)
        if key not in self._clients:
            make: Any = self._session.client
            slow = Config(read_timeout=read_seconds, retries={"total_max_attempts": 1}, tcp_keepalive=True)
            self._clients[key] = make(service, region_name=key[1], config=slow if read_seconds else None)
        return self._clients[key]


def in_batches(items: list[str], size: int) -> Iterator[list[str]]:
    """Yield a list in pieces that a call takes."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def all_pages(call: Any, key: str, **arguments: Any) -> list[Any]:  # noqa: ANN401 - a client's method
    """Return every item of a call that botocore has no paginator for; it hands on `nextToken`."""
    page = call(**arguments)
    items = list(page[key])
    while token := page.get("nextToken") or page.get("NextToken"):
        name = "nextToken" if "nextToken" in page else "NextToken"
        page = call(**arguments, **{name: token})
        items += page[key]
    return items
