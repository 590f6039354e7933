"""Guard rails: which answers prove that a policy fails open or closed, and which prove nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limits, require_view, view_of
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.timeline import Outcome, Samples, Span, Timeline, Window

from .made import failing, steady, to_samples, to_timeline

WHOLE = (0, 60_000_000)
COUNT = 600
AWAY = (Outcome.REFUSED, Outcome.RESET, Outcome.HTTP_5XX, Outcome.TLS_ERROR, Outcome.OTHER)
STANDS = (Outcome.HTTP_4XX, Outcome.WEBHOOK_FAILED, Outcome.TIMEOUT)


def stream(kind, fail=None):
    """One probe each 0.1 s for a minute."""
    return steady(
        count=COUNT, interval=100_000, name=f"{kind}@host", node="host", target=kind, fail=fail
    )


def seen(*, forbidden=None, allowed=None, control=None, check=view_of, more=()):
    lines = (
        stream("control", control),
        stream("forbidden", forbidden),
        stream("allowed", allowed),
        *more,
    )
    spans = (Span("drain worker", "drain", 20.0, 30.0, node="worker"),)
    return check(to_timeline(lines, *WHOLE, spans), "web")


def test_what_is_admitted_is_a_window_with_bounds_and_a_step():
    view = seen(forbidden=failing(range(220, 270), Outcome.ADMITTED)).only(stream="forbidden")
    assert view.failures == 50
    (window,) = view.outages
    assert window.outcomes == {Outcome.ADMITTED: 50}
    assert (window.start_s, window.at_least_s) == (22.0, 4.9)
    assert window.at_most_s == pytest.approx(5.101)
    assert window.cause.names == ("drain worker",)
    said = view.explain()
    assert "open for 4.9 s to 5.1 s in 1 window" in said
    assert "drain worker: 50 admitted; forbidden from forbidden@host" in said


@pytest.mark.parametrize("outcome", [*AWAY, *STANDS])
def test_a_refusal_in_other_words_says_nothing_about_the_forbidden_object(outcome):
    view = seen(forbidden=failing(range(220, 270), outcome)).only(stream="forbidden")
    assert (view.failures, view.masked, view.count) == (0, 50, COUNT - 50)
    assert view.outages == ()


@pytest.mark.parametrize("outcome", STANDS)
def test_an_allowed_object_that_is_refused_is_evidence(outcome):
    view = seen(allowed=failing(range(220, 240), outcome)).only(stream="allowed")
    assert (view.failures, view.masked) == (20, 0)
    assert view.longest_silence_s == pytest.approx(1.9)
    assert "down for 1.9 s" in view.explain()


@pytest.mark.parametrize("outcome", AWAY)
def test_what_is_no_answer_of_the_api_server_is_no_evidence(outcome):
    view = seen(allowed=failing(range(220, 240), outcome)).only(stream="allowed")
    assert (view.failures, view.masked) == (0, 20)


@pytest.mark.parametrize("outcome", STANDS)
def test_nothing_is_held_against_a_policy_while_the_api_server_is_away(outcome):
    away = failing(range(210, 250))
    view = seen(allowed=failing(range(215, 245), outcome), control=away).only(stream="allowed")
    assert (view.failures, view.masked) == (0, 30)


def test_a_refusal_after_the_api_server_is_back_counts():
    away = failing(range(210, 250))
    refused = failing(range(230, 260), Outcome.HTTP_4XX)
    view = seen(allowed=refused, control=away).only(stream="allowed")
    assert (view.failures, view.masked) == (9, 21)


def test_an_admitted_object_counts_whatever_the_control_says():
    away = failing(range(210, 250))
    view = seen(forbidden=failing(range(230, 235), Outcome.ADMITTED), control=away)
    assert view.only(stream="forbidden").failures == 5


def test_the_time_in_which_the_api_server_was_away_is_in_no_window():
    """Admitted before and after, with 20 s between them in which nothing could be created."""
    admitted = failing([*range(200, 210), *range(410, 420)], Outcome.ADMITTED)
    away = failing(range(210, 410))
    view = seen(forbidden={**admitted, **away}, control=away).only(stream="forbidden")
    assert view.failures == 20
    (window,) = view.stream_outages
    assert window.at_least_s == pytest.approx(1.9, abs=0.21)


def test_the_control_never_fails_it_only_is_away():
    view = seen(control=failing(range(210, 250))).only(stream="control")
    assert (view.failures, view.masked) == (0, 40)


def test_what_is_left_out_is_said_in_words_for_probes():
    said = seen(allowed=failing(range(5), Outcome.REFUSED)).explain()
    assert "not counted: 5 probes (" in said
    assert "around which the API server did not answer" in said


def test_named_pairs_are_weighed_too():
    admitted = failing(range(10), Outcome.ADMITTED)
    refused = failing(range(10), Outcome.HTTP_4XX)
    more = stream("forbidden-deny-latest", refused), stream("allowed-deny-latest", refused)
    view = seen(more=more)
    assert view.only(stream="forbidden-deny-latest").failures == 0
    assert view.only(stream="allowed-deny-latest").failures == 10
    view = seen(more=(stream("forbidden-x", admitted),))
    assert view.only(stream="forbidden-x").failures == 10
    assert view.only(stream="forbidden").failures == 0


def test_streams_of_other_observers_are_as_they_were():
    """`write` next to a stream called control, and a control without a forbidden object."""
    for other in ("write", "allowed"):
        lines = stream("control", failing(range(10))), stream(other, failing(range(10)))
        assert view_of(to_timeline(lines, *WHOLE), "web").failures == 20


def test_a_sample_that_was_not_sent_stays_one():
    view = seen(forbidden=failing(range(5), Outcome.NOT_SENT)).only(stream="forbidden")
    assert (view.unsent, view.masked) == (5, 0)


def test_latencies_of_what_is_left_out_do_not_count():
    view = seen(allowed=failing(range(210, 240), Outcome.TIMEOUT), control=failing(range(205, 245)))
    (track,) = view.only(stream="allowed").scope.tracks
    assert not track.timed[track.evidence == Evidence.MASKED].any()
    assert np.count_nonzero(track.timed) == COUNT - 30


def test_without_an_answer_of_a_policy_nothing_can_be_claimed():
    with pytest.raises(Inconclusive, match="no sample of forbidden@host counts"):
        seen(forbidden=failing(range(COUNT), Outcome.HTTP_4XX), check=require_view)


def test_the_cost_of_a_policy_is_a_note():
    slow = stream("allowed")
    slow.shots[:] = [replace(shot, latency=5_000) for shot in slow.shots]
    lines = stream("control"), stream("forbidden"), slow
    view = view_of(to_timeline(lines, *WHOLE), "web")
    (note,) = view.notes
    assert note == (
        "allowed@host: a create that policies look at takes p50 5 ms, p99 5 ms; one that none of "
        "them sees, p50 1 ms, p99 1 ms"
    )
    assert note in view.explain()


def test_without_latencies_there_is_no_note():
    assert seen(control=failing(range(COUNT))).notes == ()
    assert view_of(to_timeline([stream("allowed")], *WHOLE), "web").notes == ()


def test_an_observer_that_saw_nothing_is_blind_and_no_error():
    empty = Samples.empty(to_samples([stream("control"), stream("forbidden")]).streams)
    timeline = Timeline(Window(0.0, 60.0), (), {"guard": empty})
    assert view_of(timeline, "guard", Limits.default()).count == 0


def test_a_wait_for_the_api_server_is_no_cost_of_a_policy():
    """Both take 10 s while there is no storage, and the control has no answer at first."""
    lines = [stream("control", failing(range(200, 210))), stream("forbidden"), stream("allowed")]
    for line in (lines[0], lines[2]):
        line.shots[190:200] = [replace(shot, latency=10_000_000) for shot in line.shots[190:200]]
    (note,) = view_of(to_timeline(lines, *WHOLE), "web").notes
    assert "takes p50 1 ms, p99 1 ms" in note
    assert note.endswith("p50 1 ms, p99 1 ms")
