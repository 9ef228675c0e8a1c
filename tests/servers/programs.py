"""Where the servers' programs are on this machine, and how they get there."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class ServerMissingError(RuntimeError):
    """A server's program isn't on this machine."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A server's program.

    Attributes:
        name: the server, as people call it.
        package: the Debian package that has it.
        names: what the program is called; the first that is found is taken.
        folders: where packages put it when that isn't on the PATH, as patterns; of several, the highest is taken.
    """

    name: str
    package: str
    names: Sequence[str]
    folders: Sequence[str] = ()

    def find(self) -> Path | None:
        """Return where the program is; None when it isn't on this machine.

        The folders come first: Debian's `rabbitmq-server` on the PATH is a wrapper that runs the server as another
        user, in places of its own.
        """
        for pattern in self.folders:
            for folder in sorted(Path("/").glob(pattern.lstrip("/")), key=_numbers, reverse=True):
                for name in self.names:
                    if os.access(folder / name, os.X_OK):
                        return folder / name
        for name in self.names:
            if found := shutil.which(name):
                return Path(found)
        return None

    def need(self) -> Path:
        """Return where the program is.

        Raises:
            ServerMissingError: when it isn't there, with the command that installs it.
        """
        found = self.find()
        if found is None:
            raise ServerMissingError(
                f"{self.name} isn't on this machine, and this test needs the real server; install it with: "
                f"apt-get install -y {self.package}"
            )
        return found


POSTGRES = Program(name="PostgreSQL", package="postgresql", names=("postgres",), folders=("/usr/lib/postgresql/*/bin",))
REDIS = Program(name="Redis or Valkey", package="redis-server", names=("redis-server", "valkey-server"))
RABBITMQ = Program(
    name="RabbitMQ", package="rabbitmq-server", names=("rabbitmq-server",), folders=("/usr/lib/rabbitmq/bin",)
)
PROGRAMS = (POSTGRES, REDIS, RABBITMQ)


def _numbers(folder: Path) -> list[int]:
    """Sort `postgresql/9` before `postgresql/15`."""
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def install() -> None:
    """Install the programs that aren't there, with Debian's package manager, as root.

    Their services aren't started, nor would they be minded: each test server has ports of its own.

    Raises:
        ServerMissingError: when something is missing and this isn't root on a Debian machine, or it can't be installed.
    """
    missing = [program for program in PROGRAMS if program.find() is None]
    if not missing:
        return
    packages = [program.package for program in missing]
    command = f"apt-get update && apt-get install -y {' '.join(packages)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        names = ", ".join(program.name for program in missing)
        raise ServerMissingError(
            f"the tests need real servers, and these aren't on this machine: {names}; install them as root with: "
            f"{command}"
        )
    # In single user mode, a package starts no service: https://manpages.debian.org/bookworm/init-system-helpers/invoke-rc.d.8.en.html
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for line in (["apt-get", "update", "-qq"], install):
        print(" ".join(line), flush=True)
        done = subprocess.run(line, env=environment, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise ServerMissingError(f"`{' '.join(line)}` ended with {done.returncode}; run by hand: {command}")
    for program in missing:
        program.need()
