"""Which taints nodes had, and which nodes had none that waits for their network."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from upgrade_e2e.cluster.taints import waits_for_network
from upgrade_e2e.format import duration, moment
from upgrade_e2e.timeline import TAINT, Span

__all__ = ["taint_of", "taint_sentence", "taint_spans", "unguarded"]


def taint_spans(spans: Iterable[Span], nodes: Collection[str] = ()) -> tuple[Span, ...]:
    """How long nodes had taints that say something of their network, in time order.

    `nodes` are the names of those that matter, with the cluster's name in front or without it; none
    stands for all.
    """
    found = [span for span in spans if span.kind == TAINT and (not nodes or _is_one(span, nodes))]
    return tuple(sorted(found, key=lambda span: (span.start_s, span.name)))


def taint_of(span: Span) -> str:
    """The taint that a span is about, as KEY:EFFECT."""
    return span.name.split()[1]


def unguarded(spans: Iterable[Span], nodes: Collection[str]) -> tuple[str, ...]:
    """Those of `nodes` that never had a taint which waits for their network."""
    found = tuple(spans)
    return tuple(sorted(node for node in nodes if not any(_guards(found, node))))


def taint_sentence(spans: Iterable[Span], nodes: Collection[str]) -> str:
    """The taints of these nodes with their times, in a sentence."""
    said = [
        f"{span.node} had {taint_of(span)} from {moment(span.start_s)} on for "
        f"{duration(span.duration_s)}"
        for span in taint_spans(spans, nodes)
    ]
    return f"{'; '.join(said) or 'No taint was seen there'}."


def _guards(spans: Iterable[Span], node: str) -> Iterator[bool]:
    for span in taint_spans(spans, [node]):
        yield waits_for_network(taint_of(span).partition(":")[0])


def _is_one(span: Span, nodes: Collection[str]) -> bool:
    return any(span.is_on(node) for node in nodes)
