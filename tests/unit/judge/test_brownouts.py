"""Slow answers are holes to a caller, and are found like outages."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.unit.judge.made import failing, steady, to_timeline
from upgrade_e2e.judge import Limits, view_of
from upgrade_e2e.timeline import Outcome, Span

WHOLE = (0, 10_000_000)
DRAIN = (Span("drain worker", "drain", 2.0, 4.0, "worker"),)


def slowed(line, numbers, latency_us=1_030_000):
    """The line with slow answers at these places."""
    for number in numbers:
        line.shots[number] = replace(line.shots[number], latency=latency_us)
    return line


def seen(*lines, limits=None):
    """What was seen of these lines."""
    return view_of(to_timeline(list(lines), *WHOLE, DRAIN), "web", limits)


def test_a_stretch_of_slow_answers_has_bounds_step_and_node():
    (found,) = seen(slowed(steady(), range(300, 330))).brownouts
    assert (found.start_s, found.end_s) == (3.0, 3.29)
    assert found.at_least_s == pytest.approx(0.29)
    assert 0.29 < found.at_most_s < 0.33
    assert (found.slow, found.slowest_s, found.share) == (30, 1.03, 1.0)
    assert found.nodes == ("worker",)
    assert found.cause.names == ("drain worker",)


def test_without_slow_answers_there_is_none():
    none = seen(steady(fail=failing(range(100, 200))))
    assert none.brownouts == ()
    assert none.longest_brownout_s == 0.0
    assert none.failures == 100


def test_slow_answers_are_no_failures():
    view = seen(slowed(steady(), range(300, 330)))
    assert view.failures == 0
    assert view.outages == ()
    assert view.longest_brownout_s == pytest.approx(0.29)


def test_their_share_is_one_of_answers_and_not_of_probes():
    assert seen(slowed(steady(), range(300, 330))).brownout_set.ratio == pytest.approx(0.03)
    half = slowed(steady(fail=failing(range(500, 1000), Outcome.TIMEOUT)), range(300, 330))
    assert seen(half).brownout_set.ratio == pytest.approx(0.06)
    assert seen(steady()).brownout_set.ratio == 0.0
    nothing = seen(steady(fail=failing(range(1000), Outcome.TIMEOUT)))
    assert nothing.brownout_set.ratio is None


def test_failures_between_slow_answers_are_passed_over():
    line = slowed(steady(fail=failing(range(310, 315), Outcome.TIMEOUT)), range(300, 330))
    for number in range(310, 315):
        line.shots[number] = replace(line.shots[number], latency=2_000_000)
    view = seen(line)
    assert [found.slow for found in view.brownouts] == [25]
    assert view.failures == 5


def test_probes_that_were_late_do_not_count():
    line = slowed(steady(), range(300, 330))
    for number in range(300, 330):
        line.shots[number] = replace(line.shots[number], late=600_000)
    assert seen(line).brownouts == ()


def test_the_limit_is_that_of_the_kind():
    line = slowed(steady(), range(300, 330), latency_us=300_000)
    assert seen(line).brownouts == ()
    tight = Limits.default().override({"slow": {"web_s": 0.2}}, "test")
    assert len(seen(line, limits=tight).brownouts) == 1
    assert tight.slow.of("web-mine") == 0.2
    assert tight.slow.of("dns") == tight.slow.of("shop") == 0.5


def test_an_end_that_was_not_seen_is_open():
    (found,) = seen(slowed(steady(), range(900, 1000))).brownouts
    assert found.at_most_s == math.inf


def test_during_cuts_the_longest():
    view = seen(slowed(steady(), range(350, 450)))
    assert view.longest_brownout_s == pytest.approx(0.99)
    assert view.during("drain").longest_brownout_s == pytest.approx(0.5)


def test_events_are_no_answers():
    line = slowed(steady(), range(300, 330), latency_us=20_000_000)
    line.interval = 0
    view = seen(line)
    assert view.count == 1000
    assert view.brownouts == ()
    assert view.brownout_set.total_s == view.longest_brownout_s == 0.0
