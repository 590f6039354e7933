"""What became of each node, read from watch events: when it started, and its taints.

Pure, without any API calls. Times are seconds since the origin of the pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from upgrade_e2e.cluster.asking import condition
from upgrade_e2e.cluster.nodes import kubelet_version
from upgrade_e2e.cluster.taints import is_network_taint
from upgrade_e2e.timeline import EARLY, NEW, TAINT, Span

__all__ = ["SOON_S", "NodeTracker"]

SOON_S = 60.0
"""Pods that started so soon after their node, or its kubelet, are judged apart: a node's own agents
come up in the same time as they do."""
_ROUNDED_S = 1.0
"""Times in objects are whole seconds."""


@dataclass
class NodeTracker:
    """All nodes of a cluster, as watch events show them.

    `cluster` is its name, which nodes have in front of their short names. `wall_zero_s` is the wall
    clock at the origin. `starts` are the moments at which each node, or its kubelet, started;
    `joined` are the nodes that came after the first list.
    """

    cluster: str
    wall_zero_s: float
    starts: dict[str, list[float]] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)
    cordoned: set[str] = field(default_factory=set)
    _versions: dict[str, str] = field(default_factory=dict)
    _ready_once: set[str] = field(default_factory=set)
    _taints: dict[tuple[str, str], float] = field(default_factory=dict)
    _spans: list[Span] = field(default_factory=list)
    _events: set[tuple[str, str]] = field(default_factory=set)
    _listed: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes that have been seen, in the order in which they were."""
        return tuple(self.starts)

    def listed(self, nodes: Iterable[Mapping[str, Any]], now_s: float) -> None:
        """A full list; what it does not have is gone, and its taints with it."""
        found = list(nodes)
        for node in found:
            self.changed(node, now_s)
        present = {str(node["metadata"]["name"]) for node in found}
        for name in {name for name, _ in self._taints} - present:
            self._close_taints(name, frozenset(), now_s)
        self._listed = True

    def changed(self, node: Mapping[str, Any], now_s: float) -> None:
        """A node as it is now."""
        name = str(node["metadata"]["name"])
        if name not in self.starts:
            self.starts[name] = []
            if self._listed:
                self.joined.add(name)
                self.starts[name].append(now_s)
        self._note_start(name, node, now_s)
        spec = node.get("spec") or {}
        (self.cordoned.add if spec.get("unschedulable") else self.cordoned.discard)(name)
        self._note_taints(name, spec.get("taints") or (), now_s)

    def restarted(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Events of nodes with the reason `Starting`: those of kubelets say when they started."""
        for event in events:
            component = (event.get("source") or {}).get("component")
            if "kubelet" not in {component, event.get("reportingComponent")}:
                continue
            name = str(event["involvedObject"]["name"])
            stamp = event.get("lastTimestamp") or event.get("eventTime") or ""
            if stamp and (name, stamp) not in self._events and name in self.starts:
                self._events.add((name, stamp))
                self.starts[name].append(self._at(stamp))

    def ending_for(self, node: str, at_s: float) -> str:
        """The ending of the stream for a pod that started on `node` then: NEW, EARLY or none."""
        soon = any(
            start_s - _ROUNDED_S <= at_s < start_s + SOON_S for start_s in self.starts.get(node, ())
        )
        if not soon:
            return ""
        return NEW if node in self.joined else EARLY

    def spans(self, now_s: float) -> tuple[Span, ...]:
        """How long each node had each of the taints that say something of its network.

        Those that it still has end `now_s`.
        """
        left = [self._span(node, taint, s, now_s) for (node, taint), s in self._taints.items()]
        return (*self._spans, *left)

    def _note_start(self, name: str, node: Mapping[str, Any], now_s: float) -> None:
        if condition(node, "Ready") and name not in self._ready_once:
            self._ready_once.add(name)
            since = [self._at(stamp) for stamp in _ready_since(node)]
            self.starts[name].append(now_s if name in self.joined or not since else since[0])
        version = kubelet_version(node) if (node.get("status") or {}).get("nodeInfo") else ""
        if version and self._versions.get(name, version) != version:
            self.starts[name].append(now_s)
        if version:
            self._versions[name] = version

    def _note_taints(self, name: str, taints: Iterable[Mapping[str, Any]], now_s: float) -> None:
        has = frozenset(
            f"{taint['key']}:{taint['effect']}"
            for taint in taints
            if is_network_taint(taint["key"])
        )
        self._close_taints(name, has, now_s)
        for taint in has:
            self._taints.setdefault((name, taint), now_s)

    def _close_taints(self, name: str, kept: frozenset[str], now_s: float) -> None:
        for node, taint in [key for key in self._taints if key[0] == name and key[1] not in kept]:
            self._spans.append(self._span(node, taint, self._taints.pop((node, taint)), now_s))

    def _span(self, node: str, taint: str, start_s: float, end_s: float) -> Span:
        short = node.removeprefix(f"{self.cluster}-")
        return Span(f"{TAINT} {taint} {short}", TAINT, start_s, end_s, node=short)

    def _at(self, stamp: str) -> float:
        return datetime.fromisoformat(stamp).timestamp() - self.wall_zero_s


def _ready_since(node: Mapping[str, Any]) -> Iterator[str]:
    for one in (node.get("status") or {}).get("conditions") or ():
        if one["type"] == "Ready" and one.get("lastTransitionTime"):
            yield one["lastTransitionTime"]
