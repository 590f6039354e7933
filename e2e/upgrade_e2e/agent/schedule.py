"""When each stream sends its next probe."""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence

from .reactor import Reactor
from .streams import Stream

GRID_NS = 10_000_000
"""Slots that may share a wake-up are put on multiples of this after the first slot."""

SOON_NS = 1_000_000_000
"""First slots lie in this and as much again, however long intervals are: a pass waits for them."""


class Schedule:
    """The intended times of all streams."""

    ROUND = 32
    """After this many probes in a row, answers are looked at."""

    def __init__(self, reactor: Reactor, afterwards: Callable[[], None]) -> None:
        """`afterwards` is called whenever slots were served: it costs no wake-up of its own."""
        self._heap: list[tuple[int, int, Stream]] = []
        self._reactor, self._afterwards = reactor, afterwards

    def start(self, streams: list[Stream]) -> None:
        """Begin with all streams that have an interval, at the phases of `phases_ns`."""
        clocked = [stream for stream in streams if stream.interval_ns]
        longest_ns = max((stream.interval_ns for stream in clocked), default=1)
        first_ns = time.monotonic_ns() + random.randrange(min(longest_ns, SOON_NS))  # noqa: S311 - no secret
        phases = phases_ns([(stream.observer, stream.interval_ns) for stream in clocked])
        self._heap = [
            (first_ns + phase_ns, index, stream)
            for index, (stream, phase_ns) in enumerate(zip(clocked, phases, strict=True))
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
        if sent:
            self._afterwards()
        if heap:
            self._reactor.set_alarm(heap[0][0], self._due)


def phases_ns(streams: Sequence[tuple[str, int]]) -> list[int]:
    """How long after the first slot of all each stream has its own, by observer and interval.

    Streams of one observer are spread over the interval, or over `SOON_NS` where that is less, so
    that together they miss less. Those of different observers share their slots, where intervals
    allow that: one wake-up serves several.
    """
    of_observer = Counter(observer for observer, _ in streams)
    before: Counter[str] = Counter()
    phases = []
    for observer, interval_ns in streams:
        step_ns = min(interval_ns, SOON_NS) / of_observer[observer]
        phase_ns = step_ns * before[observer]
        before[observer] += 1
        apart = step_ns >= GRID_NS  # else two of them could fall on one point of the grid
        phases.append(round(phase_ns / GRID_NS) * GRID_NS if apart else round(phase_ns))
    return phases
