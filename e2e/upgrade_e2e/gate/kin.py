"""Earlier runs of the same kind: those that a pass may be compared with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from upgrade_e2e.gate.differing import differences, is_unknown
from upgrade_e2e.gate.reading import same_pass
from upgrade_e2e.gate.run import Run
from upgrade_e2e.gate.settings import GateSettings
from upgrade_e2e.judge import Verdict

__all__ = ["Kin", "fit_runs", "same_ground"]


@dataclass(frozen=True)
class Kin:
    """The newest runs of one kind, oldest first; `left_out` counts the others by the reason."""

    runs: tuple[Run, ...]
    left_out: tuple[tuple[str, int], ...] = ()

    @property
    def why(self) -> str:
        """What was left out, to be put behind a sentence; empty for nothing."""
        if not self.left_out:
            return ""
        return f" (left out: {', '.join(f'{count} {reason}' for reason, count in self.left_out)})"


def fit_runs(like: Run, history: Sequence[Run], most: int = GateSettings().most_runs) -> Kin:
    """The runs of a history that are of the kind of `like`, PASS and without a planted fault."""
    others = [run for run in history if not same_pass(like, run)]
    reasons = [_unfit(like, run) for run in others]
    fit = [run for run, reason in zip(others, reasons, strict=True) if not reason]
    newest = sorted(fit, key=lambda run: run.started_unix_s)[-most:]
    counted = Counter(reason for reason in reasons if reason)
    return Kin(tuple(newest), tuple(counted.most_common()))


def same_ground(one: Run, other: Run) -> bool:
    """Whether two runs are known to be of one class of machine and of the same node images.

    A simulated cluster has no images.
    """
    if not one.machine or one.machine != other.machine or one.images != other.images:
        return False
    return (one.simulated and other.simulated) or set(one.images) == set(one.path)


def _unfit(like: Run, run: Run) -> str:
    """Why a run does not count, in a few words; empty if it does."""
    if run.faults:
        return "with a planted fault"
    if run.verdict is not Verdict.PASS:
        return f"that ended as {run.verdict}"
    if is_unknown(run):
        return "on a cluster of which nothing is known"
    if found := differences(like, run):
        return f"differing in {found[0].what}"
    if like.machine and run.machine and like.machine != run.machine:
        return f"on another machine ({run.machine})"
    return ""
