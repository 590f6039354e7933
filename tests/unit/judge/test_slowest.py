"""The slowest events say when, in which step and on which stream."""

from __future__ import annotations

from upgrade_e2e.judge import view_of
from upgrade_e2e.timeline import Outcome, Span

from .made import steady, to_timeline
from .reference import Line, Shot

SECOND = 1_000_000
WHOLE = (0, 60 * SECOND)


def pods(node: str, waits: dict[int, int]) -> Line:
    """A pod a second on a node; one that begins at a second of `waits` takes that many seconds."""
    shots = [
        Shot(start * SECOND, 0, waits.get(start, 1) * SECOND, int(Outcome.OK))
        for start in range(50)
    ]
    return Line(f"start@{node}", node, "pods", 0, shots)


def explained(*lines: Line) -> list[str]:
    drain = Span("drain worker2", "drain", 20.0, 40.0, "worker2")
    timeline = to_timeline(lines, *WHOLE, spans=[drain])
    return [line for line in view_of(timeline, "web").explain().splitlines() if "slowest" in line]


def test_each_has_its_step_and_its_stream_the_slowest_first():
    first, second, third = explained(pods("worker", {5: 3}), pods("worker2", {25: 9, 30: 4}))
    assert first.startswith("  slowest event 1: 9 s from 25.00 s on, drain worker2")
    assert first.endswith(": start@worker2")
    assert "4 s from 30.00 s" in second
    assert "3 s from 5.00 s" in third
    assert third.endswith(": start@worker")


def test_each_stream_is_there_before_a_second_event_of_another_one():
    first, second, third = explained(
        pods("worker", {5: 3}), pods("worker2", {25: 9, 30: 8, 35: 7}), pods("worker3", {40: 4})
    )
    assert first.endswith(": start@worker2")
    assert second.endswith(": start@worker3")
    assert third.endswith(": start@worker")


def test_probes_at_a_fixed_rate_are_no_events():
    assert explained(steady()) == []
