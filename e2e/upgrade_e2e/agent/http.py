"""HTTP probes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from .answer import Answer
from .failures import outcome_of_error
from .layout import OPENED, Outcome
from .reactor import Reactor
from .spool import Spool
from .streams import Flight, Stream
from .target import Target
from .wire import Verdict, Wire

_OK = Outcome.OK
MOST_KNOWN = 64
LONGEST_KNOWN = 2048


class _Meaning(NamedTuple):
    """What an answer amounts to that has one of these statuses and this text in its body."""

    status: frozenset[int]
    body_has: bytes
    outcome: Outcome

    @classmethod
    def of(cls, facts: dict[str, Any]) -> _Meaning:
        words = facts.get("body_has", "").encode()
        return cls(frozenset(facts["status"]), words, Outcome.from_label(facts["outcome"]))


class HttpStream(Stream):
    """HTTP requests, each over a new connection or over kept ones."""

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self.target = Target(facts)
        self.keep = facts.get("connection", "new") == "reused"
        self.idle: list[Wire] = []
        self.acknowledged: Callable[[int], None] = lambda _: None
        self.known: dict[bytes, Verdict] = {}
        """Whole answers that came before: the same bytes mean the same again."""
        self._expect = frozenset(facts.get("expect", (200,)))
        self._body_has = facts.get("body_has", "").encode()
        self._means = tuple(_Meaning.of(one) for one in facts.get("means", ()))
        self._method = facts.get("method", "GET")
        self._body = facts.get("body", "")
        self._numbered = "{seq}" in self._body
        self._request = self.target.request(self._method, self.target.path, self._body.encode())
        self.number = time.time_ns() // 1000 if self._numbered else 0

    def launch(self, flight: Flight) -> None:
        if self.idle and not self.reactor.fresh:
            self.reactor.poll()  # the server may have closed it, which every client looks after
        request = self._bytes_for(flight.number) if self._numbered else self._request
        try:
            wire = self.idle.pop() if self.idle else Wire(self)
        except OSError as error:
            self.finish(flight, outcome_of_error(error, answering=False), flags=OPENED)
            return
        flight.way = wire
        wire.ask(flight, request)

    def _bytes_for(self, number: int) -> bytes:
        body = self._body.replace("{seq}", str(number)).encode()
        return self.target.request(self._method, self.target.path, body)

    def judge(self, answer: Answer) -> Verdict:
        """What a whole answer amounts to."""
        return Verdict(self._outcome_of(answer), answer.status, answer.backend, answer.closing)

    def remember(self, data: bytes, verdict: Verdict) -> None:
        """`data`, which came in one piece, is an answer with this verdict."""
        if len(data) <= LONGEST_KNOWN:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[data] = verdict

    def answered(self, flight: Flight, verdict: Verdict, flags: int) -> None:
        """A whole answer is there."""
        if verdict.outcome == _OK and flight in self.flights:
            self.acknowledged(flight.number)
        self.finish(flight, verdict.outcome, verdict.status, verdict.backend, flags)

    def _outcome_of(self, answer: Answer) -> Outcome:
        expected = answer.status in self._expect
        if expected and self._body_has in answer.body:
            return Outcome.OK
        for meaning in self._means:
            if answer.status in meaning.status and meaning.body_has in answer.body:
                return meaning.outcome
        if expected:
            return Outcome.BAD_ANSWER
        if answer.status >= 500:
            return Outcome.HTTP_5XX
        return Outcome.HTTP_4XX if answer.status >= 400 else Outcome.BAD_ANSWER
