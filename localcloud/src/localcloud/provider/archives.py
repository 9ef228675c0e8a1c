"""Assets and archives as the zip that a function's code is uploaded as.

The same content gives the same bytes, whatever the order in which a disk lists it and whenever it was written, so that
nothing is uploaded anew without need.
"""

import base64
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi

#: The date of every member, as the official engine has it:
#: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/archive/archive.go
_DATE = (1990, 1, 1, 0, 0, 0)
_MODE = 0o644
_TAR = (".tar", ".tgz", ".tar.gz")
_ZIP = (".zip", ".jar")


def zip_of(source: Any) -> bytes:  # noqa: ANN401 - an asset or an archive
    """Return the zip of an archive; a file that is a zip is taken as it is.

    Raises:
        ValueError: when there is no such file or folder, or when it is of no kind that an archive can be.
    """
    if isinstance(source, pulumi.FileArchive | pulumi.FileAsset) and str(source.path).endswith(_ZIP):
        return _read(Path(source.path))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        seen = set()
        for name, data in _members(source):
            if name not in seen:  # as in the official engine, the first of a name stands
                member = zipfile.ZipInfo(name, _DATE)
                member.compress_type = zipfile.ZIP_DEFLATED
                member.external_attr = _MODE << 16
                archive.writestr(member, data)
                seen.add(name)
    return content.getvalue()


def sha256_of(source: Any) -> str:  # noqa: ANN401 - an asset or an archive
    """Return the SHA-256 of an archive's zip, in base64 as Lambda tells it."""
    return base64.b64encode(hashlib.sha256(zip_of(source)).digest()).decode()


def _members(source: Any) -> Iterator[tuple[str, bytes]]:  # noqa: ANN401 - an asset or an archive
    if isinstance(source, pulumi.AssetArchive):
        for name in sorted(source.assets):
            inner = source.assets[name]
            if isinstance(inner, pulumi.Archive):
                yield from ((f"{name}/{below}", data) for below, data in _members(inner))
            else:
                yield name, _content(inner)
    elif isinstance(source, pulumi.FileArchive):
        yield from _packed(Path(source.path))
    else:
        raise ValueError(f"a function's code must be an archive of local files, not a {type(source).__name__}")


def _packed(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes()
    elif path.name.endswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(_read(path))) as archive:
            for name in sorted(item.filename for item in archive.infolist() if not item.is_dir()):
                yield name, archive.read(name)
    elif path.name.endswith(_TAR):
        with tarfile.open(fileobj=io.BytesIO(_read(path))) as archive:
            for member in sorted(archive.getmembers(), key=lambda item: item.name):
                if (inner := archive.extractfile(member)) is not None:
                    yield member.name.removeprefix("./"), inner.read()
    elif not path.exists():
        raise ValueError(f"there is no file or folder {path}")
    else:
        raise ValueError(f"{path} is no archive: give a folder, or a file that ends in {', '.join(_ZIP + _TAR)}")


def _content(asset: Any) -> bytes:  # noqa: ANN401 - an asset
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode()
    if isinstance(asset, pulumi.FileAsset):
        return _read(Path(asset.path))
    raise ValueError(f"{getattr(asset, 'uri', asset)} is remote: the local cloud fetches nothing")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
