"""What a sample is evidence of, given that the prober may have been asleep.

The rules, with their reasons:

- An answer is an answer. OK counts as good, and refused, reset, reset-in-body, 4xx, 5xx, NXDOMAIN,
  SERVFAIL, ... count as failures even when the prober was late: a late prober cannot cause them.
- A timeout is a failure only if the prober was awake during the wait. A prober that slept through
  a good part of it may have been handed the answer and the alarm at once; such a timeout is
  *suspect*: kept and reported, but neither good nor bad.
- A latency counts only from a sample that was sent on time and awaited awake. It runs from the
  intended time (open loop), so a late prober would be measuring itself.
- A failure's latency is no latency: a refusal in 1 ms is not a fast answer. A timeout's is a
  lower bound (see latency.py).
- A sample that was never sent says nothing about the target; the moment was not seen.
- In a stream that follows events (pods that come and go), the time is left out in which the
  reference stream had no answer, or the node had no news from the API server (see news.py). A
  sample whose wait that time explains is *masked*. One that goes on for much longer counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from upgrade_e2e.judge.limit_groups import Instrument
from upgrade_e2e.judge.news import explained
from upgrade_e2e.judge.raw import RawTrack
from upgrade_e2e.judge.track_outages import TrackOutages
from upgrade_e2e.judge.windows import Times, Windows
from upgrade_e2e.timeline import Outcome, Stream

__all__ = ["Evidence", "Track", "weigh"]

Mask = npt.NDArray[np.bool_]
_OUTCOMES = 256
_BLOCK = 1 << 20


class Evidence(IntEnum):
    """What one sample says about its target."""

    GOOD = 0
    FAILED = 1
    SUSPECT = 2
    UNSENT = 3
    MASKED = 4


@dataclass(frozen=True, eq=False)
class Track:
    """The samples of one stream, in the order in which they were sent, each weighed.

    `latency_us` runs from the intended time, `wait_us` from the sending. `evidence` holds one
    Evidence per sample; `timed` marks those whose latency counts. `blind` is the time at which this
    stream saw nothing, `masked` the time that is left out: its reference had no answer, or its node
    no news from the API server. `notes` are sentences about what was odd in the samples.
    `without_news` is when the node had no news, None where no reference shows it.
    """

    stream: Stream
    backends: tuple[str, ...]
    watched: Windows
    blind: Windows
    masked: Windows
    sent_us: Times
    wait_us: npt.NDArray[np.uint32]
    latency_us: npt.NDArray[np.uint32]
    outcome: npt.NDArray[np.uint8]
    backend: npt.NDArray[np.uint16]
    evidence: npt.NDArray[np.uint8]
    timed: Mask
    notes: tuple[str, ...] = ()
    without_news: Windows | None = None

    def __len__(self) -> int:
        return len(self.sent_us)

    @property
    def clocked(self) -> bool:
        """Whether the stream probes at a fixed rate, rather than following events."""
        return self.stream.interval_s > 0

    @cached_property
    def dark(self) -> Windows:
        """Blind or masked: nothing can be said about this time."""
        return Windows.union([self.blind, self.masked]) if len(self.masked) else self.blind

    @cached_property
    def outages(self) -> TrackOutages:
        """The outages of this stream, as columns."""
        return TrackOutages.find(
            self.sent_us,
            self.wait_us,
            failed=self.evidence == Evidence.FAILED,
            proof=self.evidence <= Evidence.FAILED,
            interval_us=round(self.stream.interval_s * 1e6),
        )

    def without(self, hidden: Windows) -> Track:
        """The same track, with the samples masked whose wait overlaps the time `hidden`."""
        end_us = self.sent_us + np.maximum(self.wait_us, 1).astype(np.int64)
        inside = hidden.overlap_us(self.sent_us, end_us) > 0
        evidence = self.evidence.copy()
        evidence[inside & (evidence != Evidence.UNSENT)] = Evidence.MASKED
        masked = Windows.union([self.masked, hidden])
        return replace(self, evidence=evidence, timed=self.timed & ~inside, masked=masked)

    def proof_us(self) -> Times:
        """When each sample that proves anything was sent."""
        proof = self.evidence <= Evidence.FAILED
        return self.sent_us if proof.all() else self.sent_us[proof]


def weigh(
    raw: RawTrack, asleep: Windows, masked: Windows, instrument: Instrument
) -> tuple[npt.NDArray[np.uint8], Mask]:
    """The evidence and the timed flag of each sample of one stream.

    `asleep` is when the prober was late or gone, `masked` the time that is left out.
    """
    samples = raw.samples
    by_outcome = np.full(_OUTCOMES, Evidence.FAILED, np.uint8)
    by_outcome[Outcome.OK] = Evidence.GOOD
    by_outcome[Outcome.NOT_SENT] = Evidence.UNSENT
    evidence = by_outcome[samples.outcome]
    timeout = samples.outcome == Outcome.TIMEOUT
    on_time = samples.lateness_us <= instrument.late_s * 1e6
    timed = on_time & ((evidence == Evidence.GOOD) | timeout)
    slept = _slept(raw, timed | timeout, asleep, instrument.asleep_share)
    evidence[slept & timeout] = Evidence.SUSPECT
    timed &= ~slept
    if len(masked):
        start_us = samples.intended_us
        hidden = explained(start_us, np.maximum(raw.done_us, start_us + 1), masked)
        evidence[hidden & (evidence != Evidence.UNSENT)] = Evidence.MASKED
        timed &= ~hidden
    return evidence, timed


def _slept(raw: RawTrack, candidates: Mask, asleep: Windows, most: float) -> Mask:
    """Which of the candidates the prober slept through for more than this share of their wait."""
    slept = np.zeros(len(candidates), bool)
    if not len(asleep):
        return slept
    sent_us, wait_us = raw.sent_us, raw.wait_us
    for first in range(0, len(slept), _BLOCK):  # in blocks, so that memory stays bounded
        at = first + np.flatnonzero(candidates[first : first + _BLOCK])
        sent, wait = sent_us[at], wait_us[at]
        slept[at] = asleep.overlap_us(sent, sent + wait) > most * wait
    return slept
