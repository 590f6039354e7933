"""From a timeline to what its observers saw, or to the reason why that is not known."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.format import duration, share
from upgrade_e2e.judge.api_downtime import api_away, asked_api
from upgrade_e2e.judge.controllers import without_member
from upgrade_e2e.judge.evidence import Evidence
from upgrade_e2e.judge.guarding import cost_notes
from upgrade_e2e.judge.limit_groups import Instrument
from upgrade_e2e.judge.limits import Limits
from upgrade_e2e.judge.scope import Scope
from upgrade_e2e.judge.seen import Seen
from upgrade_e2e.judge.steps import Steps
from upgrade_e2e.judge.tracks import lay_tracks
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Readings, Timeline, Window

__all__ = ["Views", "blindness", "claimable", "require_view", "view_of"]


@dataclass(frozen=True)
class Views:
    """The views of one timeline, judged by one set of limits.

    Scenarios, the record and the report of a pass share one such value, so that the samples of an
    observer are weighed once, also when several need them. Observers are named as in
    `timeline.samples`.
    """

    timeline: Timeline
    limits: Limits
    _known: dict[str, Seen] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def observers(self) -> tuple[str, ...]:
        """The observers of the pass, in order of name."""
        return tuple(sorted(self.timeline.samples))

    @property
    def asked_api(self) -> bool:
        """Whether an observer asked the API server all the time, so that its absences show."""
        return asked_api(self.timeline)

    def of(self, observer: str) -> Seen:
        """What an observer saw, however little; raises Inconclusive if the pass has none of it."""
        if observer not in self._known:
            self._known[observer] = view_of(self.timeline, observer, self.limits)
        return self._known[observer]

    def claimable(self, observer: str, without: str = "") -> Seen:
        """What an observer saw, for claims; raises Inconclusive as `of`, or if it was blind.

        Streams named `without` are left out, and may have been blind. What is left may have few
        samples: figures that need more ask for them.
        """
        seen, instrument = self.of(observer), self.limits.instrument
        if without and seen.scope.tracks:
            seen, instrument = seen.without(stream=without), replace(instrument, min_samples=1)
        return claimable(seen, instrument)


def require_view(
    timeline: Timeline,
    observer: str,
    limits: Limits | None = None,
    *,
    references: Collection[str] | None = None,
) -> Seen:
    """What an observer saw, for claims.

    Raises Inconclusive when it was blind: it never ran, saw less than `limits.instrument` asks
    for, or has too few samples. `references`: see `lay_tracks`.
    """
    limits = limits or Limits.default()
    return claimable(view_of(timeline, observer, limits, references=references), limits.instrument)


def claimable(seen: Seen, instrument: Instrument) -> Seen:
    """A view of a whole observer that claims can be made about; raises Inconclusive when blind."""
    reasons = blindness(seen, instrument)
    if reasons:
        raise Inconclusive(f"{seen.title} was blind: " + " ".join(reasons))
    return seen


def view_of(
    timeline: Timeline,
    observer: str,
    limits: Limits | None = None,
    *,
    references: Collection[str] | None = None,
) -> Seen:
    """What an observer saw, however little, for reports; raises Inconclusive if it is not there."""
    limits = limits or Limits.default()
    if observer not in timeline.samples:
        present = ", ".join(timeline.samples) or "none"
        raise Inconclusive(
            f"{observer} never ran: the pass has no samples of it (it has: {present}); "
            "the log of the pass says why its probers were not deployed or not collected."
        )
    within, samples = _windows(timeline.watched), timeline.samples[observer]
    away, replaced = api_away(timeline, within), without_member(timeline.spans)
    tracks = lay_tracks(
        samples, within, limits.instrument, references, away, without_member=replaced
    )
    notes = [f"broken: {samples.broken}"] if samples.broken else []
    notes += [note for track in tracks for note in track.notes]
    notes += cost_notes(tracks, within)
    scope, steps = Scope(tracks, within), Steps(timeline.spans)
    slow_s = limits.slow.of(observer)
    read = timeline.readings.get(observer, Readings())
    return Seen(observer, scope, steps, away, read, tuple(notes), samples.broken, slow_s)


def _windows(window: Window) -> Windows:
    """The window as a set; empty if its length is zero or not finite."""
    if not (math.isfinite(window.start_s) and math.isfinite(window.end_s)):
        return Windows.none()
    return Windows.of([round(window.start_s * 1e6)], [round(window.end_s * 1e6)])


def blindness(seen: Seen, instrument: Instrument) -> tuple[str, ...]:
    """Why nothing can be claimed about what was seen, with the fix; empty if it can."""
    return tuple(_reasons(seen, instrument))


def _reasons(seen: Seen, instrument: Instrument) -> Iterator[str]:
    if seen.broken:
        yield (
            f"{seen.broken}; what it saw and did after that is not known. Run again, and report "
            "this defect of upgrade-e2e with the log of the run."
        )
    if not seen.scope.tracks:
        yield _nothing(seen)
        return
    yield from _silent(seen)
    yield from _unseen(seen, instrument)
    if not seen.masked_share <= instrument.masked_share:
        yield (
            f"{share(seen.masked_share)} of its events fell into times at which the API server did "
            "not answer, or their node had no news from it yet (at most "
            f"{share(instrument.masked_share)}, instrument.masked_share); use more control planes "
            "or watch for longer."
        )
    if not seen.count >= instrument.min_samples:
        yield (
            f"only {seen.count} samples count (at least {instrument.min_samples}, "
            "instrument.min_samples); probe faster or watch for longer."
        )


def _nothing(seen: Seen) -> str:
    if not len(seen.scope.within):
        return "the watched window is empty; check in the log that the probers became ready."
    return "it has no stream; the log says why its probers were not deployed or not collected."


def _silent(seen: Seen) -> Iterator[str]:
    silent = [
        track.stream.name
        for track in seen.scope.tracks
        if track.clocked and not (track.evidence <= Evidence.FAILED).any()
    ]
    if silent:
        yield (
            f"no sample of {', '.join(silent)} counts; check that those probers ran and that their "
            "samples were collected."
        )


def _unseen(seen: Seen, instrument: Instrument) -> Iterator[str]:
    if not seen.blind_share <= instrument.blind_share:
        yield (
            f"its probers did not see {share(seen.blind_share)} of the pass (at most "
            f"{share(instrument.blind_share)}, instrument.blind_share); lower the rate, give them "
            "more CPU, or allow more in a --limits file."
        )
    for name, stretch_s in seen.coverage.longest_blind_s.items():
        if not stretch_s <= instrument.blind_stretch_s:
            yield (
                f"{name} saw nothing for {duration(stretch_s)} in one piece (at most "
                f"{duration(instrument.blind_stretch_s)}, instrument.blind_stretch_s); see what "
                "stopped that prober."
            )
    for name, unseen in seen.coverage.blind_by_stream.items():
        if not unseen <= instrument.stream_blind_share:
            yield (
                f"{name} did not see {share(unseen)} of the pass (at most "
                f"{share(instrument.stream_blind_share)}, instrument.stream_blind_share); see what "
                "stopped or starved that prober."
            )
