"""The churn loop: creates and deletes pods in bursts and follows them in a watch."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS
from upgrade_e2e.errors import DeadlinePassed
from upgrade_e2e.format import duration
from upgrade_e2e.observers.churn_streams import ChurnStreams
from upgrade_e2e.observers.pod_client import WATCH_BROKEN, PodClient
from upgrade_e2e.observers.pod_tracker import GONE, READY, STARTED, PodTracker
from upgrade_e2e.observers.threads import BackgroundThreads
from upgrade_e2e.timeline import SamplesBuilder, Span, Window
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["ChurnLoop"]

_RETRY_S = 0.2
_LAST_POD_S = 10.0
_JOIN_S = 45.0
_MOST_BURSTS = 3
"""No more pods are created on a node on which so many bursts are still alive."""


class ChurnLoop:
    """Two threads: one creates and deletes bursts, the other watches. A lock guards shared data."""

    def __init__(
        self,
        *,
        client: PodClient,
        nodes: tuple[str, ...],
        burst: int,
        every_s: float,
        timeout_s: float,
    ) -> None:
        self._client, self._nodes = client, nodes
        self._burst, self._every_s = burst, every_s
        self._now_s = client.context.origin.now_s
        self._pods = PodTracker(wall_zero_s=time.time() - self._now_s(), timeout_s=timeout_s)
        self._streams = ChurnStreams(nodes, timeout_s)
        self._lock = threading.Lock()
        self._no_more = threading.Event()
        self._ended = threading.Event()
        self._begun = False
        label = client.label
        self._threads = BackgroundThreads(
            {f"{label}-bursts": self._run_bursts, f"{label}-watch": self._run_watch}
        )

    def start(self) -> None:
        """See BackgroundTask: where several observers share the loop, the first one starts it."""
        if not self._begun:
            self._begun = True
            self._threads.start()

    def missing(self) -> str:
        """See BackgroundTask: one pod of each node must have become ready."""
        with self._lock:
            ready = {seen.node for seen in self._pods.seen if seen.stream == READY}
        waiting = sorted(set(self._nodes) - ready)
        return f"no churned pod is ready yet on {', '.join(waiting)}" if waiting else ""

    def status_line(self) -> str:
        """See BackgroundTask."""
        with self._lock:
            alive = self._pods.alive()
            last = next((one for one in reversed(self._pods.seen) if one.stream == READY), None)
        if last is None:
            return f"{alive} pods"
        took = duration(last.to_s - last.from_s)
        return f"{alive} pods, last {last.outcome.label} after {took}"

    def stop(self) -> None:
        """See BackgroundTask: bursts end at once, the last pods get some seconds to get ready."""
        if self._ended.is_set():
            return
        works = self._threads.alive  # asked for now: bursts end by themselves from here on
        self._no_more.set()
        if works:
            with contextlib.suppress(DeadlinePassed):
                wait_for(
                    "the last churned pods",
                    self._unfinished,
                    lambda count: not count,
                    Deadline(_LAST_POD_S, every_s=0.2),
                )
        self._ended.set()
        if works:
            self._wake_watch()
        self._threads.join(_JOIN_S)
        with self._lock:
            self._pods.close(self._now_s())

    def _wake_watch(self) -> None:
        """Touch a pod so that the watch returns at once instead of at its time-out."""
        with self._lock:
            name = self._pods.any_alive()
        if name:
            with contextlib.suppress(*TRANSIENT_API_ERRORS):
                self._client.touch(name)

    def samples(self, into: SamplesBuilder, window: Window) -> None:
        """See BackgroundTask."""
        with self._lock:
            seen = tuple(self._pods.seen)
        self._streams.add((READY, GONE), seen, into, window)

    def add_starts(self, into: SamplesBuilder, window: Window) -> None:
        """Add created-to-started: from a pod that the API has to the start of its container.

        They end with `startedAt`, in whole seconds, so they are up to 1 s too short.
        """
        with self._lock:
            seen = tuple(self._pods.starts)
        self._streams.add((STARTED,), seen, into, window)

    def spans(self) -> tuple[Span, ...]:
        """See BackgroundTask: churn is load, not a step."""
        return ()

    def broken(self) -> str:
        """See BackgroundTask."""
        return self._threads.broken

    def _unfinished(self) -> int:
        with self._lock:
            return self._pods.unfinished()

    def _run_bursts(self) -> None:
        next_s = self._now_s()
        while True:
            for node in self._nodes:
                self._burst_on(node)
            next_s = max(next_s + self._every_s, self._now_s())
            if self._no_more.wait(next_s - self._now_s()):
                return

    def _burst_on(self, node: str) -> None:
        with self._lock:
            to_delete, alive = self._pods.to_delete(node), self._pods.alive(node)
        try:
            for name in to_delete:
                self._client.delete(name)
                with self._lock:
                    self._pods.deleted(name, self._now_s())
            if alive >= _MOST_BURSTS * self._burst or self._client.cordoned(node):
                return
        except TRANSIENT_API_ERRORS:
            return  # the API server is away; api@host shows it
        for _ in range(self._burst):
            if not self._create_on(node):
                return

    def _create_on(self, node: str) -> bool:
        name, asked_s = self._client.new_name(), self._now_s()
        with self._lock:  # before asking, because the watch may show it before the answer is here
            self._pods.created(name, node, asked_s)
        try:
            self._client.create(name, node)
        except TRANSIENT_API_ERRORS:
            with self._lock:
                self._pods.not_created(name, self._now_s())
            return False
        with self._lock:
            self._pods.accepted(name, self._now_s())
        return True

    def _run_watch(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
            except WATCH_BROKEN:
                self._ended.wait(_RETRY_S)
            with self._lock:
                self._pods.expire(self._now_s())

    def _follow(self) -> None:
        asked_s = self._now_s()
        listed = self._client.list_pods()
        with self._lock:
            self._pods.listed(listed["items"], asked_s, self._now_s())
        for event in self._client.watch_pods(listed["metadata"]["resourceVersion"]):
            with self._lock:
                self._take(event["type"], event["object"])
            if self._ended.is_set():
                return

    def _take(self, kind: str, pod: dict[str, Any]) -> None:
        if kind == "DELETED":
            self._pods.gone(pod["metadata"]["name"], self._now_s())
        elif kind in {"ADDED", "MODIFIED"}:
            self._pods.changed(pod, self._now_s())
