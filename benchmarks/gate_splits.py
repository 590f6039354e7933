"""What the gate says of real passes that are alike: over the ways to split them into two sides.

    python benchmarks/gate_splits.py FOLDER...                 # five candidates, the rest baseline
    python benchmarks/gate_splits.py FOLDER... --candidates 4

FOLDER holds finished passes of one path (run.json is enough). All are equal, so each split that is
not approved is one that the gate could not tell, or got wrong. Only the comparison with the
baseline counts here, whatever the verdicts of the passes were. This holds the model of
gate_power.py against passes that were made.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from upgrade_e2e.gate import Answer, ComparedRuns, GateSettings, Run, decide, read_runs

CANDIDATES = 5
MOST_SPLITS = 400
SEED = 7

Sides = tuple[tuple[Run, ...], tuple[Run, ...]]


def splits(runs: Sequence[Run], candidates: int, most: int) -> Iterator[Sides]:
    """Every way to choose that many candidates, or `most` of these, drawn by a fixed seed."""
    count = math.comb(len(runs), candidates)
    chosen = np.random.default_rng(SEED).permutation(count)[:most]
    wanted = set(chosen.tolist())
    for number, places in enumerate(itertools.combinations(range(len(runs)), candidates)):
        if number in wanted:
            new = tuple(runs[place] for place in places)
            old = tuple(run for place, run in enumerate(runs) if place not in places)
            yield new, old


def judge_splits(
    runs: Sequence[Run], candidates: int = CANDIDATES, most: int = MOST_SPLITS
) -> tuple[Counter[Answer], Counter[str]]:
    """How often each answer was given, and how often each metric stood in the way of a yes."""
    settings = GateSettings(simulations=0)
    answers: Counter[Answer] = Counter()
    in_the_way: Counter[str] = Counter()
    for new, old in splits(runs, candidates, most):
        decision = decide(ComparedRuns(new, old), settings)
        answers.update(c.answer for c in decision.checks if c.name == "baseline")
        in_the_way.update(
            metric.comparison.name
            for metric in decision.metrics
            if metric.comparison.state != "not worse"
        )
    return answers, in_the_way


def main() -> None:
    """Judge the splits and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--candidates", type=int, default=CANDIDATES)
    options = parser.parse_args()
    found = read_runs(options.folders)
    runs = [run for run in found.runs if not run.faults]
    for sentence in (*found.damaged, *found.copies):
        print(f"left out: {sentence}")
    if len(runs) <= options.candidates:
        parser.error(f"{len(runs)} runs are too few for {options.candidates} candidates")
    answers, in_the_way = judge_splits(runs, options.candidates)
    total = answers.total()
    print(f"{len(runs)} runs, {total} splits of {options.candidates} against the rest:")
    for answer in Answer:
        print(f"  {answer}: {answers[answer] / total:.1%}")
    for name, count in in_the_way.most_common():
        print(f"  not settled: {name} in {count / total:.1%}")


if __name__ == "__main__":
    main()
