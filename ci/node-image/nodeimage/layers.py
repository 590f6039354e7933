"""Image layers as tar files whose bytes depend on their content alone."""

import fnmatch
import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# Grants a program file that runs as another user than root the right to bind port 53:
# revision 2 with the effective bit, then the bit of CAP_NET_BIND_SERVICE (10).
NET_BIND_SERVICE = {
    "SCHILY.xattr.security.capability": (
        b"\x01\x00\x00\x02" + (1 << 10).to_bytes(4, "little") + bytes(12)
    ).decode("ascii")
}
# The licence texts stay; what else nobody reads inside a container goes.
UNREAD = ("dev/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/info/*", "var/cache/*")


@dataclass(frozen=True)
class File:
    """A file of a layer: its bytes, or the path of what to copy."""

    path: str
    source: bytes | Path
    mode: int = 0o644
    xattrs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Link:
    """A symbolic link of a layer."""

    path: str
    target: str


@dataclass(frozen=True)
class Folder:
    """A folder of a layer, where its mode matters or nothing is in it."""

    path: str
    mode: int = 0o755


Entry = File | Link | Folder


@dataclass(frozen=True)
class Layer:
    """A finished layer and the digest of its bytes."""

    path: Path
    digest: str


def write(path: Path, entries: Iterable[Entry]) -> Layer:
    """Write the entries, in order, and the folders above them."""
    with (
        path.open("wb") as out,
        tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        seen: set[str] = set()
        for entry in entries:
            _add_parents(tar, entry.path, seen)
            _add(tar, entry)
            seen.add(entry.path)
    return existing(path)


def existing(path: Path) -> Layer:
    """A layer out of a tar file that is there."""
    with path.open("rb") as file:
        return Layer(path, hashlib.file_digest(file, "sha256").hexdigest())


def filtered(source: Path, target: IO[bytes], drop: Iterable[str], extra: Iterable[Entry]) -> None:
    """Copy a root file system without what matches `drop`, then add entries of our own."""
    patterns = tuple(drop)
    added = list(extra)
    replaced = {entry.path for entry in added}
    with (
        tarfile.open(source, mode="r|") as old,
        tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in old:
            member.name = member.name.removeprefix("./")
            if member.name in replaced or _matches(member.name, patterns):
                continue
            member.mtime = 0
            if member.islnk():
                member.linkname = member.linkname.removeprefix("./")
            new.addfile(member, old.extractfile(member) if member.isreg() else None)
        for entry in added:
            _add(new, entry)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _add_parents(tar: tarfile.TarFile, path: str, seen: set[str]) -> None:
    parents = [str(parent) for parent in reversed(Path(path).parents) if str(parent) != "."]
    for parent in parents:
        if parent not in seen:
            _add(tar, Folder(parent))
            seen.add(parent)


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    info = tarfile.TarInfo(entry.path)
    if isinstance(entry, Folder):
        info.type, info.mode = tarfile.DIRTYPE, entry.mode
        tar.addfile(info)
    elif isinstance(entry, Link):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, entry.target
        tar.addfile(info)
    else:
        _add_file(tar, info, entry)


def _add_file(tar: tarfile.TarFile, info: tarfile.TarInfo, entry: File) -> None:
    info.mode, info.pax_headers = entry.mode, dict(entry.xattrs)
    if isinstance(entry.source, bytes):
        info.size = len(entry.source)
        tar.addfile(info, io.BytesIO(entry.source))
        return
    info.size = entry.source.stat().st_size
    with entry.source.open("rb") as content:
        tar.addfile(info, content)
