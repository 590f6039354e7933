"""Lanes: every span once, none over another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import Shape, make_timeline
from upgrade_e2e.report.lanes import lay_lanes
from upgrade_e2e.timeline import Span

SPANS = st.lists(
    st.builds(
        lambda name, node, start, length: Span(name, name, start, start + length, node=node),
        st.sampled_from(["drain", "apply", "settle"]),
        st.sampled_from(["", "worker", "worker2"]),
        st.integers(0, 50).map(float),
        st.integers(0, 20).map(float),
    )
)


@given(SPANS)
def test_every_span_is_in_one_lane_and_none_overlaps(spans):
    lanes = lay_lanes(spans)
    laid = [span for lane in lanes for span in (*lane.steps, *lane.phases)]
    key = lambda span: (span.name, span.node, span.start_s, span.end_s)  # noqa: E731
    assert sorted(laid, key=key) == sorted(spans, key=key)
    for lane in lanes:
        for before, after in zip(lane.steps, lane.steps[1:], strict=False):
            assert before.end_s <= after.start_s


def test_the_cluster_comes_first_and_phases_stay_with_their_step():
    lanes = lay_lanes(make_timeline(Shape(60, 1)).spans)
    assert [lane.group for lane in lanes] == [
        "cluster",
        "cluster",
        "control-plane",
        "worker",
        "worker2",
    ]
    phases = lanes[2].phases
    assert [phase.kind for phase in phases][:2] == ["preflight", "etcd"]
    assert all(not lane.phases for lane in lanes if lane.group != "control-plane")


def test_a_phase_without_its_step_is_not_lost():
    orphan = Span("x: y", "y", 1.0, 2.0, parent="x")
    assert lay_lanes([orphan])[0].steps == (orphan,)
