"""What is known of the container runtime of each node: part of the record of a pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upgrade_e2e.format import duration
from upgrade_e2e.judge import NodeRuntime, Runtimes, Views
from upgrade_e2e.timeline import Series
from upgrade_e2e.timeline.kubelet_metrics import NODE_READY

__all__ = ["NotReady", "RuntimeRow", "runtime_line", "runtime_rows"]


@dataclass(frozen=True)
class NotReady:
    """A stretch in which the API server called a node not Ready, in seconds, at least."""

    start_s: float
    lasted_s: float


@dataclass(frozen=True)
class RuntimeRow:
    """One node, in seconds.

    `pleg_age_s` is the oldest that its kubelet's list of pods was, None where it was never read;
    `silence_s` the longest that pods waited and no container came up, None where no pods were
    created there; `lied_s` the longest that the node was called Ready while its runtime was silent.
    `not_ready` is when it was not Ready, in order.
    """

    node: str
    pleg_age_s: float | None
    silence_s: float | None
    lied_s: float
    not_ready: tuple[NotReady, ...] = ()


def runtime_rows(views: Views) -> tuple[RuntimeRow, ...]:
    """A row for each node whose runtime was watched, of the first observer that did."""
    for observer in views.observers:
        seen = views.of(observer)
        found = Runtimes(seen, views.limits).nodes if _watches_runtimes(seen.read.series) else ()
        if found:
            return tuple(map(_row, found))
    return ()


def runtime_line(rows: Sequence[RuntimeRow]) -> str:
    """The worst of all nodes in one line; empty for no rows."""
    said = [
        _worst("a kubelet's list of its containers at most {} old", rows, lambda r: r.pleg_age_s),
        _worst("no container came up for at most {}", rows, lambda r: r.silence_s),
        _worst("called Ready while it was silent for {}", rows, lambda r: r.lied_s or None),
        _worst("not Ready for {}", rows, _longest_away_s),
    ]
    return "; ".join(filter(None, said))


def _worst(
    words: str, rows: Sequence[RuntimeRow], figure: Callable[[RuntimeRow], float | None]
) -> str:
    known = [(value, row.node) for row in rows if (value := figure(row)) is not None]
    if not known:
        return ""
    value, node = max(known)
    return f"{words.format(duration(value))} ({node})"


def _longest_away_s(row: RuntimeRow) -> float | None:
    return max((one.lasted_s for one in row.not_ready), default=None)


def _watches_runtimes(series: Sequence[Series]) -> bool:
    return any(one.metric == NODE_READY for one in series)


def _row(found: NodeRuntime) -> RuntimeRow:
    stretches = zip(found.not_ready.start_us, found.not_ready.end_us, strict=True)
    away = tuple(NotReady(int(a) / 1e6, int(b - a) / 1e6) for a, b in stretches)
    return RuntimeRow(found.node, found.pleg_age_s, found.silence_s, found.lied_s, away)
