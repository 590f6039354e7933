"""What a sample is evidence of: the rules by example."""

from __future__ import annotations

from dataclasses import replace

import pytest

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import require_view, view_of
from upgrade_e2e.timeline import Outcome

from .made import steady, to_timeline

WHOLE = (0, 10_000_000)


def stalled(first, count, outcome=Outcome.OK, wait=1_000):
    """A line whose prober sleeps through `count` slots and then sends all of them at once."""
    line = steady()
    wake = (first + count) * 10_000
    for number in range(first, first + count):
        late = wake - line.shots[number].intended
        line.shots[number] = replace(
            line.shots[number], late=late, latency=late + wait, outcome=int(outcome)
        )
    return line


def seen(*lines):
    return view_of(to_timeline(lines, *WHOLE), "web")


def test_a_refusal_counts_although_the_prober_was_late():
    assert seen(stalled(500, 50, Outcome.REFUSED)).failures == 50


def test_a_latency_of_a_late_prober_does_not_count():
    view = seen(stalled(500, 50))
    assert view.count == 1000
    assert len(view.counts.latencies) == 951  # the last of the 50 was 10 ms late: still on time
    assert view.max_s == pytest.approx(0.011)
    assert view.timed_share == pytest.approx(0.951)


def test_a_timeout_that_the_prober_slept_through_is_suspect():
    line = stalled(500, 50)
    for number in range(490, 500):  # waits 100 ms, of which the prober sleeps away most
        line.shots[number] = replace(
            line.shots[number], latency=600_000, outcome=int(Outcome.TIMEOUT)
        )
    view = seen(line)
    assert (view.failures, view.suspect, view.count) == (0, 10, 990)
    assert view.stream_outages == ()
    assert "10 timeouts during which the prober itself was stalled" in view.explain()


def test_a_timeout_counts_when_the_prober_was_awake():
    line = stalled(500, 10)  # 100 ms of sleep in a wait of 2 s
    line.shots[499] = replace(line.shots[499], latency=2_000_000, outcome=int(Outcome.TIMEOUT))
    view = seen(line)
    assert (view.failures, view.suspect) == (1, 0)
    assert view.quantile(1.0).censored


def test_a_stall_is_shared_by_all_streams_of_the_node():
    sleeper = stalled(500, 50)
    same = steady(name="reused@worker")
    other = steady(name="new@worker2", node="worker2")
    for line in (same, other):
        line.shots[505] = replace(line.shots[505], latency=400_000, outcome=int(Outcome.TIMEOUT))
    by_stream = seen(sleeper, same, other).by_stream()
    assert by_stream["reused@worker"].suspect == 1
    assert by_stream["new@worker2"].failures == 1


def test_a_stream_that_ended_says_nothing_about_the_sleep_of_others():
    ended, other = steady(count=300), steady(name="reused@worker")
    other.shots[505] = replace(other.shots[505], latency=400_000, outcome=int(Outcome.TIMEOUT))
    assert seen(ended, other).by_stream()["reused@worker"].failures == 1


def test_failures_have_no_latency():
    line = steady(fail={500: Outcome.REFUSED})
    line.shots[500] = replace(line.shots[500], latency=9_000_000)
    assert seen(line).max_s == pytest.approx(0.001)


def test_blind_time_does_not_lengthen_the_lower_bound():
    """The prober dies in an outage for 4 s: nobody knows what happened in between."""
    line = steady(fail=dict.fromkeys([499, 900], Outcome.REFUSED))
    line.shots = line.shots[:500] + line.shots[900:]
    (outage,) = seen(line).stream_outages
    assert outage.at_least_s == pytest.approx(0.010)
    assert outage.at_most_s == pytest.approx(4.031)
    assert [(w.start_s, w.end_s) for w in outage.blind] == [(5.0, 9.0)]


def test_an_answer_after_the_outage_bounds_it_and_not_its_sending():
    """A SYN that was sent into the outage and sent again by the kernel is answered after it."""
    line = steady(fail=dict.fromkeys(range(500, 600), Outcome.REFUSED))
    line.shots[600] = replace(line.shots[600], latency=1_000_000)
    (outage,) = seen(line).stream_outages
    assert outage.good_after_s == pytest.approx(7.0)


def test_a_blind_prober_is_inconclusive():
    timeline = to_timeline([stalled(100, 150)], *WHOLE)
    with pytest.raises(Inconclusive, match=r"did not see 15% of the pass .*lower the rate"):
        require_view(timeline, "web")


def test_one_blind_stream_is_inconclusive_among_many():
    lines = [steady(name=f"new@w{n}", node=f"w{n}") for n in range(10)]
    lines[3].shots = lines[3].shots[:300]
    with pytest.raises(Inconclusive, match=r"new@w3 did not see 70% of the pass"):
        require_view(to_timeline(lines, *WHOLE), "web")


def test_too_few_samples_are_inconclusive():
    timeline = to_timeline([steady(count=99)], 0, 990_000)
    with pytest.raises(Inconclusive, match="only 99 samples count"):
        require_view(timeline, "web")
