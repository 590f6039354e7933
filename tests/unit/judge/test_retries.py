"""A client that tries again once is hurt only when the second try fails too."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.judge.made import PATIENT, failing, steady, to_timeline
from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import view_of

WHOLE = (0, 10_000_000)


def seen(fail, **line):
    """What was seen of 10 s at 100 probes a second, of which these failed."""
    return view_of(to_timeline([steady(fail=failing(fail), **line)], *WHOLE), "web")


def test_an_outage_that_is_shorter_than_the_wait_is_not_felt():
    felt = seen(range(300, 500)).retried(5.0)
    assert (felt.count, felt.failures, felt.unknown) == (1000, 0, 0)
    assert felt.failure_ratio == 0


def test_what_lasts_longer_than_the_wait_is_felt_by_those_who_came_early():
    felt = seen(range(100, 700)).retried(5.0)
    assert (felt.count, felt.failures, felt.unknown) == (800, 100, 200)
    assert felt.failure_ratio == pytest.approx(0.125)


def test_a_second_try_that_was_not_seen_is_unknown():
    felt = seen(range(600, 620)).retried(5.0)
    assert (felt.count, felt.failures, felt.unknown) == (980, 0, 20)


def test_nothing_is_claimed_about_nothing():
    with pytest.raises(Inconclusive):
        _ = seen(range(1000)).retried(100.0).failure_ratio


def test_only_first_tries_in_the_step_count():
    whole = seen(range(100, 700))
    assert whole.retried(5.0).failures == 100
    assert whole.only(stream="new").retried(5.0).failures == 100


@PATIENT
@given(st.sets(st.integers(0, 999)), st.integers(0, 400))
def test_it_is_what_counting_one_by_one_gives(fail, steps):
    felt = seen(sorted(fail)).retried(steps / 100)
    ends = {number: number + steps for number in fail}
    known = [end for end in ends.values() if end < 1000]
    assert felt.failures == sum(end in fail for end in known)
    assert felt.unknown == len(fail) - len(known)
    assert felt.count == 1000 - felt.unknown
