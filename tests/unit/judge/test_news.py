"""How long nodes had no news from the API server, and what of their events that explains."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.judge import news, view_of
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.observers.pod_tracker import GONE, READY
from upgrade_e2e.timeline import Outcome, Span

from .made import PATIENT, failing, steady, to_timeline
from .reference import Line, Shot

SECOND = 1_000_000
WHOLE_S = 400
MOST_S, FIRST_S, CATCH_UP_S, FORGOTTEN_S = 60.0, 1.6, 10.0, 120.0


def line(kind, events, node="worker"):
    """A stream of pods: (begin, how long it took), in seconds; a third value is the outcome."""
    shots = [
        Shot(
            round(event[0] * SECOND),
            0,
            round(event[1] * SECOND),
            int(event[2] if len(event) > 2 else Outcome.OK),
        )
        for event in sorted(events, key=lambda event: event[0])
    ]
    return Line(f"{kind}@{node}", node, f"pods on {node}", 0, shots)


def api(*absences):
    """The API asked every 0.2 s; it fails in each of `absences`, in seconds.

    It is away from its last good answer, 0.2 s before, until its first one.
    """
    gone = [n for n in range(WHOLE_S * 5) if any(a <= n / 5 < b for a, b in absences)]
    return steady(
        count=WHOLE_S * 5, interval=SECOND // 5, name="api@host", node="host", fail=failing(gone)
    )


def seen(*lines):
    return view_of(to_timeline(lines, 0, WHOLE_S * SECOND), "web")


def stretches(view, node="worker"):
    return [(part.start_s, part.end_s) for part in view.left_out.without_news[node].as_tuple()]


def about(*pairs):
    return [pytest.approx(pair, abs=0.3) for pair in pairs]


def test_the_stream_whose_begin_is_the_kubelets_has_the_observers_name():
    assert news.STARTED == READY


def test_a_deletion_shows_news_when_the_pod_is_gone():
    view = seen(line(GONE, [(172, 28)]), api((100, 170)))
    assert stretches(view) == about((100, 200))
    assert (view.masked, view.count) == (1, 0)


def test_a_container_shows_news_when_it_starts():
    view = seen(line(READY, [(188, 2)]), line(GONE, [(172, 28)]), api((100, 170)))
    assert stretches(view) == about((100, 188))


def test_what_began_before_the_return_shows_no_news():
    """It was gone without a watch: the kubelet knew before."""
    before = [(169, 2)]
    view = seen(line(GONE, [*before, (175, 22)]), line(READY, [(165, 7)]), api((100, 170)))
    assert stretches(view) == about((100, 197))


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.CREATE_FAILED])
def test_what_failed_shows_no_news(outcome):
    view = seen(line(GONE, [(171, 2, outcome), (175, 22)]), api((100, 170)))
    assert stretches(view) == about((100, 197))


def test_each_node_has_its_own_time():
    view = seen(line(GONE, [(175, 5)]), line(GONE, [(175, 25)], node="worker2"), api((100, 170)))
    assert stretches(view) == about((100, 180))
    assert stretches(view, "worker2") == about((100, 200))
    assert view.longest_without_news_s == pytest.approx(100, abs=0.3)
    assert view.on("worker").longest_without_news_s == pytest.approx(80, abs=0.3)
    assert view.left_out_s == pytest.approx(100, abs=0.3)


def test_nothing_is_left_out_without_an_absence():
    view = seen(line(GONE, [(20, 70), (120, 1)]), line(READY, [(20, 70)]), api())
    assert (view.masked, view.left_out_s, view.longest_without_news_s) == (0, 0.0, 0.0)
    assert (view.api_away_s, view.longest_api_away_s) == (0.0, 0.0)


def test_a_node_that_shows_nothing_has_no_time_after_the_return():
    view = seen(line(GONE, [(50, 1), (300, 1)]), api((100, 170)))
    assert stretches(view) == about((100, 170))


def test_an_absence_is_counted_even_if_its_observer_is_another():
    """Figures of the API server itself."""
    view = seen(line(GONE, [(172, 2)]), api((100, 170), (300, 304)))
    assert view.api_away_s == pytest.approx(74, abs=0.6)
    assert view.longest_api_away_s == pytest.approx(70, abs=0.3)


def test_a_kubelet_that_stays_deaf_is_not_excused():
    """After 70 s a reflector waits for 60 s at most; 89 s are left out at no node."""
    view = seen(line(GONE, [(171, 89)]), api((100, 170)))
    assert stretches(view) == about((100, 230))
    assert (view.masked, view.count) == (0, 1)
    assert view.max_s == pytest.approx(89)


def test_a_kubelet_that_stays_deaf_after_a_short_absence_is_excused_for_a_short_time():
    """After 4 s it waits for 9.6 s at most."""
    late = seen(line(GONE, [(105, 30)]), api((100, 104)))
    assert stretches(late) == [pytest.approx((99.8, 104 + 2 * 4.2 + 1.6), abs=0.3)]
    assert (late.masked, late.count) == (0, 1)
    in_time = seen(line(GONE, [(105, 17)]), api((100, 104)))
    assert (in_time.masked, in_time.count) == (1, 0)


def test_a_back_off_goes_on_where_the_absence_before_is_less_than_two_minutes_ago():
    """As above, but 98 s away 50 s before: its back-off is 30 s and more."""
    events = [(172, 3), (225, 42)]
    view = seen(line(GONE, events), api((72, 170), (220, 224)))
    assert stretches(view) == about((72, 175), (220, 267))
    assert (view.masked, view.count) == (2, 0)
    forgotten = seen(line(GONE, [(172, 3), (305, 42)]), api((72, 170), (300, 304)))
    assert stretches(forgotten)[1] == pytest.approx((300, 314), abs=0.4)
    assert forgotten.count == 1


def test_a_wait_after_the_return_counts_for_the_back_off_that_follows():
    """Away for 2.2 s, 5 s until news, away for 2.2 s: up to 20 s more, and not 10 s."""
    view = seen(line(GONE, [(103, 4), (133, 15)]), api((100, 102), (130, 132)))
    assert stretches(view) == about((100, 107), (130, 148))
    assert (view.masked, view.count) == (2, 0)


def test_catching_up_is_left_out_and_what_lasts_for_longer_counts():
    """The node has news at 180 s; the status manager needs 10 s at most."""
    events = [(172, 8), (172, 17), (172, 19)]
    view = seen(line(GONE, events), api((100, 170)))
    assert (view.masked, view.count) == (2, 1)
    assert view.max_s == pytest.approx(19)


def test_a_throttled_kubelet_is_not_excused_where_it_has_news():
    """Each pod takes 30 s, also those around the absence."""
    pods = [(begin, 30) for begin in range(10, 350, 10)]
    view = seen(line(GONE, pods), api((100, 104)))
    assert view.masked == 0
    assert view.p50_s == pytest.approx(30)


def test_readers_are_told_what_is_left_out_and_what_remains():
    events = [(50, 1), (60, 1), (171, 27)]
    said = seen(line(GONE, events), api((100, 170))).explain()
    assert "not counted: 1 events (33.3%)" in said
    assert "2 events remain; left out: up to 1 min 38 s of a node" in said
    assert (
        "API away 1 min 10 s in all, longest 1 min 10 s; nodes without news up to 1 min 38 s"
        in said
    )


def test_a_step_has_only_what_is_left_out_in_it():
    timeline = to_timeline(
        [line(GONE, [(171, 27)]), api((100, 170))],
        0,
        WHOLE_S * SECOND,
        [Span("drain worker", "drain", 180.0, 250.0, node="worker")],
    )
    view = view_of(timeline, "web").during("drain")
    assert view.left_out_s == pytest.approx(18)
    assert view.api_away_s == 0


def test_a_pause_of_all_nodes_without_news_is_not_blindness():
    """Nothing starts for 55 s after the return, as no kubelet has heard."""
    starts = [(at, 1) for at in (*range(0, 100, 10), *range(225, 400, 10))]
    lines = [line(READY, starts), line(GONE, [(172, 54)])]
    assert seen(*lines, api((100, 170))).by_stream()[f"{READY}@worker"].blind_share == 0
    other = line(READY, [(175, 1), *starts[10:]], node="worker2")
    assert seen(*lines, other, api((100, 170))).blind_share > 0


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 390),
        st.sampled_from([0, 1, 2, 5, 9, 11, 30, 59, 61, 75, 90]),
        st.sampled_from([Outcome.OK, Outcome.OK, Outcome.OK, Outcome.TIMEOUT]),
    ),
    max_size=15,
)
ABSENCES = st.lists(st.tuples(st.integers(1, 380), st.sampled_from([2, 5, 20, 68])), max_size=4)


def bound_s(away, index):
    """How long after this absence a node may wait at most, if each wait before was the longest."""
    waited, last = 0.0, None
    for number in range(index + 1):
        start, end = away[number].start_s, away[number].end_s
        if last is not None and start - last > FORGOTTEN_S:
            waited = 0.0
        waited += end - start
        wait = min(MOST_S, 2 * waited + FIRST_S)
        waited += wait
        last = end
    return wait


@PATIENT
@given(ready=EVENTS, gone=EVENTS, absences=ABSENCES)
def test_no_more_is_left_out_than_a_reflector_can_wait(ready, gone, absences):
    absences = [(start, min(start + length, 399)) for start, length in absences]
    view = seen(line(READY, ready), line(GONE, gone), api(*absences))
    away = view.api_away.as_tuple()
    for start, end in stretches(view):
        inside = [n for n, one in enumerate(away) if start <= one.start_s < end]
        assert inside  # nothing is left out without an absence
        last = inside[-1]
        assert away[inside[0]].start_s == start
        assert end <= min(away[last].end_s + bound_s(away, last) + 1e-3, WHOLE_S)
    allowed_s = sum(bound_s(away, n) + one.duration_s for n, one in enumerate(away))
    for track in view.scope.tracks:
        masked = track.evidence == Evidence.MASKED
        assert (track.wait_us[masked] <= (allowed_s + CATCH_UP_S + 0.01) * SECOND).all()
        assert away or not masked.any()


@PATIENT
@given(first=EVENTS, second=EVENTS, third=EVENTS, absences=ABSENCES, data=st.data())
def test_nodes_change_nothing_for_one_another(first, second, third, absences, data):
    absences = [(start, min(start + length, 399)) for start, length in absences]
    nodes = {"worker": first, "worker2": second, "worker3": third}
    order = data.draw(st.permutations(sorted(nodes)))
    view = seen(*(line(GONE, nodes[node], node) for node in order), api(*absences))
    for node, events in nodes.items():
        alone = seen(line(GONE, events, node), api(*absences))
        assert stretches(alone, node) == stretches(view, node)
        both = view.on(node)
        assert (alone.masked, alone.count) == (both.masked, both.count)
