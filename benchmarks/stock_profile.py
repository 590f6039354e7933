"""The stock costs that are shipped, out of the records of stock passes.

    python benchmarks/stock_profile.py FOLDER...
    python benchmarks/stock_profile.py FOLDER... --output e2e/upgrade_e2e/gate/stock/stock.toml

FOLDERs hold run directories, as benchmarks/stock_passes.py leaves them. Passes of one kind (path,
topology, settings, images and machine) make one entry, in the order in which they are found. A pass
that is no stock pass, such as one with a planted fault, ends the script with the reason. Prints the
file without --output.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from upgrade_e2e.errors import E2eError
from upgrade_e2e.files import write_whole
from upgrade_e2e.gate import run_folders
from upgrade_e2e.gate.stock import same_kind_problem, stock_cost, stock_text, wording
from upgrade_e2e.report import RunRecord, load_record

Kind = list[tuple[Path, RunRecord]]


def by_kind(folders: list[Path]) -> list[Kind]:
    """The passes below these folders, those of one kind together."""
    kinds: list[Kind] = []
    for place in (place for folder in folders for place in run_folders(folder)):
        record = load_record(place)
        kind = next((one for one in kinds if not same_kind_problem(one[0][1], record)), None)
        if kind is None:
            kinds.append([(place, record)])
        else:
            kind.append((place, record))
    return kinds


def main() -> None:
    """Make the file, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    try:
        costs = [stock_cost(kind) for kind in by_kind(given.folders)]
    except E2eError as error:
        sys.exit(str(error))
    if given.output is None:
        print(stock_text(costs), end="")
    else:
        write_whole(stock_text(costs), given.output)
    for cost in costs:
        print(f"{wording(cost)}, {cost.nodes}, {cost.broken} FAIL", file=sys.stderr)


if __name__ == "__main__":
    main()
