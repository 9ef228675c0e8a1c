"""What the tests of components share."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def event_loop_of_its_own() -> Iterator[None]:
    """Give each module a current event loop: the SDK's mocks ask for it, and other tests end theirs."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
