"""Which step of the pass a stretch of time fell into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upgrade_e2e.format import duration
from upgrade_e2e.timeline import NO_STEPS, Span

__all__ = ["Cause", "Steps"]


@dataclass(frozen=True)
class Cause:
    """The spans that something fell into, the one with the largest share first.

    Only innermost spans: a phase (`kubeadm-apply control-plane: etcd`) hides its step. Without
    any, `previous` is the span that had ended last, `since_s` before. `hops` says whether names
    need their hop to be unique.
    """

    spans: tuple[Span, ...] = ()
    previous: Span | None = None
    since_s: float = 0.0
    hops: bool = False

    @property
    def ambiguous(self) -> bool:
        """Whether more than one span could be to blame."""
        return len(self.spans) > 1

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the spans."""
        return tuple(span.name for span in self.spans)

    def __str__(self) -> str:
        if self.spans:
            how = " (ambiguous)" if self.ambiguous else ""
            return " and ".join(self._label(span) for span in self.spans) + how
        if self.previous is None:
            return "before the first step"
        return f"outside of any step, {duration(self.since_s)} after {self._label(self.previous)}"

    def _label(self, span: Span) -> str:
        return f"{span.name} ({span.hop})" if self.hops and span.hop else span.name


@dataclass(frozen=True)
class Steps:
    """The spans of a pass, which say what happened at a time."""

    spans: tuple[Span, ...]

    @cached_property
    def _causes(self) -> tuple[Span, ...]:
        """The spans that can be to blame."""
        return tuple(span for span in self.spans if span.kind not in NO_STEPS)

    @cached_property
    def _edges(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        starts = np.array([span.start_s for span in self._causes], np.float64)
        return starts, np.array([span.end_s for span in self._causes], np.float64)

    @cached_property
    def _hops(self) -> bool:
        return len({span.hop for span in self.spans if span.hop}) > 1

    def during(self, start_s: float, end_s: float) -> Cause:
        """What went on in [start, end], by overlap; a single moment counts as a microsecond."""
        end_s = max(end_s, start_s + 1e-6)
        starts, ends = self._edges
        overlaps = np.minimum(ends, end_s) - np.maximum(starts, start_s)
        hit = [(self._causes[i], float(overlaps[i])) for i in np.flatnonzero(overlaps > 0)]
        if not hit:
            return self._after(start_s)
        inner = _innermost([span for span, _ in hit])
        ranked = sorted(
            ((span, share) for span, share in hit if span in inner),
            key=lambda pair: (-pair[1], pair[0].start_s),
        )
        return Cause(tuple(span for span, _ in ranked), hops=self._hops)

    def named(self, what: str) -> tuple[Span, ...]:
        """The spans of this kind or name."""
        return tuple(span for span in self.spans if what in (span.kind, span.name))

    def _after(self, start_s: float) -> Cause:
        over = [span for span in self._causes if span.end_s <= start_s]
        if not over:
            return Cause()
        last = max(over, key=lambda span: (span.end_s, span.start_s))
        return Cause(previous=last, since_s=start_s - last.end_s, hops=self._hops)


def _innermost(spans: Sequence[Span]) -> set[Span]:
    parents = {(span.parent, span.hop) for span in spans if span.parent}
    return {span for span in spans if (span.name, span.hop) not in parents}
