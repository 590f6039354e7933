"""Judges ten million samples and prints time and memory as lines of a Markdown table.

    python benchmarks/judge_ten_million.py

Three made-up passes of 833 s: twelve streams, the same with one of three backends broken for a
tenth of the time, and all samples in a single stream. Each is judged in a process of its own, so
that peak memory is that pass's; it includes the samples themselves (230 MB) and the interpreter.
CPU time is what counts on a machine that does other things as well: nothing runs in parallel here.
"Figures" are what a pass makes for an observer: its view, its part of the record with the worst
outages, and `explain()` as a broken claim prints it. "All outages" makes a value of each outage.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from upgrade_e2e.judge import Limits, Views
from upgrade_e2e.report import observer_results
from upgrade_e2e.timeline import Connection, Outcome, Samples, Span, Stream, Timeline, Window

SAMPLES = 10_000_000
LENGTH_S = 833.0


def make_samples(streams: int, broken_share: float) -> Samples:
    """Samples with stalls, isolated failures, an outage per minute, and a broken backend."""
    each = SAMPLES // streams
    interval_us = round(LENGTH_S * 1e6 / each)
    columns: dict[str, np.ndarray] = {
        "stream": np.repeat(np.arange(streams, dtype=np.uint16), each),
        "intended_us": np.tile(np.arange(each, dtype=np.int64) * interval_us, streams),
        "code": np.zeros(streams * each, np.uint16),
        "lateness_us": np.empty(streams * each, np.uint32),
        "latency_us": np.empty(streams * each, np.uint32),
        "outcome": np.zeros(streams * each, np.uint8),
        "backend": np.empty(streams * each, np.uint16),
    }
    for number in range(streams):
        part = slice(number * each, (number + 1) * each)
        view = {name: column[part] for name, column in columns.items()}
        _fill(view, broken_share, np.random.default_rng(number))
    return Samples(
        streams=tuple(_stream(number, interval_us) for number in range(streams)),
        backends=("", "web-a", "web-b", "web-c"),
        **columns,
    )


def _stream(number: int, interval_us: int) -> Stream:
    node = f"node{number % 3}"
    return Stream(f"s{number}@{node}", node, "web", interval_us / 1e6, 2.0, Connection.NEW, 0.001)


def _fill(view: dict[str, np.ndarray], broken_share: float, rng: np.random.Generator) -> None:
    size = len(view["intended_us"])
    at_s = view["intended_us"] / 1e6
    late_us = rng.exponential(300, size)
    late_us += np.maximum(0.2 - at_s % 20.0, 0.0) * 1e6  # a stall of 0.2 s every 20 s
    view["lateness_us"][:] = late_us
    view["latency_us"][:] = late_us + 300 + rng.exponential(1500, size)
    view["backend"][:] = rng.integers(1, 4, size)
    outcome = view["outcome"]
    outcome[rng.random(size) < 0.001] = Outcome.REFUSED
    outcome[(view["backend"] == 2) & (at_s % 60.0 < 60.0 * broken_share)] = Outcome.HTTP_5XX
    outcome[(at_s % 60.0 > 40.0) & (at_s % 60.0 < 41.0)] = Outcome.TIMEOUT
    view["latency_us"][outcome == Outcome.TIMEOUT] = 2_000_000


def make_spans() -> tuple[Span, ...]:
    """Forty steps of twenty seconds."""
    return tuple(Span(f"step {i}", "step", i * 20.0, i * 20.0 + 20.0) for i in range(40))


def judge_one(streams: int, broken_share: float) -> dict[str, float]:
    """Make one pass, judge it, and return what it took."""
    samples = make_samples(streams, broken_share)
    timeline = Timeline(Window(0.0, LENGTH_S), make_spans(), {"web": samples})
    begin, cpu = time.perf_counter(), time.process_time()
    views = Views(timeline, Limits.default())
    seen = views.of("web")
    (result,) = observer_results(views)
    text = seen.explain()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
    cpu = time.process_time()
    outages = len(seen.outages)
    listing = time.process_time() - cpu
    assert result.failures
    assert text
    return {
        "samples": len(samples),
        "streams": streams,
        "failures": seen.failures,
        "stream_outages": sum(len(track.outages) for track in seen.scope.tracks),
        "outages": outages,
        "judge_s": seconds,
        "judge_cpu_s": cpu_seconds,
        "outages_cpu_s": listing,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


CASES: dict[str, Callable[[], dict[str, float]]] = {
    "12 streams": lambda: judge_one(12, 0.0),
    "12 streams, 1 of 3 backends broken for a tenth": lambda: judge_one(12, 0.1),
    "1 stream": lambda: judge_one(1, 0.0),
}


def main() -> None:
    """Run all cases, each in a process of its own, or the one that is named."""
    if len(sys.argv) > 1:
        print(json.dumps(CASES[sys.argv[1]]()))
        return
    print(
        "| Pass | Samples | Failures | Of one stream | Outages | Figures, wall | Figures, CPU "
        "| All outages, CPU | Peak memory |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in CASES:
        argv = [sys.executable, __file__, name]
        output = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=600)
        it = json.loads(output.stdout)
        print(
            f"| {name} | {it['samples']:,} | {it['failures']:,} | {it['stream_outages']:,} | "
            f"{it['outages']:,} | {it['judge_s']:.1f} s | {it['judge_cpu_s']:.1f} s | "
            f"{it['outages_cpu_s']:.1f} s | {it['peak_mib']:.0f} MiB |"
        )


if __name__ == "__main__":
    main()
