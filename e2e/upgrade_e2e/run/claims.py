"""What is claimed of one pass: what must be watched for it, and what became of each claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from upgrade_e2e.errors import BadInput
from upgrade_e2e.judge import Verdict, combine
from upgrade_e2e.observers import Observer, Wanted, label_observers, label_or_kind
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.run.rulings import NOT_JUDGED, Ruling

__all__ = ["Claims"]


@dataclass
class Claims:
    """The claims about one pass by name, in the order in which they were expected.

    `labels` has the label in this pass of each observer as a scenario wrote it, and `observers`
    are the copies with these labels, each once. Both are there once all claims are expected and
    `label` or `adopt` was called.
    """

    labels: Mapping[Observer, str] = field(default_factory=dict)
    observers: tuple[Observer, ...] = ()
    _results: dict[str, ScenarioResult] = field(default_factory=dict)
    _wanted: dict[str, tuple[Wanted, ...]] = field(default_factory=dict)

    @property
    def results(self) -> Mapping[str, ScenarioResult]:
        """What became of each claim."""
        return self._results

    @property
    def wanted(self) -> list[Wanted]:
        """What must be watched for all claims, in the order of the claims."""
        return [one for many in self._wanted.values() for one in many]

    @property
    def hold(self) -> bool:
        """Whether at least one claim could be judged, and all that could be judged hold."""
        return combine(result.verdict for result in self._results.values()) is Verdict.PASS

    def expect(self, name: str, sentence: str, wanted: Sequence[Wanted]) -> None:
        """A claim will be judged, so its observers must watch. Until then nothing is known.

        Raises BadInput for something that is no observer.
        """
        for one in wanted:
            if isinstance(one.observer, type) or not hasattr(one.observer, "deploy"):
                raise BadInput(
                    f"{name} observes {one.observer!r}, which is no observer; write a value, "
                    "such as DnsLookups()."
                )
            if not _is_value(one.observer):
                raise BadInput(
                    f"{name} observes {one.observer!r}, which cannot be the key of what it saw; "
                    "make its class a frozen dataclass of plain values."
                )
        self._wanted[name] = tuple(wanted)
        self._results[name] = ScenarioResult(name, sentence, Verdict.INCONCLUSIVE)
        self.note(name, NOT_JUDGED)

    def label(self) -> None:
        """Choose a label for each observer; raises BadInput where two need the same one."""
        labelled = label_observers(self.wanted)
        self.observers = tuple(dict.fromkeys(labelled.values()))
        self.adopt({mine: label_or_kind(copy) for mine, copy in labelled.items()})

    def adopt(self, labels: Mapping[Observer, str]) -> None:
        """Take the labels that observers had in a pass; one without a label was not in it."""
        self.labels = labels
        for name, wanted in self._wanted.items():
            known = tuple(labels[one.observer] for one in wanted if one.observer in labels)
            self._results[name] = replace(self._results[name], observers=known)

    def note(self, name: str, ruling: Ruling) -> None:
        """The ruling on a claim that was expected."""
        self._results[name] = replace(
            self._results[name],
            verdict=ruling.verdict,
            explanation=ruling.explanation,
            traceback=ruling.traceback,
        )


def _is_value(observer: Observer) -> bool:
    try:
        hash(observer)
    except TypeError:
        return False
    return True
