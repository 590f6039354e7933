"""What pods tried, as streams of samples: one for each thing, group of pods and node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upgrade_e2e.agent.layout import MOST_U16
from upgrade_e2e.observers.knock_tracker import KnockSample
from upgrade_e2e.timeline import KNOCKED, START, SamplesBuilder, Stream

__all__ = ["KnockStreams"]

_WALL_CLOCK_S = 1.0


@dataclass(frozen=True)
class KnockStreams:
    """The streams of one pass.

    `chosen` are the nodes that were there from the beginning, `with_peers` is whether pods had one
    on another node to reach, and `foreign` whether any ran under another kernel, so that its wall
    clock says when. `timeout_s` is when a pod gives up.
    """

    chosen: tuple[str, ...]
    with_peers: bool
    timeout_s: float
    foreign: bool

    def add(self, into: SamplesBuilder, endings: Mapping[KnockSample, str]) -> None:
        """Add samples, each with the ending of its stream."""
        indices = {name: into.add_stream(self._stream(name)) for name in self._names(endings)}
        for one, ending in endings.items():
            into.add(
                indices[f"{one.kind}{ending}@{one.node}"],
                intended_us=round(one.from_s * 1e6),
                latency_us=round(one.lasted_s * 1e6),
                outcome=one.outcome,
                code=min(one.failed, MOST_U16),
                backend=one.pod,
            )

    def _names(self, endings: Mapping[KnockSample, str]) -> dict[str, None]:
        """A stream for each kind on each node that was there, and for what was seen beside it."""
        kinds = [START, *(kind for kind in KNOCKED if kind != "peer" or self.with_peers)]
        names = [f"{kind}@{node}" for kind in kinds for node in self.chosen]
        names += [f"{one.kind}{ending}@{one.node}" for one, ending in endings.items()]
        return dict.fromkeys(names)

    def _stream(self, name: str) -> Stream:
        kind, _, node = name.partition("@")
        return Stream(
            name=name,
            node=node,
            target=f"{kind} of pods on {node}",
            interval_s=0.0,
            timeout_s=self.timeout_s,
            clock_error_s=_WALL_CLOCK_S if self.foreign else 0.0,
        )
