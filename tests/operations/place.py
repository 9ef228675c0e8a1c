"""A project with an emulated account of its own, and the command line of `operations` in it."""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine import Project
from localcloud.engine.account import aws_environment
from localcloud.environment import replaced, scrubbed
from operations import cli
from tests.stacks.conftest import ROOT, Account, started, succeed

#: What a project of its own takes over as it is.
_LINKED = ("__main__.py", "stacks", "components", "functions", "operations")

#: The only names in this account that change from run to run are its physical ones; `local` is the smallest stack.
STACK = "local"
CLUSTER = "alicerce-local"


@dataclass(frozen=True)
class Ran:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Place:
    """A project with a stack that is up, in an account of its own."""

    root: Path
    account: Account

    def __call__(self, *arguments: str) -> Ran:
        """Run `python -m operations` here."""
        out, err = io.StringIO(), io.StringIO()
        given = list(arguments)
        at = given.index("--") if "--" in given else len(given)
        given[at:at] = ["--cwd", str(self.root)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = cli.main(given)
        return Ran(code, out.getvalue(), err.getvalue())

    def up(self, stack: str = STACK) -> None:
        """Bring the stack to what its file says."""
        succeed(Project(self.root).stack(stack, home=self.account.home).up())

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        """Return a boto3 client of the account."""
        return self.account.client(service)

    def service(self, name: str) -> dict[str, Any]:
        """Return ECS's description of a service."""
        found = self.client("ecs").describe_services(cluster=CLUSTER, services=[name])["services"][0]
        return dict(found)

    def short_digest(self, image: str, tag: str) -> str:
        """Return the digest of a tagged image as commands show it."""
        ecr = self.client("ecr")
        found = ecr.describe_images(repositoryName=f"local/{image}", imageIds=[{"imageTag": tag}])
        return str(found["imageDetails"][0]["imageDigest"])[:19]

    @property
    def config(self) -> Path:
        """The stack's file."""
        return self.root / f"Pulumi.{STACK}.yaml"

    def state(self, stack: str = STACK) -> Path:
        """Return the file with a stack's state."""
        return self.account.home / "stacks" / "alicerce" / f"{stack}.json"

    @contextlib.contextmanager
    def another(self, stack: str, edit: Callable[[list[dict[str, Any]]], None]) -> Iterator[None]:
        """Give another stack this one's state, with its resources edited."""
        text = json.loads(self.state().read_text())
        edit(text["deployment"]["resources"])
        self.state(stack).write_text(json.dumps(text))
        try:
            yield
        finally:
            self.state(stack).unlink()


def outputs_of(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the stack's outputs in its state."""
    found: dict[str, Any] = next(one for one in resources if one["type"] == "pulumi:pulumi:Stack")["outputs"]
    return found


@contextlib.contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables, put away what would lead AWS clients elsewhere, and put everything back."""
    with replaced({**scrubbed(os.environ), **values}):
        yield


@contextlib.contextmanager
def project(made: pytest.TempPathFactory) -> Iterator[Place]:
    """Make a project and an account of its own, where nothing is up yet."""
    root = made.mktemp("project")
    for name in _LINKED:
        (root / name).symlink_to(ROOT / name)
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, root)
    with started(made.mktemp("home")) as account, environment(aws_environment(account.url)):
        yield Place(root, account)


def release(place: Place, tag: str) -> None:
    """Name AprendeAI's release in the stack's file, as a person does."""
    lines = place.config.read_text().splitlines(keepends=True)
    edited = [f"  aprendeai:release: {tag}\n" if "aprendeai:release:" in line else line for line in lines]
    place.config.write_text("".join(edited))
