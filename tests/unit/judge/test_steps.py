"""Which step something fell into, against loops."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.judge.steps import Cause, Steps
from upgrade_e2e.timeline import Span

from . import reference
from .made import PATIENT, span_trees

APPLY = Span("kubeadm-apply cp", "kubeadm-apply", 10, 50, "cp", "a->b")
ETCD = Span("kubeadm-apply cp: etcd", "etcd", 10, 30, "cp", "a->b", APPLY.name)
COREDNS = Span("kubeadm-apply cp: coredns", "coredns", 30, 50, "cp", "a->b", APPLY.name)
DRAIN = Span("drain worker", "drain", 52, 60, "worker", "a->b")
STEPS = Steps((APPLY, ETCD, COREDNS, DRAIN))


@PATIENT
@given(span_trees(), st.integers(-300, 2000), st.integers(0, 500))
def test_all_innermost_spans_by_overlap(spans, start, lasting):
    start_s, end_s = start / 1000, (start + lasting) / 1000
    cause = Steps(tuple(spans)).during(start_s, end_s)
    expected = reference.innermost(spans, start_s, max(end_s, start_s + 1e-6))
    assert set(cause.spans) == set(expected)
    until_s = max(end_s, start_s + 1e-6)
    overlaps = [min(s.end_s, until_s) - max(s.start_s, start_s) for s in cause.spans]
    assert overlaps == sorted(overlaps, reverse=True)
    assert cause.ambiguous == (len(expected) > 1)
    before = [span.end_s for span in spans if span.end_s <= start_s]
    if not expected and before:
        assert cause.previous is not None
        assert cause.previous.end_s == max(before)


def test_a_phase_hides_its_step():
    cause = STEPS.during(12, 14)
    assert cause == Cause((ETCD,))
    assert str(cause) == "kubeadm-apply cp: etcd"


def test_two_steps_are_both_named():
    cause = STEPS.during(49, 59)
    assert cause.names == (DRAIN.name, COREDNS.name)
    assert cause.ambiguous
    assert str(cause) == "drain worker and kubeadm-apply cp: coredns (ambiguous)"


def test_between_steps_the_last_one_is_told():
    cause = STEPS.during(51.5, 51.6)
    assert cause.spans == ()
    assert str(cause) == "outside of any step, 1.5 s after kubeadm-apply cp: coredns"


def test_before_the_first_step():
    assert str(STEPS.during(0, 1)) == "before the first step"


def test_a_moment_has_a_step():
    assert STEPS.during(52, 52).names == (DRAIN.name,)


def test_the_hop_is_told_where_there_are_several():
    again = Span("drain worker", "drain", 152, 160, "worker", "b->c")
    cause = Steps((DRAIN, again)).during(155, 156)
    assert str(cause) == "drain worker (b->c)"


def test_what_an_observer_does_is_to_blame_for_nothing():
    snapshot = Span("snapshot backup-0001.db", "snapshot", 52, 53, "cp")
    steps = Steps((APPLY, ETCD, COREDNS, DRAIN, snapshot))
    assert steps.during(52, 53).names == (DRAIN.name,)
    assert Steps((snapshot,)).during(60, 61).previous is None
    assert steps.named("snapshot") == (snapshot,)
