"""What one does with a stack: preview, up, refresh, destroy, read its outputs."""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.provider import Provider

from localcloud.engine import account, dynamic
from localcloud.engine.builtin import Builtin
from localcloud.engine.config import Config, ProjectFile, resolve
from localcloud.engine.result import Result, Silent, Watcher, plain_outputs, root_outputs
from localcloud.engine.runner import Recorder, Runner
from localcloud.engine.secrets import DEFAULT_PASSPHRASE, Crypter, SecretError, passphrase_given, unlock, warm_up
from localcloud.engine.state import Deployment, Resource, StateError, StateFile
from localcloud.engine.values import PropertyMap

#: Steps that do their work at the same time. The official engine's default is four times the number of CPUs.
PARALLEL = 16


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
            passphrase: encrypts the state's secrets; by default that of the environment, then the local cloud's.
            parallel: how many steps do their work at the same time.
        """
        return Stack(
            self,
            name,
            config=config,
            secrets=secrets,
            home=home,
            program=program,
            providers=providers,
            passphrase=passphrase,
            parallel=parallel,
        )


class Stack:
    """One stack of a project. Make it with `Project.stack`."""

    def __init__(
        self,
        project: Project,
        name: str,
        *,
        config: Mapping[str, Any] | None,
        secrets: Mapping[str, str] | None,
        home: str | Path | None,
        program: Callable[[], Any] | None,
        providers: Mapping[str, Provider | Callable[[], Provider]] | None,
        passphrase: str | None,
        parallel: int,
    ) -> None:
        """Take what `Project.stack` was given."""
        self.project = project
        self.name = name
        self.home = Path(home) if home else _home(project.root)
        self._config_overrides = config
        self._secret_overrides = secrets
        self._program = program
        self._providers = dict(providers or {})
        self._passphrase = passphrase
        self._parallel = parallel
        self.state_file = StateFile(self._state_path(project.name, name))
        self.account = account.Account(self.state_file.path)
        #: Whether AWS is the emulator, and no provider that a test brings.
        self.on_emulator = not self._providers

    def _state_path(self, project: str, stack: str) -> Path:
        return self.home / "stacks" / project / f"{stack}.json"

    # --- reading -----------------------------------------------------------------------------------------------------

    def config(self) -> Config:
        """Return the configuration that the program gets.

        Raises:
            ConfigError: every mistake at once.
        """
        return resolve(
            self.project.file,
            self.name,
            overrides=self._config_overrides,
            secrets=self._secret_overrides,
            passphrase=self._passphrase,
        )

    def state(self) -> Deployment:
        """Return what the stack has, with secrets opened."""
        return self.state_file.read(self._crypter())

    def resources(self) -> list[Resource]:
        """Return the stack's resources."""
        return self.state().resources

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs; secrets are `[secret]` unless asked for."""
        return plain_outputs(root_outputs(self.resources()), show_secrets)

    def _crypter(self) -> Crypter:
        explicit = self._passphrase if self._passphrase is not None else passphrase_given()
        try:
            return unlock(explicit, self.state_file.salt())
        except SecretError as error:
            raise StateError(
                f"{self.state_file.path}: {error}. Set PULUMI_CONFIG_PASSPHRASE to the one of the last run"
            ) from None

    def _read_outputs(self, reference: str) -> PropertyMap:
        """Return the outputs of a referenced stack: `stack`, `project/stack` or `organization/project/stack`."""
        *above, stack = reference.split("/")
        project = above[-1] if above else self.project.name
        file = StateFile(self._state_path(project, stack))
        if not file.exists():
            raise LookupError(
                f"there is no stack {reference!r} in {self.home}. "
                f"Bring it up first: python -m localcloud up --stack {stack}"
            )
        explicit = self._passphrase if self._passphrase is not None else passphrase_given()
        crypter = unlock(explicit, file.salt())
        return root_outputs(file.read(crypter).resources)

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
        explicit = self._passphrase if self._passphrase is not None else passphrase_given()
        warm_up(DEFAULT_PASSPHRASE if explicit is None else explicit, self.state_file.salt())
        config = self.config() if operation in ("preview", "up") else self._config_for_providers()
        recorder = Recorder(watcher or Silent())
        with account.pointed_at_emulator() if self.on_emulator else nullcontext() as emulator:
            runner = Runner(self, operation, config, recorder, emulator, started)
            if operation == "preview":
                return runner.run(refresh)
            with self.state_file.lock(operation):
                return runner.run(refresh)

    def _config_for_providers(self) -> Config:
        """Return the configuration as far as providers need it; a destroy isn't stopped by a wrong one."""
        try:
            return self.config()
        except Exception:  # what the program would refuse doesn't matter to what exists
            return Config()

    def load_provider(self, package: str, run: Runner) -> Provider:
        """Return a fresh provider of a package."""
        if package in self._providers:
            made = self._providers[package]
            return made if isinstance(made, Provider) else made()
        if package == "pulumi":
            return Builtin(self._read_outputs, run.find)
        if package == dynamic.PACKAGE:
            return run.dynamic_provider()
        from localcloud.provider import load

        return load(package)


def _home(root: Path) -> Path:
    return Path(os.environ.get("LOCALCLOUD_HOME") or root / ".localcloud")
