"""Where a stack's state is: with the official CLI, or with the local cloud.

Both give it in Pulumi's own deployment format, version 3
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go), with its secrets still encrypted.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from operations.errors import OperationError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class StateSource(Protocol):
    """Where the state of one stack is."""

    def export(self) -> str:
        """Return the state.

        Raises:
            OperationError: it can't be read, with what to do.
        """

    @property
    def preview_command(self) -> tuple[str, ...]:
        """What shows what `up` would do."""


def of_stack(stack: str, root: Path) -> StateSource:
    """Return where the state of a stack is.

    Args:
        stack: the stack.
        root: the project's folder.
    """
    return LocalCloud(stack, root) if on_local_cloud() else OfficialCli(stack, root)


def on_local_cloud() -> bool:
    """Tell whether AWS is the emulated account: `python -m localcloud exec` says so."""
    return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _LOOPBACK


@dataclass(frozen=True)
class OfficialCli:
    """The backend that the official CLI is logged in to."""

    stack: str
    root: Path

    def export(self) -> str:
        """Return what `pulumi stack export` prints."""
        refusal = f"the state of stack {self.stack!r} can't be read:"
        if shutil.which("pulumi") is None:
            raise OperationError(
                f"{refusal} there is no `pulumi` on the PATH. Install it, or look at the local cloud: python -m "
                "localcloud exec -- python -m operations …"
            )
        command = ["pulumi", "stack", "export", "--stack", self.stack, "--cwd", str(self.root)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            raise OperationError(f"{refusal} pulumi stack export says: {reason}")
        return done.stdout

    @property
    def preview_command(self) -> tuple[str, ...]:
        """What shows what `up` would do."""
        return ("pulumi", "preview", "--stack", self.stack)


@dataclass(frozen=True)
class LocalCloud:
    """The local cloud's folder, or the official CLI's backend where that deployed to the local cloud."""

    stack: str
    root: Path

    def export(self) -> str:
        """Return what is in the state file."""
        file = self._file
        if file.exists():
            return file.read_text(encoding="utf-8")
        # `localcloud exec` names the backend of the official CLI where there is one.
        if "PULUMI_BACKEND_URL" in os.environ and shutil.which("pulumi"):
            return OfficialCli(self.stack, self.root).export()
        raise OperationError(
            f"there is no stack {self.stack!r} in {self._home}. Bring it up first: "
            f"python -m localcloud up --stack {self.stack}"
        )

    @property
    def preview_command(self) -> tuple[str, ...]:
        """What shows what `up` would do."""
        command = (sys.executable, "-m", "localcloud")
        if self._file.exists():
            return (*command, "preview", "--stack", self.stack)
        return (*command, "exec", "--stack", self.stack, "--", *OfficialCli(self.stack, self.root).preview_command)

    @property
    def _home(self) -> Path:
        return Path(os.environ.get("LOCALCLOUD_HOME") or self.root / ".localcloud")

    @property
    def _file(self) -> Path:
        project = self.root / "Pulumi.yaml"
        if not project.exists():
            raise OperationError(
                f"{self.root} has no Pulumi.yaml. Run this from the project's folder, or name it with --cwd"
            )
        return self._home / "stacks" / str(YAML(typ="safe").load(project)["name"]) / f"{self.stack}.json"
