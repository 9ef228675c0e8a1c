"""What one does with a stack: preview, up, refresh, destroy, read its outputs."""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.provider import Provider

from localcloud.emulator import control
from localcloud.engine import account
from localcloud.engine.config import Config, ProjectFile
from localcloud.engine.result import Result, plain_outputs, root_outputs
from localcloud.engine.runner import Runner
from localcloud.engine.secrets import passphrase_given, warm_up
from localcloud.engine.state import Checkpoint, Resource, StateFile
from localcloud.engine.target import PARALLEL, Target
from localcloud.engine.watcher import Watcher


class Project:
    """A Pulumi project: a folder with a `Pulumi.yaml`."""

    def __init__(self, root: str | Path, *, name: str | None = None) -> None:
        """Read a project.

        Args:
            root: the folder.
            name: makes a project without any `Pulumi.yaml`, for programs that are functions.

        Raises:
            ConfigError: there is no `Pulumi.yaml`, or it is wrong.
        """
        path = Path(root).resolve()
        self.file = ProjectFile(path, name) if name else ProjectFile.load(path)

    @property
    def root(self) -> Path:
        """The folder."""
        return self.file.root

    @property
    def name(self) -> str:
        """The name that URNs have."""
        return self.file.name

    def stack(
        self,
        name: str,
        *,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        home: str | Path | None = None,
        program: Callable[[], Any] | None = None,
        providers: Mapping[str, Provider | Callable[[], Provider]] | None = None,
        passphrase: str | None = None,
        real_secrets: bool = False,
        parallel: int = PARALLEL,
    ) -> "Stack":
        """Name a stack; nothing is read or written yet.

        Args:
            name: the stack's name.
            config: values that count more than the stack file's; None takes a key away.
            secrets: the same, for secret values.
            home: the folder of the local cloud's state, by default `.localcloud` of the project (or
                `LOCALCLOUD_HOME`).
            program: a function to run instead of the project's `__main__.py`.
            providers: providers by package, or what makes them, instead of the local cloud's own.
            passphrase: encrypts the state's secrets, by default that of the environment, then the local cloud's; where
                it is given here, it also opens what is sealed in the stack's file.
            real_secrets: open that with the passphrase of the environment. By default it gets placeholders.
            parallel: how many steps do their work at the same time.
        """
        target = Target(
            project=self.file,
            name=name,
            home=Path(home) if home else control.home(self.root),
            overrides=config or {},
            secrets=secrets or {},
            program=program,
            providers=providers or {},
            passphrase=passphrase,
            real_secrets=real_secrets,
            parallel=parallel,
        )
        return Stack(self, target)


class Stack:
    """One stack of a project. Make it with `Project.stack`."""

    def __init__(self, project: Project, target: Target) -> None:
        """Take the project and what `Project.stack` was given."""
        self.project = project
        self.target = target
        #: Whether AWS is the emulator, and no provider that a test brings.
        self.on_emulator = not target.providers

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.target.name

    @property
    def home(self) -> Path:
        """The folder of the local cloud's state."""
        return self.target.home

    @property
    def state_file(self) -> StateFile:
        """The file of the stack's state."""
        return self.target.state_file

    # --- reading -----------------------------------------------------------------------------------------------------

    def config(self) -> Config:
        """Return the configuration that the program gets.

        Raises:
            ConfigError: every mistake at once.
        """
        return self.target.config()

    def state(self) -> Checkpoint:
        """Return what the stack has, with secrets opened."""
        return self.state_file.read(self.target.crypter())

    def resources(self) -> list[Resource]:
        """Return the stack's resources."""
        return self.state().resources

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs; secrets are `[secret]` unless asked for."""
        return plain_outputs(root_outputs(self.resources()), show_secrets)

    # --- doing -------------------------------------------------------------------------------------------------------

    def preview(self, watcher: Watcher | None = None, *, refresh: bool = False) -> Result:
        """Work out what `up` would do, and do nothing.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read.
        """
        return self._run("preview", watcher, refresh=refresh)

    def up(self, watcher: Watcher | None = None, *, refresh: bool = False) -> Result:
        """Bring the stack to what the program wants.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read, or another run holds it.
        """
        return self._run("up", watcher, refresh=refresh)

    def refresh(self, watcher: Watcher | None = None) -> Result:
        """Read every resource back, and take what is found into the state.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read, or another run holds it.
        """
        return self._run("refresh", watcher)

    def destroy(self, watcher: Watcher | None = None) -> Result:
        """Delete everything that the stack has. A protected resource stops it before anything is deleted.

        Raises:
            ConfigError: the configuration is wrong.
            StateError: the state can't be read, or another run holds it.
        """
        return self._run("destroy", watcher)

    def _run(self, operation: str, watcher: Watcher | None, *, refresh: bool = False) -> Result:
        started = time.monotonic()
        target = self.target
        warm_up(passphrase_given(target.passphrase), target.state_file.salt())
        config = target.config() if operation in ("preview", "up") else self._config_for_providers()
        with account.pointed_at_emulator() if self.on_emulator else nullcontext() as emulator:
            runner = Runner(target, operation, config, watcher or Watcher(), emulator, started)
            if operation == "preview":
                return runner.run(refresh)
            with target.state_file.lock(operation):
                return runner.run(refresh)

    def _config_for_providers(self) -> Config:
        """Return the configuration as far as providers need it; a destroy isn't stopped by a wrong one."""
        try:
            return self.config()
        except Exception:  # what the program would refuse doesn't matter to what exists
            return Config()
