"""What went wrong while the API server was away, or soon after."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.judge import view_of
from upgrade_e2e.timeline import Outcome, Span, Timeline

from .made import PATIENT, failing, steady, to_samples, to_timeline
from .reference import Line, Shot

WHOLE = (0, 200_000_000)
TOLD = re.compile(
    r"(\d+) of (\d+) (failures[a-z ]*) happened while .*\(([\d.]+) s in all, until ([\d.]+)"
)


def web(fail):
    """A probe every 0.1 s for 200 s."""
    return steady(count=2000, interval=100_000, fail=fail)


def readyz(fail=None, name="readyz@host"):
    """The API asked every 0.2 s for 200 s."""
    return steady(count=1000, interval=200_000, name=name, node="host", target="api", fail=fail)


def timeline(lines, *api_lines, spans=()) -> Timeline:
    """The observer `web` with `lines`, and `api` with those of the API."""
    made = to_timeline(lines, *WHOLE, spans)
    return replace(made, samples={**made.samples, "api": to_samples(api_lines)})


def told(view):
    """Hits, count, kinds, seconds away and the end of it; None when nothing is said."""
    found = TOLD.search(view.explain())
    return found and (
        int(found[1]), int(found[2]), found[3], float(found[4]), float(found[5])
    )  # fmt: skip


# No answer from 9.801 (the last good one's) to 20.0 s, the first good one's sending.
AWAY = readyz(failing(range(50, 100)))


def test_failures_are_near_until_a_node_must_have_heard():
    fail = failing([90, 150, 300, 799, 805, 1500])
    hits, count, kinds, away_s, until_s = told(view_of(timeline([web(fail)], AWAY), "web"))
    assert (hits, count, kinds) == (3, 6, "failures")
    assert away_s == pytest.approx(10.2, abs=0.1)
    assert until_s == pytest.approx(20.0, abs=0.1)


def test_how_much_of_the_time_that_is_stands_beside_it():
    """From 9.8 to 80 s of 200 s: so many of the failures would be chance."""
    told_text = view_of(timeline([web(failing([90, 150]))], AWAY), "web").explain()
    assert "this is 35.1% of the time" in told_text


def test_a_wait_that_reaches_into_the_time_counts():
    fail = {95: Outcome.TIMEOUT}  # from 9.5 to 11.5 s
    assert told(view_of(timeline([web(fail)], AWAY), "web"))[:2] == (1, 1)


@pytest.mark.parametrize(
    "api",
    [readyz(), readyz(failing([50, 51])), readyz(failing(range(50, 100)), name="other@host")],
    ids=["never away", "for less than a second", "not asked"],
)
def test_nothing_is_told_when_the_api_was_there(api):
    assert told(view_of(timeline([web(failing([60]))], api), "web")) is None


def test_nothing_is_told_of_what_did_not_fail_then():
    assert told(view_of(timeline([web({})], AWAY), "web")) is None
    assert told(view_of(timeline([web(failing([50, 1000]))], AWAY), "web")) is None


def test_the_api_is_not_told_that_it_was_away():
    assert told(view_of(timeline([web({})], AWAY), "api")) is None


def test_the_slowest_events_are_looked_at_too():
    """The pod at 19 s takes 40 s: an absence until 20 s does not explain that it did."""
    hits, count, kinds, *_ = told(view_of(timeline(pods_of_which_one_is_slow(19)), "web"))
    assert kinds == "failures and slowest events"
    assert (hits, count) == (1, 1)


def test_events_that_came_after_the_news_are_not_near():
    """Pods that come and go show that the kubelet heard at once; the pod at 30 s takes 40 s."""
    assert told(view_of(timeline(pods_of_which_one_is_slow(30)), "web")) is None


def pods_of_which_one_is_slow(slow):
    """A pod a second; a reference stream in the observer itself says when the API was away."""
    pods = [Shot(n * 1_000_000, 0, 400_000 + n, int(Outcome.OK)) for n in range(80)]
    pods[slow] = replace(pods[slow], latency=40_000_000)
    return [Line("ready@host", "host", "pods", 0, pods), replace(AWAY, name="api@host")]


def test_a_narrowed_view_counts_its_own():
    spans = [Span("drain worker", "drain", 25.0, 35.0, node="worker")]
    view = view_of(timeline([web(failing([300, 400]))], AWAY, spans=spans), "web")
    assert told(view)[:2] == (2, 2)
    assert told(view.during("drain"))[:2] == (1, 1)


@PATIENT
@given(
    fail=st.sets(st.integers(0, 1999), max_size=40),
    first=st.integers(1, 900),
    length=st.integers(0, 90),
)
def test_it_is_what_a_loop_counts(fail, first, length):
    api = readyz(failing(range(first, first + length)))
    found = told(view_of(timeline([web(failing(fail))], api), "web"))
    start_s, end_s = (first - 1) * 0.2 + 0.001, (first + length) * 0.2 + 0.001
    slack_s = 0.2  # where exactly silence begins and ends is rows.py's to say
    sure = sum(start_s + slack_s <= n * 0.1 <= end_s + 60 - slack_s for n in fail)
    perhaps = sum(start_s - slack_s <= n * 0.1 <= end_s + 60 + slack_s for n in fail)
    if found is None:
        assert not sure or length < 5
    else:
        assert length >= 4
        assert sure <= found[0] <= perhaps
        assert found[1] == len(fail)
