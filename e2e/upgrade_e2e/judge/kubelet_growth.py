"""Whether kubelets grow with the pods that come and go on their nodes, before and after a swap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.growth import Growth, bursts, slope_of
from upgrade_e2e.judge.in_view import InView
from upgrade_e2e.judge.programs import KUBELET, Memory, memory_of
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.timeline import Readings, Span

__all__ = ["growth_of_kubelets"]

_SWAP = "swap-kubelet"
_GONE = "deleted-to-gone"
"""Each burst deletes the pods of the one before, at times that are known to the millisecond."""
_APART_S = 1.5
"""Own choice: a burst deletes its pods within half a second, and the next is 3 s later or more."""


def growth_of_kubelets(readings: Readings, steps: Steps, churn: InView) -> Iterator[Growth]:
    """The growth of each kubelet that was swapped, and on whose node pods came and went.

    `churn` is what a PodChurn saw in the same pass: a cycle is one of its bursts.
    """
    swaps = steps.named(_SWAP)
    begun = dict(_bursts_by_node(churn))
    for memory in memory_of(KUBELET, readings):
        mine = [span for span in swaps if span.is_on(memory.node)]
        if mine and memory.node in begun:
            yield _growth(memory, begun[memory.node], mine)


def _growth(memory: Memory, begun_s: npt.NDArray[np.float64], swaps: list[Span]) -> Growth:
    first = min(span.start_s for span in swaps)
    last = max(span.end_s for span in swaps)
    return Growth(
        node=memory.node,
        before=slope_of(memory.series, begun_s[begun_s < first]),
        after=slope_of(memory.series, begun_s[begun_s >= last]),
    )


def _bursts_by_node(churn: InView) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    for track in churn.scope.tracks:
        if track.stream.name.partition("@")[0] == _GONE:
            yield track.stream.node, bursts(track.sent_us / 1e6, _APART_S)
