"""From the samples of one observer to weighed tracks, one a stream."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from upgrade_e2e.judge import blind
from upgrade_e2e.judge.evidence import Track, weigh
from upgrade_e2e.judge.limits import Instrument
from upgrade_e2e.judge.records import Record, records
from upgrade_e2e.judge.rows import Rows
from upgrade_e2e.judge.windows import Windows
from upgrade_e2e.timeline import Outcome, Samples, Stream

__all__ = ["CONTROL", "lay_tracks", "unanswered"]

CONTROL = "api"
"""In an observer that follows events, the clocked stream `api@host` is its control."""


def lay_tracks(
    samples: Samples,
    whole: Windows,
    instrument: Instrument,
    controls: Collection[str] | None = None,
) -> tuple[Track, ...]:
    """One track a stream, seen in the watched window `whole`; none when that is empty.

    Controls are left out; `controls` names them, by default they are the clocked `api@...`
    streams of an observer that also has event streams.
    """
    if not len(whole):
        return ()
    found = list(records(samples, int(whole.start_us[0]), int(whole.end_us[0])))
    named = _controls(samples.streams) if controls is None else set(controls)
    survey = _Survey(
        whole=whole,
        instrument=instrument,
        watching=[record for record in found if record.stream.name not in named],
        controls=[record for record in found if record.stream.name in named],
    )
    return survey.tracks()


def _controls(streams: Sequence[Stream]) -> set[str]:
    if all(stream.interval_s > 0 for stream in streams):
        return set()
    return {s.name for s in streams if s.interval_s > 0 and _kind(s) == CONTROL}


def _kind(stream: Stream) -> str:
    return stream.name.partition("@")[0]


@dataclass(frozen=True)
class _Survey:
    """The records of one observer, which explain one another."""

    whole: Windows
    instrument: Instrument
    watching: list[Record]
    controls: list[Record]

    def tracks(self) -> tuple[Track, ...]:
        clocked = [record for record in self.watching if record.interval_us]
        late = {record.stream.name: blind.late(record) for record in clocked}
        by_node = {
            node: Windows.union(late[r.stream.name] for r in clocked if r.stream.node == node)
            for node in {record.stream.node for record in clocked}
        }
        silence = Windows.union(_silence(record, self.whole) for record in self.controls)
        return tuple(
            self._clocked(record, late[record.stream.name], by_node[record.stream.node])
            if record.interval_us
            else self._events(record, silence)
            for record in self.watching
        )

    def _clocked(self, record: Record, late: Windows, node_late: Windows) -> Track:
        """One that probes at a fixed rate; all streams of a node share one process."""
        missing, steps = blind.missing(record, self.whole), blind.stepped(record)
        unseen = Windows.union([late, missing, blind.unsent(record), steps]).within(self.whole)
        asleep = Windows.union([node_late, missing])
        notes = record.notes
        if len(steps):
            notes += (
                f"{record.stream.name}: its samples are closer together than its rate allows "
                f"({len(steps)} times): the prober was restarted or its clock stepped; counted as "
                "blind",
            )
        return self._track(record, notes, unseen, Windows.none(), asleep)

    def _events(self, record: Record, silence: Windows) -> Track:
        unseen = Windows.none()
        if self.controls:
            kin = [
                other
                for other in self.watching
                if not other.interval_us and _kind(other.stream) == _kind(record.stream)
            ]
            unseen = blind.idle(kin, silence, self.whole, self.instrument.quiet_s)
        return self._track(record, record.notes, unseen, silence, Windows.none())

    def _track(
        self,
        record: Record,
        notes: tuple[str, ...],
        unseen: Windows,
        masked: Windows,
        asleep: Windows,
    ) -> Track:
        record = record.by_sending()
        evidence, timed = weigh(record, asleep, masked, self.instrument)
        return Track(
            stream=record.stream,
            backends=record.samples.backends,
            watched=self.whole,
            blind=unseen,
            masked=masked,
            sent_us=record.sent_us,
            wait_us=record.wait_us,
            latency_us=record.samples.latency_us,
            outcome=record.samples.outcome,
            backend=record.samples.backend,
            evidence=evidence,
            timed=timed,
            notes=notes,
        )


def _silence(control: Record, whole: Windows) -> Windows:
    """When the control had no answer, or saw nothing itself."""
    unseen = [blind.late(control), blind.missing(control, whole), blind.unsent(control)]
    return Windows.union([unanswered(control, whole), *unseen]).within(whole)


def unanswered(control: Record, whole: Windows) -> Windows:
    """When a clocked stream had no good answer, from the last one before to the first after."""
    control = control.by_sending()
    rows = Rows.find(
        control.sent_us,
        control.wait_us,
        failed=control.samples.outcome != Outcome.OK,
        proof=np.not_equal(control.samples.outcome, Outcome.NOT_SENT),
        interval_us=control.interval_us,
    )
    return rows.reaches(int(whole.start_us[0]), int(whole.end_us[0])).within(whole)
