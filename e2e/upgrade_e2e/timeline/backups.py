"""What is known of backups of etcd: the writes that went on, the snapshots, what each one holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["BackupLog", "CanaryWrite", "ReadBack", "TakenSnapshot", "in_ranges", "number_ranges"]


@dataclass(frozen=True)
class CanaryWrite:
    """One numbered write through the API; times are seconds since the origin.

    `acknowledged_s` is None where no acknowledgement came: such a write may be there or not.
    `revision` is the one that etcd gave to it, 0 where that is not known.
    """

    number: int
    sent_s: float
    acknowledged_s: float | None = None
    revision: int = 0


@dataclass(frozen=True)
class ReadBack:
    """What a stored snapshot turned out to be.

    `found` is false where it is no longer in its place. `size` is in bytes, `whole_size` what its
    own header says that it must have at least; None where it has no such header. `own_hash` says
    whether the SHA-256 that etcdctl puts at its end fits; None where there is none. `hash`,
    `revision` and `keys` are those of `etcdutl snapshot status`. `cluster` is the UID of the
    Namespace kube-system in it, empty where there is none or it is `encrypted`. `writes` are the
    numbers of the canary writes in it, as ranges with both ends. `restore_s` is how long it took
    until a lone etcd answered from it; None where it never did, and then `trouble` says why.
    """

    found: bool = True
    size: int = 0
    sha256: str = ""
    whole_size: int | None = None
    own_hash: bool | None = None
    hash: int | None = None
    revision: int | None = None
    keys: int | None = None
    cluster: str = ""
    encrypted: bool = False
    writes: tuple[tuple[int, int], ...] = ()
    restore_s: float | None = None
    trouble: str = ""


@dataclass(frozen=True)
class TakenSnapshot:
    """One snapshot of a pass, from etcd on `node`; times are seconds since the origin.

    `error` says why it failed; empty when it was stored as `name`, with this size in bytes and this
    SHA-256. `read` is what was found when it was read back; None where that was never tried.
    """

    number: int
    name: str
    node: str
    start_s: float
    end_s: float
    size: int = 0
    sha256: str = ""
    error: str = ""
    read: ReadBack | None = None


@dataclass(frozen=True)
class BackupLog:
    """Everything that one observer of backups did in a pass.

    `location` is where the snapshots are, `cluster` the UID of the Namespace kube-system. `trouble`
    says why some were not read back; empty when all were.
    """

    location: str
    cluster: str
    writes: tuple[CanaryWrite, ...] = ()
    snapshots: tuple[TakenSnapshot, ...] = ()
    trouble: str = ""


def number_ranges(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Whole numbers as ranges with both ends: 1, 2, 3, 7 are (1, 3) and (7, 7)."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return tuple(ranges)


def in_ranges(ranges: Iterable[tuple[int, int]]) -> frozenset[int]:
    """The numbers that such ranges hold."""
    return frozenset(number for first, last in ranges for number in range(first, last + 1))
