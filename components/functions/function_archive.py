"""The archive of a function that runs inside AWS: its code and what that imports, the same bytes each time.

A function is a folder of `functions/`. Its `requirements.txt` names the distributions that it imports, without
versions: those are the lock file's, as installed. What these need in turn is packed too, by what holds in Lambda and
not on the machine that packs. Only distributions in Python alone are taken, so that the archive runs on any processor.
"""

import io
import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

#: The version of Python that the functions run on: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
PYTHON = "3.13"

_ROOT = Path(__file__).resolve().parents[2]
_REQUIREMENTS = "requirements.txt"
#: What of a function's folder is packed: nothing that an editor or a test run left there.
_SUFFIXES = (".py", ".pem", ".txt", ".json")
#: What Lambda's runtime brings along.
_IN_RUNTIME = frozenset({"boto3", "botocore"})
#: Who installed a distribution, how and from where: different on each machine.
_OF_THE_INSTALLATION = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"})
_BYTECODE = re.compile(r"(^|/)__pycache__/|\.py[co]$")
_NATIVE = re.compile(r"\.(so|pyd|dll|dylib)(\.|$)")
#: The earliest date that the format knows.
_DATE = (1980, 1, 1, 0, 0, 0)
#: A regular file that everybody may read, as Lambda asks.
#: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
_MODE = 0o100644
_UNIX = 3

#: What requirements' conditions are about, in Lambda.
_ENVIRONMENT = {
    "implementation_name": "cpython",
    "implementation_version": f"{PYTHON}.0",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
    "extra": "",
}


class FunctionArchiveError(Exception):
    """A function can't be packed; says which, and what to do."""


def build_archive(function: str, root: Path = _ROOT) -> str:
    """Pack a function into `build/functions/<function>.zip`; return the archive's path, for a `pulumi.FileArchive`.

    The same code and the same versions give the same bytes, whatever machine, folder, time, umask or version of zlib:
    members are sorted, dated and given a mode alike, and stored uncompressed.

    Args:
        function: a folder of `functions/`; at the archive's root it is a package of that name.
        root: the project's folder.

    Raises:
        FunctionArchiveError: when there is no such function, or a distribution isn't there or isn't in Python alone.
    """
    folder = root / "functions" / function
    if not (folder / "__init__.py").is_file():
        raise FunctionArchiveError(f"there is no function {function!r}: functions/{function} isn't a package")
    members = dict(_own(function, folder))
    for found in _distributions(function, folder / _REQUIREMENTS):
        for name, content in _installed(function, found):
            if name in members:
                raise FunctionArchiveError(f"functions/{function}: {found.name} has a file {name}, and so has another")
            members[name] = content
    target = root / "build" / "functions" / f"{function}.zip"
    _write(target, _zip(members))
    return str(target)


def _own(function: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith((".", "__pycache__")) for part in name.split("/"))
        if path.is_file() and path.suffix in _SUFFIXES and not hidden and name != _REQUIREMENTS:
            yield f"{function}/{name}", path.read_bytes()


def _distributions(function: str, requirements: Path) -> Iterator[Distribution]:
    """Find what a function names, and what that needs in turn."""
    wanted = [(name, f"functions/{function}/{_REQUIREMENTS}") for name in _named(function, requirements)]
    seen = set(_IN_RUNTIME)
    while wanted:
        name, by = wanted.pop()
        if canonicalize_name(name) in seen:
            continue
        seen.add(canonicalize_name(name))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            raise FunctionArchiveError(
                f"functions/{function}: the distribution {name}, named by {by}, isn't installed; run `make setup`"
            ) from None
        for text in found.requires or ():
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate(_ENVIRONMENT):
                wanted.append((needed.name, name))
        yield found


def _named(function: str, requirements: Path) -> list[str]:
    lines = requirements.read_text().splitlines() if requirements.is_file() else []
    names = [name for line in lines if (name := line.split("#")[0].strip())]
    for name in names:
        try:
            parsed = Requirement(name)
        except InvalidRequirement:
            parsed = None
        if parsed is None or parsed.name != name:
            raise FunctionArchiveError(
                f"functions/{function}/{_REQUIREMENTS} has the line {name!r}; allowed: a distribution's name alone; "
                "versions are the lock file's"
            )
    return names


def _installed(function: str, found: Distribution) -> Iterator[tuple[str, bytes]]:
    """Read the files of an installed distribution that belong into an archive."""
    if found.files is None:
        raise FunctionArchiveError(
            f"functions/{function}: the distribution {found.name} was installed without a list of its files; "
            "run `make setup` in a fresh checkout"
        )
    if "Root-Is-Purelib: false" in (found.read_text("WHEEL") or ""):
        raise FunctionArchiveError(
            f"functions/{function}: the distribution {found.name} is built for one kind of machine; "
            "allowed: distributions in Python alone"
        )
    for file in found.files:
        name = file.as_posix()
        if _NATIVE.search(file.name):
            raise FunctionArchiveError(
                f"functions/{function}: the distribution {found.name} has a native extension, {name}; "
                "allowed: distributions in Python alone"
            )
        of_the_installation = file.parent.suffix == ".dist-info" and file.name in _OF_THE_INSTALLATION
        if ".." in file.parts or of_the_installation or _BYTECODE.search(name):
            continue
        try:
            yield name, Path(str(file.locate())).read_bytes()
        except OSError as error:
            raise FunctionArchiveError(
                f"functions/{function}: {name} of the distribution {found.name} can't be read ({error.strerror}); "
                "run `make setup` in a fresh checkout"
            ) from None


def _zip(members: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_STORED
            member.create_system = _UNIX
            member.external_attr = _MODE << 16
            archive.writestr(member, members[name])
    return content.getvalue()


def _write(target: Path, content: bytes) -> None:
    """Put an archive in place at once: another run may be reading it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.chmod(0o644)
    unfinished.replace(target)
