"""From the samples of one observer to weighed tracks, one per stream."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from upgrade_e2e.judge import blind, news
from upgrade_e2e.judge.controllers import CONTROLLERS, note_without_leader, note_without_member
from upgrade_e2e.judge.evidence import Track, weigh
from upgrade_e2e.judge.guarding import weigh_guard_rails
from upgrade_e2e.judge.limit_groups import Instrument
from upgrade_e2e.judge.raw import RawTrack, split_streams
from upgrade_e2e.judge.track_outages import TrackOutages
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Samples, Stream, family_of, under_way

__all__ = ["REFERENCES", "lay_tracks", "unanswered"]

REFERENCES = frozenset({"api", CONTROLLERS})
"""In an observer that follows events, the clocked streams `api@host` and `controllers@host` are
references: what it follows needs the API server and, for some of it, the leaders of the controller
manager and the scheduler."""


def lay_tracks(
    samples: Samples,
    whole: Windows,
    instrument: Instrument,
    references: Collection[str] | None = None,
    away: Windows | None = None,
    *,
    without_member: Windows | None = None,
) -> tuple[Track, ...]:
    """One track per stream, seen in the watched window `whole`; none when that is empty.

    References are left out; `references` names them, by default they are the clocked streams of the
    kinds REFERENCES of an observer that also has event streams. `away` is when the API server was
    away: it leaves nodes without news (see news.py). `without_member` is when a member of etcd was
    replaced, which is left out of what needs the controllers.
    """
    if not len(whole):
        return ()
    found = list(split_streams(samples, int(whole.start_us[0]), int(whole.end_us[0])))
    named = _references(samples.streams) if references is None else set(references)
    survey = _Survey(
        whole=whole,
        instrument=instrument,
        watching=[raw for raw in found if raw.stream.name not in named],
        references=[raw for raw in found if raw.stream.name in named],
        away=Windows.none() if away is None else away,
        without_member=(without_member or Windows.none()).within(whole),
    )
    return weigh_guard_rails(survey.tracks(), whole)


def _references(streams: Sequence[Stream]) -> set[str]:
    if all(stream.interval_s > 0 for stream in streams):
        return set()
    return {s.name for s in streams if s.interval_s > 0 and _kind(s) in REFERENCES}


def _kind(stream: Stream) -> str:
    return stream.name.partition("@")[0]


@dataclass(frozen=True)
class _Survey:
    """The streams of one observer, which explain one another."""

    whole: Windows
    instrument: Instrument
    watching: list[RawTrack]
    references: list[RawTrack]
    away: Windows
    without_member: Windows

    def tracks(self) -> tuple[Track, ...]:
        clocked = [raw for raw in self.watching if raw.interval_us]
        late = {raw.stream.name: blind.late(raw) for raw in clocked}
        by_node = {
            node: Windows.union(late[r.stream.name] for r in clocked if r.stream.node == node)
            for node in {raw.stream.node for raw in clocked}
        }
        silent = {raw.stream.name: _silence(raw, self.whole) for raw in self.references}
        waiting = self._waiting(silent)
        silence = Windows.union([*silent.values(), waiting])
        said = (*note_without_leader(silent), *note_without_member(waiting))
        deaf = self._without_news() if self.references else {}
        first = next((raw for raw in self.watching if not raw.interval_us), None)
        return tuple(
            self._clocked(raw, late[raw.stream.name], by_node[raw.stream.node])
            if raw.interval_us
            else self._events(raw, silence, deaf, said if raw is first else ())
            for raw in self.watching
        )

    def _waiting(self, silent: Mapping[str, Windows]) -> Windows:
        """When what needs the controllers waited for a member of etcd."""
        needed = any(name.partition("@")[0] == CONTROLLERS for name in silent)
        return self.without_member if needed else Windows.none()

    def _without_news(self) -> dict[str, Windows]:
        """When each node on which events are followed had no news from the API server."""
        events = [raw for raw in self.watching if not raw.interval_us]
        return {
            node: news.without_news(
                [raw for raw in events if raw.stream.node == node], self.away
            ).within(self.whole)
            for node in {raw.stream.node for raw in events}
        }

    def _clocked(self, raw: RawTrack, late: Windows, node_late: Windows) -> Track:
        """One that probes at a fixed rate; all streams of a node share one process."""
        missing, steps = blind.missing(raw, self.whole), blind.stepped(raw)
        unseen = Windows.union([late, missing, blind.unsent(raw), steps]).within(self.whole)
        asleep = Windows.union([node_late, missing])
        notes = raw.notes
        if len(steps):
            notes += (
                f"{raw.stream.name}: its samples are closer together than its rate allows "
                f"({len(steps)} times): the prober was restarted or its clock stepped; counted as "
                "blind",
            )
        return self._track(raw, notes, unseen, Windows.none(), asleep)

    def _events(
        self,
        raw: RawTrack,
        silence: Windows,
        deaf: Mapping[str, Windows],
        said: tuple[str, ...],
    ) -> Track:
        if not self.references:
            return self._track(raw, raw.notes, Windows.none(), Windows.none(), Windows.none())
        families = under_way(family_of(raw.stream.name))
        others = [
            other
            for other in self.watching
            if not other.interval_us and family_of(other.stream.name) in families
        ]
        all_deaf = Windows.common(deaf[other.stream.node] for other in others)
        quiet = Windows.union([silence, all_deaf])
        unseen = blind.idle(others, quiet, self.whole, self.instrument.quiet_s)
        without_news = deaf[raw.stream.node]
        masked = Windows.union([silence, without_news])
        track = self._track(raw, (*raw.notes, *said), unseen, masked, Windows.none())
        return replace(track, without_news=without_news)

    def _track(
        self,
        raw: RawTrack,
        notes: tuple[str, ...],
        unseen: Windows,
        masked: Windows,
        asleep: Windows,
    ) -> Track:
        raw = raw.by_sending()
        evidence, timed = weigh(raw, asleep, masked, self.instrument)
        return Track(
            stream=raw.stream,
            backends=raw.samples.backends,
            watched=self.whole,
            blind=unseen,
            masked=masked,
            sent_us=raw.sent_us,
            wait_us=raw.wait_us,
            latency_us=raw.samples.latency_us,
            outcome=raw.samples.outcome,
            backend=raw.samples.backend,
            evidence=evidence,
            timed=timed,
            notes=notes,
        )


def _silence(reference: RawTrack, whole: Windows) -> Windows:
    """When the reference had no answer, or saw nothing itself."""
    unseen = [blind.late(reference), blind.missing(reference, whole), blind.unsent(reference)]
    return Windows.union([unanswered(reference, whole), *unseen]).within(whole)


def unanswered(reference: RawTrack, whole: Windows) -> Windows:
    """When a clocked stream had no good answer, from the last one before to the first after."""
    reference = reference.by_sending()
    outages = TrackOutages.find(
        reference.sent_us,
        reference.wait_us,
        failed=reference.samples.outcome != Outcome.OK,
        proof=np.not_equal(reference.samples.outcome, Outcome.NOT_SENT),
        interval_us=reference.interval_us,
    )
    return outages.reaches(int(whole.start_us[0]), int(whole.end_us[0])).within(whole)
