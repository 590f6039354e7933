"""What can be said of a snapshot that was read back: one word, and a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from upgrade_e2e.format import duration
from upgrade_e2e.timeline.backups import BackupLog, ReadBack, TakenSnapshot, in_ranges

__all__ = [
    "JudgedSnapshot",
    "SnapshotVerdict",
    "cluster_flaw",
    "file_flaw",
    "judge_taken",
    "size_in_words",
    "whole_sentence",
]

_MIB = 1 << 20


class SnapshotVerdict(StrEnum):
    """What a stored snapshot is worth."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    FLIPPED = "flipped"
    """Its bytes are not those that were saved, though none is missing: a hash does not fit."""
    STALE = "stale"
    """Of an earlier time than it should be: what was written last before it is missing."""
    AHEAD = "ahead"
    """Of a later time than it should be: it holds what was written only after it."""
    INCOMPLETE = "incomplete"
    """An acknowledged write is missing, though later ones are there."""
    FOREIGN = "foreign"
    """Of another cluster."""
    MISSING = "missing"
    UNREADABLE = "unreadable"
    """etcd cannot be restored from it, for another reason."""


Flaw = tuple[SnapshotVerdict, str]


@dataclass(frozen=True, repr=False)
class JudgedSnapshot:
    """One snapshot with its verdict, and why, as a sentence."""

    taken: TakenSnapshot
    verdict: SnapshotVerdict
    sentence: str

    def __repr__(self) -> str:
        return f"<{self.taken.name}: {self.verdict}>"

    @property
    def is_whole(self) -> bool:
        """Whether a cluster could be restored from it."""
        return self.verdict is SnapshotVerdict.WHOLE


def judge_taken(taken: TakenSnapshot, read: ReadBack, log: BackupLog) -> JudgedSnapshot:
    """A snapshot of a pass, next to what was written before and after it."""
    flaw = (
        file_flaw(read)
        or cluster_flaw(read, log.cluster)
        or _writes_flaw(taken, read, log)
        or _content_flaw(taken, read)
    )
    if flaw is None:
        count = len(_acknowledged_before(taken, log))
        flaw = (
            SnapshotVerdict.WHOLE,
            (
                f"{whole_sentence(read)} All {count} writes that were acknowledged before it are "
                "in it."
            ),
        )
    return JudgedSnapshot(taken, *flaw)


def file_flaw(read: ReadBack) -> Flaw | None:
    """What is wrong with the file itself; None when etcd was restored from it."""
    if not read.found:
        return SnapshotVerdict.MISSING, f"It is gone: {read.trouble}."
    if read.size == 0 or (read.whole_size is not None and read.size < read.whole_size):
        wanted = "" if read.whole_size is None else f" of {size_in_words(read.whole_size)}"
        return SnapshotVerdict.TRUNCATED, (
            f"It was cut: {size_in_words(read.size)}{wanted} are there."
        )
    if read.size and read.whole_size is None:
        return SnapshotVerdict.UNREADABLE, f"It is no snapshot of etcd: {read.trouble}."
    if read.own_hash is False:
        return SnapshotVerdict.FLIPPED, (
            "Its bytes have changed since it was saved: the SHA-256 at its end does not fit."
        )
    if read.restore_s is None:
        return SnapshotVerdict.UNREADABLE, f"etcd cannot be restored from it: {read.trouble}."
    return None


def cluster_flaw(read: ReadBack, cluster: str) -> Flaw | None:
    """Whether it is of another cluster than the one with this UID; None where that is not known."""
    if not cluster or read.encrypted or read.cluster == cluster:
        return None
    if not read.cluster:
        return SnapshotVerdict.FOREIGN, "It holds no Kubernetes cluster at all."
    return SnapshotVerdict.FOREIGN, (
        f"It is of another cluster: the UID of its Namespace kube-system is {read.cluster}, not "
        f"{cluster}."
    )


def whole_sentence(read: ReadBack) -> str:
    """What was found in a snapshot that could be restored."""
    said = (
        f"Restored in {duration(read.restore_s)}: {size_in_words(read.size)}, revision "
        f"{read.revision}, {read.keys} keys, hash {read.hash}."
    )
    if read.own_hash is None:
        said += " It has no SHA-256 at its end, so a changed value in it would not show."
    if read.encrypted:
        said += (
            " Its values are encrypted, so it cannot be read from it which cluster it is of, and "
            "it is worth nothing without the key."
        )
    return said


def size_in_words(size: int) -> str:
    """`2.1 MiB`, or bytes where it is less than a tenth of that."""
    return f"{size} bytes" if size < _MIB / 10 else f"{size / _MIB:.1f} MiB"


def _acknowledged_before(taken: TakenSnapshot, log: BackupLog) -> frozenset[int]:
    return frozenset(
        write.number
        for write in log.writes
        if write.acknowledged_s is not None and write.acknowledged_s < taken.start_s
    )


def _writes_flaw(taken: TakenSnapshot, read: ReadBack, log: BackupLog) -> Flaw | None:
    """What does not fit between the writes that went on and those that are in it."""
    present, wanted = in_ranges(read.writes), _acknowledged_before(taken, log)
    missing = wanted - present
    later = {write.number for write in log.writes if write.sent_s > taken.end_s} & present
    if later:
        return SnapshotVerdict.AHEAD, (
            f"It holds write {min(later)}, which was sent only after it had been taken."
        )
    if not missing:
        return None
    newest = max(present, default=0)
    if min(missing) > newest:
        last = f"write {newest}" if newest else "none of the writes of this pass"
        return SnapshotVerdict.STALE, (
            f"It is older than it should be: it ends at {last}, and {len(missing)} writes that "
            f"were acknowledged before it, up to {max(missing)}, are missing."
        )
    return SnapshotVerdict.INCOMPLETE, (
        f"{len(missing)} of {len(wanted)} writes that were acknowledged before it are missing, the "
        f"first is {min(missing)}, though later ones are there."
    )


def _content_flaw(taken: TakenSnapshot, read: ReadBack) -> Flaw | None:
    if taken.sha256 == read.sha256:
        return None
    return SnapshotVerdict.FLIPPED, (
        f"It is not the file that was saved: its SHA-256 was {taken.sha256[:12]} and is now "
        f"{read.sha256[:12]}."
    )
