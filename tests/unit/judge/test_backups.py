"""What claims about backups are made of."""

from __future__ import annotations

import dataclasses

import pytest

from tests.unit.backups.made import OTHER_UID, UID
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, claimable_backups, view_of_backups
from upgrade_e2e.timeline import (
    BackupLog,
    CanaryWrite,
    ReadBack,
    Span,
    TakenSnapshot,
    Timeline,
    Window,
)

HOP = "v1.33.13->v1.34.4"
SPANS = (
    Span("deploy", "deploy", 0.0, 10.0),
    Span("kubeadm-apply cp", "kubeadm-apply", 100.0, 200.0, "cp", HOP),
    Span("drain worker", "drain", 200.0, 250.0, "worker", HOP),
    Span("snapshot x", "snapshot", 215.0, 215.5, "cp"),
)
WRITES = tuple(CanaryWrite(n, float(n), n + 0.1) for n in range(1, 300))


def taken(number, at_s, *, size=1000, error="", **changes):
    """A snapshot that is whole but for what is changed."""
    read = ReadBack(
        size=size, sha256="aa", whole_size=size, own_hash=True, hash=1, revision=round(at_s),
        keys=3, cluster=UID, writes=((1, int(at_s)),), restore_s=number / 10,
    )  # fmt: skip
    read = None if error else dataclasses.replace(read, **changes)
    name = f"backup-{number:04d}.db"
    return TakenSnapshot(
        number, name, "cp", at_s, at_s + 0.5, size=size, sha256="aa", error=error, read=read
    )


GOOD = (taken(1, 50.5), taken(2, 215.0), taken(3, 290.0))


def seen(*snapshots, alone=True, spans=SPANS, writes=WRITES, **log):
    backups = {"backup": BackupLog("place", UID, writes, snapshots, **log)}
    timeline = Timeline(Window(60.0, 300.0), spans, backups=backups)
    return view_of_backups(timeline, "backup", alone=alone)


def test_whole_snapshots_on_both_sides_are_well():
    found = seen(*GOOD)
    assert not found.damaged
    assert not found.failed
    assert found.is_on_both_sides
    assert found.size_factor == 1.0
    assert found.restore_s == pytest.approx(0.3)
    assert "3 of 3 snapshots are whole" in found.explain()


def test_a_damaged_snapshot_is_named_with_its_step_and_node():
    found = seen(GOOD[0], taken(2, 215.0, cluster=OTHER_UID), GOOD[2])
    assert [one.verdict.value for one in found.damaged] == ["foreign"]
    explained = found.explain()
    assert "backup-0002.db, from cp at 215.00 s, drain worker, is foreign" in explained
    assert "2 of 3 snapshots are whole" in explained
    assert repr(found) == "<backup: 3 snapshots>"
    assert repr(found.damaged) == "(<backup-0002.db: foreign>,)"


@pytest.mark.parametrize(
    ("at_s", "alone", "count"), [(150.0, True, 0), (150.0, False, 1), (230.0, True, 1)]
)
def test_only_the_replacing_of_the_only_etcd_excuses_a_failure(at_s, alone, count):
    found = seen(*GOOD, taken(4, at_s, error="no answer"), alone=alone)
    assert len(found.failed) == count
    assert ("failed: no answer" in found.explain()) is bool(count)
    assert ("only etcd was being replaced" in found.explain()) is not bool(count)


@pytest.mark.parametrize("kept", [GOOD[:2], GOOD[1:]])
def test_one_before_and_one_after_are_needed(kept):
    found = seen(*kept)
    assert not found.is_on_both_sides
    assert "no whole snapshot from before the upgrade, or none from after it" in found.explain()


def test_a_snapshot_that_is_not_whole_is_on_no_side():
    assert not seen(*GOOD[:2], taken(3, 290.0, cluster=OTHER_UID)).is_on_both_sides


def test_without_steps_there_are_no_sides():
    assert seen(GOOD[0], spans=SPANS[:1]).is_on_both_sides


def test_the_age_is_that_of_the_newest_whole_snapshot_at_worst():
    assert seen(*GOOD).oldest_s == pytest.approx(215.5 - 50.5)
    assert seen(*GOOD[:2]).oldest_s == pytest.approx(165.0)
    between = (taken(1, 70.0), taken(2, 80.0))
    assert seen(*between).oldest_s == pytest.approx(300.0 - 80.0)
    assert seen().oldest_s == pytest.approx(240.0)


@pytest.mark.parametrize(
    ("sizes_mib", "factor"),
    [((10, 30, 30), 3.0), ((30, 10, 15), 3.0), ((2, 5, 9), 1.0), ((1, 9, 10), 9.0)],
)
def test_sizes_that_jump_show_in_either_direction_and_a_young_etcd_may_grow(sizes_mib, factor):
    made = [taken(n, 50.5 + 80 * n, size=size * 2**20) for n, size in enumerate(sizes_mib)]
    assert seen(*made).size_factor == factor


def claimable(found):
    return claimable_backups(found, Limits.default().instrument)


def test_what_was_not_read_back_proves_nothing():
    unread = dataclasses.replace(GOOD[1], read=None)
    with pytest.raises(Inconclusive, match="1 of 3 snapshots were not read back: no programs"):
        claimable(seen(GOOD[0], unread, GOOD[2], trouble="no programs"))


def test_no_snapshot_at_all_proves_nothing():
    with pytest.raises(Inconclusive, match="no snapshot was stored: no answer"):
        claimable(seen(taken(1, 50.0, error="no answer")))
    with pytest.raises(Inconclusive, match="took no snapshot"):
        view_of_backups(Timeline(Window(0, 1)), "backup", alone=True)


def test_too_few_writes_prove_nothing():
    with pytest.raises(Inconclusive, match="only 50 writes were acknowledged"):
        claimable(seen(*GOOD, writes=WRITES[:50]))
    assert claimable(seen(*GOOD)).judged


def test_snapshots_are_no_step_that_could_be_to_blame():
    found = seen(GOOD[0], taken(2, 215.0, cluster=OTHER_UID))
    assert "snapshot x" not in found.explain()
