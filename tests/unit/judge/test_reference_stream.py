"""Streams that follow events, and the reference stream that explains their silence."""

from __future__ import annotations

import pytest

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, require_view, view_of
from upgrade_e2e.timeline import Outcome

from .made import failing, steady, to_timeline
from .reference import Line, Shot

WHOLE = (0, 100_000_000)
TIMEOUT = int(Outcome.TIMEOUT)


def pods(*, every=100_000, takes=700_000, until=100_000_000, lag=None, name="ready@host"):
    """One pod every 0.1 s, Ready after 0.7 s; `lag`: {number: (latency, outcome)}."""
    shots = []
    for number, start in enumerate(range(0, until, every)):
        latency, outcome = (lag or {}).get(number, (takes, Outcome.OK))
        shots.append(Shot(start, 0, latency, int(outcome)))
    return Line(name, "host", "pods", 0, shots)


def api(fail=None, count=1000):
    return steady(
        count=count, interval=100_000, name="api@host", node="host", target="/readyz", fail=fail
    )


def seen(*lines, check=view_of, **how):
    return check(to_timeline(lines, *WHOLE), "web", **how)


def test_the_control_is_no_part_of_the_view():
    view = seen(pods(), api(failing(range(100, 110))))
    assert [stream.name for stream in view.streams] == ["ready@host"]
    assert (view.count, view.failures) == (975, 0)


def test_events_that_overlap_the_silence_of_the_api_are_masked():
    """Without an answer from 9.9 to 10.801 s: pods from 9.3 (Ready at 10.0) to 10.8 s."""
    view = seen(pods(), api(failing(range(100, 108))))
    assert view.masked == 16
    assert view.masked_share == pytest.approx(0.016)
    assert "16 events (1.6%) during which the API server did not answer" in view.explain()


def test_a_lag_is_the_kubelets_when_the_api_answered():
    view = seen(pods(lag={200: (30_000_000, Outcome.OK), 500: (60_000_000, TIMEOUT)}), api())
    assert (view.failures, view.masked) == (1, 0)
    assert view.quantile(1.0).value_s == 60.0
    assert view.quantile(1.0).censored


def test_a_lag_is_not_the_kubelets_when_the_api_was_silent():
    view = seen(pods(lag={200: (30_000_000, Outcome.OK)}), api(failing(range(220, 450))))
    assert view.max_s == pytest.approx(0.7)


def test_a_long_lag_is_not_explained_by_a_short_silence():
    view = seen(pods(lag={200: (30_000_000, Outcome.OK)}), api(failing([300])))
    assert view.max_s == 30.0


def test_silence_of_the_control_itself_is_no_answer():
    dead = api(count=300)
    with pytest.raises(Inconclusive, match=r"70.6% of its events .* more control planes"):
        seen(pods(), dead, check=require_view)


def test_a_control_that_never_ran_is_inconclusive():
    with pytest.raises(Inconclusive, match="100% of its events"):
        seen(pods(), api(count=0), check=require_view)


def test_an_observer_of_events_that_stops_is_blind():
    with pytest.raises(Inconclusive, match=r"did not see 59\.\d% of the pass"):
        seen(pods(until=40_000_000), api(), check=require_view)


def test_events_in_flight_are_not_a_pause():
    waiting = {399: (60_000_000, TIMEOUT)}
    view = seen(pods(until=40_000_000, lag=waiting), api(), check=require_view)
    assert view.blind_share == 0


def test_a_pause_that_the_control_explains_is_not_blindness():
    lines = pods(until=40_000_000), api(failing(range(400, 1000)))
    assert seen(*lines).blind_share == 0


def test_streams_of_one_kind_witness_for_one_another():
    """No pod runs on a drained node; that does not make the observer blind."""
    idle = pods(until=10_000_000, name="ready@worker")
    assert seen(idle, pods(), api()).blind_share == 0


def test_a_pod_that_waits_to_start_will_try_its_network():
    tried = pods(until=40_000_000, name="dns@worker")
    assert seen(tried, api()).blind_share == pytest.approx(0.6, abs=0.01)
    waiting = pods(until=40_000_000, lag={399: (60_000_000, TIMEOUT)}, name="start@worker")
    assert seen(tried, waiting, api()).blind_share == 0


def test_without_a_control_a_pause_says_nothing():
    assert seen(pods(until=40_000_000)).blind_share == 0


def test_clocked_streams_named_api_are_watched_where_there_are_no_events():
    view = seen(api(), steady(count=1000, interval=100_000))
    assert len(view.streams) == 2


def test_controls_can_be_named():
    view = seen(pods(), steady(count=1000, interval=100_000), references={"new@worker"})
    assert [stream.name for stream in view.streams] == ["ready@host"]


def test_event_streams_claim_no_resolution():
    view = seen(pods(), api())
    assert view.resolution_s == float("inf")
    assert view.coverage.chance_to_see(1.0) == 0
    assert "chance to see" not in view.explain()


def test_masked_events_beyond_the_limit_are_allowed_by_a_limits_file():
    limits = Limits.default().override({"instrument": {"masked_share": 0.9}}, "test")
    view = require_view(to_timeline([pods(), api(count=300)], *WHOLE), "web", limits)
    assert view.masked_share > 0.6
