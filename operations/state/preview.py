"""The preview that a command shows after it edited the config file."""

import shutil
import subprocess
from pathlib import Path

from operations.errors import OperationError
from operations.state.stack import Stack


def show(stack: Stack, root: Path) -> int:
    """Show what `up` would do; return the preview's exit code."""
    command = list(stack.preview_command)
    if shutil.which(command[0]) is None:
        raise OperationError(f"there is no {command[0]!r} on the PATH to preview with")
    return subprocess.call(command, cwd=root)
