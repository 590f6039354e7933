"""What the gate answers, with its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from upgrade_e2e.gate.comparison import Comparison
from upgrade_e2e.gate.power import Sensitivity
from upgrade_e2e.gate.settings import GateSettings

__all__ = ["Answer", "Check", "Decision", "TestedMetric", "combine_answers"]

_EXIT_CODES = {"APPROVE": 0, "REJECT": 1, "INCONCLUSIVE": 3}


class Answer(StrEnum):
    """Yes, no, or "cannot tell"."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"
    INCONCLUSIVE = "INCONCLUSIVE"


def combine_answers(answers: Iterable[Answer]) -> Answer:
    """REJECT beats INCONCLUSIVE beats APPROVE; no answer at all is INCONCLUSIVE."""
    present = set(answers)
    for answer in (Answer.REJECT, Answer.INCONCLUSIVE, Answer.APPROVE):
        if answer in present:
            return answer
    return Answer.INCONCLUSIVE


@dataclass(frozen=True)
class Check:
    """One condition of an approval: the answer it alone would give, why, and what to do next."""

    name: str
    answer: Answer
    why: tuple[str, ...]
    next: tuple[str, ...] = ()


@dataclass(frozen=True)
class TestedMetric:
    """A comparison and what it could have shown; `sensitivity` is None where nothing was asked."""

    comparison: Comparison
    sensitivity: Sensitivity | None = None


@dataclass(frozen=True)
class Decision:
    """Whether a version may be rolled out, judged by these runs.

    The runs are named by their ids. `settings` is what was asked of them. `notes` are facts that
    do not change the answer, but that the person who approves it should know.
    """

    path: tuple[str, ...]
    provider: str
    simulated: bool
    candidates: tuple[str, ...]
    baseline: tuple[str, ...]
    controls: tuple[str, ...]
    checks: tuple[Check, ...]
    settings: GateSettings
    metrics: tuple[TestedMetric, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def answer(self) -> Answer:
        """The answer of all checks together."""
        return combine_answers(check.answer for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 to approve, 1 to reject, 3 when the runs do not say."""
        return _EXIT_CODES[self.answer]

    @property
    def next(self) -> tuple[str, ...]:
        """What to do next, each once."""
        return tuple(dict.fromkeys(step for check in self.checks for step in check.next))
