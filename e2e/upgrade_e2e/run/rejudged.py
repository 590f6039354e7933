"""A finished pass, judged again from what it left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate import run_of
from upgrade_e2e.gate.from_history import NO_HISTORY, asks_history, drawn_limits
from upgrade_e2e.gate.history import History
from upgrade_e2e.judge import Limits
from upgrade_e2e.observers import as_written, label_or_kind
from upgrade_e2e.report import RunRecord, limits_of, load_record
from upgrade_e2e.run.claims import Claims
from upgrade_e2e.run.progress import Progress
from upgrade_e2e.run.saved import load_pass, write_rejudged
from upgrade_e2e.run.upgraded import Upgraded
from upgrade_e2e.timeline import Origin

__all__ = ["SavedPass", "limits_to_rejudge"]


@dataclass
class SavedPass:
    """A pass that is over; `source` is its artifacts folder, and `record` what that holds.

    Used as a JudgedPass is: `claims.expect`, `evidence`, `claims.note`, `write`. Nothing is run.
    `folder` is where the new record is, once there is one.
    """

    source: Path
    record: RunRecord
    limits: Limits
    claims: Claims = field(default_factory=Claims)
    folder: Path | None = None
    trouble: str = ""
    _upgraded: Upgraded | None = None

    @classmethod
    def of(cls, source: Path, limits: Limits | None = None) -> SavedPass:
        """The pass whose artifacts are in `source`; raises DamagedRecord.

        `limits` None means those that the pass was judged by.
        """
        record = load_record(source)
        return cls(source, record, limits_of(record) if limits is None else limits)

    def check(self) -> None:
        """All claims are expected: find the observers that watched the pass.

        An observer is the same when its scenario writes it as in that pass. A record that does not
        say how they were written is searched by the observers' own labels.
        """
        written = self.record.observers_as_written
        same = {text: label for label, text in written.items()}
        wanted = [one.observer for one in self.claims.wanted]
        if written:
            labels = {mine: same[as_written(mine)] for mine in wanted if as_written(mine) in same}
        else:
            labels = {mine: label_or_kind(mine) for mine in wanted}
        self.claims.adopt(labels)

    @property
    def ended(self) -> bool:
        """Whether its evidence has been loaded."""
        return self._upgraded is not None

    @contextlib.contextmanager
    def evidence(
        self,
        progress: Progress | None = None,  # noqa: ARG002 - nothing takes long enough to be shown
        origin: Origin | None = None,  # noqa: ARG002
    ) -> Iterator[Upgraded]:
        """What was seen in the pass; raises DamagedRecord when its samples are not there."""
        saved = load_pass(self.source, self.limits)
        self._upgraded = replace(saved, labels=self.claims.labels)
        yield self._upgraded

    def write(self) -> RunRecord:
        """Write the new record with the rulings known by now, once, and return it."""
        if self._upgraded is None:
            raise BadInput("the saved pass has not been loaded yet, so there is nothing to write.")
        if self.folder is None:
            results = self.claims.results.values()
            self.folder = write_rejudged(self.record, results, self._upgraded.views, self.source)
        return load_record(self.folder)


def limits_to_rejudge(source: Path, limits: Path, history: Path | None) -> Limits:
    """The limits of a file or, where it asks for those, what a history gives for a saved pass.

    The pass itself does not count. Raises BadInput, and DamagedRecord for the pass or the history.
    """
    if not asks_history(limits):
        return Limits.load(limits)
    if history is None:
        raise BadInput(NO_HISTORY)
    like = run_of(load_record(source))
    with History.reading(history) as opened:
        runs = opened.runs(path=like.path, provider=like.provider)
    return drawn_limits(like, runs, history)
