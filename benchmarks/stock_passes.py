"""Passes of the same kind, one after the other: what the product's own limits say of them.

    python benchmarks/stock_passes.py stock --times 12
    python benchmarks/stock_passes.py --times 5 waits -- --no-wait-for-watches

Each pass is `upgrade-e2e run` with what follows `--`, in a folder of its own below the one that is
named, which comes last before `--`. All count, in their order, and the series can be interrupted
and continued (series.py). Nothing else may run on the machine. `--keep FOLDER` copies each run.json
there. Prints a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.series import walk_series
from upgrade_e2e.format import duration, share
from upgrade_e2e.report import ObserverResult, RunRecord

EVENTS = ("started-to-ready", "deleted-to-gone")


HEAD = (
    "| pass | verdict | s | API away, longest | without news | dns failed | silence, kept "
    "| bad seconds | web, edge failed | ready, gone p95 | blind | broken claims |"
)


def row(number: int, record: RunRecord) -> str:
    """One pass as a line of Markdown; `-` for what was not watched in it."""
    worst = max((one.blind_share for one in record.observers), default=0.0)
    broken = ", ".join(one.name for one in record.scenarios if one.verdict.value == "FAIL")
    cells = (
        str(number),
        record.verdict.value,
        f"{record.duration_s:.0f}",
        *api_cells(record),
        *client_cells({one.name: one for one in record.observers}),
        share(worst),
        broken or "-",
    )
    return f"| {' | '.join(cells)} |"


def api_cells(record: RunRecord) -> tuple[str, str]:
    """How long the API server was away, and how long a node had no news from it."""
    if (cost := record.api_cost) is None:
        return "-", "-"
    deaf_s = max(cost.longest_without_news_s.values(), default=0.0)
    return f"{cost.away_s:.0f}, {cost.longest_away_s:.0f} s", f"{deaf_s:.0f} s"


def client_cells(seen: Mapping[str, ObserverResult]) -> Iterator[str]:
    """What clients saw: DNS in three cells, the web service and its edge in one, pods in one."""
    dns, web, edge, churn = (seen.get(name) for name in ("dns", "web", "edge", "churn"))
    yield share(dns.failure_ratio) if dns else "-"
    yield f"{duration(dns.longest_silence_s)}, {duration(dns.kept_silence_s)}" if dns else "-"
    yield share(dns.bad_share) if dns else "-"
    yield ", ".join(f"{one.failures} of {one.samples}" if one else "-" for one in (web, edge))
    yield ", ".join(duration(churn.stream_p95_s.get(kind)) for kind in EVENTS) if churn else "-"


def main() -> None:
    """Make what is missing of the series, and print all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--keep", type=Path, help="copy each run.json below this folder")
    parser.add_argument("words", nargs="*", help="options of upgrade-e2e run, after --")
    given = parser.parse_args()
    records = list(walk_series(given.folder, given.times, tuple(given.words), given.keep))
    print(f"{HEAD}\n{'|---' * (HEAD.count('|') - 1)}|")
    for number, record in enumerate(records, start=1):
        print(row(number, record))


if __name__ == "__main__":
    main()
