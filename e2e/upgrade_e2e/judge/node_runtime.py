"""What is known of the container runtime of one node: when it was silent, and what was said then.

Two witnesses say that a runtime is silent, and either is enough:

- its kubelet got no list of its pods for longer than `runtime.pleg_age_s` (see pleg.py), or
- pods that the API server has waited for their containers, and none came up on the node for longer
  than `runtime.silence_s`.

What else keeps pods waiting is left out, node by node: the time in which the API server was away
or the node had no news from it, measured as for all pods that come and go (see news.py), and the
time in which the node's kubelet was started again, which its own readings show. A cordoned node
gets no pods, so there is nothing to leave out.

A node is called Ready between two answers of the API server that both say so and are not far apart.
While the API server is away it says nothing, so a node cannot be called Ready then. In the same way
it is known when a node was called not Ready: then pods on it are no endpoints of any Service.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.limit_groups import RuntimeLimits
from upgrade_e2e.judge.pleg import PlegAges
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Readings
from upgrade_e2e.timeline.kubelet_metrics import NODE_READY

__all__ = ["NodeRuntime"]

_NEXT_ANSWER_US = 3_000_000
"""Answers about Ready come every second, or 2 s late at most."""


@dataclass(frozen=True, eq=False)
class NodeRuntime:
    """What is known of one node.

    `silent` is when its runtime was silent by any witness, `waited` when pods waited and none came
    up, however short, `ready` when the node was called Ready, and `not_ready` when it was not.
    `pods` counts pods whose wait counts, `masked_share` is the share of those that are left out;
    both are None where no pods were created. `unread_share` is the share of the time in which its
    kubelet was not read, None where no prober was to read it.
    """

    node: str
    ages: PlegAges
    waited: Windows
    silent: Windows
    ready: Windows
    not_ready: Windows
    pods: int | None
    masked_share: float | None
    unread_share: float | None

    @classmethod
    def of(
        cls,
        node: str,
        starts: Track | None,
        reader: Track | None,
        *,
        readings: Readings,
        within: Windows,
        limits: RuntimeLimits,
    ) -> NodeRuntime:
        """What samples and readings say of a node in the time `within`.

        `starts` are its pods that were created, `reader` is the prober that reads its kubelet; None
        where there is none.
        """
        ages = PlegAges.of(readings, node)
        waited = Windows.none()
        if starts is not None:
            waited = _waited_in_vain(starts).minus(starts.masked).minus(ages.restarts)
        waited = waited.within(within)
        silent = Windows.union(
            [_longer_than(waited, limits.silence_s), ages.silent(limits.pleg_age_s)]
        )
        there = within.within(_since_there(readings, node, within))
        unread = None if reader is None else ages.unread(there, reader.stream.interval_s)
        return cls(
            node=node,
            ages=ages,
            waited=waited,
            silent=silent.within(within),
            ready=_called(readings, node, ready=True).within(within),
            not_ready=_called(readings, node, ready=False).within(within),
            pods=None if starts is None else int((starts.evidence <= Evidence.FAILED).sum()),
            masked_share=None if starts is None else _masked_share(starts),
            unread_share=None if unread is None else unread.total_us / max(1, there.total_us),
        )

    @property
    def pleg_age_s(self) -> float | None:
        """The oldest that the kubelet's list of its pods was; None where it was never read."""
        return self.ages.oldest()[0] if len(self.ages) else None

    @property
    def silence_s(self) -> float | None:
        """The longest that no container came up; None where no pods were created."""
        return None if self.pods is None else self.silence[0]

    @property
    def silence(self) -> tuple[float, float]:
        """The longest that pods waited in vain, and when that began, in seconds; zeros for none."""
        return _longest(self.waited)

    @property
    def absence(self) -> tuple[float, float]:
        """The longest that it was not Ready, and when that began, in seconds; zeros for none."""
        return _longest(self.not_ready)

    @property
    def lied_s(self) -> float:
        """The longest that it was called Ready within one silence of its runtime, at least."""
        return self.lie[0]

    @property
    def lie(self) -> tuple[float, float]:
        """The same, and when that silence began, in seconds."""
        if not len(self.silent):
            return 0.0, 0.0
        called_us = self.ready.overlap_us(self.silent.start_us, self.silent.end_us)
        at = int(np.argmax(called_us))
        return int(called_us[at]) / 1e6, int(self.silent.start_us[at]) / 1e6


def _waited_in_vain(starts: Track) -> Windows:
    """When pods of a node waited for their containers and none of them came up.

    A wait that another pod's start interrupts is over with that: the runtime had answered.
    """
    begin_us = starts.sent_us
    end_us = begin_us + starts.latency_us.astype(np.int64)
    started_us = np.sort(end_us[starts.outcome == Outcome.OK])
    next_at = np.searchsorted(started_us, begin_us, side="right")
    until_us = np.append(started_us, np.iinfo(np.int64).max)[next_at]
    return Windows.of(begin_us, np.minimum(end_us, until_us))


def _called(readings: Readings, node: str, *, ready: bool) -> Windows:
    """The stretches in which the API server said that a node is Ready, or that it is not.

    Each lasts from the first answer that says so to the last, so the real one may be longer.
    """
    found = []
    for series in readings.series:
        if series.metric == NODE_READY and series.node == node:
            said = (series.value > 0) == ready
            near = np.diff(series.at_us) <= _NEXT_ANSWER_US
            both = said[1:] & said[:-1] & near
            found.append(Windows.of(series.at_us[:-1][both], series.at_us[1:][both]))
    return Windows.union(found)


def _since_there(readings: Readings, node: str, within: Windows) -> Windows:
    """The time from which on the API server had a node, such as one that joined later.

    All of `within` where that is not known.
    """
    if not len(within):
        return within
    known = [s for s in readings.series if s.metric == NODE_READY and s.node == node and len(s)]
    if not known:
        return within
    first_us = min(int(series.at_us[0]) for series in known) - _NEXT_ANSWER_US
    return within.clip(first_us, int(within.end_us[-1]))


def _longer_than(windows: Windows, over_s: float) -> Windows:
    """The stretches that are longer than this."""
    long = windows.end_us - windows.start_us > over_s * 1e6
    return Windows(windows.start_us[long], windows.end_us[long])


def _longest(windows: Windows) -> tuple[float, float]:
    """The length of the longest stretch and when it begins, in seconds; zeros for none."""
    if not len(windows):
        return 0.0, 0.0
    length_us = windows.end_us - windows.start_us
    at = int(np.argmax(length_us))
    return int(length_us[at]) / 1e6, int(windows.start_us[at]) / 1e6


def _masked_share(starts: Track) -> float:
    return float((starts.evidence == Evidence.MASKED).sum()) / max(1, len(starts))
