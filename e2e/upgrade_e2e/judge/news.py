"""How long each node had no news from the API server, read from the pods that came and went on it.

A kubelet follows its pods in a watch. When the API server goes away the watch breaks, and the
kubelet tries again after a back-off. So it does nothing new for some time after the API server is
back. That time differs from node to node, and it is measured: it ends with the first thing on the
node that only a kubelet with news can have done after the return,
- a container of a pod that started (pods start soon after the kubelet hears of them), or
- a pod that is gone whose deletion was accepted after the return.

Where no pod came or went for a while, as on a cordoned node, this is an upper bound. Where nothing
is seen before the longest wait is over, the node counts as without news until then if something was
still under way on it. Otherwise nothing shows that it was, and nothing needs to be left out.

What is measured is bounded, so that a kubelet that stays deaf breaks its claim. The reflector of
client-go (tools/cache/reflector.go) waits 0.8 s before it tries again, twice as long each time, up
to 30 s, and makes each of these waits longer by up to once its length at random. A reflector that
has waited for `w` seconds in all therefore waits for at most 2 `w` + 1.6 s more, and never more
than 60 s. Its back-off begins again at 0.8 s only after two minutes without a wait: an absence of
4 s that comes 50 s after one of 98 s can cost 60 s as well (seen: 42 s). So `w` counts absences
and waits that lie less than two minutes apart together.

A pod's event is left out only as far as all this explains it: what remains of its wait without the
time left out is the kubelet's own. After the absence the kubelet has work to catch up with, and
its status manager sends what it could not send every 10 s (pkg/kubelet/status/status_manager.go).
An event of which more than these 10 s remain counts in full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.raw import RawTrack
from upgrade_e2e.judge.windows import Times, Windows
from upgrade_e2e.timeline import KNOCKED, Outcome, family_of

__all__ = ["CATCH_UP_S", "LONGEST_WAIT_S", "STARTED", "explained", "without_news"]

STARTED = "started-to-ready"
"""The kind of stream whose events begin with something that the kubelet did."""
_BY_KUBELET = frozenset({STARTED, *KNOCKED})
"""All such kinds: a pod that knocks at its network has been started too."""
CATCH_UP_S = 10.0
"""Kubelet: the period of its status manager."""
LONGEST_WAIT_S = 60.0
"""client-go's reflector: a back-off of 30 s with a jitter factor of 1.0."""
_FIRST_WAIT_S = 1.6
"""client-go's reflector: the first back-off of 0.8 s with a jitter factor of 1.0."""
_FORGOTTEN_S = 120.0
"""client-go's reflector: after so long without a wait its back-off begins again."""
_US = 1_000_000


def without_news(events: Iterable[RawTrack], away: Windows) -> Windows:
    """When one node had no news: the absences `away`, each with the time until its kubelet heard.

    `events` are all streams of pods on that node.
    """
    stretches = list(_stretches(away, _Shown.by(list(events))))
    return Windows.of([start for start, _ in stretches], [end for _, end in stretches])


def explained(start_us: Times, end_us: Times, left_out: Windows) -> npt.NDArray[np.bool_]:
    """For each wait from start to end, whether the time left out explains it."""
    inside_us = left_out.overlap_us(start_us, end_us)
    return (inside_us > 0) & (end_us - start_us - inside_us <= round(CATCH_UP_S * _US))


@dataclass(frozen=True, eq=False)
class _Shown:
    """What the events of one node show: `busy` is when any was under way.

    The others are pairs, by begin: an event that began then shows that the kubelet had heard by
    `heard`.
    """

    begin_us: Times
    heard_by_us: Times
    busy: Windows

    @classmethod
    def by(cls, events: Sequence[RawTrack]) -> _Shown:
        begin = [np.empty(0, np.int64)]
        heard = [np.empty(0, np.int64)]
        for raw in events:
            done = raw.samples.outcome == Outcome.OK
            started = family_of(raw.stream.name) in _BY_KUBELET
            begin.append(raw.samples.intended_us[done])
            heard.append((raw.samples.intended_us if started else raw.done_us)[done])
        begins, heards = np.concatenate(begin), np.concatenate(heard)
        order = np.argsort(begins, kind="stable")
        busy = [Windows.of(raw.samples.intended_us, raw.done_us) for raw in events]
        return cls(begins[order], heards[order], Windows.union(busy))

    def heard_us(self, after_us: int, before_us: int) -> int:
        """When the node was first seen to have heard; `before_us` if that was not before then."""
        later = self.heard_by_us[np.searchsorted(self.begin_us, after_us) :]
        return min(int(later.min(initial=before_us)), before_us)

    def waits_at(self, at_us: int) -> bool:
        """Whether anything was under way then."""
        return bool(self.busy.contains(np.array([at_us]))[0])


def _stretches(away: Windows, node: _Shown) -> Iterator[tuple[int, int]]:
    waited_us, last_us = 0, None
    starts, ends = away.start_us.tolist(), away.end_us.tolist()
    for start_us, end_us, next_us in zip_longest(starts, ends, starts[1:]):
        if last_us is None or start_us - last_us > _FORGOTTEN_S * _US:
            waited_us = 0
        waited_us += end_us - start_us
        bound_us = end_us + _longest_wait_us(waited_us)
        if next_us is not None:
            bound_us = min(bound_us, next_us)
        heard_us = node.heard_us(end_us, bound_us)
        waited_us += heard_us - end_us
        last_us = end_us
        shown = heard_us < bound_us or node.waits_at(bound_us - 1)
        yield start_us, heard_us if shown else end_us


def _longest_wait_us(waited_us: int) -> int:
    """How long a reflector that has waited for so long may still wait before it tries again."""
    return min(round(LONGEST_WAIT_S * _US), 2 * waited_us + round(_FIRST_WAIT_S * _US))
