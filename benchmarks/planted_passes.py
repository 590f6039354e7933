"""Each fault of the catalogue in whole passes on real kind: does it turn the claim it is meant for?

    python benchmarks/planted_passes.py planted --times 3
    python benchmarks/planted_passes.py planted --times 3 no-prestop lacks-image

The product's defaults and its limits hold, as in stock_passes.py, and the series can be
interrupted and continued (series.py). Faults that turn different claims are planted in the same
passes, each with its own step; the table says which. A fault counts as found when its claim is FAIL
and its explanation names the step and the node where it works. Prints a table; exit code 1 when one
was missed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.series import walk_series
from upgrade_e2e.report import RunRecord


@dataclass(frozen=True)
class Row:
    """A fault, the claim that it is meant to turn, and how that claim must explain itself.

    fault  one, or several with `, ` between them, that are planted together
    step   what the explanation says about the step; empty for a growth, which is over many
    node   what it says about the node; empty where it is on all of them
    """

    fault: str
    claim: str
    step: str
    node: str = ""

    @property
    def planted(self) -> tuple[str, ...]:
        """The faults as options of `upgrade-e2e run`."""
        return tuple(word for fault in self.fault.split(", ") for word in ("--fault", fault))

    def found(self, record: RunRecord) -> tuple[bool, bool]:
        """Whether the claim is broken, and whether step and node are named."""
        results = [one for one in record.scenarios if one.name == self.claim]
        broken = [one for one in results if one.verdict.value == "FAIL"]
        said = "\n".join(one.explanation for one in broken)
        right = all(re.search(words, said) for words in (self.step, self.node))
        return bool(broken), bool(broken) and right


@dataclass(frozen=True)
class Together:
    """Faults of the same passes; `words` are further options: where and when they show."""

    name: str
    rows: tuple[Row, ...]
    words: tuple[str, ...] = ()

    @property
    def topology(self) -> str:
        """Control planes and workers, as in the table."""
        return "3 + 1" if "--control-planes" in self.words else "1 + 2"

    def options(self) -> tuple[str, ...]:
        """What follows `upgrade-e2e run`."""
        return (*(word for row in self.rows for word in row.planted), *self.words)


ANY_MOVE = r"drain|rollout|roll-addons|kubeadm-apply"
WEB, DNS = "test_no_connection_is_refused_or_cut", "test_lookups_keep_answering"
TARGET = "test_every_component_is_at_the_target"
TABLE = (
    Together(
        "lags",
        (
            Row("no-prestop", WEB, ANY_MOVE),
            Row(
                "kubelet-qps=1@swap-kubelet worker2",
                "test_ready_is_visible_soon_after_start",
                r"swap-kubelet worker2",
                r"worker2",
            ),
        ),
    ),
    Together(
        "one-dns",
        (
            Row("no-readiness", WEB, ANY_MOVE),
            # Each of the two alone hurts clients in some passes only; the other makes up for it.
            Row("coredns-replicas=1, coredns-no-lameduck", DNS, ANY_MOVE),
        ),
    ),
    Together(
        "frozen",
        (
            Row(
                "apiserver-freeze=60s@drain worker, apiserver-freeze=60s@drain worker2",
                "test_the_api_comes_back",
                r"drain worker",
            ),
            Row("fail-step=drain:worker2", TARGET, r"drain worker2", r"worker2"),
        ),
    ),
    Together(
        "lacking",
        (
            Row(
                "lacks-image=registry.k8s.io/pause:3.10.1",
                TARGET,
                r"kubeadm-apply control-plane",
                r"control-plane",
            ),
        ),
    ),
    Together(
        "frozen-ha",
        (Row("apiserver-freeze=10s@drain worker", "test_the_api_stays_available", r"drain"),),
        ("--control-planes", "3", "--workers", "1"),
    ),
    Together(
        "growth",
        (
            Row(
                "kubelet-leak=400Mi/300s@uncordon worker2",
                "test_kubelets_do_not_grow_more_than_before",
                "",
                r"worker2",
            ),
        ),
        ("--profile", "nightly", "--scenario", "kubelet_growth"),
    ),
)


def lines_of(together: Together, given: argparse.Namespace) -> Iterator[str]:
    """All passes of these faults, a line of Markdown for each fault."""
    kept = given.keep / together.name if given.keep else None
    folder = given.folder / together.name
    records = list(walk_series(folder, given.times, together.options(), kept))
    for row in together.rows:
        seen = [row.found(record) for record in records]
        turned, placed = (sum(flags) for flags in zip(*seen, strict=True))
        yield (
            f"| `{row.fault}` | {together.topology} | {together.name} | {row.claim} "
            f"| {turned} of {given.times} | {placed} of {given.times} |"
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("passes", nargs="*", help="names of passes or faults; all by default")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="copy each run.json below this folder")
    given = parser.parse_intermixed_args(argv)
    chosen = [one for one in TABLE if not given.passes or _is_one_of(one, given.passes)]
    lines = [line for together in chosen for line in lines_of(together, given)]
    print("| fault | topology | planted in | claim | found | step and node right |")
    print("|---|---|---|---|---|---|")
    print("\n".join(lines))
    if any(f"{given.times} of {given.times} | {given.times} of" not in line for line in lines):
        sys.exit(1)


def _is_one_of(together: Together, words: Sequence[str]) -> bool:
    faults = [row.fault for row in together.rows]
    return together.name in words or any(fault.startswith(tuple(words)) for fault in faults)


if __name__ == "__main__":
    main()
