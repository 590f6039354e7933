"""What is claimed of one pass: what must be watched for it, and what became of each claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from upgrade_e2e.judge import Verdict, combine
from upgrade_e2e.observers import Observer
from upgrade_e2e.report import ScenarioResult
from upgrade_e2e.run.rulings import NOT_JUDGED, Ruling

__all__ = ["Claims"]


@dataclass
class Claims:
    """The claims about one pass by name, in the order in which they were expected."""

    results: dict[str, ScenarioResult] = field(default_factory=dict)
    _observers: dict[Observer, None] = field(default_factory=dict)

    @property
    def observers(self) -> tuple[Observer, ...]:
        """All observers that some claim needs, each once."""
        return tuple(self._observers)

    @property
    def hold(self) -> bool:
        """Whether all that could be judged hold, and something could."""
        return combine(result.verdict for result in self.results.values()) is Verdict.PASS

    def expect(self, name: str, sentence: str, observers: Sequence[Observer]) -> None:
        """A claim will be judged, so its observers must watch. Until then nothing is known."""
        self._observers.update(dict.fromkeys(observers))
        labels = tuple(observer.name for observer in observers)
        self.results[name] = ScenarioResult(name, sentence, Verdict.INCONCLUSIVE, observers=labels)
        self.note(name, NOT_JUDGED)

    def note(self, name: str, ruling: Ruling) -> None:
        """The ruling on a claim that was expected."""
        before = self.results[name]
        self.results[name] = replace(
            before,
            verdict=ruling.verdict,
            explanation=ruling.explanation,
            traceback=ruling.traceback,
        )
