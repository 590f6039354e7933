"""Made-up runs of stock passes, for the power of the gate.

Each is a RunRecord whose figures are drawn from a model of a stock pass over one control plane and
two workers on two cores. The model is fitted to real passes; what they showed stands next to
MODELS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from upgrade_e2e.gate import Run, run_of
from upgrade_e2e.judge import Limits, Verdict
from upgrade_e2e.report import ObserverResult, OutageRow, RunRecord, ScenarioResult
from upgrade_e2e.timeline import Window

OUTAGE_S = 2.0
BURST = 3
"""The pods of one burst of PodChurn on one worker: what an outage takes from it."""
PATH = ("v1.33.13", "v1.34.4")


@dataclass(frozen=True)
class Model:
    """How one observer fares in a stock pass. Whatever a pass has several of is Poisson.

    rate_hz     probes a second that count, of all nodes together
    failures    lone failures, mean of a pass; none has to do with another
    lost_s      seconds in which all lookups are lost, as median and sigma of the logarithm: the
                sum of partial outages
    silence_s   the longest silence of a node when it is no more than two probes in a row, and the
                range of it in the share `silent` of the passes where it is
    kept_s      the longest silence of a client that keeps its connection, as median and sigma of
                the logarithm; a PASS has no more than MOST_KEPT_S
    slow        bursts of slow answers, mean of a pass, and answers in one
    p50_s       median latency, and the sigma of its logarithm
    """

    name: str
    rate_hz: float
    p50_s: tuple[float, float]
    failures: float = 0.0
    lost_s: tuple[float, float] | None = None
    silence_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    kept_s: tuple[float, float] | None = None
    silent: float = 0.0
    slow: tuple[float, float] = (0.0, 0.0)


# Where the parameters are from: passes over 1+2 nodes alone on two cores, real kind, v1.33.13 to
# v1.34.4 and v1.34.4 to v1.35.4 (docs/figures.md, and passes of the same days).
#   web    0 failures in most passes, 1 in two of fourteen; 0 to 4 slow answers
#   edge   0, 0, 0, 1, 2, 2, 1, 2 failures; 1, 3, 42 and 64 slow answers: a lost SYN is sent again
#          after 1 s, which slows 20 requests of one node
#   dns    0.27, 0.28, 0.33, 0.38 and 1.9 s lost, 0.14 to 2.0 s in earlier passes; longest silence
#          of a node 0.1 s in most, 0.7 and 1.1 s in two; 0, 1, 8, 9 and 62 slow answers
#          a kept socket gets nothing for 1.1 to 4.6 s, and 8.0 s in the one FAIL of twelve
#   churn  150 to 180 pods that come or go; one of them missing in one of eight passes
#   medians of all: the sigma is that between these passes
MODELS = (
    Model("web", 150.0, (0.00052, 0.20), failures=0.15, slow=(1.0, 2.0), silence_s=(0.01, 0, 0)),
    Model("edge", 60.0, (0.0010, 0.25), failures=1.0, slow=(1.2, 20.0), silence_s=(0.05, 0, 0)),
    Model(
        "dns",
        300.0,
        (0.00055, 0.20),
        kept_s=(2.0, 0.57),
        lost_s=(0.45, 0.65),
        silence_s=(0.1, 0.2, 1.1),
        silent=0.3,
        slow=(1.0, 12.0),
    ),
    Model("churn", 0.55, (1.55, 0.12), failures=0.12),
)
MOST_KEPT_S = Limits.default().dns.kept_silence_s
WATCHED_S = (285.0, 15.0)
"""Mean and spread between passes of the watched time."""
API = "api"
API_RATE_HZ = 36.0
API_P50_S = (0.0070, 0.35)
# The API of a single control plane: away while etcd and while the API server are replaced, and
# after the kubelet swap. The rest is what one pass in four showed elsewhere: 0.3 to 0.8 s.
AWAY_S = ((60.0, 70.0), (31.0, 46.0), (2.0, 9.0))
LONGER_AWAY_S = (9.0, 21.0)
"""In one pass of five, after the kubelet swap."""
OFTEN_LOST = 0.80
"""Probes that fail while it is away: its streams are not back at the same time."""
ELSEWHERE_S = (0.3, 0.8)
OBSERVERS = (*(model.name for model in MODELS), API)


def make_run(
    rng: np.random.Generator,
    extra: str = "",
    *,
    verdict: Verdict = Verdict.PASS,
    faults: tuple[str, ...] = (),
) -> Run:
    """One made-up pass; the observer `extra` has one more outage, of OUTAGE_S."""
    watched_s = float(np.clip(rng.normal(*WATCHED_S), 240.0, 330.0))
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
            ScenarioResult(f"test_{name}", "", verdict, observers=(name,)) for name in OBSERVERS
        ),
        observers=(
            *(_observed(model, watched_s, rng, extra == model.name) for model in MODELS),
            _api(watched_s, rng, extra == API),
        ),
        control_planes=1,
        workers=2,
    )
    return run_of(record)


def _observed(
    model: Model, watched_s: float, rng: np.random.Generator, more: bool
) -> ObserverResult:
    samples = round(model.rate_hz * watched_s)
    failures = int(rng.poisson(model.failures))
    shortest_s, low_s, high_s = model.silence_s
    silence_s = shortest_s if failures or model.lost_s else 0.0
    if model.lost_s:
        median_s, sigma = model.lost_s
        failures += round(model.rate_hz * median_s * rng.lognormal(0.0, sigma))
    if rng.random() < model.silent:
        silence_s = rng.uniform(low_s, high_s)
    if more and model.name == "churn":
        failures += BURST
    elif more:
        failures += round(model.rate_hz * OUTAGE_S)
        silence_s = max(silence_s, OUTAGE_S)
    kept_s = None if model.kept_s is None else _kept(*model.kept_s, rng) + OUTAGE_S * more
    bursts, answers = model.slow
    slow = rng.poisson(answers, rng.poisson(bursts)).sum()
    return _result(
        model.name,
        samples,
        failures,
        _around(model.p50_s, rng),
        longest_silence_s=silence_s,
        kept_silence_s=kept_s,
        slow_ratio=None if model.name == "churn" else slow / samples,
    )


def _kept(median_s: float, sigma: float, rng: np.random.Generator) -> float:
    while True:
        drawn_s = float(median_s * rng.lognormal(0.0, sigma))
        if drawn_s <= MOST_KEPT_S:
            return drawn_s


def _api(watched_s: float, rng: np.random.Generator, more: bool) -> ObserverResult:
    samples = round(API_RATE_HZ * watched_s)
    stretches_s = [rng.uniform(*bounds) for bounds in AWAY_S]
    if rng.random() < 0.2:
        stretches_s[-1] = rng.uniform(*LONGER_AWAY_S)
    elsewhere_s = [rng.uniform(*ELSEWHERE_S)] if rng.random() < 0.25 else []
    if more:
        elsewhere_s.append(OUTAGE_S)
    down_s = OFTEN_LOST * sum(stretches_s) + sum(elsewhere_s)
    return _result(
        API,
        samples,
        round(API_RATE_HZ * down_s),
        _around(API_P50_S, rng),
        longest_silence_s=max(stretches_s),
        slow_ratio=rng.uniform(0.015, 0.06),
        outages=tuple(_outage(seconds) for seconds in elsewhere_s),
    )


def _around(p50_s: tuple[float, float], rng: np.random.Generator) -> float:
    median_s, sigma = p50_s
    return float(median_s * rng.lognormal(0.0, sigma))


def _outage(seconds: float) -> OutageRow:
    return OutageRow("readyz", 10.0, seconds, seconds, 1, {}, 1.0, ("watch-before",), "")


def _result(name: str, samples: int, failures: int, p50_s: float, **more: Any) -> ObserverResult:
    return ObserverResult(
        name=name,
        samples=samples,
        failures=failures,
        suspect=0,
        failure_ratio=failures / samples,
        p50_s=p50_s,
        p99_s=None,
        censored=False,
        downtime_s=0.0,
        longest_gap_s=more["longest_silence_s"],
        blind_share=0.03,
        resolution_s=0.05,
        outage_count=0,
        slow_s=0.5,
        **more,
    )
