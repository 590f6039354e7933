"""What all kinds of probes share: slots, flights, counts and records."""

from __future__ import annotations

from typing import Any

from .clock import monotonic_us
from .layout import MOST_U16, MOST_U32, OUTCOMES, RECORD, Outcome
from .reactor import Reactor
from .spool import Spool

_NOT_SENT, _TIMEOUT = Outcome.NOT_SENT, Outcome.TIMEOUT
"""Names of their own: before Python 3.12 it costs much to look up the member of an enum."""
STALE_US = 500_000
"""A slot this late is not sent any more: its answer would be about another moment."""
SPARE_FLIGHTS = 64


class Flight:
    """One probe in flight."""

    __slots__ = ("intended_us", "number", "sent_us", "way")

    def __init__(self, number: int, intended_us: int, sent_us: int) -> None:
        self.number, self.intended_us, self.sent_us = number, intended_us, sent_us
        self.way: Any = None
        """What carries it, with an `abort()`."""


class Tally:
    """Counts of one stream, in all and in the last whole second."""

    def __init__(self) -> None:
        self.total = [0] * len(OUTCOMES)
        self._before = self.total.copy()
        self._lateness: list[int] = []
        self.last_failure = ""
        self.second: dict[str, Any] = {}

    def count(self, outcome: Outcome, lateness_us: int) -> None:
        self.total[outcome] += 1
        self._lateness.append(lateness_us)
        if outcome:
            self.last_failure = OUTCOMES[outcome]

    def turn(self) -> None:
        """A second is over."""
        seen = [now - then for now, then in zip(self.total, self._before, strict=True)]
        late = sorted(self._lateness)
        self.second = {
            "ok": seen[Outcome.OK],
            "failed": sum(seen) - seen[Outcome.OK],
            "outcomes": {OUTCOMES[index]: count for index, count in enumerate(seen) if count},
            "lateness_p99_us": late[len(late) * 99 // 100] if late else 0,
        }
        self._before = self.total.copy()
        self._lateness = []

    def status(self) -> dict[str, Any]:
        return {
            "ok": self.total[Outcome.OK],
            "failed": sum(self.total) - self.total[Outcome.OK],
            "outcomes": {OUTCOMES[index]: count for index, count in enumerate(self.total) if count},
            "last_failure": self.last_failure,
            "last_second": self.second,
        }


class Stream:
    """One series of probes; a kind of probe says in `launch` how one is sent."""

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        self.observer: str = facts["observer"]
        self.key = f"{self.observer}.{facts['name']}"
        self.spool, self.reactor = spool, reactor
        self.interval_ns = round(facts["interval_s"] * 1e9)
        self.timeout_us = round(facts["timeout_s"] * 1e6)
        in_time = self.timeout_us * 1000 // self.interval_ns if self.interval_ns else 0
        self.most_flights = in_time + SPARE_FLIGHTS
        self.flights: dict[Flight, None] = {}
        self.tally = Tally()
        self.number = 0
        self._buffer = spool.sink(self.key)

    def fire(self, intended_us: int) -> None:
        """The slot at `intended_us` is due."""
        now = monotonic_us()
        if self.flights:
            self.expire(now)
        self.number += 1
        if now - intended_us > STALE_US or len(self.flights) >= self.most_flights:
            self.record(intended_us, now, now, _NOT_SENT)
            return
        flight = Flight(self.number, intended_us, now)
        self.flights[flight] = None
        self.launch(flight)

    def launch(self, flight: Flight) -> None:
        """Send the probe without waiting; sooner or later `finish` must be called."""
        raise NotImplementedError

    def finish(
        self, flight: Flight, outcome: Outcome, code: int = 0, backend: str = "", flags: int = 0
    ) -> None:
        """What became of `flight`; only the first call counts."""
        if self.flights.pop(flight, self) is None:
            self.record(
                flight.intended_us, flight.sent_us, monotonic_us(), outcome, code, backend, flags
            )

    def expire(self, now_us: int) -> None:
        """Give up on probes whose time is over. Sent in order, they end in order."""
        while self.flights:
            flight = next(iter(self.flights))
            if now_us - flight.sent_us < self.timeout_us:
                return
            if flight.way is not None:
                flight.way.abort()
            self.finish(flight, _TIMEOUT)

    def record(  # noqa: PLR0917 - called for every sample, where keywords cost
        self,
        intended_us: int,
        sent_us: int,
        done_us: int,
        outcome: Outcome,
        code: int = 0,
        backend: str = "",
        flags: int = 0,
    ) -> None:
        """Write down one sample."""
        lateness, latency = sent_us - intended_us, done_us - intended_us
        if not 0 <= lateness <= latency <= MOST_U32:  # min() and max() cost much
            lateness = min(max(lateness, 0), MOST_U32)
            latency = min(max(latency, 0), MOST_U32)
        index = self.spool.backend(backend) if backend else 0
        self._buffer += RECORD.pack(
            intended_us, lateness, latency, outcome, flags, code & MOST_U16, index, 0
        )
        self.tally.count(outcome, lateness)
