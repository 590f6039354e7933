"""Failures in a row, as columns: there can be millions of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.windows import Times, Windows

__all__ = ["NEVER_AFTER", "NEVER_BEFORE", "TrackOutages"]

NEVER_BEFORE = int(np.iinfo(np.int64).min)
"""Stands for "no good answer before": the bound is open."""
NEVER_AFTER = int(np.iinfo(np.int64).max)
"""Stands for "no good answer after": the bound is open."""


@dataclass(frozen=True, eq=False)
class TrackOutages:
    """The outages of one stream: failures between two good answers, with nothing good in between.

    first_us, last_us   when the first and the last failure of the row were sent
    core_end_us         last_us, or one interval after first_us if that is later: a failed sample
                        is charged one interval, but never beyond the next good answer
    before_us           when the last good probe before was sent; NEVER_BEFORE if there is none
    after_us            when the first good probe after had its answer; NEVER_AFTER if none. Not
                        when it was sent: a SYN sent into the outage can be answered after it
    begin, end          positions in the stream, end exclusive
    proof_begin, proof_end  positions among the samples that prove anything, end exclusive
    """

    first_us: Times
    last_us: Times
    core_end_us: Times
    before_us: Times
    after_us: Times
    begin: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]
    proof_begin: npt.NDArray[np.intp]
    proof_end: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.first_us)

    @property
    def failures(self) -> npt.NDArray[np.intp]:
        """How many failures each row has."""
        return self.proof_end - self.proof_begin

    @classmethod
    def find(
        cls,
        sent_us: Times,
        wait_us: npt.NDArray[np.integer],
        failed: npt.NDArray[np.bool_],
        proof: npt.NDArray[np.bool_],
        interval_us: int,
    ) -> TrackOutages:
        """The outages among the samples that prove anything; the others are passed over.

        `wait_us` is the time from sending to the answer.
        """
        if proof.all():
            sent, at = sent_us, None
            begin, end = _runs(failed)
        else:
            at = np.flatnonzero(proof)
            sent = sent_us[at]
            begin, end = _runs(failed[at])
        first, last = sent[begin], sent[end - 1]
        before = np.where(begin > 0, sent[np.maximum(begin - 1, 0)], NEVER_BEFORE)
        again = np.minimum(end, len(sent) - 1)
        ends = end == len(sent)
        next_us = np.where(ends, NEVER_AFTER, sent[again])
        wait = wait_us[again if at is None else at[again]].astype(np.int64)
        after = np.where(ends, NEVER_AFTER, sent[again] + np.maximum(wait, 0))
        return cls(
            first_us=first,
            last_us=last,
            core_end_us=np.maximum(last, np.minimum(first + interval_us, next_us)),
            before_us=before,
            after_us=after,
            begin=begin if at is None else at[begin],
            end=end if at is None else at[end - 1] + 1,
            proof_begin=begin,
            proof_end=end,
        )

    def cores(self) -> Windows:
        """The time in which something failed for certain."""
        return Windows.of(self.first_us, self.core_end_us)

    def reaches(self, start_us: int, end_us: int) -> Windows:
        """The time in which something may have failed, open bounds taken to [start, end)."""
        return Windows.of(np.maximum(self.before_us, start_us), np.minimum(self.after_us, end_us))

    def where(self, mask: npt.NDArray[np.bool_]) -> TrackOutages:
        """The outages at which `mask` holds."""
        return TrackOutages(**{name: column[mask] for name, column in vars(self).items()})


def _runs(flags: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Where runs of true begin and end (exclusive)."""
    if not len(flags):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    turns = np.flatnonzero(flags[1:] != flags[:-1]) + 1
    edges = np.concatenate([[0] if flags[0] else [], turns, [len(flags)] if flags[-1] else []])
    edges = edges.astype(np.intp)
    return edges[::2], edges[1::2]
