"""How long ago a kubelet last heard of its containers, read from what it publishes.

A kubelet asks its runtime once a second for the list of its pods (PLEG, pod lifecycle event
generator; pkg/kubelet/pleg/generic.go). Two things show how old the last list is.

- `kubelet_pleg_last_seen_seconds`, a time by the node's clock. The youngest list of all readings
  is taken to be new, so that the clocks need not agree; each age is too short by as much as that
  one was old, a second or so. Where it is 0 the kubelet has got no list since it was started, and
  the age counts from that start. So a kubelet that is restarted is not blamed for the time before.
- The lists that the kubelet has asked for, and how old the list before was each time. The time
  above is published by the kubelet's main loop, which may wait for something else: it deletes
  mirror pods through the API server, say, while a single control plane is away. Lists that go on
  coming once a second are no sign of a silent runtime, whatever that time says.

The age is the smaller of both. When the kubelet cannot be read, nothing is known. That is so while
its runtime is frozen: other metrics of the same page ask the runtime too, and the page waits for
them. When it comes again it may show a young list, so the longest wait since the reading before
counts as an age as well (see relists.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.relists import longest_waits
from upgrade_e2e.judge.series_values import Floats, values, values_at
from upgrade_e2e.judge.windows import Times, Windows
from upgrade_e2e.timeline import Readings
from upgrade_e2e.timeline.kubelet_metrics import (
    PLEG_LAST_SEEN,
    PLEG_RELISTS,
    PLEG_RELISTS_S,
    PROCESS_STARTED,
)

__all__ = ["PlegAges"]

_GAP = 2.5
"""A reading covers so many intervals before it: one fetch may fail, or be late."""


@dataclass(frozen=True, eq=False)
class PlegAges:
    """The age of the last list of one kubelet, in seconds, at each reading.

    `restarts` is when the kubelet was started again: from the last reading of one process to the
    first of the next.
    """

    at_us: Times
    age_s: Floats
    restarts: Windows

    @classmethod
    def of(cls, readings: Readings, node: str) -> PlegAges:
        """Those of one node; none where its kubelet was never read."""
        at_us, seen_s = values(readings, PLEG_LAST_SEEN, node)
        if not len(at_us):
            return cls(at_us, seen_s, Windows.none())
        begun_s = values_at(readings, PROCESS_STARTED, node, at_us)
        since_s = _by_time(at_us / 1e6, seen_s, begun_s)
        restarted = np.isfinite(np.diff(begun_s)) & (np.diff(begun_s) != 0)
        lists = values_at(readings, PLEG_RELISTS, node, at_us)
        lists_s = values_at(readings, PLEG_RELISTS_S, node, at_us)
        age_s = np.fmin(since_s, _by_lists(at_us / 1e6, lists, lists_s, restarted))
        waited_s = longest_waits(readings, node, at_us)
        waited_s[1:][restarted] = np.nan
        age_s = np.fmax(age_s, waited_s)
        known = np.isfinite(age_s)
        restarts = Windows.of(at_us[:-1][restarted], at_us[1:][restarted])
        return cls(at_us[known], age_s[known], restarts)

    def __len__(self) -> int:
        return len(self.at_us)

    def silent(self, over_s: float) -> Windows:
        """When the runtime gave no list, wherever that took longer than this: at least."""
        old = self.age_s > over_s
        until_us = self.at_us[old]
        return Windows.of(until_us - np.rint(self.age_s[old] * 1e6).astype(np.int64), until_us)

    def oldest(self) -> tuple[float, float]:
        """The largest age and when it was read, in seconds; there must be a reading."""
        at = int(np.argmax(self.age_s))
        return float(self.age_s[at]), float(self.at_us[at]) / 1e6

    def unread(self, whole: Windows, interval_s: float) -> Windows:
        """When the kubelet was not read, of the time `whole`."""
        reach_us = round(_GAP * interval_s * 1e6)
        return whole.minus(Windows.of(self.at_us - reach_us, self.at_us + 1))


def _by_time(at_s: Floats, seen_s: Floats, begun_s: Floats) -> Floats:
    """How old the last list was by the time that the kubelet gives for it."""
    since_s = at_s - np.where(seen_s > 0, seen_s, begun_s)
    known = since_s[np.isfinite(since_s)]
    return since_s - (known.min() if len(known) else 0.0)


def _by_lists(
    at_s: Floats, lists: Floats, lists_s: Floats, restarted: npt.NDArray[np.bool_]
) -> Floats:
    """How old it was at most by the lists that were asked for; infinite where they say nothing.

    Where lists were asked for since the reading before, the list before each was as old as their
    mean says. Where none was, the last one has grown older.
    """
    ages = np.full(len(at_s), np.inf)
    for i in range(1, len(at_s)):
        passed_s, more = at_s[i] - at_s[i - 1], lists[i] - lists[i - 1]
        if restarted[i - 1] or not np.isfinite(more):
            continue
        mean_s = (lists_s[i] - lists_s[i - 1]) / more if more > 0 else ages[i - 1]
        ages[i] = mean_s + passed_s
    return ages
