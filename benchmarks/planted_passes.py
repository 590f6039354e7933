"""Each fault of the catalogue in whole passes on real kind: does it turn the claim it is meant for?

    python benchmarks/planted_passes.py planted --times 3
    python benchmarks/planted_passes.py planted --times 3 no-prestop kubelet-qps

The product's defaults and its limits hold, as in stock_passes.py, and the series can be
interrupted and continued (series.py). A fault counts as found when its claim is FAIL and its
explanation names the step and the node where it works. Prints a table; exit code 1 when one was
missed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.series import walk_series
from upgrade_e2e.report import RunRecord


@dataclass(frozen=True)
class Row:
    """A fault, the claim that it is meant to turn, and how that claim must explain itself.

    fault  one, or several with `, ` between them, that are planted together
    words  further options of the pass: the topology where it can be seen
    step   what the explanation says about the step
    node   what it says about the node; empty where it is on all of them
    """

    fault: str
    claim: str
    step: str
    node: str = ""
    words: tuple[str, ...] = ()

    @property
    def planted(self) -> tuple[str, ...]:
        """The faults as options of `upgrade-e2e run`."""
        return tuple(word for fault in self.fault.split(", ") for word in ("--fault", fault))

    @property
    def topology(self) -> str:
        """The topology, as in the table."""
        return "3 + 1" if self.words else "1 + 2"


ANY_MOVE = r"drain|rollout|roll-addons|kubeadm-apply"
HA = ("--control-planes", "3", "--workers", "1")
TABLE = (
    Row("no-prestop", "test_no_connection_is_refused_or_cut", ANY_MOVE),
    Row("no-readiness", "test_no_connection_is_refused_or_cut", ANY_MOVE),
    Row("coredns-replicas=1", "test_lookups_keep_answering", ANY_MOVE),
    Row("coredns-no-lameduck", "test_lookups_keep_answering", ANY_MOVE),
    Row(
        "kubelet-qps=1@swap-kubelet worker2",
        "test_deleted_pods_are_gone_soon",
        r"deleted-to-gone",
    ),
    Row(
        "apiserver-freeze=60s@drain worker, apiserver-freeze=60s@drain worker2",
        "test_the_api_comes_back",
        r"drain worker",
    ),
    Row("apiserver-freeze=10s@drain worker", "test_the_api_stays_available", r"drain", words=HA),
    Row(
        "fail-step=drain:worker2",
        "test_every_component_is_at_the_target",
        r"drain worker2",
        r"worker2",
    ),
    Row(
        "lacks-image=registry.k8s.io/pause:3.10.1",
        "test_every_component_is_at_the_target",
        r"kubeadm-apply control-plane",
        r"control-plane",
    ),
)


def found(row: Row, record: RunRecord) -> tuple[bool, bool]:
    """Whether the claim is broken, and whether step and node are named."""
    results = [one for one in record.scenarios if one.name == row.claim]
    broken = [one for one in results if one.verdict.value == "FAIL"]
    said = "\n".join(one.explanation for one in broken)
    return bool(broken), bool(broken) and all(re.search(p, said) for p in (row.step, row.node))


def run_row(row: Row, given: argparse.Namespace) -> str:
    """All passes of one fault as a line of Markdown."""
    word = re.sub(r"[^a-z0-9.]+", "-", row.fault.lower()).strip("-")
    words, kept = (*row.planted, *row.words), given.keep / word if given.keep else None
    turned = placed = 0
    for record in walk_series(given.folder / word, given.times, words, kept):
        broken, right = found(row, record)
        turned, placed = turned + broken, placed + right
    return (
        f"| `{row.fault}` | {row.topology} | {row.claim} | {turned} of {given.times} "
        f"| {placed} of {given.times} |"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("faults", nargs="*", help="beginnings of faults; all of them by default")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="copy each run.json below this folder")
    given = parser.parse_intermixed_args(argv)
    rows = [row for row in TABLE if not given.faults or row.fault.startswith(tuple(given.faults))]
    lines = [run_row(row, given) for row in rows]
    print("| fault | topology | claim | found | step and node right |")
    print("|---|---|---|---|---|")
    print("\n".join(lines))
    if any(f"{given.times} of {given.times} | {given.times} of" not in line for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
