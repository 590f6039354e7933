"""The loop of pods that try their network: its threads take turns and follow pods and nodes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.format import duration
from upgrade_e2e.observers.clock import own_boot_id
from upgrade_e2e.observers.knock_pods import KnockPods, NodeClient, Peers
from upgrade_e2e.observers.knock_streams import KnockStreams
from upgrade_e2e.observers.knock_tracker import KnockSample, KnockTracker
from upgrade_e2e.observers.knock_turns import KnockTurns, Paces
from upgrade_e2e.observers.node_tracker import NodeTracker
from upgrade_e2e.observers.pod_client import WATCH_BROKEN
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import KNOCKED, START, SamplesBuilder, Span, Window
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["KnockLoop"]

_TICK_S = 0.2
_RETRY_S = 0.2
_LAST_POD_S = 10.0
_LAST_WORDS_S = 5.0
_JOIN_S = 10.0


class KnockLoop:
    """Three threads: one makes and deletes pods, two watch. A lock guards what they share."""

    def __init__(
        self,
        *,
        client: KnockPods,
        watching: NodeClient,
        peers: Peers,
        nodes: tuple[str, ...],
        paces: Paces,
        timeout_s: float,
    ) -> None:
        context = client.context
        self._client, self._watching, self._peers = client, watching, peers
        self._chosen, self._timeout_s = nodes, timeout_s
        self._now_s = context.origin.now_s
        self._pods = KnockTracker(context.origin, own_boot_id(), timeout_s)
        self._nodes = NodeTracker(context.cluster.name, time.time() - self._now_s())
        self._ended_s = 0.0
        self._lock = threading.Lock()
        self._turns = KnockTurns(
            client, watching, peers, nodes, paces, self._pods, self._nodes, self._lock
        )
        self._wake, self._no_more, self._ended = (threading.Event() for _ in range(3))
        jobs = {"turns": self._run_turns, "pods": self._run_pods, "nodes": self._run_nodes}
        self._threads = BackgroundThreads({f"{client.label}-{n}": job for n, job in jobs.items()})

    def start(self) -> None:
        """See BackgroundTask."""
        self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask: one pod of each node must have said what it knows."""
        with self._lock:
            heard = {seen.node for seen in self._pods.samples if seen.kind in KNOCKED}
            trouble = self._pods.troubles[-1:]
        waiting = sorted(set(self._chosen) - heard)
        if not waiting:
            return ""
        why = f" ({trouble[0]})" if trouble else ""
        return f"no pod has tried its network yet on {', '.join(waiting)}{why}"

    def status_line(self) -> str:
        """See BackgroundTask."""
        with self._lock:
            count = len({seen.pod for seen in self._pods.samples})
            tried = [seen for seen in self._pods.samples if seen.failed]
        if not tried:
            return f"{count} pods"
        worst = max(tried, key=lambda seen: seen.lasted_s)
        return f"{count} pods, {worst.kind} missing for up to {duration(worst.lasted_s)}"

    def stop(self) -> None:
        """See BackgroundTask: pods that run get some seconds to say what they know."""
        if self._ended.is_set():
            return
        works = self._threads.alive
        self._no_more.set()
        self._wake.set()
        if works:
            self._await(self._pods.on_their_way, _LAST_POD_S)
            self._turns.delete(self._pods.everyone)
            self._await(self._pods.running, _LAST_WORDS_S)
        self._ended.set()
        self._threads.join(_JOIN_S)
        with self._lock:
            self._ended_s = self._now_s()
            self._pods.close(self._ended_s)

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""
        with self._lock:
            seen = [one for one in self._pods.samples if _inside(one, window)]
            endings = {one: self._ending(one) for one in seen}
        streams = KnockStreams(
            self._chosen, self._peers.wanted, self._timeout_s, self._pods.foreign
        )
        streams.add(into, endings)

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: how long each node had which taint."""
        with self._lock:
            return self._nodes.spans(self._ended_s or self._now_s())

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._threads.broken

    def _ending(self, one: KnockSample) -> str:
        """That of the stream of a sample: how long pods take to start is asked of all alike."""
        return "" if one.kind == START else self._nodes.ending_for(one.node, one.started_s)

    def _await(self, count: Callable[[], int], within_s: float) -> None:
        def counted() -> int:
            with self._lock:
                return count()

        with contextlib.suppress(DeadlinePassed):
            wait_for(
                "the last pods that try their network",
                counted,
                lambda left: not left,
                Deadline(within_s, every_s=0.1),
            )

    def _run_turns(self) -> None:
        while not self._no_more.is_set():
            try:
                self._turns.make()
            except TRANSIENT_API_ERRORS:
                self._no_more.wait(_RETRY_S)  # the API server is away; api@host shows it
            self._turns.delete(self._pods.to_delete)
            self._wake.wait(_TICK_S)
            self._wake.clear()

    def _run_pods(self) -> None:
        self._run_watch(self._follow_pods)

    def _run_nodes(self) -> None:
        self._run_watch(self._follow_nodes)

    def _run_watch(self, follow: Callable[[], Iterator[None]]) -> None:
        while not self._ended.is_set():
            try:
                for _ in follow():
                    if self._ended.is_set():
                        return
            except WATCH_BROKEN:
                self._ended.wait(_RETRY_S)

    def _follow_pods(self) -> Iterator[None]:
        asked_s = self._now_s()
        listed = self._client.list_pods()
        with self._lock:
            self._pods.listed(listed["items"], asked_s, self._now_s())
        yield
        for event in self._client.watch_pods(listed["metadata"]["resourceVersion"]):
            with self._lock:
                self._take_pod(event["type"], event["object"])
            yield

    def _take_pod(self, kind: str, pod: dict[str, Any]) -> None:
        # Its last words may come with the event that it is gone.
        if kind in {"ADDED", "MODIFIED", "DELETED"}:
            self._pods.changed(pod, self._now_s())
        if kind == "DELETED":
            self._pods.gone(str(pod["metadata"]["name"]))

    def _follow_nodes(self) -> Iterator[None]:
        listed = self._watching.list_nodes()
        with self._lock:
            self._nodes.listed(listed["items"], self._now_s())
        yield
        for event in self._watching.watch_nodes(listed["metadata"]["resourceVersion"]):
            with self._lock:
                if event["type"] in {"ADDED", "MODIFIED"}:
                    self._nodes.changed(event["object"], self._now_s())
            self._wake.set()
            yield


def _inside(one: KnockSample, window: Window) -> bool:
    return window.start_s <= one.from_s <= window.end_s
