"""Events come seconds apart: an outage says between which two it began, with the steps."""

from __future__ import annotations

from upgrade_e2e.judge import view_of
from upgrade_e2e.timeline import Outcome, Span

from .made import failing, steady, to_timeline
from .reference import Line, Shot

SECOND = 1_000_000
PLANT, DRAIN = Span("plant x", "plant", 11.0, 14.0), Span("drain worker", "drain", 14.0, 40.0)


def events(node: str, starts: dict[int, Outcome]) -> Line:
    """Events that follow one another on a node and take a second, with their outcomes."""
    shots = [Shot(at * SECOND, 0, SECOND, int(outcome)) for at, outcome in starts.items()]
    return Line(f"started-to-issued@{node}", node, "its credential", 0, shots)


def outage(*lines: Line, spans: tuple[Span, ...] = (PLANT, DRAIN)) -> str:
    """The one outage that is explained."""
    said = view_of(to_timeline(lines, 0, 60 * SECOND, spans=spans), "web").explain().splitlines()
    (line,) = [line for line in said if line.startswith("  1. ")]
    return line


def test_it_began_after_the_last_event_that_went_well() -> None:
    line = outage(
        events("worker", {5: Outcome.OK, 10: Outcome.OK, 15: Outcome.TIMEOUT, 20: Outcome.TIMEOUT})
    )
    assert "at 15.00 s for " in line
    assert ", drain worker: 2 timeout" in line
    assert "; it began between 10.00 s and 15.00 s, plant x and drain worker (ambiguous)" in line


def test_the_last_event_that_went_well_may_have_been_on_another_node() -> None:
    line = outage(
        events("worker", {15: Outcome.TIMEOUT, 25: Outcome.TIMEOUT}),
        events("worker2", {12: Outcome.OK, 20: Outcome.TIMEOUT}),
    )
    assert "; it began between 12.00 s and 15.00 s, plant x and drain worker (ambiguous)" in line


def test_nothing_is_said_where_that_names_no_other_step() -> None:
    line = outage(events("worker", {15: Outcome.OK, 20: Outcome.TIMEOUT}))
    assert "drain worker: 1 timeout" in line
    assert "it began" not in line


def test_nothing_is_said_where_no_event_went_well_before() -> None:
    assert "it began" not in outage(events("worker", {15: Outcome.TIMEOUT, 20: Outcome.TIMEOUT}))


def test_probes_at_a_fixed_rate_are_no_events() -> None:
    before = Span("before", "drain", 0.0, 0.995)
    line = outage(steady(fail=failing([100])), spans=(before,))
    assert "at 1.00 s" in line
    assert "it began" not in line
