"""Passes of the same kind, one after the other: what the product's own limits say of them.

    python benchmarks/stock_passes.py stock --times 12
    python benchmarks/stock_passes.py waits --times 5 -- --no-wait-for-watches

Each pass is `upgrade-e2e run` with what follows `--`, in a folder of its own below the first
argument. All count, in their order, and the series can be interrupted and continued (series.py).
Nothing else may run on the machine. `--keep FOLDER` copies each run.json there. Prints a table.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.series import make_pass
from upgrade_e2e.report import RunRecord


def row(number: int, record: RunRecord) -> str:
    """One pass as a line of Markdown."""
    worst = max((seen.blind_share for seen in record.observers), default=0.0)
    failed = ", ".join(
        f"{seen.name} {seen.failures}/{seen.samples}" for seen in record.observers if seen.failures
    )
    broken = ", ".join(one.name for one in record.scenarios if one.verdict.value == "FAIL")
    return (
        f"| {number} | {record.verdict} | {record.duration_s:.0f} | {worst:.1%} "
        f"| {failed or '-'} | {broken or '-'} |"
    )


def main() -> None:
    """Make what is missing of the series, and print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--keep", type=Path, help="copy each run.json below this folder")
    parser.add_argument("words", nargs="*", help="options of upgrade-e2e run, after --")
    given = parser.parse_args()
    records = []
    for number in range(1, given.times + 1):
        name = f"{number:02d}"
        kept = given.keep / name if given.keep else None
        records.append(make_pass(given.folder / name, given.words, kept))
    print("| pass | verdict | seconds | worst blind | failed | broken claims |")
    print("|---|---|---|---|---|---|")
    for number, record in enumerate(records, start=1):
        print(row(number, record))


if __name__ == "__main__":
    main()
