"""Reading a stored snapshot back: fetched, looked at, restored, and asked what it holds."""

from __future__ import annotations

import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from upgrade_e2e.backups.file_look import HASH_SIZE, FileLook, look_at
from upgrade_e2e.backups.locations import Location
from upgrade_e2e.backups.lone_etcd import LoneEtcd, restored, status_of
from upgrade_e2e.backups.programs import EtcdPrograms
from upgrade_e2e.errors import BadInput, CommandFailed, E2eError
from upgrade_e2e.timeline.backups import ReadBack, number_ranges

__all__ = ["CLUSTER_KEY", "read_back_snapshot"]

CLUSTER_KEY = "/registry/namespaces/kube-system"
"""Under the prefix that the API server has unless `--etcd-prefix` names another one."""
_ENCRYPTED = b"k8s:enc:"
_UID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"\d+")
_ERRORS = ("Error:", "panic:", "fatal error:")
"""How a line of a Go program begins that says why it ended; a stack may follow."""
_MOST_WORDS = 400
_NO_ROOM = "no space left on device"
"""ENOSPC, as programs in Go and in C say it."""


def read_back_snapshot(
    location: Location, name: str, programs: EtcdPrograms, scratch: Path, canaries: str = ""
) -> ReadBack:
    """What one snapshot of a location turns out to be.

    `canaries` is what the keys of numbered writes begin with; none are looked for without it. Works
    in a folder of its own below `scratch`, which is gone afterwards. A snapshot that cannot be
    restored is an answer, with its reason. Raises BadInput only where the location cannot be used,
    or this machine has no room for it.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="restore-", dir=scratch) as folder:
        file = Path(folder) / "snapshot.db"
        try:
            location.fetch(name, file)
        except FileNotFoundError:
            return ReadBack(found=False, trouble=f"{name} is no longer in {location.shown}")
        look = look_at(file)
        read = ReadBack(
            size=look.size, sha256=look.sha256, whole_size=look.whole_size, own_hash=look.own_hash
        )
        if (damage := _damage(look)) != "":
            return replace(read, trouble=damage)
        try:
            status = status_of(programs, file)
        except E2eError as error:
            return replace(read, trouble=_why(error, name, scratch))
        read = replace(
            read, hash=status["hash"], revision=status["revision"], keys=status["totalKey"]
        )
        try:
            return _restored(read, programs, file, canaries, begun)
        except E2eError as error:
            return replace(read, trouble=_why(error, name, scratch))


def _damage(look: FileLook) -> str:
    """Why a file need not be given to etcd's programs; empty when it may be."""
    if look.database_size is None:
        return "it does not begin as a database of etcd does"
    if look.whole_size is not None and look.size < look.whole_size:
        return f"it ends after {look.size} of {look.whole_size} bytes"
    if look.own_hash is False:
        return f"the SHA-256 in its last {HASH_SIZE} bytes is not that of the bytes before"
    return ""


def _restored(
    read: ReadBack, programs: EtcdPrograms, file: Path, canaries: str, begun: float
) -> ReadBack:
    with restored(programs, file, file.parent, has_hash=read.own_hash is not None) as etcd:
        stored = etcd.value(CLUSTER_KEY)
        restore_s = time.monotonic() - begun
        if read.revision is not None and etcd.revision() < read.revision:
            raise E2eError(
                f"the restored etcd is at revision {etcd.revision()}, and the snapshot at "
                f"{read.revision}"
            )
        encrypted = stored is not None and stored.startswith(_ENCRYPTED)
        uid = None if stored is None or encrypted else _UID.search(stored)
        return replace(
            read,
            cluster=uid[0].decode() if uid else "",
            encrypted=encrypted,
            writes=_writes(etcd, canaries),
            restore_s=restore_s,
        )


def _writes(etcd: LoneEtcd, canaries: str) -> tuple[tuple[int, int], ...]:
    if not canaries:
        return ()
    rests = (key.removeprefix(canaries) for key in etcd.keys(canaries))
    return number_ranges(int(rest) for rest in rests if _NUMBER.fullmatch(rest))


def _why(error: E2eError, name: str, scratch: Path) -> str:
    """Why it cannot be restored; raises BadInput where that is the fault of this machine."""
    if _NO_ROOM in str(error).lower():
        raise BadInput(
            f"there is no room in {scratch} to restore {name}, which takes twice the size of the "
            "snapshot; free some. `backup check` uses the folder that TMPDIR names."
        ) from error
    return _short(error)


def _short(error: E2eError) -> str:
    """The reason in one line: for a program the line with its error, else the last that it said."""
    said = error.output.strip().splitlines() if isinstance(error, CommandFailed) else []
    named = [line for line in said if line.startswith(_ERRORS)]
    text = next(iter(named or said[-1:]), " ".join(str(error).split()))
    return text[:_MOST_WORDS]
