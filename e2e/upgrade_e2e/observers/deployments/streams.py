"""The streams of trials: one for each stage and node, whose samples are the stage's durations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from upgrade_e2e.observers.base import HOST
from upgrade_e2e.observers.deployments.trial import (
    ACCEPTED,
    ADMITTED,
    ANSWERING,
    AVAILABLE,
    GONE,
    ISSUED,
    SCHEDULED,
    STAGES,
    UNTIL_ANSWERING,
    UNTIL_AVAILABLE,
)
from upgrade_e2e.observers.pod_tracker import Measured
from upgrade_e2e.timeline import SamplesBuilder, Stream

__all__ = ["add_measured"]

_TARGETS: Mapping[str, str] = {
    ACCEPTED: "a new Deployment, to be accepted by the API",
    ADMITTED: "its pod, to be admitted with a credential injected",
    SCHEDULED: "its pod, to be given a node",
    ISSUED: "its credential, to be issued",
    AVAILABLE: "the Deployment, to be available",
    ANSWERING: "the Deployment, to answer through its Service",
    GONE: "the pod of a deleted Deployment, to be gone",
    UNTIL_AVAILABLE: "a new Deployment, until it is available",
    UNTIL_ANSWERING: "a new Deployment, until it answers",
}
"""What each stage is, for people. Not every stage knows a node, and then it is `host`."""


def add_measured(measured: Iterable[Measured], into: SamplesBuilder, timeout_s: float) -> None:
    """Add what was measured, with a stream for each stage, also for one of which nothing was seen.

    The order of streams is that of the stages, then of nodes.
    """
    seen = list(measured)
    places = list(_places(seen))
    indices = {
        (stage, node): into.add_stream(_stream(stage, node, timeout_s)) for stage, node in places
    }
    for one in seen:
        into.add(
            indices[one.stream, one.node],
            intended_us=round(one.from_s * 1e6),
            latency_us=round((one.to_s - one.from_s) * 1e6),
            outcome=one.outcome,
        )


def _places(seen: list[Measured]) -> Iterator[tuple[str, str]]:
    for stage in (*STAGES, UNTIL_AVAILABLE, UNTIL_ANSWERING):
        nodes = sorted({one.node for one in seen if one.stream == stage})
        yield from ((stage, node) for node in nodes or (HOST,))


def _stream(stage: str, node: str, timeout_s: float) -> Stream:
    return Stream(
        name=f"{stage}@{node}",
        node=node,
        target=_TARGETS[stage],
        interval_s=0.0,
        timeout_s=timeout_s,
    )
