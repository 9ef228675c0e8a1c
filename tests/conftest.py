"""The real servers, one of each in a test process; and which tests are slow."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeVar

import pytest

from tests.servers.postgres import PostgresServer, postgres
from tests.servers.programs import ServerMissingError
from tests.servers.rabbitmq import RabbitmqServer, rabbitmq
from tests.servers.redis import RedisServer, redis

#: A test that uses one of these starts a server, an emulator or another process.
_SLOW_FIXTURES = frozenset(
    {"account", "bring_up", "emulator_process", "place", "postgres_server", "rabbitmq_server", "redis_server", "story"}
)
_PROCESS_EVENTS = frozenset({"os.fork", "os.posix_spawn", "os.system", "subprocess.Popen"})
_SERVERS_USED: Final = pytest.StashKey[set[str]]()
#: Under this key a process of xdist tells its controller which servers it used.
_OUTPUT_KEY = "alicerce_servers"


def _servers_used(config: pytest.Config) -> set[str]:
    used: set[str] = config.stash[_SERVERS_USED]
    return used


class _Server(Protocol):
    @property
    def product(self) -> str: ...


_S = TypeVar("_S", bound=_Server)


def _started(config: pytest.Config, start: Callable[[], AbstractContextManager[_S]]) -> Iterator[_S]:
    try:
        with start() as server:
            _servers_used(config).add(server.product)
            yield server
    except ServerMissingError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Iterator[PostgresServer]:
    """PostgreSQL."""
    yield from _started(pytestconfig, postgres)


@pytest.fixture(scope="session")
def redis_server(pytestconfig: pytest.Config) -> Iterator[RedisServer]:
    """Redis or Valkey."""
    yield from _started(pytestconfig, redis)


@pytest.fixture(scope="session")
def rabbitmq_server(pytestconfig: pytest.Config) -> Iterator[RabbitmqServer]:
    """RabbitMQ with its management API."""
    yield from _started(pytestconfig, rabbitmq)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests that are slow by what they ask for; where only fast ones run, refuse one that starts a process."""
    for item in items:
        if _SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    if config.option.markexpr == "not slow":
        sys.addaudithook(_refuse_processes)


def _refuse_processes(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _PROCESS_EVENTS:
        raise RuntimeError(f"a test that starts a process is to be marked `slow`: {event} {arguments[:2]}")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to note which servers are used."""
    config.stash[_SERVERS_USED] = set()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process of xdist, tell the controller."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_OUTPUT_KEY] = sorted(_servers_used(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """In the controller of xdist, hear it."""
    config: pytest.Config = getattr(node, "config")  # noqa: B009 - xdist has no types
    _servers_used(config).update(getattr(node, "workeroutput", {}).get(_OUTPUT_KEY, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which servers and versions the tests spoke to."""
    if _servers_used(config):
        terminalreporter.write_line(f"real servers used: {', '.join(sorted(_servers_used(config)))}")
