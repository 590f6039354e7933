"""Figures of etcd: what counts, what is left out while a member restarts, and what is unknown."""

from __future__ import annotations

import pytest

from tests.unit.judge.made import steady, to_timeline
from tests.unit.judge.readings import series
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Etcd, view_of
from upgrade_e2e.timeline import Outcome, Readings, Span, Timeline

SECOND = 1_000_000
HOP = "v1.33.13->v1.34.4"
APPLY = Span("kubeadm-apply control-plane", "kubeadm-apply", 20.0, 40.0, "control-plane", HOP)
SWAP = Span("swap-kubelet control-plane", "swap-kubelet", 60.0, 70.0, "control-plane", HOP)
PHASE = Span("etcd", "phase", 45.0, 50.0, "control-plane", HOP, parent=APPLY.name)
WORKER = Span("drain worker", "drain", 80.0, 90.0, "worker", HOP)
SPANS = (APPLY, SWAP, PHASE, WORKER)
ONE, TWO = "e2e-control-plane", "e2e-control-plane2"


def lines(nodes=(ONE,), *, fail=None, alarm=None, canaries=None):
    """100 s of the streams of etcd: by second, which answers failed."""
    for node in nodes:
        for name, failed in (("metrics", fail), ("alarms", alarm)):
            yield steady(
                count=100,
                interval=SECOND,
                name=f"{name}@{node}",
                node=node,
                target=f"etcd on {node}",
                fail=failed,
            )
    yield steady(
        count=100, interval=SECOND, name="canary@host", node="host", target="etcd", fail=canaries
    )


def etcd(*readings, nodes=(ONE,), spans=SPANS, **failed):
    """What was seen in 100 s."""
    made = to_timeline(list(lines(nodes, **failed)), 0, 100 * SECOND, spans)
    read = {"web": Readings(readings)}
    return Etcd(view_of(Timeline(made.watched, made.spans, made.samples, read), "web"))


def led(*without, node=ONE):
    """A member that says in these seconds that it has no leader."""
    rows = [(second * SECOND, 0.0 if second in without else 1.0) for second in range(100)]
    return series("etcd_server_has_leader", *rows, node=node, stream="metrics")


def number(metric, *values, node=ONE, **labels):
    """A metric with a value a second."""
    rows = [(second * SECOND, value) for second, value in enumerate(values)]
    return series(metric, *rows, node=node, stream="metrics", **labels)


def during(start, end, outcome=Outcome.TIMEOUT):
    """All probes of these seconds failed."""
    return dict.fromkeys(range(start, end), outcome)


def test_a_member_need_not_answer_while_it_is_restarted():
    assert etcd(fail=during(20, 40)).answers.longest_silence_s == 0
    assert etcd(fail=during(60, 70)).answers.longest_silence_s == 0


def test_a_member_has_to_answer_at_all_other_times():
    for start, end in ((42, 58), (80, 96)):
        assert etcd(fail=during(start, end)).answers.longest_silence_s >= end - start - 1


def test_a_restart_of_one_member_excuses_no_other():
    silent = etcd(nodes=(ONE, TWO), fail=during(21, 39)).answers
    assert silent.on(ONE).longest_silence_s == 0
    assert silent.on(TWO).longest_silence_s >= 17


def test_the_time_without_a_leader_is_that_between_restarts():
    found = etcd(led(*range(21, 39), 45, 46, 47, 50))
    assert found.leaderless_s == {ONE: 2.0}
    assert found.explain_leaderless(ONE).startswith(f"{ONE}: 2 s without a leader, from ")
    assert etcd(led()).leaderless_s == {ONE: 0.0}


def test_leader_changes_are_those_of_the_member_that_saw_most():
    metric = "etcd_server_leader_changes_seen_total"
    some = [number(metric, 5, 6, 1, 1), number(metric, 2, 2, 2, 3, node=TWO)]
    assert etcd(*some, nodes=(ONE, TWO)).leader_changes == 2


def test_a_member_is_rolled_once_a_hop_however_often_it_starts():
    metric = "process_start_time_seconds"
    often = number(metric, 1000.0, 1001.0, 1050.0, 1090.0)  # the clock was corrected by a second
    never = number(metric, 900.0, 900.0, node=TWO)
    assert etcd(often, never, nodes=(ONE, TWO)).rolled == 1
    second_hop = Span("kubeadm-apply control-plane", "kubeadm-apply", 72.0, 73.0, hop="other")
    assert etcd(often, never, nodes=(ONE, TWO), spans=(*SPANS, second_hop)).rolled == 2


def test_percentiles_are_by_member():
    metric = "etcd_disk_wal_fsync_duration_seconds_bucket"
    fast = [number(metric, 0, 100, le=le) for le in ("0.01", "+Inf")]
    slow = [number(metric, 0, n, node=TWO, le=le) for le, n in (("0.01", 0), ("1", 9), ("+Inf", 9))]
    found = etcd(*fast, *slow, nodes=(ONE, TWO)).fsync_p99_s
    assert found[ONE] == pytest.approx(0.0099)
    assert 0.9 < found[TWO] <= 1


def test_the_share_of_the_quota_is_the_largest_of_the_pass():
    sizes = number("etcd_mvcc_db_total_size_in_bytes", 10, 95, 50)
    found = etcd(sizes, number("etcd_server_quota_backend_bytes", 100, 100))
    assert found.quota_share == {ONE: 0.95}


def test_an_alarm_is_a_5xx_outside_of_restarts():
    assert etcd(alarm=during(50, 53, Outcome.HTTP_5XX)).alarmed == 3
    assert etcd(alarm=during(25, 30, Outcome.HTTP_5XX)).alarmed == 0
    assert etcd(alarm=during(50, 53, Outcome.REFUSED)).alarmed == 0


def at_the_end(metric, value, node="", **labels):
    """What was asked once, when watching had ended."""
    return series(metric, (100 * SECOND, value), node=node, stream="", **labels)


def test_alarms_that_are_left_are_named():
    assert etcd(at_the_end("etcd_alarms", 1.0, kinds="NOSPACE")).alarms_left == "NOSPACE"
    assert etcd(at_the_end("etcd_alarms", 0.0, kinds="")).alarms_left == ""


def test_hashes_are_by_member():
    some = [at_the_end("etcd_hashkv", 4e9, ONE), at_the_end("etcd_hashkv", 7.0, TWO)]
    assert etcd(*some, nodes=(ONE, TWO)).hashes == {ONE: 4_000_000_000, TWO: 7}


def test_a_write_that_was_lost_in_the_middle_is_counted():
    found = etcd(canaries={30: Outcome.LOST, 31: Outcome.LOST})
    assert found.lost == 2
    assert "2 lost" in found.seen.only(stream="canary").explain()


def test_what_was_not_asked_is_not_known():
    found = etcd(number("unrelated", 1, 2))
    for figure in ("leaderless_s", "leader_changes", "rolled", "fsync_p99_s", "hashes"):
        with pytest.raises(Inconclusive, match="nothing was read of"):
            getattr(found, figure)


def test_canaries_that_were_not_looked_for_are_not_known_to_be_there():
    made = to_timeline(list(lines()), 0, 100 * SECOND)
    canary = made.samples["web"].streams[-1].name
    samples = made.samples["web"]
    index = [stream.name for stream in samples.streams].index(canary)
    unseen = samples.where(samples.stream != index)
    seen = view_of(Timeline(made.watched, made.spans, {"web": unseen}), "web")
    with pytest.raises(Inconclusive, match="no write was looked for"):
        _ = Etcd(seen).lost
