"""Spans laid out in lanes: one group per node, with as many lanes as steps that ran at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from upgrade_e2e.timeline import Span

__all__ = ["WHOLE_CLUSTER", "Lane", "lay_lanes"]

WHOLE_CLUSTER = "cluster"
"""The group of steps that concern no node in particular."""


@dataclass(frozen=True)
class Lane:
    """Steps of one node that do not overlap, in time order, and the phases inside them."""

    group: str
    steps: tuple[Span, ...]
    phases: tuple[Span, ...]


def lay_lanes(spans: Iterable[Span]) -> tuple[Lane, ...]:
    """Every span in exactly one lane: the whole cluster first, then nodes as they come.

    Phases stay with their step. A phase that lies in no step of its parent's name is laid out as a
    step.
    """
    ordered = sorted(spans, key=lambda span: (span.start_s, -span.end_s))
    steps = [span for span in ordered if _step_of(span, ordered) is None]
    groups = sorted({span.node for span in steps}, key=lambda node: _rank(node, steps))
    lanes: list[Lane] = []
    for node in groups:
        for lane in _apart([span for span in steps if span.node == node]):
            phases = tuple(span for span in ordered if _step_of(span, lane) is not None)
            lanes.append(Lane(node or WHOLE_CLUSTER, tuple(lane), phases))
    return tuple(lanes)


def _rank(node: str, steps: Sequence[Span]) -> tuple[bool, float, str]:
    return bool(node), min(span.start_s for span in steps if span.node == node), node


def _step_of(phase: Span, steps: Iterable[Span]) -> Span | None:
    """The step that `phase` is part of: that of its parent's name which it lies in."""
    if not phase.parent:
        return None
    for step in steps:
        inside = step.start_s <= phase.start_s and phase.end_s <= step.end_s
        if not step.parent and step.name == phase.parent and step.hop == phase.hop and inside:
            return step
    return None


def _apart(spans: Sequence[Span]) -> list[list[Span]]:
    """Each span in the first lane that is free when it begins."""
    lanes: list[list[Span]] = []
    for span in spans:
        free = next((lane for lane in lanes if lane[-1].end_s <= span.start_s), None)
        if free is None:
            lanes.append([span])
        else:
            free.append(span)
    return lanes
