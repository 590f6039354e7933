"""How many samples ended how, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.evidence import Evidence, Track
from upgrade_e2e.judge.latency import Latencies, Quantile
from upgrade_e2e.judge.outage import outcome_of
from upgrade_e2e.judge.ratio import Ratio
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.timeline import Outcome

__all__ = ["Counts", "Tally"]

_CODES = 256


@dataclass(frozen=True)
class Tally:
    """How many samples proved the target good and how many bad."""

    good: int
    failed: int


@dataclass(frozen=True, eq=False)
class Counts:
    """The samples in scope, counted."""

    scope: Scope

    @cached_property
    def by_evidence(self) -> tuple[int, ...]:
        """How many samples are of each Evidence."""
        total = np.zeros(len(Evidence), np.int64)
        for track in self.scope.tracks:
            evidence = track.evidence
            if self.scope.narrowed:
                evidence = evidence[self.scope.within.contains(track.sent_us)]
            total += np.bincount(evidence, minlength=len(Evidence))
        return tuple(total.tolist())

    @property
    def good(self) -> int:
        """Samples that prove the target good."""
        return self.by_evidence[Evidence.GOOD]

    @property
    def failed(self) -> int:
        """Samples that prove the target bad."""
        return self.by_evidence[Evidence.FAILED]

    @property
    def proofs(self) -> int:
        """Samples that count: good or failed."""
        return self.good + self.failed

    @property
    def failure_ratio(self) -> float:
        """Failed samples over those that count; raises Inconclusive when none counts."""
        if not self.proofs:
            raise Inconclusive(
                "no sample counts, so there is no failure ratio; check that the probers ran, and "
                "that they ran on time."
            )
        return Ratio(self.failed, self.proofs)

    @property
    def suspect(self) -> int:
        """Timeouts during which the prober itself was stalled; they do not count."""
        return self.by_evidence[Evidence.SUSPECT]

    @property
    def unsent(self) -> int:
        """Probes that could not be sent."""
        return self.by_evidence[Evidence.UNSENT]

    @property
    def masked(self) -> int:
        """Events that are left out: the API server was away, or their node had no news from it."""
        return self.by_evidence[Evidence.MASKED]

    @property
    def masked_share(self) -> float:
        """The share of all samples that are masked; 0 without samples."""
        return self.masked / max(1, sum(self.by_evidence))

    @property
    def timed_share(self) -> float:
        """The share of answers and timeouts whose latency counts; 0 without any."""
        ended = self.outcomes.get(Outcome.OK, 0) + self.outcomes.get(Outcome.TIMEOUT, 0)
        return len(self.latencies) / max(1, ended)

    @cached_property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many of the samples that count ended how, most frequent first."""
        tally = np.zeros(_CODES, np.int64)
        for track in self.scope.tracks:
            proof = self.scope.pick(track, track.evidence <= Evidence.FAILED)
            tally += np.bincount(track.outcome[proof], minlength=_CODES)
        found: dict[Outcome, int] = {}
        for code in np.flatnonzero(tally).tolist():
            kind = outcome_of(code)
            found[kind] = found.get(kind, 0) + int(tally[code])
        return dict(sorted(found.items(), key=lambda item: -item[1]))

    @cached_property
    def backends(self) -> Mapping[str, Tally]:
        """The tally of each backend that answers named; "" for answers that named none."""
        found: dict[str, Tally] = {}
        for track in self.scope.tracks:
            good = self._backends(track, Evidence.GOOD)
            failed = self._backends(track, Evidence.FAILED)
            for name, more_good, more_failed in zip(track.backends, good, failed, strict=True):
                if more_good or more_failed:
                    old = found.get(name, Tally(0, 0))
                    found[name] = Tally(old.good + more_good, old.failed + more_failed)
        return found

    def _backends(self, track: Track, kind: Evidence) -> list[int]:
        chosen = self.scope.pick(track, track.evidence == kind)
        counted: list[int] = np.bincount(
            track.backend[chosen], minlength=len(track.backends)
        ).tolist()
        return counted

    @cached_property
    def latencies(self) -> Latencies:
        """Latencies of good answers, and lower bounds from timeouts, of probes sent on time."""
        return Latencies(self._timed(Evidence.GOOD), self._timed(Evidence.FAILED))

    @cached_property
    def common(self) -> tuple[Quantile, Quantile, Quantile, Quantile]:
        """p50, p95, p99 and the maximum; raises Inconclusive without latencies."""
        p50, p95, p99, longest = self.latencies.quantiles(0.50, 0.95, 0.99, 1.0)
        return p50, p95, p99, longest

    def _timed(self, kind: Evidence) -> npt.NDArray[np.uint32]:
        parts = [
            track.latency_us[self.scope.pick(track, track.timed & (track.evidence == kind))]
            for track in self.scope.tracks
        ]
        return np.concatenate([np.empty(0, np.uint32), *parts])
