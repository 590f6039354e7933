"""Scrapes: numbers that a program publishes about itself, read at a fixed rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .answer import Answer
from .clock import monotonic_us
from .http import HttpStream
from .layout import Outcome
from .reactor import Reactor
from .readings import ReadingsFile, TooManySeries
from .spool import Spool
from .streams import Flight
from .wire import Verdict

TOKEN_US = 60_000_000
"""A token is read again after this: the kubelet replaces the file before the token expires."""


class ScrapeStream(HttpStream):
    """Fetches a page in Prometheus' text format, and keeps the values of the wanted metrics.

    Each fetch is a sample, as of an http stream. One is a `bad-answer` when none of the metrics is
    in it or it cannot be read, `other` when it has more series than are kept, and `not-sent` when
    the token cannot be read.
    """

    def __init__(self, facts: dict[str, Any], spool: Spool, reactor: Reactor) -> None:
        super().__init__(facts, spool, reactor)
        self._readings = ReadingsFile(
            spool,
            self.key,
            facts["metrics"],
            keep_labels=facts.get("keep_labels"),
            drop=facts.get("drop", ()),
        )
        self._found: dict[int, float] = {}
        self._token_file = facts.get("token_file", "")
        self._token_until_us = 0

    def launch(self, flight: Flight) -> None:
        if self._token_file and flight.sent_us >= self._token_until_us:
            try:
                token = Path(self._token_file).read_text().strip()
            except OSError:
                self.finish(flight, Outcome.NOT_SENT)
                return
            self.target.headers["Authorization"] = f"Bearer {token}"
            self._request = self.target.request("GET", self.target.path)
            self._token_until_us = flight.sent_us + TOKEN_US
        super().launch(flight)

    def remember(self, data: bytes, verdict: Verdict) -> None:
        """Nothing: every answer has to be read."""

    def judge(self, answer: Answer) -> Verdict:
        verdict = super().judge(answer)
        if verdict.outcome == Outcome.OK:
            return verdict._replace(outcome=self._read(bytes(answer.body)))
        return verdict

    def answered(self, flight: Flight, verdict: Verdict, flags: int) -> None:
        if verdict.outcome == Outcome.OK and flight in self.flights:
            self._readings.keep(monotonic_us(), self._found)
        super().answered(flight, verdict, flags)

    def _read(self, text: bytes) -> Outcome:
        try:
            self._found = self._readings.find(text)
        except ValueError:
            return Outcome.BAD_ANSWER
        except TooManySeries:
            return Outcome.OTHER
        return Outcome.OK if self._found else Outcome.BAD_ANSWER
