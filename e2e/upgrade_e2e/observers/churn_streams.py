"""What churned pods did, as streams of samples: one for each kind of event and node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from upgrade_e2e.observers.pod_tracker import GONE, Measured
from upgrade_e2e.timeline import SamplesBuilder, Stream, Window

__all__ = ["ChurnStreams"]

_STARTED_AT_ERROR_S = 1.0


@dataclass(frozen=True)
class ChurnStreams:
    """The streams of one pass; what takes longer than `timeout_s` is a timeout."""

    nodes: tuple[str, ...]
    timeout_s: float

    def add(
        self,
        kinds: Sequence[str],
        seen: Iterable[Measured],
        into: SamplesBuilder,
        window: Window,
    ) -> None:
        """Add streams of these kinds, and what was seen of them that began within `window`."""
        indices = {
            (stream, node): into.add_stream(self._stream(stream, node))
            for stream in kinds
            for node in self.nodes
        }
        for one in seen:
            if not window.start_s <= one.from_s <= window.end_s:
                continue
            into.add(
                indices[one.stream, one.node],
                intended_us=round(one.from_s * 1e6),
                latency_us=round((one.to_s - one.from_s) * 1e6),
                outcome=one.outcome,
            )

    def _stream(self, name: str, node: str) -> Stream:
        return Stream(
            name=f"{name}@{node}",
            node=node,
            target=f"pods on {node}",
            interval_s=0.0,
            timeout_s=self.timeout_s,
            clock_error_s=0.0 if name == GONE else _STARTED_AT_ERROR_S,
        )
