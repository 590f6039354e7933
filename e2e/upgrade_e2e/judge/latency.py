"""Percentiles of latencies of which some are only known to be long (censored)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import scipy  # its parts are loaded when they are first used

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration

__all__ = ["CONFIDENCE", "FEWEST_PROVEN", "Latencies", "LowerBound", "Quantile"]

CONFIDENCE = 0.95
"""How sure it is that a percentile counts as proven: one pass of twenty may be wrong by chance."""
FEWEST_PROVEN = 20
"""Own choice: when none of 20 is late, fewer than one in seven are, with 95 % confidence."""


class LowerBound(float):
    """A latency that is only known to be this long at least, for use in claims.

    It compares like the number as long as the answer is certain: `>= 2 s` is not `<= 0.1`. Where
    the true value could lie on either side (`>= 2 s` against a limit of 5 s) the comparison
    raises Inconclusive, rather than to let an unseen 10 s pass.
    """

    __slots__ = ()

    def __le__(self, other: float) -> bool:
        return False if float(self) > other else self._unknown(other)

    def __lt__(self, other: float) -> bool:
        return False if float(self) >= other else self._unknown(other)

    def __ge__(self, other: float) -> bool:
        return True if float(self) >= other else self._unknown(other)

    def __gt__(self, other: float) -> bool:
        return True if float(self) > other else self._unknown(other)

    def __repr__(self) -> str:
        return f">={float(self)!r}"

    def _unknown(self, other: float) -> NoReturn:
        raise Inconclusive(
            f"the latency is at least {duration(float(self))}, because probes gave up waiting, and "
            f"so cannot be compared with {duration(float(other))}; give the observer a timeout "
            "above that."
        )


@dataclass(frozen=True)
class Quantile:
    """One percentile; `censored` when the true one may be longer than `value_s`."""

    value_s: float
    censored: bool

    def claim(self) -> float:
        """The number for an assert: a LowerBound when censored."""
        return LowerBound(self.value_s) if self.censored else self.value_s

    def __str__(self) -> str:
        return f"{'>= ' if self.censored else ''}{duration(self.value_s)}"


@dataclass(frozen=True, eq=False)
class Latencies:
    """Measured latencies, and lower bounds of those that ran into a timeout; microseconds."""

    exact_us: npt.NDArray[np.uint32]
    censored_us: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.exact_us) + len(self.censored_us)

    def quantiles(self, *shares: float) -> tuple[Quantile, ...]:
        """For each share the smallest latency that this share of samples does not exceed.

        The nearest rank, without interpolation, so that the result is a latency that was seen.
        Each censored latency is at least its bound, so the rank among the bounds is a lower bound
        of the true percentile; it is the percentile itself exactly when moving all censored ones
        to infinity leaves the rank where it is. Raises Inconclusive without any latency.
        """
        self._ask_for_any()
        ranks = [max(1, math.ceil(share * len(self) - 1e-9)) - 1 for share in shares]
        return self._at(ranks)

    def proven(self, share: float) -> Quantile:
        """The least that this percentile of all that might have been seen is, with CONFIDENCE.

        So many latencies lie above the true percentile by chance, and no more: the largest number
        of a binomial distribution at CONFIDENCE. The longest latency but those is no longer than
        it. No distribution of latencies is assumed. Raises Inconclusive where there is none, or
        so few that all of them might lie above.
        """
        self._ask_for_any()
        beyond = int(scipy.stats.binom.ppf(CONFIDENCE, len(self), 1 - share))
        if beyond == len(self):
            raise Inconclusive(
                f"{len(self)} latencies prove nothing about the {share * 100:g}th percentile; "
                "probe at a higher rate, or for longer."
            )
        return self._at([len(self) - 1 - beyond])[0]

    def require_enough(self, share: float, title: str, *, needed: int = 0) -> None:
        """Raise Inconclusive where there are latencies, but fewer than this percentile takes.

        `needed` is how many it takes; without it, as many that it is not their maximum. `title`
        says in the message what was watched.
        """
        found = len(self)
        needed = needed or round(1 / (1 - share))
        if 0 < found < needed:
            raise Inconclusive(
                f"{title}: {found} latencies are too few for the {share * 100:.0f}th percentile, "
                f"which takes {needed}; probe at a higher rate, or for longer."
            )

    def _ask_for_any(self) -> None:
        if not len(self):
            raise Inconclusive(
                "there is no latency: no probe was sent on time and answered; lower the rate, "
                "or give the probers a core of their own."
            )

    def _at(self, ranks: Sequence[int]) -> tuple[Quantile, ...]:
        low = np.concatenate([self.exact_us, self.censored_us])
        low.partition(sorted(set(ranks)))
        bounds = [int(low[rank]) for rank in ranks]
        del low
        return tuple(
            Quantile(bound / 1e6, self._may_be_longer(rank, bound))
            for rank, bound in zip(ranks, bounds, strict=True)
        )

    def _may_be_longer(self, rank: int, bound: int) -> bool:
        return int(np.count_nonzero(self.exact_us <= bound)) <= rank
