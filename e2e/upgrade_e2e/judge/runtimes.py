"""Whether container runtimes answered, and whether their nodes were called Ready when they did not.

What that is decided from: see node_runtime.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration, moment, share
from upgrade_e2e.judge.evidence import Track
from upgrade_e2e.judge.limits import Limits
from upgrade_e2e.judge.node_runtime import NodeRuntime
from upgrade_e2e.judge.seen import Seen

__all__ = ["STARTS", "Runtimes"]

STARTS = "created-to-started"
"""The kind of stream whose events end when a container has started."""
PLEG = "pleg"
"""The kind of stream that reads kubelets."""


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
        return NodeRuntime.of(
            node,
            starts,
            reader,
            readings=self.seen.read,
            within=self.seen.scope.within,
            limits=self.limits.runtime,
        )

    def _sentence(self, one: NodeRuntime) -> str:
        said = [*self._age(one), *self._silence(one), *self._called(one)]
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
        length_s, from_s = one.silence
        if one.pods is not None and length_s:
            during = self.seen.steps.during(from_s, from_s + length_s)
            yield (
                f"no container came up for {duration(length_s)} from {moment(from_s)} on, "
                f"{during} ({one.pods} pods count)"
            )

    def _called(self, one: NodeRuntime) -> Iterator[str]:
        lied_s, from_s = one.lie
        if lied_s:
            yield (
                f"it was called Ready for {duration(lied_s)} of the silence from {moment(from_s)} "
                f"on, {self.seen.steps.during(from_s, from_s + lied_s)}"
            )
        away_s, since_s = one.absence
        if away_s:
            yield (
                f"it was not Ready for {duration(away_s)} from {moment(since_s)} on, "
                f"{self.seen.steps.during(since_s, since_s + away_s)}"
            )
