"""Whole seconds in which something failed or was slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.judge.made import PATIENT, failing, steady, to_timeline
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import view_of
from upgrade_e2e.timeline import Samples, Stream, Timeline, Window

WHOLE = (0, 10_000_000)


def seen(fail, **line):
    """What was seen of 10 s at 100 probes a second, of which these failed."""
    return view_of(to_timeline([steady(fail=failing(fail), **line)], *WHOLE), "web")


def test_a_hole_makes_bad_the_seconds_it_touches():
    bad = seen(range(190, 310)).bad_seconds
    assert (bad.bad, bad.seen) == (3, 10)
    assert seen(range(200, 300)).bad_seconds.bad == 1


def test_one_failure_a_second_makes_every_second_bad():
    assert seen(range(0, 1000, 100)).bad_seconds.bad == 10


def test_a_short_pass_counts_as_one_of_200_seconds():
    assert seen(range(0, 1000, 100)).bad_share == pytest.approx(10 / 200)
    long = to_timeline([steady(count=40_000, fail=failing(range(4000)))], 0, 400_000_000)
    assert view_of(long, "web").bad_share == pytest.approx(40 / 400)


def test_no_failure_no_bad_second():
    assert seen([]).bad_share == 0.0


def test_a_step_has_only_its_own_seconds():
    whole = seen(range(190, 310))
    assert whole.only(stream="new").bad_seconds.bad == 3


def test_nothing_is_said_of_what_was_not_seen():
    stream = Stream("new@worker", "worker", "web", 0.01, 2.0)
    blank = view_of(Timeline(Window(0, 10), (), {"web": Samples.empty([stream])}), "web")
    with pytest.raises(Inconclusive, match="no second was seen"):
        _ = blank.bad_share


@PATIENT
@given(st.sets(st.integers(0, 999)))
def test_it_is_what_counting_one_by_one_gives(fail):
    assert seen(sorted(fail)).bad_seconds.bad == len({number // 100 for number in fail})
