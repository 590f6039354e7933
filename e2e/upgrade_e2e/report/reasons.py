"""Why claims have no answer: each reason once, with all whose reason it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from upgrade_e2e.judge import Verdict
from upgrade_e2e.report.record import NOT_JUDGED, RunRecord, ScenarioResult

__all__ = ["Unjudged", "by_reason", "counted_reasons", "is_not_judged", "unjudged_of"]

MOST = 3
"""Own choice: so many reasons are said in a sentence, the most frequent ones."""
_SHORT = re.compile(r";|\. |\n")
"""Where the part of a reason ends that says why; what is needed comes after it."""
_BLIND = " was blind: "
_UNSEEN = re.compile(r" did not see (?:> )?(\d+(?:\.\d+)?%) of the pass")
_STALLED = re.compile(r" did not see | saw nothing for ")


@dataclass(frozen=True)
class Unjudged:
    """The INCONCLUSIVE claims of a pass, and what is known about why.

    `blind` are those whose probers were blind, `unseen` the largest share that they did not see,
    such as `21%`; it is empty where none is named. `stalled` is true where probers ran and were
    held up, as on a busy machine. `ended` were never judged, and the scenarios of `broken`
    themselves do not work.
    """

    all: tuple[ScenarioResult, ...]
    blind: tuple[ScenarioResult, ...]
    ended: tuple[ScenarioResult, ...]
    broken: tuple[ScenarioResult, ...]
    unseen: str
    stalled: bool

    def why(self) -> str:
        """Each kind of reason, with how many claims it concerns where there are several kinds."""
        named = {*self.blind, *self.ended, *self.broken}
        others = [one for one in self.all if one not in named]
        kinds = {
            self._blindness(): len(self.blind),
            "the run ended before that": len(self.ended),
            "the scenario itself is broken": len(self.broken),
        }
        said = [words for words, count in kinds.items() if count]
        if len(said) + bool(others) > 1:
            said = [f"{words} ({kinds[words]})" for words in said]
        return "; ".join([*said, *filter(None, [counted_reasons(others)])])

    def _blindness(self) -> str:
        up_to = f" for up to {self.unseen} of the pass" if self.unseen else ""
        busy = ", usually because the machine was too busy" if self.stalled else ""
        return f"the probers were blind{up_to}{busy}"


def unjudged_of(run: RunRecord) -> Unjudged:
    """The INCONCLUSIVE claims of a pass."""
    found = tuple(one for one in run.scenarios if one.verdict is Verdict.INCONCLUSIVE)
    blind = tuple(one for one in found if _BLIND in one.explanation)
    shares = [share for one in blind for share in _UNSEEN.findall(one.explanation)]
    return Unjudged(
        all=found,
        blind=blind,
        ended=tuple(one for one in found if is_not_judged(one)),
        broken=tuple(one for one in found if one.traceback),
        unseen=max(shares, key=lambda share: float(share.rstrip("%")), default=""),
        stalled=any(_STALLED.search(one.explanation) for one in blind),
    )


def is_not_judged(result: ScenarioResult) -> bool:
    """Whether the run ended before this claim could be judged."""
    return result.verdict is Verdict.INCONCLUSIVE and result.explanation == NOT_JUDGED


def by_reason(results: Sequence[ScenarioResult]) -> Mapping[str, tuple[ScenarioResult, ...]]:
    """The whole reasons, the most frequent first, with all whose reason it is."""
    found: dict[str, tuple[ScenarioResult, ...]] = {}
    for one in results:
        why = one.explanation.strip()
        found[why] = (*found.get(why, ()), one)
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def counted_reasons(results: Sequence[ScenarioResult], most: int = MOST) -> str:
    """`a simulated cluster has no etcd (7), ...`: the most frequent reasons, in few words."""
    counts: dict[str, int] = {}
    for why, those in by_reason(results).items():
        short = _SHORT.split(why, maxsplit=1)[0].rstrip(".") or "no reason is given"
        counts[short] = counts.get(short, 0) + len(those)
    worst = sorted(counts.items(), key=lambda pair: -pair[1])
    said = [f"{why} ({count})" for why, count in worst[:most]]
    more = len(counts) - most
    if more > 0:
        said.append(f"{sum(count for _, count in worst[most:])} more for other reasons")
    return ", ".join(said)
