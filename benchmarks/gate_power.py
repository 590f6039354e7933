"""How often the gate rejects what is no worse, and how often it notices one more outage of 2 s.

    python benchmarks/gate_power.py                  # prints the table
    python benchmarks/gate_power.py --write          # puts it into docs/gate.md as well

The runs are made up (modelled_passes.py): no cluster is started. All runs are PASS, so what is
measured here is the comparison with the baseline alone: on real runs, absolute limits catch many
of these outages first.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.modelled_passes import API, BURST, OBSERVERS, OUTAGE_S, make_run
from upgrade_e2e.gate import Answer, ComparedRuns, GateSettings, decide
from upgrade_e2e.judge import Verdict

PAIRS = 1000
FEWER_PAIRS = 100
"""For the numbers of runs that nothing is promised of."""
SEED = 7
DOCUMENT = Path(__file__).parent.parent / "docs" / "gate.md"
BEGIN, END = "<!-- gate_power: begin -->", "<!-- gate_power: end -->"


@dataclass(frozen=True)
class Row:
    """What became of the pairs of one setting."""

    extra: str
    new: int
    old: int
    answers: tuple[Answer, ...]

    def share(self, answer: Answer) -> float:
        """The share of pairs with this answer."""
        return self.answers.count(answer) / len(self.answers)


def judge_pairs(extra: str, new: int, old: int, pairs: int) -> Row:
    """Decide on `pairs` pairs of `new` candidate runs against `old` baseline runs."""
    rng = np.random.default_rng([SEED, new, old, *extra.encode()])
    settings = GateSettings(simulations=0)
    control = make_run(rng, verdict=Verdict.FAIL, faults=("planted",))
    answers = []
    for _ in range(pairs):
        evidence = ComparedRuns(
            candidates=tuple(make_run(rng, extra) for _ in range(new)),
            baseline=tuple(make_run(rng) for _ in range(old)),
            controls=(control,),
        )
        answers.append(decide(evidence, settings).answer)
    return Row(extra, new, old, tuple(answers))


def render(rows: Iterable[Row]) -> Iterator[str]:
    """The rows as a Markdown table."""
    yield "| difference | candidates | baseline | pairs | rejected | cannot tell | approved |"
    yield "|---|---|---|---|---|---|---|"
    for row in rows:
        shares = " | ".join(
            f"{row.share(answer):.1%}"
            for answer in (Answer.REJECT, Answer.INCONCLUSIVE, Answer.APPROVE)
        )
        yield f"| {_told(row.extra)} | {row.new} | {row.old} | {len(row.answers)} | {shares} |"


def _told(extra: str) -> str:
    if not extra:
        return "none"
    if extra == "churn":
        return f"{BURST} more pods that never start in `churn`"
    where = ", outside of the control plane's own steps" if extra == API else ""
    return f"one more outage of {OUTAGE_S:g} s in `{extra}`{where}"


def write(table: str) -> None:
    """Put the table between its marks in the document."""
    text = DOCUMENT.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


def main() -> None:
    """Judge all pairs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    os.nice(10)
    began_s = time.monotonic()
    rows = [judge_pairs(extra, 5, 7, options.pairs) for extra in ("", *OBSERVERS)]
    rows += [
        judge_pairs(extra, new, old, min(options.pairs, FEWER_PAIRS))
        for extra in ("", "web", "dns")
        for new, old in ((3, 3), (5, 5), (10, 10), (3, 20), (5, 20), (10, 20))
    ]
    table = "\n".join(render(rows))
    print(table)
    print(f"\n{sum(len(row.answers) for row in rows)} pairs in {time.monotonic() - began_s:.0f} s")
    if options.write:
        write(table)


if __name__ == "__main__":
    main()
