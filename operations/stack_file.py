"""The config file of a stack, as a command reads and edits it: comments, order and style stay."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from operations.errors import OperationError

if TYPE_CHECKING:
    from localcloud.engine.config import StackFile


def get(root: Path, stack: str, key: str) -> str | None:
    """Return the text of a key, or None.

    Raises:
        OperationError: the file can't be read.
    """
    from localcloud.engine.config import ConfigError, ProjectFile, StackFile

    try:
        return StackFile(ProjectFile.load(root), stack).get(key)
    except (ConfigError, OSError) as error:
        raise OperationError(f"the config of stack {stack!r} can't be read: {error}") from None


@contextmanager
def edited(root: Path, stack: str) -> Iterator["StackFile"]:
    """Hand out the file, and write it when the block ends well.

    Raises:
        OperationError: the file can't be written.
    """
    from localcloud.engine.config import ConfigError, ProjectFile, StackFile

    try:
        file = StackFile(ProjectFile.load(root), stack)
        yield file
        file.save()
    except (ConfigError, OSError) as error:
        raise OperationError(f"the config of stack {stack!r} can't be written: {error}") from None
