"""Whether container runtimes answered, and whether their nodes were called Ready when they did not.

Two witnesses say that a runtime is silent, and either is enough:

- its kubelet got no list of its pods for longer than `runtime.pleg_age_s` (see pleg.py), or
- pods that the API server has waited for their containers, and none came up on the node for longer
  than `runtime.silence_s`.

What else keeps pods waiting is left out, node by node: the time in which the API server was away
or the node had no news from it, measured as for all pods that come and go (see news.py), and the
time in which the node's kubelet was started again, which its own readings show. A cordoned node
gets no pods, so there is nothing to leave out.

A node is called Ready between two answers of the API server that both say so and are not far apart.
While the API server is away it says nothing, so a node cannot be called Ready then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration, moment, share
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.limits import Limits
from upgrade_e2e.judge.pleg import PlegAges
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Readings
from upgrade_e2e.timeline.kubelet_metrics import NODE_READY

__all__ = ["STARTS", "NodeRuntime", "Runtimes", "called_ready", "since_there", "waited_in_vain"]

STARTS = "created-to-started"
"""The kind of stream whose events end when a container has started."""
PLEG = "pleg"
"""The kind of stream that reads kubelets."""
_NEXT_ANSWER_US = 3_000_000
"""Answers about Ready come every second, or 2 s late at most."""


@dataclass(frozen=True, eq=False)
class NodeRuntime:
    """What is known of one node.

    `silent` is when its runtime was silent by any witness, `waited` when pods waited and none came
    up, however short, `ready` when the node was called Ready. `pods` counts pods whose wait counts,
    `masked_share` is the share of those that are left out; both are None where no pods were
    created. `unread_share` is the share of the time in which its kubelet was not read, None where
    no prober was to read it.
    """

    node: str
    ages: PlegAges
    waited: Windows
    silent: Windows
    ready: Windows
    pods: int | None
    masked_share: float | None
    unread_share: float | None

    @property
    def pleg_age_s(self) -> float | None:
        """The oldest that the kubelet's list of its pods was; None where it was never read."""
        return self.ages.oldest()[0] if len(self.ages) else None

    @property
    def silence_s(self) -> float | None:
        """The longest that no container came up; None where no pods were created."""
        return None if self.pods is None else longest(self.waited)[0]

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


@dataclass(frozen=True, eq=False)
class Runtimes:
    """What a RuntimeAnswers saw, as figures that claims are made about.

    Each figure is that of the worst node, and raises Inconclusive where a node was not seen well
    enough to say it.
    """

    seen: Seen
    limits: Limits

    @cached_property
    def nodes(self) -> tuple[NodeRuntime, ...]:
        """Every node that was watched, in order of name."""
        starts = {track.stream.node: track for track in self._tracks(STARTS)}
        readers = {track.stream.node: track for track in self._tracks(PLEG)}
        named = {series.node for series in self.seen.read.series if series.node}
        every = sorted({*starts, *readers, *named})
        return tuple(self._node(node, starts.get(node), readers.get(node)) for node in every)

    @property
    def pleg_age_s(self) -> float:
        """The oldest list of its pods that a kubelet had.

        Raises Inconclusive for a kubelet that was not read for more of the pass than
        `instrument.stream_blind_share` allows, unless a list that was read is too old already: what
        was not read cannot make it younger. Of a node without a prober, such as one that joined
        during the pass, nothing is claimed.
        """
        if (read := self._oldest_read) > self.limits.runtime.pleg_age_s:
            return read
        for one in self.nodes:
            unread = one.unread_share
            if unread is not None and (not len(one.ages) or not unread <= self._blind_share):
                raise Inconclusive(
                    f"{self.seen.title}: the kubelet of {one.node} was not read in "
                    f"{share(unread)} of the pass (at most "
                    f"{share(self._blind_share)}, instrument.stream_blind_share); a kubelet lets "
                    "nobody read while the API server is away for long, and its metrics may wait "
                    "for a runtime that is frozen."
                )
        return self._worst(lambda one: one.pleg_age_s)

    @property
    def silence_s(self) -> float:
        """The longest in which pods waited for containers on a node and none came up.

        Raises Inconclusive for a node of whose pods none counts, or fewer than the share that
        `instrument.masked_share` asks for.
        """
        most = self.limits.instrument.masked_share
        for one in self.nodes:
            if one.masked_share is not None and (not one.pods or not one.masked_share <= most):
                raise Inconclusive(
                    f"{self.seen.title}: {one.pods or 0} pods of {one.node} count, and "
                    f"{share(one.masked_share)} of all fell into times without news from the API "
                    f"server (at most {share(most)}, instrument.masked_share); use more control "
                    "planes or watch for longer."
                )
        return self._worst(lambda one: one.silence_s)

    @property
    def lied_s(self) -> float:
        """The longest that a node was called Ready while its runtime was silent.

        Raises Inconclusive where no node is known to be called Ready at any time.
        """
        if not any(len(one.ready) for one in self.nodes):
            raise Inconclusive(
                f"{self.seen.title}: the API server was never seen to call a node Ready; see why "
                "it did not answer."
            )
        return self._worst(lambda one: one.lied_s)

    def explain(self) -> str:
        """What is known of each node, and what its probes saw, as the message of an assert."""
        return "\n".join([*map(self._sentence, self.nodes), self.seen.explain()])

    @property
    def _blind_share(self) -> float:
        return self.limits.instrument.stream_blind_share

    @property
    def _oldest_read(self) -> float:
        return max((one.pleg_age_s or 0.0 for one in self.nodes), default=0.0)

    def _worst(self, figure: Callable[[NodeRuntime], float | None]) -> float:
        found = [value for one in self.nodes if (value := figure(one)) is not None]
        if not found:
            raise Inconclusive(f"{self.seen.title} saw no node whose runtime it could judge.")
        return max(found)

    def _tracks(self, kind: str) -> Iterator[Track]:
        for track in self.seen.scope.tracks:
            if track.stream.name.partition("@")[0] == kind:
                yield track

    def _node(self, node: str, starts: Track | None, reader: Track | None) -> NodeRuntime:
        within, limits = self.seen.scope.within, self.limits.runtime
        ages = PlegAges.of(self.seen.read, node)
        waited = Windows.none()
        if starts is not None:
            waited = waited_in_vain(starts).minus(starts.masked).minus(ages.restarts)
        waited = waited.within(within)
        silent = Windows.union(
            [longer_than(waited, limits.silence_s), ages.silent(limits.pleg_age_s)]
        )
        there = within.within(since_there(self.seen.read, node, within))
        unread = None if reader is None else ages.unread(there, reader.stream.interval_s)
        return NodeRuntime(
            node=node,
            ages=ages,
            waited=waited,
            silent=silent.within(within),
            ready=called_ready(self.seen.read, node).within(within),
            pods=None if starts is None else int((starts.evidence <= Evidence.FAILED).sum()),
            masked_share=None if starts is None else _masked_share(starts),
            unread_share=None if unread is None else unread.total_us / max(1, there.total_us),
        )

    def _sentence(self, one: NodeRuntime) -> str:
        said = [*self._age(one), *self._silence(one)]
        lied_s, from_s = one.lie
        if lied_s:
            said.append(
                f"it was called Ready for {duration(lied_s)} of the silence from {moment(from_s)} "
                f"on, {self.seen.steps.during(from_s, from_s + lied_s)}"
            )
        return f"{one.node}: {'; '.join(said) or 'nothing is known of its runtime'}"

    def _age(self, one: NodeRuntime) -> Iterator[str]:
        if len(one.ages):
            age_s, at_s = one.ages.oldest()
            yield (
                f"its kubelet last heard of its containers {duration(age_s)} before, at "
                f"{moment(at_s)}, {self.seen.steps.during(at_s - age_s, at_s)}"
            )
        if one.unread_share:
            yield f"its kubelet was not read in {share(one.unread_share)} of the pass"

    def _silence(self, one: NodeRuntime) -> Iterator[str]:
        length_s, from_s = longest(one.waited)
        if one.pods is not None and length_s:
            during = self.seen.steps.during(from_s, from_s + length_s)
            yield (
                f"no container came up for {duration(length_s)} from {moment(from_s)} on, "
                f"{during} ({one.pods} pods count)"
            )


def waited_in_vain(starts: Track) -> Windows:
    """When pods of a node waited for their containers and none of them came up.

    A wait that another pod's start interrupts is over with that: the runtime had answered.
    """
    begin_us = starts.sent_us
    end_us = begin_us + starts.latency_us.astype(np.int64)
    started_us = np.sort(end_us[starts.outcome == Outcome.OK])
    next_at = np.searchsorted(started_us, begin_us, side="right")
    until_us = np.append(started_us, np.iinfo(np.int64).max)[next_at]
    return Windows.of(begin_us, np.minimum(end_us, until_us))


def called_ready(readings: Readings, node: str) -> Windows:
    """When the API server called a node Ready, as far as its answers show: at least."""
    found = []
    for series in readings.series:
        if series.metric == NODE_READY and series.node == node:
            ready = series.value > 0
            near = np.diff(series.at_us) <= _NEXT_ANSWER_US
            both = ready[1:] & ready[:-1] & near
            found.append(Windows.of(series.at_us[:-1][both], series.at_us[1:][both]))
    return Windows.union(found)


def since_there(readings: Readings, node: str, within: Windows) -> Windows:
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


def longer_than(windows: Windows, over_s: float) -> Windows:
    """The stretches that are longer than this."""
    long = windows.end_us - windows.start_us > over_s * 1e6
    return Windows(windows.start_us[long], windows.end_us[long])


def longest(windows: Windows) -> tuple[float, float]:
    """The length of the longest stretch and when it begins, in seconds; zeros for none."""
    if not len(windows):
        return 0.0, 0.0
    length_us = windows.end_us - windows.start_us
    at = int(np.argmax(length_us))
    return int(length_us[at]) / 1e6, int(windows.start_us[at]) / 1e6


def _masked_share(starts: Track) -> float:
    return float((starts.evidence == Evidence.MASKED).sum()) / max(1, len(starts))
