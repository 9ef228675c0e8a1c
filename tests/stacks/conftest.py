"""Whole stacks, brought up on an emulated account of their own, and clients to read what is there."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localcloud.emulator import control
from localcloud.engine import Project, Result, Stack
from localcloud.provider.session import Session

ROOT = Path(__file__).resolve().parents[2]

#: Values that no output, definition, tag, log line or state file may hold.
PLANTED = {
    "aprendeai:SENTRY_DSN": "planted-sentry-dsn-value",
    "equivalence:EMBED_API_KEY": "planted-embed-key-value",
    "equivalence:LLM_API_KEY": "planted-llm-key-value",
}


@dataclass
class Account:
    """An emulated account and the stacks that a test brings up in it."""

    url: str
    home: Path
    aws: Session = field(init=False)

    def __post_init__(self) -> None:
        """Make the clients."""
        self.aws = Session(self.url)

    def stack(
        self, name: str, config: Mapping[str, Any] | None = None, secrets: Mapping[str, str] | None = None
    ) -> Stack:
        """Name a stack of the project, with planted secrets and what a test changes."""
        return Project(ROOT).stack(name, config=config, secrets={**PLANTED, **(secrets or {})}, home=self.home)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        """Return a boto3 client of the account."""
        return self.aws.client(service)


@contextmanager
def started(tmp: Path) -> Iterator[Account]:
    """Start an emulator of its own, and stop it afterwards."""
    before = {name: os.environ.get(name) for name in (control.HOME_VARIABLE, "AWS_ENDPOINT_URL")}
    os.environ[control.HOME_VARIABLE] = str(tmp)
    os.environ.pop("AWS_ENDPOINT_URL", None)
    try:
        yield Account(control.start(0).url, tmp)
    finally:
        control.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """An empty account for one test."""
    with started(tmp_path) as account:
        yield account


def succeed(result: Result) -> Result:
    """Return a run that went well; otherwise fail with its own words."""
    assert result.ok, "\n".join(result.errors)
    return result


@dataclass(frozen=True)
class Standing:
    """A stack that is up."""

    account: Account
    stack: Stack
    name: str
    result: Result

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        """Return a boto3 client of the account."""
        return self.account.client(service)


@pytest.fixture(scope="package")
def bring_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Standing]]:
    """Bring stacks up, each in an account of its own, once for all tests that only look at them."""
    made: dict[str, Standing] = {}
    with ExitStack() as accounts:

        def up(name: str) -> Standing:
            if name not in made:
                account = accounts.enter_context(started(tmp_path_factory.mktemp(name)))
                stack = account.stack(name)
                made[name] = Standing(account, stack, name, succeed(stack.up()))
            return made[name]

        yield up


@pytest.fixture(scope="package", params=["prod", "staging"])
def standing(request: pytest.FixtureRequest, bring_up: Callable[[str], Standing]) -> Standing:
    """Prod and staging, one after the other."""
    return bring_up(request.param)
