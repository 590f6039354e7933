"""Clock steps, duplicates and strays: nothing lost, everything told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import require_view, view_of
from upgrade_e2e.timeline import Outcome, Timeline

from .figures import figures
from .made import PATIENT, failing, scenes, steady, to_samples, to_timeline

WHOLE = (0, 10_000_000)


def shifted(line, first, by):
    """From sample `first` on the clock is off by `by` microseconds."""
    line.shots = line.shots[:first] + [
        replace(shot, intended=shot.intended + by) for shot in line.shots[first:]
    ]
    return line


def test_samples_that_were_collected_twice_count_once():
    line = steady(fail=failing([500]))
    line.shots += line.shots[490:510]
    seen = view_of(to_timeline([line], *WHOLE), "web")
    assert (seen.count, seen.failures) == (1000, 1)
    assert seen.notes == ("new@worker: samples recorded twice and counted once: 20",)
    assert seen.blind_share == 0


def test_samples_of_the_same_moment_that_differ_are_both_kept():
    line = steady()
    line.shots.append(replace(line.shots[500], outcome=int(Outcome.REFUSED)))
    seen = view_of(to_timeline([line], *WHOLE), "web")
    assert (seen.count, seen.failures) == (1001, 1)
    assert "its clock stepped" in seen.explain()


def test_events_may_be_alike():
    line = steady(interval=0)
    seen = view_of(to_timeline([line], *WHOLE), "web")
    assert seen.count == 1000
    assert seen.notes == ()


def test_a_step_forward_is_a_gap():
    seen = view_of(to_timeline([shifted(steady(count=800), 400, 2_000_000)], *WHOLE), "web")
    assert seen.count == 800
    assert seen.blind_share == pytest.approx(0.2)


def test_a_step_backward_is_blind_where_the_times_overlap():
    line = shifted(steady(fail=failing([450])), 500, -1_003_000)
    seen = view_of(to_timeline([line], 0, 9_000_000), "web")
    assert (seen.count, seen.failures) == (1000, 1)
    assert seen.blind_share == pytest.approx(1.0 / 9, rel=0.02)
    assert "its clock stepped; counted as blind" in seen.explain()


def test_a_clock_that_steps_all_the_time_is_inconclusive():
    line = steady()
    for first in range(100, 1000, 100):
        shifted(line, first, -903_000)
    with pytest.raises(Inconclusive, match="did not see"):
        require_view(to_timeline([line], 0, 1_900_000), "web")


def test_samples_outside_of_the_window_are_left_out_and_told():
    seen = view_of(to_timeline([steady(fail=failing([10, 500]))], 1_000_000, 8_995_000), "web")
    assert (seen.count, seen.failures) == (800, 1)
    assert seen.notes == ("new@worker: samples outside of the watched window left out: 200",)


def test_both_ends_of_the_window_belong_to_it():
    assert view_of(to_timeline([steady()], 0, 9_990_000), "web").notes == ()


@PATIENT
@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_of_the_record_does_not_matter(scene, random):
    lines, low, high = scene
    timeline = to_timeline(lines, low, high)
    samples = timeline.samples["web"]
    order = np.array(random.sample(range(len(samples)), len(samples)), np.intp)
    mixed = Timeline(timeline.watched, (), {"web": _reordered(samples, order)})
    expected, found = view_of(timeline, "web"), view_of(mixed, "web")
    exact = {"count", "failures", "suspect", "unsent", "blind_share", "p50_s", "p99_s", "max_s"}
    for name in exact:
        assert figures(found)[name] == figures(expected)[name], name


def test_a_record_out_of_order_is_told():
    samples = to_samples([steady()])
    mixed = _reordered(samples, np.arange(len(samples))[::-1])
    seen = view_of(Timeline(to_timeline([], *WHOLE).watched, (), {"web": mixed}), "web")
    assert seen.notes == ("new@worker: its intended times go backwards (places: 999); sorted",)
    assert seen.blind_share == 0


def test_an_answer_before_its_question_takes_no_time():
    line = steady(fail={500: Outcome.TIMEOUT})
    line.shots[500] = replace(line.shots[500], late=5_000, latency=0)
    seen = view_of(to_timeline([line], *WHOLE), "web")
    assert seen.failures == 1


def _reordered(samples, order):
    names = ("stream", "intended_us", "lateness_us", "latency_us", "outcome", "code", "backend")
    return replace(samples, **{name: getattr(samples, name)[order] for name in names})
