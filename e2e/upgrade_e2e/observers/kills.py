"""Kills for want of memory, as API objects show them: pure functions over pods and events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["EVICTION", "OOM_KILL", "Kill", "kills_of_event", "kills_of_pod"]

OOM_KILL, EVICTION = "oom_kill", "eviction"
_OOM_REASON = "OOMKilled"
_OOM_EVENTS = frozenset({"SystemOOM", "OOMKilling", _OOM_REASON})
"""The kubelet's, node-problem-detector's, and the reason that others give."""
_OOM_AT_START = "OOM-killed"
"""In what runc says of a limit that not even the start fits into; the reason is StartError then."""
_EVICTED = "Evicted"
_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


@dataclass(frozen=True)
class Kill:
    """One end that a container, pod or process came to because memory, or disk, ran out.

    `what` is OOM_KILL or EVICTION, `source` where it is shown: `status` of a pod, or `event`. `key`
    is the same for the same kill each time that it is shown. `pod` and `container` are empty where
    the source does not name one. `says` are the source's own words.
    """

    what: str
    source: str
    key: str
    node: str = ""
    namespace: str = ""
    pod: str = ""
    container: str = ""
    says: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """What it is a kill of, as labels of a reading."""
        return {
            "namespace": self.namespace,
            "pod": self.pod,
            "container": self.container,
            "source": self.source,
            "says": self.says,
        }


def kills_of_pod(pod: Mapping[str, Any]) -> Iterator[Kill]:
    """The kills that the status of a pod shows: of its containers, now and before, and its own."""
    meta, status = pod["metadata"], pod.get("status") or {}
    where = {
        "node": (pod.get("spec") or {}).get("nodeName", ""),
        "namespace": meta.get("namespace", ""),
        "pod": meta["name"],
    }
    for one in (one for name in _STATUSES for one in status.get(name) or ()):
        for ended in _ends(one):
            says = _oom_at_start(ended)
            if says or ended.get("reason") == _OOM_REASON:
                key = f"{meta['uid']}/{one['name']}/{ended.get('finishedAt', '')}"
                yield Kill(OOM_KILL, "status", key, container=one["name"], says=says, **where)
    if status.get("reason") == _EVICTED:
        says = " ".join((status.get("message") or "").split())
        yield Kill(EVICTION, "status", meta["uid"], says=says, **where)


def _ends(container: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for state in (container.get("state"), container.get("lastState")):
        ended = (state or {}).get("terminated")
        if ended:
            yield ended


def _oom_at_start(ended: Mapping[str, Any]) -> str:
    """What is said of a container that was OOM killed before its program ran; else empty."""
    last = " ".join((ended.get("message") or "").split()).rpartition(": ")[2]
    return last if _OOM_AT_START in last else ""


def kills_of_event(event: Mapping[str, Any], namespaces: Collection[str]) -> Iterator[Kill]:
    """The kill that an event tells of, if it is one of a node or of a pod in these namespaces.

    An event that comes again has a higher count, which makes it another kill.
    """
    about = event.get("involvedObject") or {}
    is_node = about.get("kind") == "Node"
    if not is_node and about.get("namespace") not in namespaces:
        return
    reason = event.get("reason")
    if reason not in _OOM_EVENTS and reason != _EVICTED:
        return
    yield Kill(
        what=EVICTION if reason == _EVICTED else OOM_KILL,
        source="event",
        key=f"{event['metadata']['uid']}/{_times(event)}",
        node=about.get("name", "") if is_node else (event.get("source") or {}).get("host", ""),
        namespace="" if is_node else about.get("namespace", ""),
        pod="" if is_node else about.get("name", ""),
        says=" ".join(f"{reason}: {event.get('message') or ''}".split()),
    )


def _times(event: Mapping[str, Any]) -> int:
    series = event.get("series") or {}
    return int(series.get("count") or event.get("count") or 1)
