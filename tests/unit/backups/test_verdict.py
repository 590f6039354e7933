"""What is said of a snapshot of a pass: one row for each way in which it can be wrong."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.unit.backups.made import OTHER_UID, UID
from upgrade_e2e.backups import SnapshotVerdict, judge_taken
from upgrade_e2e.timeline import BackupLog, CanaryWrite, ReadBack, TakenSnapshot

# A write a second, acknowledged half a second later; the snapshot goes from 10 to 11 s.
WRITES = tuple(CanaryWrite(n, float(n), n + 0.5) for n in range(1, 21))
TAKEN = TakenSnapshot(1, "backup-0001.db", "cp", 10.0, 11.0, size=100, sha256="aa")
WHOLE = ReadBack(
    size=100, sha256="aa", whole_size=100, own_hash=True, hash=1, revision=50, keys=30,
    cluster=UID, writes=((1, 10),), restore_s=0.5,
)  # fmt: skip


def judged(**changes):
    read = dataclasses.replace(WHOLE, **changes)
    return judge_taken(TAKEN, read, BackupLog("place", UID, WRITES, (TAKEN,)))


def test_a_snapshot_with_all_that_was_acknowledged_before_it_is_whole():
    found = judged()
    assert found.is_whole, found
    assert "revision 50" in found.sentence
    assert "All 9 writes" in found.sentence


@pytest.mark.parametrize(
    ("verdict", "words", "changes"),
    [
        ("missing", "gone", {"found": False, "trouble": "x"}),
        ("truncated", "100 bytes of 132 bytes", {"whole_size": 132, "restore_s": None}),
        ("truncated", "0 bytes are there", {"size": 0, "whole_size": None, "restore_s": None}),
        ("flipped", "the SHA-256 at its end does not fit", {"own_hash": False, "restore_s": None}),
        ("unreadable", "no snapshot of etcd", {"whole_size": None, "restore_s": None}),
        ("unreadable", "cannot be restored from it: why", {"restore_s": None, "trouble": "why"}),
        ("foreign", f"{OTHER_UID}, not {UID}", {"cluster": OTHER_UID}),
        ("foreign", "no Kubernetes cluster at all", {"cluster": ""}),
        ("stale", "ends at write 4, and 5 .* up to 9", {"writes": ((1, 4),)}),
        ("stale", "none of the writes of this pass", {"writes": ()}),
        ("incomplete", "1 of 9 .* the first is 5", {"writes": ((1, 4), (6, 10))}),
        ("ahead", "holds write 12", {"writes": ((1, 12),)}),
        ("flipped", "not the file that was saved", {"sha256": "bb"}),
    ],
)
def test_each_way_to_be_wrong_has_its_verdict(verdict, words, changes):
    found = judged(**changes)
    assert found.verdict == SnapshotVerdict(verdict)
    assert re.search(words, found.sentence), found.sentence
    assert not found.is_whole


def test_a_write_on_the_edge_may_be_in_it_or_not():
    assert judged(writes=((1, 10),)).is_whole  # sent before the end, acknowledged after the start
    assert judged(writes=((1, 9),)).is_whole


def test_a_write_without_an_acknowledgement_may_be_missing():
    unanswered = dataclasses.replace(WRITES[4], acknowledged_s=None)
    lost = (*WRITES[:4], unanswered, *WRITES[5:])
    read = dataclasses.replace(WHOLE, writes=((1, 4), (6, 10)))
    assert judge_taken(TAKEN, read, BackupLog("place", UID, lost, (TAKEN,))).is_whole


def test_an_encrypted_snapshot_is_judged_by_its_writes_and_says_so():
    found = judged(cluster="", encrypted=True)
    assert found.is_whole
    assert "encrypted" in found.sentence
    assert judged(cluster="", encrypted=True, writes=()).verdict is SnapshotVerdict.STALE


def test_a_snapshot_without_a_hash_says_what_would_not_show():
    assert "a changed value in it would not show" in judged(own_hash=None).sentence
