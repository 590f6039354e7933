"""How long a pass takes against the same commands by hand (benchmarks/raw_pass), in turns.

    python benchmarks/pass_wall_time.py v1.33.13 v1.34.4 --rounds 3

All make 1 control plane and 2 workers, upgrade them without probes, and read back the end. By hand
it is done twice: hastily, with nothing between the commands but what they need to work at all, and
carefully, with the waits that the pass makes too (addons rolled, static pods at their new hash).
Deleting the cluster is not counted on any side. Prints the median of each part, and both ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path as FilePath

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.kind import KindProvider, KindSettings
from upgrade_e2e.timeline import Origin
from upgrade_e2e.upgrade import Executor, Marks, Step, resolve

RAW_PASS = FilePath(__file__).with_name("raw_pass")
PROVIDER = "By the provider"


class Silent:
    """Watches the steps without a word."""

    def began(self, name: str, node: str = "") -> None:
        """Say nothing."""

    def ended(self, span: object) -> None:
        """Say nothing."""


def by_hand(versions: tuple[str, str], *words: str) -> dict[str, float]:
    """The seconds of each part of the pass by hand."""
    argv = [RAW_PASS, *versions, *words]
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    parts: dict[str, float] = json.loads(done.stdout)
    return parts


def by_provider(versions: tuple[str, str]) -> dict[str, float]:
    """The seconds of each step of the provider's pass."""
    with tempfile.TemporaryDirectory(prefix="pass-wall-time-") as folder:
        provider = KindProvider(KindSettings(workdir=FilePath(folder)))
        plan = provider.plan(resolve(versions, []))
        origin = Origin()
        marks = Marks(origin)
        made: list[Cluster] = []

        def perform(step: Step) -> None:
            if step.kind == "create":
                made.append(provider.create(plan, marks))
            else:
                provider.perform(step, made[0])

        executor = Executor(perform, Silent(), marks)
        try:
            executor.run(plan.steps)
            total_s = origin.now_s()
        finally:
            provider.close()
    parts = {span.name: span.duration_s for span in executor.spans if not span.parent}
    return {**parts, "total": total_s}


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of each part over the rounds."""
    return {part: statistics.median(one[part] for one in rounds) for part in rounds[0]}


def print_table(title: str, parts: Iterable[tuple[str, float]]) -> None:
    """One table in Markdown."""
    print(f"\n| {title} | seconds |\n|---|---|")
    for part, seconds in parts:
        print(f"| {part} | {seconds:.1f} |")


def main() -> None:
    """Measure in turns, so that a change of the machine's load meets both alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    versions = (arguments.source, arguments.target)
    sides: dict[str, Callable[[], dict[str, float]]] = {
        "By hand, hastily": lambda: by_hand(versions),
        "By hand, carefully": lambda: by_hand(versions, "--careful"),
        PROVIDER: lambda: by_provider(versions),
    }
    measured: dict[str, list[dict[str, float]]] = {title: [] for title in sides}
    for number in range(arguments.rounds):
        for title, measure in sides.items():
            measured[title].append(measure())
        totals = ", ".join(
            f"{title}: {done[-1]['total']:.0f} s" for title, done in measured.items()
        )
        print(f"round {number + 1}: {totals}", file=sys.stderr, flush=True)
    for title, done in measured.items():
        print_table(title, medians(done).items())
    for title, done in measured.items():
        if title != PROVIDER:
            print_ratio(title, measured[PROVIDER], done)


def print_ratio(title: str, mine: list[dict[str, float]], theirs: list[dict[str, float]]) -> None:
    """The provider's time over that of another side, round by round."""
    ratios = [a["total"] / b["total"] for a, b in zip(mine, theirs, strict=True)]
    rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"\nThe provider's time over {title.lower()}: {statistics.median(ratios):.2f} ({rounds})")


if __name__ == "__main__":
    main()
