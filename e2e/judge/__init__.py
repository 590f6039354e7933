"""Judging: from what was observed to what can be said. Pure: nothing in here acts or waits."""

from e2e.judge.counts import Tally
from e2e.judge.explain import sentence
from e2e.judge.figures import figures
from e2e.judge.latency import LowerBound, Quantile
from e2e.judge.limits import Limit, Limits
from e2e.judge.outage import Outage
from e2e.judge.see import blindness, look, see
from e2e.judge.seen import Seen
from e2e.judge.steps import Cause
from e2e.judge.verdict import Verdict, combine

__all__ = [
    "Cause",
    "Limit",
    "Limits",
    "LowerBound",
    "Outage",
    "Quantile",
    "Seen",
    "Tally",
    "Verdict",
    "blindness",
    "combine",
    "figures",
    "look",
    "see",
    "sentence",
]
