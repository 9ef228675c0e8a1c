"""The stack that a run is about: its project, configuration, state and providers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.provider import Provider

from localcloud.engine.account import Account
from localcloud.engine.config import Config, ProjectFile, resolve
from localcloud.engine.result import root_outputs
from localcloud.engine.secrets import Crypter, SecretError, passphrase_given, unlock
from localcloud.engine.state import StateError, StateFile
from localcloud.engine.values import PropertyMap
from localcloud.names import checked

#: Steps that do their work at the same time. The official engine's default is four times the number of CPUs.
PARALLEL = 16


@dataclass(frozen=True, kw_only=True)
class Target:
    """One stack of a project; nothing of it is read or written before it is asked for.

    Attributes:
        project: the project.
        name: the stack's name.
        home: the folder of the local cloud's state.
        overrides: configuration values that count more than the stack file's; None takes a key away.
        secrets: the same, for secret values.
        program: a function to run instead of the project's program.
        providers: providers by package, or what makes them, instead of the local cloud's own.
        passphrase: encrypts the state's secrets; by default that of the environment, then the local cloud's.
        real_secrets: open what is sealed in the stack's file with the passphrase of the environment.
        parallel: how many steps do their work at the same time.
    """

    project: ProjectFile
    name: str
    home: Path
    overrides: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    program: Callable[[], Any] | None = None
    providers: Mapping[str, Provider | Callable[[], Provider]] = field(default_factory=dict)
    passphrase: str | None = None
    real_secrets: bool = False
    parallel: int = PARALLEL

    @cached_property
    def state_file(self) -> StateFile:
        """The stack's state file."""
        return self._state_file(self.project.name, self.name)

    @cached_property
    def account(self) -> Account:
        """Which emulated account the stack was brought up in."""
        return Account(self.state_file.path)

    def config(self) -> Config:
        """Return the configuration that the program gets.

        Raises:
            ConfigError: every mistake at once.
        """
        return resolve(
            self.project,
            self.name,
            overrides=self.overrides,
            secrets=self.secrets,
            passphrase=self.passphrase,
            real_secrets=self.real_secrets,
        )

    def crypter(self) -> Crypter:
        """Return what encrypts the secrets in the stack's state.

        Raises:
            StateError: the state was written with another passphrase, or with the published one where real secrets
                would come into it.
        """
        try:
            crypter = unlock(passphrase_given(self.passphrase), self.state_file.salt())
        except SecretError as error:
            raise StateError(
                f"{self.state_file.path}: {error}. Set PULUMI_CONFIG_PASSPHRASE to the one of the last run"
            ) from None
        if self.real_secrets and crypter.published:
            raise StateError(
                f"{self.state_file.path} is sealed with the local cloud's passphrase, which everybody knows: real "
                f"secrets don't go there. Destroy the stack first: python -m localcloud destroy --stack {self.name}"
            )
        return crypter

    def outputs_of(self, reference: str) -> PropertyMap:
        """Return the outputs of a referenced stack: `stack`, `project/stack` or `organization/project/stack`.

        Raises:
            LookupError: there is no such stack.
        """
        *above, stack = reference.split("/")
        file = self._state_file(above[-1] if above else self.project.name, stack)
        if not file.exists():
            raise LookupError(
                f"there is no stack {reference!r} in {self.home}. "
                f"Bring it up first: python -m localcloud up --stack {stack}"
            )
        crypter = unlock(passphrase_given(self.passphrase), file.salt())
        return root_outputs(file.read(crypter).resources)

    def _state_file(self, project: str, stack: str) -> StateFile:
        return StateFile(self.home / "stacks" / checked("project", project) / f"{checked('stack', stack)}.json")
