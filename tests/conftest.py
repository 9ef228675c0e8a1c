"""The real servers, one of each in a test process, started by the first test that asks for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeVar

import pytest

from tests.servers.postgres import PostgresServer, postgres
from tests.servers.programs import ServerMissingError
from tests.servers.rabbitmq import RabbitmqServer, rabbitmq
from tests.servers.redis import RedisServer, redis

_USED: Final = pytest.StashKey[set[str]]()
#: Under this name a process of xdist tells its controller which servers it used.
_TOLD = "alicerce_servers"


def _used(config: pytest.Config) -> set[str]:
    used: set[str] = config.stash[_USED]
    return used


class _Server(Protocol):
    @property
    def product(self) -> str: ...


_S = TypeVar("_S", bound=_Server)


def _served(config: pytest.Config, start: Callable[[], AbstractContextManager[_S]]) -> Iterator[_S]:
    try:
        with start() as server:
            _used(config).add(server.product)
            yield server
    except ServerMissingError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """PostgreSQL."""
    yield from _served(pytestconfig, postgres)


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """Redis or Valkey."""
    yield from _served(pytestconfig, redis)


@pytest.fixture(scope="session")
def rabbitmq_server(pytestconfig: pytest.Config) -> Iterator[RabbitmqServer]:
    """RabbitMQ with its management API."""
    yield from _served(pytestconfig, rabbitmq)


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note which servers are used."""
    config.stash[_USED] = set()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process of xdist, tell the controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_TOLD] = sorted(_used(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """In the controller of xdist, hear it."""
    config: pytest.Config = getattr(node, "config")  # noqa: B009 - xdist has no types
    _used(config).update(getattr(node, "workeroutput", {}).get(_TOLD, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which servers and versions the tests spoke to."""
    if _used(config):
        terminalreporter.write_line(f"real servers used: {', '.join(sorted(_used(config)))}")
