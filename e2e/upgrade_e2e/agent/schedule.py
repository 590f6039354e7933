"""When each stream sends its next probe."""

from __future__ import annotations

import heapq
import random
import time

from .reactor import Reactor
from .streams import Stream


class Schedule:
    """The intended times of all streams."""

    ROUND = 32
    """After this many probes in a row, answers are looked at."""

    def __init__(self, reactor: Reactor) -> None:
        self._heap: list[tuple[int, int, Stream]] = []
        self._reactor = reactor

    def start(self, streams: list[Stream]) -> None:
        """Begin with all streams that have an interval, each at a random phase of it."""
        now = time.monotonic_ns()
        self._heap = [
            (now + random.randrange(stream.interval_ns), index, stream)  # noqa: S311
            for index, stream in enumerate(streams)
            if stream.interval_ns
        ]
        heapq.heapify(self._heap)
        self._due()

    def stop(self) -> None:
        """No more probes."""
        self._heap = []
        self._reactor.set_alarm(None, self._due)

    def _due(self) -> None:
        heap = self._heap
        sent = 0
        while heap and heap[0][0] <= time.monotonic_ns():
            due_ns, index, stream = heap[0]
            heapq.heapreplace(heap, (due_ns + stream.interval_ns, index, stream))
            stream.fire(due_ns // 1000)
            self._reactor.fresh = False
            sent += 1
            if sent % self.ROUND == 0:
                self._reactor.poll()
        if heap:
            self._reactor.set_alarm(heap[0][0], self._due)
