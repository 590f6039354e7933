"""For which nodes pods are made that try their network, how often, and when they are deleted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.observers.knock_pods import KnockPods, NodeClient, Peers
from upgrade_e2e.observers.knock_tracker import KnockTracker
from upgrade_e2e.observers.node_tracker import NodeTracker
from upgrade_e2e.timeline import EARLY, NEW

__all__ = ["KnockTurns", "Paces"]

_LOOK_EVERY_S = 5.0
_MOST_ALIVE = 4
"""No more pods are made for a node on which so many are on their way."""
_AT_ONCE = 3
"""So many pods come for a new node when it is seen, and again when it is Ready: the first ones meet
the race, also where those that waited are put off for a second by the scheduler's back-off."""
_ASK_AGAIN_S = 5.0


@dataclass(frozen=True)
class Paces:
    """Seconds between two pods of a node: usually, soon after its kubelet started, and when new."""

    every_s: float
    early_every_s: float
    new_every_s: float

    def of(self, ending: str) -> float:
        """That of a node whose pods have this ending now."""
        return {NEW: self.new_every_s, EARLY: self.early_every_s}.get(ending, self.every_s)


@dataclass
class KnockTurns:
    """Makes and deletes pods; the caller decides when it is the next turn.

    `chosen` are the nodes that were there from the beginning. `lock` guards `pods` and `nodes`,
    which watches change.
    """

    client: KnockPods
    watching: NodeClient
    peers: Peers
    chosen: tuple[str, ...]
    paces: Paces
    pods: KnockTracker
    nodes: NodeTracker
    lock: threading.Lock
    _last_s: dict[str, float] = field(default_factory=dict)
    _asked_s: dict[str, float] = field(default_factory=dict)
    _begun: dict[str, int] = field(default_factory=dict)
    _looked_s: float | None = None

    def make(self) -> None:
        """Make the pods that are due now; raises what the API client raises."""
        self._look()
        for node in self._due():
            self._create(node)

    def delete(self, names: Callable[[], Iterable[str]]) -> None:
        """Ask for the deletion of these pods, and again where they are there after some seconds.

        An error of the API ends it: the next turn asks for those that are left.
        """
        now_s = self._now_s()
        with self.lock:
            unneeded = list(names())
        asked = {name: self._asked_s[name] for name in unneeded if name in self._asked_s}
        self._asked_s = {name: at_s for name, at_s in asked.items() if now_s - at_s < _ASK_AGAIN_S}
        for name in unneeded:
            if name in self._asked_s:
                continue  # it ends, which takes a moment
            try:
                self.client.delete(name)
            except TRANSIENT_API_ERRORS:
                return  # tried again at the next turn
            self._asked_s[name] = now_s

    def _look(self) -> None:
        """Now and then: where the peers are, and which kubelets have started again."""
        now_s = self._now_s()
        if self._looked_s is not None and now_s - self._looked_s < _LOOK_EVERY_S:
            return
        if self.peers.wanted:
            self.peers.look()
        events = self.watching.starting_events()
        with self.lock:
            self.nodes.restarted(events)
        self._looked_s = now_s

    def _due(self) -> list[str]:
        """The nodes for which pods are to be made now; a new one is named several times."""
        now_s, due = self._now_s(), []
        with self.lock:
            self.pods.expire(now_s)
            there = self.nodes.names
            for node in (*self.chosen, *sorted(self.nodes.joined - set(self.chosen))):
                if node not in there or node in self.nodes.cordoned:
                    continue
                last_s = self._last_s.get(node)
                every_s = self.paces.of(self.nodes.ending_for(node, now_s))
                if self.pods.alive(node) >= _MOST_ALIVE:
                    continue
                if self._begins(node):
                    due += [node] * _AT_ONCE
                elif last_s is None or now_s - last_s >= every_s:
                    due.append(node)
        return due

    def _begins(self, node: str) -> bool:
        """Whether a new node has just been seen, or has just become Ready."""
        starts = len(self.nodes.starts.get(node, ()))
        before = self._begun.get(node, 0)
        self._begun[node] = starts
        return node in self.nodes.joined and starts > before

    def _create(self, node: str) -> None:
        peer = self.peers.of(node)
        if self.peers.wanted and not peer:
            self._looked_s = None  # they are still coming
            return
        name, now_s = self.client.new_name(), self._now_s()
        with self.lock:
            self.pods.created(name, node, now_s)
        try:
            self.client.create_for(name, node, peer)
        except TRANSIENT_API_ERRORS:
            with self.lock:
                self.pods.not_created(name)
            raise
        self._last_s[node] = now_s

    def _now_s(self) -> float:
        return self.client.context.origin.now_s()
