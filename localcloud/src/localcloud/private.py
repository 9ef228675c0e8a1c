"""Files that only their owner reads: all that the local cloud keeps, since state, logs and keys are nobody else's."""

import os
import stat
from pathlib import Path

_FOLDER, _FILE = 0o700, 0o600


class NotPrivateError(Exception):
    """A folder that can't be made private; the message says which, and what to do."""


def make_folder(path: Path) -> Path:
    """Make a folder that only its owner enters, with its parents where they are missing; close one that is open.

    Raises:
        NotPrivateError: it is somebody else's, or shared by all, as `/tmp` is.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=_FOLDER, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_ISVTX:
        raise NotPrivateError(f"{path} isn't yours alone: name another folder, such as LOCALCLOUD_HOME=~/cloud")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(_FOLDER)
    return path


def make_file(path: Path) -> None:
    """Make a file that only its owner reads, unless it is there."""
    os.close(opener(str(path), os.O_WRONLY | os.O_CREAT))


def close_to_others(path: Path) -> None:
    """Make a file, or a folder with all that is in it, its owner's alone; leave out what isn't there."""
    if path.is_symlink() or not path.exists():
        return
    if path.is_dir():
        make_folder(path)
        for inside in path.iterdir():
            close_to_others(inside)
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(_FILE)


def opener(path: str, flags: int) -> int:
    """Open a file for `open(…, opener=opener)`: made with 0600, and closed to others where it was there before."""
    descriptor = os.open(path, flags, _FILE)
    if flags & (os.O_WRONLY | os.O_RDWR):
        os.fchmod(descriptor, _FILE)
    return descriptor
