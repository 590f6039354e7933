"""What one observer saw in a pass, as figures that claims are made about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.bad_seconds import BadSeconds, count_bad_seconds
from upgrade_e2e.judge.brownouts import Brownout, BrownoutSet
from upgrade_e2e.judge.counts import Counts, Tally
from upgrade_e2e.judge.coverage import Coverage
from upgrade_e2e.judge.explanation import Figures, explain
from upgrade_e2e.judge.in_view import InView
from upgrade_e2e.judge.joins import joined_in
from upgrade_e2e.judge.latency import FEWEST_PROVEN, Quantile
from upgrade_e2e.judge.left_out import LeftOut
from upgrade_e2e.judge.outage import Outage
from upgrade_e2e.judge.outages import OutageSet
from upgrade_e2e.judge.retries import RESOLVER_S, Retried, retry_once
from upgrade_e2e.judge.slowest import slowest_events
from upgrade_e2e.timeline import Outcome

__all__ = ["Seen"]


@dataclass(frozen=True, eq=False, repr=False)
class Seen(InView):
    """The view of one observer's samples; `only`, `on` and `during` narrow it (see InView).

    Ratios and latencies raise Inconclusive where nothing counts, so that a claim about nothing
    can neither hold nor break; no figure is ever NaN. What counts: see evidence.py. `broken` is
    that of its samples. An answer that took longer than `slow_s` is slow (see brownouts.py).
    """

    notes: tuple[str, ...] = ()
    broken: str = ""
    slow_s: float = 0.5

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.streams)} streams, {self.count} samples>"

    @cached_property
    def counts(self) -> Counts:
        """All that is counted."""
        return Counts(self.scope)

    @cached_property
    def outage_set(self) -> OutageSet:
        """All that is known about outages."""
        return OutageSet(self.scope, self.steps)

    @cached_property
    def coverage(self) -> Coverage:
        """How well the probers saw."""
        return Coverage(self.scope)

    @property
    def count(self) -> int:
        """Samples that count: good or failed."""
        return self.counts.proofs

    @property
    def failures(self) -> int:
        """Samples that failed."""
        return self.counts.failed

    @property
    def suspect(self) -> int:
        """Timeouts during which the prober itself was stalled; they do not count."""
        return self.counts.suspect

    @property
    def unsent(self) -> int:
        """Probes that could not be sent."""
        return self.counts.unsent

    @property
    def masked(self) -> int:
        """Events that are left out: the API server was away, or their node had no news from it."""
        return self.counts.masked

    @property
    def masked_share(self) -> float:
        """The share of all samples that are masked; 0 without samples."""
        return self.counts.masked_share

    @cached_property
    def left_out(self) -> LeftOut:
        """All that is known about the time that the API server's absences take out of claims."""
        return LeftOut(self.scope, self.api_away)

    @property
    def left_out_s(self) -> float:
        """How much time is left out of claims, on the node that loses most; `masked` are events."""
        return self.left_out.longest_s

    @property
    def longest_without_news_s(self) -> float:
        """The longest time in which a node heard nothing from the API server (see news.py)."""
        return self.left_out.longest_without_news_s

    @property
    def api_away_s(self) -> float:
        """How long the API server gave no answer, in all, counting absences of a second or more."""
        return self.left_out.away_s

    @property
    def longest_api_away_s(self) -> float:
        """The longest of these absences."""
        return self.left_out.longest_away_s

    @property
    def failure_ratio(self) -> float:
        """Failures over samples that count, as a Ratio; raises Inconclusive when none does."""
        try:
            return self.counts.failure_ratio
        except Inconclusive as none:
            raise Inconclusive(f"{self.title}: {none}") from none

    @property
    def availability(self) -> float:
        """The share of good samples among those that count; raises Inconclusive for none."""
        return 1.0 - self.failure_ratio

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many of the samples that count ended how, most frequent first."""
        return self.counts.outcomes

    @property
    def backends(self) -> Mapping[str, Tally]:
        """Good and failed answers of each backend that answers named; "" if they named none."""
        return self.counts.backends

    @property
    def timed_share(self) -> float:
        """The share of answers and timeouts whose latency counts; 0 without any."""
        return self.counts.timed_share

    def quantile(self, share: float) -> Quantile:
        """The latency that this share of samples did not exceed; raises Inconclusive for none."""
        return self.counts.latencies.quantiles(share)[0]

    @property
    def p50_s(self) -> float:
        """Median latency; a LowerBound where it is censored. Raises Inconclusive for none."""
        return self.counts.common[0].claim()

    @property
    def p95_s(self) -> float:
        """95th percentile of latency, as `p50_s`; raises Inconclusive for fewer than 20 samples."""
        self.counts.latencies.require_enough(0.95, self.title)
        return self.counts.common[1].claim()

    @property
    def p99_s(self) -> float:
        """99th percentile of latency, as `p50_s`; raises Inconclusive for fewer than 100 samples.

        The 99th percentile of fewer is their maximum.
        """
        self.counts.latencies.require_enough(0.99, self.title)
        return self.counts.common[2].claim()

    @property
    def proven_p99_s(self) -> float:
        """What the true 99th percentile is at least, with 95 % confidence, as `p50_s`.

        For few samples: of 20 to 35 all but one took no longer, of 36 to 82 all but two. A claim
        that it is below a limit breaks where more took longer than chance explains. Raises
        Inconclusive for fewer than 20.
        """
        self.counts.latencies.require_enough(0.99, self.title, needed=FEWEST_PROVEN)
        return self.counts.latencies.proven(0.99).claim()

    @property
    def max_s(self) -> float:
        """Longest latency, as `p50_s`."""
        return self.counts.common[3].claim()

    @property
    def stream_outages(self) -> tuple[Outage, ...]:
        """Outages as each stream saw them, in time order."""
        return self.outage_set.of_streams

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Outages of targets, in time order: what several streams saw together is one outage."""
        return self.outage_set.of_targets

    @property
    def downtime_s(self) -> float:
        """Time in which something failed for certain, over all streams: a lower bound."""
        return self.outage_set.downtime_s

    @property
    def downtime_at_most_s(self) -> float:
        """Time in which something may have failed: an upper bound."""
        return self.outage_set.downtime_at_most_s

    @property
    def longest_outage_s(self) -> float:
        """The longest outage of a target: a lower bound; 0 without failures.

        Failures of any stream count, also while other probes were answered. After `during` only
        the time in that step counts.
        """
        return self.outage_set.longest_outage_s

    @property
    def longest_silence_s(self) -> float:
        """The longest time in which one stream, such as one node, got only failures: at least."""
        return self.outage_set.longest_silence_s

    @property
    def longest_gap_s(self) -> float:
        """The longest time between good answers around a failure: an upper bound.

        An open end is taken to the edge of the watched window.
        """
        return self.outage_set.longest_gap_s

    @cached_property
    def brownout_set(self) -> BrownoutSet:
        """All that is known about slow answers."""
        return BrownoutSet(self.scope, self.steps, self.slow_s)

    @property
    def brownouts(self) -> tuple[Brownout, ...]:
        """Stretches in which answers took longer than the limit `slow`, in time order."""
        return self.brownout_set.all

    @property
    def longest_brownout_s(self) -> float:
        """The longest stretch of slow answers: a lower bound; 0 without any."""
        return self.brownout_set.longest_s

    def retried(self, after_s: float = RESOLVER_S) -> Retried:
        """What a client felt that tries again once, `after_s` after its first try was sent.

        The default is what resolvers wait (resolv.conf(5)).
        """
        return retry_once(self.scope, after_s)

    @cached_property
    def bad_seconds(self) -> BadSeconds:
        """The seconds in which a probe failed, or was answered later than the limit `slow`."""
        return count_bad_seconds(self.scope, self.slow_s)

    @property
    def bad_share(self) -> float:
        """The share of bad seconds, of 200 s at least; raises Inconclusive where none was seen."""
        if not self.bad_seconds.seen:
            raise Inconclusive(f"{self.title}: no second was seen in which a probe had an end.")
        return self.bad_seconds.share

    @property
    def failures_per_s(self) -> float:
        """Failed samples for each second of the time in scope."""
        return self.failures / max(self.scope.within.total_us / 1e6, 1.0)

    @property
    def blind_share(self) -> float:
        """The share of the time that was not seen, mean over the streams."""
        return self.coverage.blind_share

    @property
    def resolution_s(self) -> float:
        """The shortest outage that a probe would have met with a chance of 99 %."""
        return self.coverage.resolution_s

    def explain(self, most: int = 10) -> str:
        """The figures and the worst outages, as the message of a failing assert."""
        figures = Figures(
            counts=self.counts,
            outage_set=self.outage_set,
            coverage=self.coverage,
            left_out=self.left_out,
            brownout_set=self.brownout_set,
            bad_seconds=self.bad_seconds,
            retried=self.retried(),
            slowest=slowest_events(self.scope, self.steps),
            notes=(*self.notes, *joined_in(self.streams, self.steps)),
        )
        return explain(self.title, figures, most)
