"""What the file of a snapshot says of itself, before any program of etcd opens it.

A snapshot is a bbolt database, and behind it the SHA-256 of all bytes before, which etcdctl puts
there. The database begins with two copies of a header, its meta pages, which say how many pages it
has. So a file that was cut differs from one with a wrong byte. A program that maps a file which was
cut into memory, as those of etcd do, may be killed where it reads beyond the end.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HASH_SIZE", "FileLook", "look_at"]

HASH_SIZE = 32
_PAGE_HEADER = 16
# go.etcd.io/bbolt, type Meta: magic, version, page size, flags; root page, its sequence, freelist,
# the number of pages, transaction; then the checksum of all that. Little endian on all that etcd
# is made for.
_META = struct.Struct("<4I6Q")
_CHECKED = _META.size - 8
_MAGIC = 0xED0CDAED
_PAGE_SIZES = (1024, 2048, 4096, 8192, 16384, 32768, 65536)
_CHUNK = 1 << 20
_FNV_START, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


@dataclass(frozen=True)
class FileLook:
    """Sizes in bytes: of the file, and of the database in it by its header (None without one).

    `own_hash` says whether the last 32 bytes are the SHA-256 of those before; None where nothing
    is behind the database.
    """

    size: int
    sha256: str
    database_size: int | None
    own_hash: bool | None

    @property
    def whole_size(self) -> int | None:
        """The least size of a whole file: the database, and its hash unless it ends right there."""
        if self.database_size is None or self.size == self.database_size:
            return self.database_size
        return self.database_size + HASH_SIZE


def look_at(file: Path) -> FileLook:
    """Read a file; raises OSError when that fails."""
    size = file.stat().st_size
    all_bytes, body = hashlib.sha256(), hashlib.sha256()
    left, tail = max(0, size - HASH_SIZE), b""
    with file.open("rb") as opened:
        head = opened.read(2 * _PAGE_SIZES[-1])
        opened.seek(0)
        while chunk := opened.read(_CHUNK):
            all_bytes.update(chunk)
            body.update(chunk[:left])
            left -= min(left, len(chunk))
            tail = (tail + chunk)[-HASH_SIZE:]
    database_size = _database_size(head)
    own_hash = None if size in {0, database_size} else body.digest() == tail
    return FileLook(size, all_bytes.hexdigest(), database_size, own_hash)


def _database_size(head: bytes) -> int | None:
    """How long the database is, by the newer of its headers that are whole."""
    metas = list(_metas(head))
    return max(metas)[1] if metas else None


def _metas(head: bytes) -> Iterator[tuple[int, int]]:
    """Transaction and size of the database, by each whole header."""
    for at in (0, *_PAGE_SIZES):
        raw = head[at + _PAGE_HEADER : at + _PAGE_HEADER + _META.size]
        if len(raw) < _META.size:
            return
        magic, _, page_size, _, _, _, _, pages, transaction, checksum = _META.unpack(raw)
        fits = at in {0, page_size} and magic == _MAGIC
        if fits and checksum == _fnv1a(raw[:_CHECKED]):
            yield transaction, pages * page_size


def _fnv1a(data: bytes) -> int:
    """The checksum of bbolt: FNV-1a of 64 bits, which the standard library does not have."""
    value = _FNV_START
    for byte in data:
        value = ((value ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return value
