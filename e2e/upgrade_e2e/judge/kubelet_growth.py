"""Whether kubelets grow with the pods that come and go on their nodes, more than they did before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.growth import FEWEST_CYCLES, Growth, Slope, bursts, slope_of
from upgrade_e2e.judge.node_usage import MIB, NodeUsage
from upgrade_e2e.judge.programs import KUBELET, Memory, memory_of
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.timeline import Span

__all__ = ["described", "growth_of_kubelets", "require_cycles"]

_SWAP = "swap-kubelet"
_GONE = "deleted-to-gone"
"""Each burst deletes the pods of the one before, at times that are known to the millisecond."""
_APART_S = 1.5
"""Own choice: one burst deletes its pods within half a second, and the next comes after 3 s or more."""


def growth_of_kubelets(usage: NodeUsage, churn: Seen) -> tuple[Growth, ...]:
    """The growth of each kubelet on whose node pods came and went, before and after its swap.

    `churn` is what a PodChurn saw in the same pass: a cycle is one of its bursts. Raises
    Inconclusive where no kubelet was swapped, or none of those nodes was read.
    """
    found = tuple(_growths(usage, churn))
    if not found:
        raise Inconclusive(
            f"{usage.title}: there is no node on which pods came and went, the kubelet was "
            "replaced and its memory could be read."
        )
    return found


def require_cycles(growths: tuple[Growth, ...]) -> None:
    """Raises Inconclusive where a node had too few cycles before or after its swap."""
    lacking = [one.node for one in growths if not one.is_known]
    if lacking:
        raise Inconclusive(
            f"fewer than {FEWEST_CYCLES} cycles that count before or after the swap of the kubelet "
            f"on {', '.join(lacking)}; watch for longer with --watch-before and --watch-after."
        )


def described(growth: Growth) -> str:
    """A growth in one line."""
    return (
        f"kubelet on {growth.node}: before {_slope(growth.before)}, after {_slope(growth.after)}"
    )


def _slope(slope: Slope | None) -> str:
    if slope is None:
        return "too few cycles"
    return (
        f"{slope.per_cycle / MIB:+.2f} MiB a cycle ({slope.at_least / MIB:+.2f} to "
        f"{slope.at_most / MIB:+.2f}, {slope.cycles} cycles)"
    )


def _growths(usage: NodeUsage, churn: Seen) -> Iterator[Growth]:
    swaps = usage.steps.named(_SWAP)
    begun = dict(_bursts_by_node(churn))
    for memory in memory_of(KUBELET, usage.readings):
        mine = [span for span in swaps if _is_on(span, memory.node)]
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


def _bursts_by_node(churn: Seen) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    for track in churn.scope.tracks:
        if track.stream.name.partition("@")[0] == _GONE:
            yield track.stream.node, bursts(track.sent_us / 1e6, _APART_S)


def _is_on(span: Span, node: str) -> bool:
    return bool(span.node) and (node == span.node or node.endswith(f"-{span.node}"))
