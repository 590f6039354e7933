"""A made-up pass that looks like a real one, for tests and benchmarks of what reads passes.

Nothing in here is measured: steps, latencies and failures follow the shape of a pass over a cluster
of one control plane and two workers, stretched to the length that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge import Limit, Limits, Verdict, Views, combine, require_view
from upgrade_e2e.report import (
    RunRecord,
    ScenarioResult,
    observer_results,
    save_record,
    save_samples,
)
from upgrade_e2e.timeline import (
    Connection,
    Outcome,
    Samples,
    SamplesBuilder,
    Span,
    Stream,
    Timeline,
    Window,
)
from upgrade_e2e.upgrade import Component, Inventory

NODES = ("e2e-control-plane", "e2e-worker", "e2e-worker2")
HOP = "v1.33.13->v1.34.4"
PASS_S = 600.0
"""The length that the steps below are written for."""

_STEPS: tuple[tuple[str, str, float, float], ...] = (
    ("create", "", 0, 31),
    ("stage-target", "", 31, 46),
    ("preload", "", 46, 58),
    ("deploy", "", 58, 70),
    ("watch-before", "", 70, 100),
    ("kubeadm-apply", "control-plane", 100, 285),
    ("drain", "control-plane", 285, 290),
    ("swap-kubelet", "control-plane", 290, 300),
    ("uncordon", "control-plane", 300, 301),
    ("drain", "worker", 301, 330),
    ("upgrade-node", "worker", 330, 340),
    ("swap-kubelet", "worker", 340, 352),
    ("uncordon", "worker", 352, 353),
    ("drain", "worker2", 353, 392),
    ("upgrade-node", "worker2", 392, 404),
    ("swap-kubelet", "worker2", 404, 418),
    ("uncordon", "worker2", 418, 419),
    ("verify", "", 419, 440),
    ("rollout web", "", 160, 178),
    ("rollout web", "", 310, 334),
    ("rollout web", "", 460, 480),
    ("watch-after", "", 440, 590),
    ("inspect", "", 590, 592),
    ("collect", "", 592, 600),
)
_PHASES = (
    ("preflight", 100, 106),
    ("etcd", 106, 181),
    ("kube-apiserver", 181, 240),
    ("kube-controller-manager", 240, 255),
    ("kube-scheduler", 255, 269),
    ("addons", 269, 285),
)
_IN_HOP = ("kubeadm-apply", "drain", "swap-kubelet", "uncordon", "upgrade-node")


@dataclass(frozen=True)
class Hole:
    """Probes of these streams fail from `start_s` on, for `length_s`, with probability `share`.

    `stretch` is false for holes that keep their length in a shorter pass.
    """

    observer: str
    streams: str
    start_s: float
    length_s: float
    outcome: Outcome
    share: float = 1.0
    stretch: bool = False


HOLES = (
    Hole("dns", "new", 271.0, 3.2, Outcome.TIMEOUT),
    Hole("dns", "new@e2e-worker2", 371.3, 0.9, Outcome.TIMEOUT, share=0.5),
    Hole("dns", "new@e2e-worker", 520.0, 0.011, Outcome.SERVFAIL),
    Hole("web", "new", 312.31, 0.13, Outcome.REFUSED, share=0.34),
    Hole("web", "new", 356.02, 0.07, Outcome.REFUSED, share=0.34),
    Hole("web", "new@e2e-worker2", 372.0, 0.8, Outcome.TIMEOUT, share=0.34),
    Hole("web", "reused", 312.33, 0.03, Outcome.RESET),
    Hole("web", "reused@e2e-worker", 356.05, 0.011, Outcome.RESET_IN_BODY),
    Hole("web", "new@e2e-worker", 480.2, 0.03, Outcome.REFUSED),
    Hole("edge", "new", 312.4, 0.12, Outcome.HTTP_5XX, share=0.5),
    Hole("api", "", 112.0, 62.0, Outcome.HTTP_5XX, share=0.06, stretch=True),
    Hole("api", "", 186.0, 44.0, Outcome.REFUSED, stretch=True),
    Hole("api", "", 291.5, 6.2, Outcome.REFUSED, stretch=True),
    Hole("api", "write", 289.0, 1.1, Outcome.TIMEOUT),
)
_STALLS = ((302.0, 0.5), (312.35, 0.04), (341.0, 1.7), (371.0, 0.4), (405.0, 1.1))
"""When the prober on the second worker slept, and for how long."""


@dataclass(frozen=True)
class Shape:
    """What the pass is like; all times of the steps are stretched by duration_s / 600."""

    duration_s: float = 60.0
    rate_hz: float = 20.0
    seed: int = 7
    holes: tuple[Hole, ...] = HOLES
    slower: float = 1.0
    simulated: bool = False
    rng: np.random.Generator = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rng", np.random.default_rng(self.seed))

    @property
    def stretch(self) -> float:
        """How much longer than written every step takes."""
        return self.duration_s / PASS_S


def make_timeline(shape: Shape) -> Timeline:
    """Spans and samples of the pass: 12 streams at the rate asked for, and one of events."""
    stretch = shape.stretch
    samples = {
        "dns": _observe(shape, "dns", [("new", node, 2.0) for node in NODES], 0.9),
        "web": _observe(
            shape, "web", [(kind, node, 2.0) for node in NODES for kind in ("new", "reused")], 1.6
        ),
        "edge": _observe(shape, "edge", [("new", "e2e-worker", 2.0)], 2.4),
        "api": _observe(shape, "api", [("read", "host", 5.0), ("write", "host", 5.0)], 6.0),
        "churn": _churn(shape),
    }
    return Timeline(
        watched=Window(70 * stretch, 592 * stretch),
        spans=tuple(sorted(_spans(stretch), key=lambda span: (span.start_s, -span.end_s))),
        samples=samples,
    )


def make_run(shape: Shape) -> tuple[RunRecord, Timeline]:
    """The record of the pass, judged as a real one is, and its timeline."""
    timeline = make_timeline(shape)
    scenarios = tuple(_judge(timeline))
    verdict = combine(result.verdict for result in scenarios)
    broken = [result.name for result in scenarios if result.verdict is verdict]
    record = RunRecord(
        run_id=f"synthetic-{shape.seed}",
        path=("v1.33.13", "v1.34.4"),
        provider="sim" if shape.simulated else "kind",
        simulated=shape.simulated,
        verdict=verdict,
        reason=f"{verdict}: {', '.join(broken)}.",
        started_unix_s=1_762_300_800.25,
        duration_s=shape.duration_s,
        watched=timeline.watched,
        choices={"fast-control-plane": "off", "workers": "2"},
        tools={"kind": "kind v0.30.0", "docker": "20.10.24"},
        images={"agent": "upgrade-e2e/agent:1"},
        spans=timeline.spans,
        scenarios=scenarios,
        observers=observer_results(Views(timeline, Limits.default())),
        limits_changed=(Limit("dns.p99_s", 0.25, 0.1, "dnsperfgo", "two busy cores"),),
        inventory=_inventory(),
    )
    return record, timeline


def write_run(folder: Path, shape: Shape) -> RunRecord:
    """Write the pass into `folder`, as a real one leaves it."""
    record, timeline = make_run(shape)
    folder.mkdir(parents=True, exist_ok=True)
    save_samples(timeline.samples, folder)
    save_record(record, folder)
    return record


def _spans(stretch: float) -> Iterator[Span]:
    for kind, node, start, end in _STEPS:
        hop = HOP if kind in _IN_HOP else ""
        name = f"{kind} {node}".strip()
        yield Span(name, kind, start * stretch, end * stretch, node=node, hop=hop)
    for phase, start, end in _PHASES:
        parent = "kubeadm-apply control-plane"
        yield Span(
            f"{parent}: {phase}",
            phase,
            start * stretch,
            end * stretch,
            node="control-plane",
            hop=HOP,
            parent=parent,
        )


def _observe(
    shape: Shape, observer: str, probers: Iterable[tuple[str, str, float]], typical_ms: float
) -> Samples:
    builder = SamplesBuilder()
    backends = np.array(
        [builder.backend(f"web-7c9d-{name}") for name in ("4xk2p", "9mm7c", "zq8vd")]
    )
    for kind, node, timeout_s in probers:
        connection = Connection.REUSED if kind == "reused" else Connection.NEW
        stream = Stream(
            name=f"{kind}@{node}",
            node=node,
            target=f"{observer}.probes.svc:80",
            interval_s=1 / shape.rate_hz,
            timeout_s=timeout_s,
            connection=connection,
            clock_error_s=0.0004,
        )
        columns = _probe(shape, observer, stream, typical_ms)
        answered = np.isin(columns["outcome"], (Outcome.OK, Outcome.HTTP_5XX))
        drawn = backends[shape.rng.integers(0, len(backends), len(answered))]
        columns["backend"] = np.where(answered & (observer == "web"), drawn, 0)
        builder.add_columns(builder.add_stream(stream), columns)
    return builder.build()


def _probe(shape: Shape, observer: str, stream: Stream, typical_ms: float) -> dict[str, np.ndarray]:
    rng, stretch = shape.rng, shape.stretch
    start_s, end_s = 70 * stretch, 592 * stretch
    phase_s = rng.uniform(0, stream.interval_s)
    count = int((end_s - start_s - phase_s) / stream.interval_s)
    intended_s = start_s + phase_s + np.arange(count) * stream.interval_s * (1 + 2e-6)
    typical_s = typical_ms / 1e3 * shape.slower
    answer_s = typical_s * rng.lognormal(0, 0.4, count)
    answer_s *= np.where(rng.random(count) < 0.01, rng.uniform(3, 25, count), 1)
    lateness_s = 0.00016 * rng.lognormal(0, 0.6, count)
    if stream.node == "e2e-worker2":
        for at, length in _STALLS:
            over = intended_s - at * stretch
            inside = (over >= 0) & (over < length)
            lateness_s[inside] = length - over[inside] + 0.0001
    outcome = np.zeros(count, np.uint8)
    for hole in shape.holes:
        if hole.observer != observer or not stream.name.startswith(hole.streams):
            continue
        length = hole.length_s * (stretch if hole.stretch else 1)
        over = intended_s - hole.start_s * stretch
        hit = (over >= 0) & (over < length) & (rng.random(count) < hole.share)
        outcome[hit] = hole.outcome
    timeout = outcome == Outcome.TIMEOUT
    refused = np.isin(outcome, (Outcome.REFUSED, Outcome.RESET))
    answer_s = np.where(timeout, stream.timeout_s, np.where(refused, 0.0003, answer_s))
    codes = {Outcome.OK: 0 if observer == "dns" else 200, Outcome.HTTP_5XX: 503}
    code = np.zeros(count, np.uint16)
    for value, number in codes.items():
        code[outcome == value] = number
    return {
        "intended_us": np.rint(intended_s * 1e6).astype(np.int64),
        "lateness_us": np.rint(lateness_s * 1e6).astype(np.uint32),
        "latency_us": np.rint((lateness_s + answer_s) * 1e6).astype(np.uint32),
        "outcome": outcome,
        "code": code,
    }


def _churn(shape: Shape) -> Samples:
    builder = SamplesBuilder()
    rng, stretch = shape.rng, shape.stretch
    for kind, typical_s in (("ready", 1.4), ("gone", 1.0)):
        index = builder.add_stream(
            Stream(f"{kind}@host", "host", "pods of churn", interval_s=0.0, timeout_s=30.0)
        )
        at = np.sort(rng.uniform(70 * stretch, 585 * stretch, 240))
        wait = typical_s * rng.lognormal(0, 0.3, len(at))
        wait = np.where((at > 186 * stretch) & (at < 230 * stretch), wait + 8 * stretch, wait)
        columns = {
            "intended_us": np.rint(at * 1e6).astype(np.int64),
            "lateness_us": np.zeros(len(at), np.uint32),
            "latency_us": np.rint(wait * 1e6).astype(np.uint32),
            "outcome": np.zeros(len(at), np.uint8),
            "code": np.zeros(len(at), np.uint16),
            "backend": np.zeros(len(at), np.uint16),
        }
        builder.add_columns(index, columns)
    return builder.build()


def _judge(timeline: Timeline) -> Iterator[ScenarioResult]:
    claims = (
        ("test_lookups_keep_answering", "dns", 0.001, "Lookups of in-cluster names are answered."),
        (
            "test_no_connection_is_refused_or_cut",
            "web",
            0.00001,
            "Requests through the Service succeed while its pods roll and move.",
        ),
        (
            "test_the_edge_gives_no_502",
            "edge",
            0.5,
            "Requests through an nginx never see a broken backend.",
        ),
    )
    for name, observer, most, claim in claims:
        try:
            seen = require_view(timeline, observer)
        except Inconclusive as error:
            yield ScenarioResult(name, claim, Verdict.INCONCLUSIVE, str(error), (observer,))
            continue
        holds = float(seen.failure_ratio) <= most
        verdict = Verdict.PASS if holds else Verdict.FAIL
        yield ScenarioResult(name, claim, verdict, "" if holds else seen.explain(), (observer,))
    reason = "one control plane: the API is away while it restarts; needs three"
    claim = "Reads, writes and the watch go on while control planes are upgraded one by one."
    yield ScenarioResult("test_the_api_stays_available", claim, Verdict.SKIP, reason, ("api",))


def _inventory() -> Inventory:
    parts = [
        Component(name, node, "v1.34.4", "v1.34.4")
        for node in NODES
        for name in ("kubelet", "kube-proxy")
    ]
    parts.append(Component("etcd", NODES[0], "3.6.5-0", "3.6.5-0"))
    return Inventory(tuple(parts), nothing_left_to_do=True, old_kubeconfig_works=True)
