"""How often the gate rejects what is no worse, and how often it notices one more outage of 2 s.

    python benchmarks/gate_power.py                  # prints the tables, 200 pairs each
    python benchmarks/gate_power.py --write          # puts them into docs/gate.md as well

The runs are made up: no cluster is started. Each is a RunRecord whose figures are drawn from a
model of a pass over one control plane and two workers, with the outages that real kind passes
showed (lookups: 3-4 s when CoreDNS is rolled, 1-5 s at later drains; the API away for 50-80 s at a
time; a web workload that is mostly left alone). All runs are PASS, so what is measured here is the
comparison with the baseline alone: on real runs, absolute limits catch many of these outages first.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from upgrade_e2e.gate import Answer, ComparedRuns, GateSettings, Run, decide, run_of
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import ObserverResult, RunRecord, ScenarioResult
from upgrade_e2e.timeline import Window

PAIRS = 200
OUTAGE_S = 2.0
SEED = 7
PATH = ("v1.33.13", "v1.34.4")
DOCUMENT = Path(__file__).parent.parent / "docs" / "gate.md"
BEGIN, END = "<!-- gate_power: begin -->", "<!-- gate_power: end -->"

Range = tuple[float, float]


@dataclass(frozen=True)
class Model:
    """How one observer fares in a pass.

    `outages` are those that each pass has, as ranges of their length in seconds; `rare` is one
    that comes in a tenth of the passes. Latencies are medians over passes with a spread (sigma of
    the logarithm). A latency is cut at `timeout_s`.
    """

    name: str
    outages: tuple[Range, ...]
    p50_s: float
    p99_s: float
    rare: Range = (0.01, 0.13)
    spread: float = 0.25
    timeout_s: float = 2.0
    rate_hz: float = 150.0


QUIET, NOISY = "web", "dns"
MODELS = (
    Model(QUIET, (), 0.004, 0.020),
    Model("edge", (), 0.006, 0.030, rate_hz=60.0),
    Model(NOISY, ((3.0, 4.0), (1.0, 5.0), (1.0, 5.0)), 0.003, 0.030),
    Model("api", ((50.0, 69.0), (74.0, 81.0), (5.0, 20.0)), 0.008, 0.200, rate_hz=40.0),
    Model("churn", (), 1.2, 2.5, rare=(0.5, 1.0), timeout_s=60.0, rate_hz=2.0),
)


def make_run(
    rng: np.random.Generator,
    extra: str = "",
    *,
    verdict: Verdict = Verdict.PASS,
    faults: tuple[str, ...] = (),
) -> Run:
    """One made-up pass; the observer `extra` has one more outage, of OUTAGE_S."""
    watched_s = rng.normal(400.0, 15.0)
    record = RunRecord(
        run_id=rng.bytes(16).hex(),
        path=PATH,
        provider="model",
        simulated=False,  # made up, but judged as a real run would be; it is never saved
        verdict=verdict,
        reason="made up",
        started_unix_s=0.0,
        duration_s=watched_s,
        watched=Window(0.0, watched_s),
        faults=faults,
        scenarios=tuple(
            ScenarioResult(f"test_{model.name}", "", verdict, observers=(model.name,))
            for model in MODELS
        ),
        observers=tuple(
            _observed(model, watched_s, rng, OUTAGE_S if model.name == extra else 0.0)
            for model in MODELS
        ),
    )
    return run_of(record)


def _observed(
    model: Model, watched_s: float, rng: np.random.Generator, extra_s: float
) -> ObserverResult:
    outages = [rng.uniform(*bounds) for bounds in model.outages]
    if rng.random() < 0.1:
        outages.append(rng.uniform(*model.rare))
    if extra_s:
        outages.append(extra_s)
    down_s = sum(outages)
    samples = round(model.rate_hz * watched_s)
    failures = round(model.rate_hz * down_s)
    p99_s = model.p99_s * rng.lognormal(0.0, model.spread)
    censored = failures > 0.01 * samples
    return ObserverResult(
        name=model.name,
        samples=samples,
        failures=failures,
        suspect=0,
        failure_ratio=failures / samples,
        p50_s=model.p50_s * rng.lognormal(0.0, model.spread / 2),
        p99_s=model.timeout_s if censored else p99_s,
        censored=censored,
        downtime_s=down_s,
        longest_gap_s=max(outages, default=0.0),
        blind_share=rng.uniform(0.0, 0.05),
        resolution_s=0.05,
        outage_count=len(outages),
    )


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


def judge_pairs(
    extra: str, new: int, old: int, pairs: int, *, resamples: int = GateSettings.resamples
) -> Row:
    """Decide on `pairs` pairs of `new` candidate runs against `old` baseline runs."""
    rng = np.random.default_rng([SEED, new, old, *extra.encode()])
    settings = GateSettings(simulations=0, resamples=resamples)
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
    yield "| difference | candidate runs | baseline runs | rejected | cannot tell | approved |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        what = f"one more outage of {OUTAGE_S:g} s in `{row.extra}`" if row.extra else "none"
        shares = " | ".join(
            f"{row.share(answer):.1%}"
            for answer in (Answer.REJECT, Answer.INCONCLUSIVE, Answer.APPROVE)
        )
        yield f"| {what} | {row.new} | {row.old} | {shares} |"


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
    sizes = ((3, 3), (5, 5), (10, 10), (3, 20), (5, 20), (10, 20))
    rows = [
        judge_pairs(extra, new, old, options.pairs)
        for extra in ("", QUIET, NOISY)
        for new, old in sizes
    ]
    table = "\n".join(render(rows))
    print(table)
    print(f"\n{len(rows)} x {options.pairs} pairs in {time.monotonic() - began_s:.0f} s")
    if options.write:
        write(table)


if __name__ == "__main__":
    main()
