"""What of this machine's files a function sees: its own, Python's and the system's programs, nothing of a developer's.

Loaded by `bootstrap` into the function's process, and like it without any import of ours. Where the emulator is root,
the function has a user of its own, or where that can't run this Python, no privileges. On Linux, Landlock refuses it
every other file and process, whoever the user is (https://docs.kernel.org/userspace-api/landlock.html). On other
systems, a function that runs as the developer can read what the developer can: nothing that needs no rights of root
keeps it from that.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterable
from typing import Any

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
#: Root's number alone brings no privileges, also not to programs that it starts.
_SECURE_BITS, _NO_ROOT = 28, 0b11
_CAPABILITIES_VERSION = 0x20080522

#: Rights in the order of their bits, by the version of Landlock that brought them.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _DEVICE = 1 << 14, 1 << 15
_RIGHTS_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE
#: From this version on: abstract sockets and signals reach no process outside.
_SCOPES_VERSION, _SCOPES = 6, 0b11

#: What any program needs of a system.
_PROGRAMS = ("/bin", "/lib", "/lib32", "/lib64", "/sbin", "/usr", "/proc")
_SETTINGS = (
    *("alternatives", "ca-certificates", "gai.conf", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "passwd", "pki", "protocols", "resolv.conf"),
    *("services", "ssl"),
)
_SYSTEM = (*_PROGRAMS, *(f"/etc/{name}" for name in _SETTINGS))
_DEVICES = ("/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")


def confine(sandbox: dict[str, Any]) -> None:
    """Give up what isn't the function's.

    Args:
        sandbox: `read` and `write`, the folders that it may use; `user`, whose number it takes, None for its own.
    """
    if (user := sandbox["user"]) is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        _give_up_privileges(libc)
    _landlock(libc, [*_SYSTEM, *sandbox["read"]], [*_DEVICES, *sandbox["write"]])


def _give_up_privileges(libc: ctypes.CDLL) -> None:
    """Leave root nothing but its files: https://man7.org/linux/man-pages/man7/capabilities.7.html."""
    libc.prctl(_SECURE_BITS, _NO_ROOT, 0, 0, 0)
    if libc.capset(struct.pack("=Ii", _CAPABILITIES_VERSION, 0), bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "the privileges of root stay")


def _landlock(libc: ctypes.CDLL, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Refuse all other files; do nothing where the kernel has no Landlock."""
    version = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG))
    if version < 1:
        return
    rights = max(mask for since, mask in _RIGHTS_BY_VERSION.items() if since <= version)
    scopes = _SCOPES if version >= _SCOPES_VERSION else 0
    attributes = struct.pack("=QQQ", rights, 0, scopes)
    # Older kernels know the structure's beginning only.
    size = 24 if version >= _SCOPES_VERSION else 8
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock makes no rules")
    for path in readable:
        _allow(libc, ruleset, path, rights & _READ)
    for path in writable:
        _allow(libc, ruleset, path, rights)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "Landlock doesn't hold")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this system
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= _OF_FILES
    rule = struct.pack("=Qi", rights, place)
    if libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) != 0:
        raise OSError(ctypes.get_errno(), f"Landlock doesn't take {path}")
    os.close(place)
