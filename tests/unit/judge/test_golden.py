"""Cases that must never be judged otherwise."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, Verdict, combine, require_view, view_of
from upgrade_e2e.timeline import Outcome, Samples, Span, Stream, Timeline, Window

from .figures import figures
from .made import PATIENT, failing, steady, to_timeline

WHOLE = (0, 10_000_000)
INSTRUMENT = Limits.default().instrument


def seen_with(fail, **line):
    return view_of(to_timeline([steady(fail=fail, **line)], *WHOLE), "web")


@pytest.mark.parametrize(
    "outcome",
    [kind for kind in Outcome if kind not in (Outcome.OK, Outcome.NOT_SENT)],
    ids=lambda kind: kind.label,
)
def test_whatever_is_not_ok_is_a_failure(outcome):
    seen = seen_with(failing([500], outcome))
    assert (seen.failures, seen.count) == (1, 1000)
    assert seen.outcomes == {Outcome.OK: 999, outcome: 1}


def test_a_reset_in_the_body_breaks_a_claim():
    seen = require_view(
        to_timeline([steady(fail=failing([500], Outcome.RESET_IN_BODY))], *WHOLE), "web"
    )
    assert not seen.failures_per_s <= Limits.default().http.failures_per_s


def test_an_outcome_of_a_newer_version_is_a_failure():
    seen = seen_with({500: 99})
    assert seen.outcomes == {Outcome.OK: 999, Outcome.OTHER: 1}


def test_not_sent_is_neither_good_nor_bad():
    seen = seen_with(failing([500], Outcome.NOT_SENT))
    assert (seen.failures, seen.count, seen.unsent) == (0, 999, 1)
    assert seen.blind_share == pytest.approx(0.001)


@pytest.mark.parametrize("low", [0, 60_000_000])
def test_zero_samples_are_inconclusive(low):
    """None recorded for the window, whether nothing at all or only outside of it."""
    timeline = to_timeline([steady()], low, low + 10_000_000)
    empty = Samples.empty([Stream("new@worker", "worker", "web", 0.01, 2.0)])
    if low == 0:
        timeline = Timeline(timeline.watched, (), {"web": empty})
    with pytest.raises(Inconclusive, match="no sample of new@worker counts"):
        require_view(timeline, "web")
    blank = view_of(timeline, "web")
    for ask in (lambda: blank.failure_ratio, lambda: blank.availability, lambda: blank.p99_s):
        with pytest.raises(Inconclusive):
            ask()
    assert blank.stream_outages == blank.outages == ()
    assert blank.explain().startswith("web: no sample counts")
    assert figures(blank)["failure_ratio"] is None


def test_no_streams_are_inconclusive():
    with pytest.raises(Inconclusive, match="has no stream"):
        require_view(Timeline(Window(0, 10), (), {"web": Samples.empty()}), "web")


def test_an_observer_that_never_ran_is_inconclusive():
    with pytest.raises(Inconclusive, match=r"dns never ran.*it has: web"):
        require_view(to_timeline([steady()], *WHOLE), "dns")


@pytest.mark.parametrize("window", [(5.0, 5.0), (5.0, 1.0), (math.nan, 5.0), (0.0, math.inf)])
def test_a_window_without_length_is_inconclusive(window):
    samples = to_timeline([steady()], *WHOLE).samples
    with pytest.raises(Inconclusive, match="watched window is empty"):
        require_view(Timeline(Window(*window), (), samples), "web")


def test_an_outage_at_the_first_sample_has_an_open_beginning():
    (outage,) = seen_with(failing(range(10))).stream_outages
    assert (outage.good_before_s, outage.good_after_s) == (None, 0.101)
    assert outage.at_least_s == pytest.approx(0.09)
    assert math.isinf(outage.at_most_s)


def test_an_outage_at_the_last_sample_has_an_open_end():
    (outage,) = seen_with(failing(range(990, 1000))).stream_outages
    assert (outage.good_before_s, outage.good_after_s) == (9.89, None)
    assert outage.at_least_s == pytest.approx(0.09)
    assert math.isinf(outage.at_most_s)


def test_an_outage_of_all_samples_is_open_at_both_ends():
    seen = seen_with(failing(range(1000)))
    (outage,) = seen.stream_outages
    assert (outage.good_before_s, outage.good_after_s) == (None, None)
    assert seen.downtime_s == pytest.approx(9.99)
    assert seen.downtime_at_most_s == seen.longest_gap_s == 10.0
    assert "or more (no good answer before or after)" in seen.explain()


def test_a_single_failure_is_charged_one_interval():
    (outage,) = seen_with(failing([500])).stream_outages
    assert outage.at_least_s == pytest.approx(0.010)
    assert outage.at_most_s == pytest.approx(0.021)


@PATIENT
@given(st.integers(20_000, 9_000_000), st.integers(1, 900_000), st.integers(1, 5_000))
def test_the_bounds_hold_a_planted_outage(start, lasting, wait):
    """Refused while the target is down, answered after `wait` otherwise."""
    line = steady()
    down = [s for s in line.shots if start <= s.sent < start + lasting]
    line.shots = [
        replace(s, latency=wait, outcome=int(Outcome.REFUSED if s in down else Outcome.OK))
        for s in line.shots
    ]
    found = view_of(to_timeline([line], *WHOLE), "web").stream_outages
    assert len(found) == bool(down)
    assert down or lasting <= line.interval
    for outage in found:
        assert outage.at_least_s * 1e6 <= max(lasting, line.interval) + 0.5
        assert lasting <= outage.at_most_s * 1e6 + 0.5


def test_the_bounds_hold_an_outage_that_swallows_packets():
    """Down from 3 to 6 s without a word: a SYN is sent again after 1 s, given up after 2 s."""
    line = steady()
    for number, shot in enumerate(line.shots):
        tries = [shot.sent, shot.sent + 1_000_000]
        heard = [at for at in tries if not 3_000_000 <= at < 6_000_000]
        outcome = Outcome.OK if heard else Outcome.TIMEOUT
        latency = heard[0] - shot.sent + 1_000 if heard else 2_000_000
        line.shots[number] = replace(shot, latency=latency, outcome=int(outcome))
    (outage,) = view_of(to_timeline([line], *WHOLE), "web").stream_outages
    assert outage.at_least_s <= 3.0 <= outage.at_most_s < 3.1


def test_nan_never_passes():
    nan = math.nan
    broken = Limits.default().override({}, "test")
    timeline = to_timeline([steady()], *WHOLE)
    for name in ("blind_share", "stream_blind_share", "masked_share", "min_samples"):
        values = {field: getattr(broken.instrument, field) for field in vars(broken.instrument)}
        instrument = type(broken.instrument)(**{**values, name: nan})
        limits = type(broken)(**{**vars(broken), "instrument": instrument})
        with pytest.raises(Inconclusive):
            require_view(timeline, "web", limits)


def test_no_figure_is_nan_or_infinite():
    scenes = [
        seen_with({}),
        seen_with(failing(range(1000))),
        seen_with(failing(range(1000), Outcome.NOT_SENT)),
        view_of(to_timeline([], *WHOLE), "web"),
        view_of(to_timeline([steady(interval=0)], *WHOLE), "web"),
    ]
    for seen in scenes:
        for name, value in figures(seen).items():
            assert value is None or math.isfinite(value), name


def test_nothing_judged_is_no_pass():
    assert combine([]) is Verdict.INCONCLUSIVE


def test_an_outage_is_named_after_the_step_it_fell_into():
    spans = [
        Span("kubeadm-apply cp", "kubeadm-apply", 0.0, 6.0, "cp"),
        Span("kubeadm-apply cp: etcd", "etcd", 2.0, 6.0, "cp", parent="kubeadm-apply cp"),
        Span("drain worker", "drain", 6.0, 9.0, "worker"),
    ]
    fail = failing([*range(300, 310), *range(595, 620)])
    first, second = view_of(to_timeline([steady(fail=fail)], *WHOLE, spans), "web").outages
    assert first.cause.names == ("kubeadm-apply cp: etcd",)
    assert second.cause.names == ("drain worker", "kubeadm-apply cp: etcd")
    assert second.cause.ambiguous
