"""How long a pass takes against the same commands by hand (benchmarks/raw_pass), in turns.

    python benchmarks/pass_wall_time.py v1.33.13 v1.34.4 --rounds 3

Both make 1 control plane and 2 workers and upgrade them, without probes; the pass also waits for
static pods, checks between nodes and reads back the end, which the commands by hand leave out.
Deleting the cluster is not counted on either side. Prints the median of each part, and the ratio.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path as FilePath

from e2e.cluster import Cluster
from e2e.providers.kind import KindProvider, KindSettings
from e2e.timeline import Origin
from e2e.upgrade import Executor, Marks, Step, resolve

RAW_PASS = FilePath(__file__).with_name("raw_pass")


class Silent:
    """Watches the steps without a word."""

    def began(self, name: str, node: str = "") -> None:
        """Say nothing."""

    def ended(self, span: object) -> None:
        """Say nothing."""


def by_hand(versions: tuple[str, str]) -> dict[str, float]:
    """The seconds of each part of the pass by hand."""
    done = subprocess.run([RAW_PASS, *versions], check=True, stdout=subprocess.PIPE, text=True)
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
            provider.delete()
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
    hand: list[dict[str, float]] = []
    provider: list[dict[str, float]] = []
    for number in range(arguments.rounds):
        hand.append(by_hand(versions))
        provider.append(by_provider(versions))
        pair = f"{hand[-1]['total']:.0f} s by hand, {provider[-1]['total']:.0f} s by the provider"
        print(f"round {number + 1}: {pair}", file=sys.stderr, flush=True)
    print_table("By hand", medians(hand).items())
    print_table("By the provider", medians(provider).items())
    ratios = [mine["total"] / theirs["total"] for mine, theirs in zip(provider, hand, strict=True)]
    print(
        f"\nRatio: {statistics.median(ratios):.2f} (rounds: {sorted(round(r, 2) for r in ratios)})"
    )


if __name__ == "__main__":
    main()
