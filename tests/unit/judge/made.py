"""Timelines for tests: written by hand, or drawn by hypothesis."""

from __future__ import annotations

import sys

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from upgrade_e2e.timeline import Outcome, Samples, SamplesBuilder, Span, Stream, Timeline, Window

from .reference import Line, Shot

PATIENT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes depends on what else the machine does."""
BACKENDS = ("", "web-a", "web-b", "web-c")


def to_samples(lines, *, timeout_s=2.0) -> Samples:
    """Samples with one stream a line."""
    builder = SamplesBuilder()
    for name in BACKENDS:
        builder.backend(name)
    for line in lines:
        index = builder.add_stream(
            Stream(line.name, line.node, line.target, line.interval / 1e6, timeout_s)
        )
        shots = line.shots
        columns = {
            "intended_us": [shot.intended for shot in shots],
            "lateness_us": [shot.late for shot in shots],
            "latency_us": [shot.latency for shot in shots],
            "outcome": [shot.outcome for shot in shots],
            "code": [0] * len(shots),
            "backend": [shot.backend for shot in shots],
        }
        builder.add_columns(index, columns)
    return builder.build()


def to_timeline(lines, low, high, spans=()) -> Timeline:
    """A timeline with one observer, `web`; the window in microseconds."""
    return Timeline(Window(low / 1e6, high / 1e6), tuple(spans), {"web": to_samples(lines)})


def steady(
    *, count=1000, interval=10_000, name="new@worker", node="worker", target="web", fail=None
) -> Line:
    """A line that is answered after 1 ms, but for `fail`: {number: outcome}."""
    fail = fail or {}
    shots = [
        Shot(
            intended=number * interval,
            late=0,
            latency=2_000_000 if fail.get(number) == Outcome.TIMEOUT else 1_000,
            outcome=int(fail.get(number, Outcome.OK)),
        )
        for number in range(count)
    ]
    return Line(name, node, target, interval, shots)


def failing(numbers, outcome=Outcome.REFUSED):
    """A plan of failures for `steady`."""
    return dict.fromkeys(numbers, outcome)


_OUTCOMES = st.sampled_from(
    [
        Outcome.REFUSED,
        Outcome.TIMEOUT,
        Outcome.HTTP_5XX,
        Outcome.NOT_SENT,
        *[Outcome.OK] * 4,
    ]
)
_LATE = st.sampled_from([0, 0, 0, 0, 7, 400, 9_999, 10_000, 10_001, 15_000, 60_000, 300_000])
_WAIT = st.sampled_from([0, 1, 300, 1_000, 5_000, 20_000, 80_000])
_COPIES = st.sampled_from([1, 1, 1, 1, 1, 1, 1, 0, 2])
_STEP = st.sampled_from([0.0] * 20 + [-3.0, -0.55, -0.5, -0.3, 0.5, 0.55, 4.0, 25.0])


@st.composite
def shots(draw, interval):
    """The samples of one stream: late, missing, twice, and with clock steps."""
    found = []
    at = draw(st.integers(-interval, interval))
    drawn = st.tuples(_LATE, _WAIT, _OUTCOMES, _COPIES, _STEP, st.integers(0, 3))
    for late, wait, outcome, copies, step, backend in draw(
        st.lists(drawn, min_size=draw(st.sampled_from([0, 1, 20, 20, 20])), max_size=40)
    ):
        found.extend([Shot(at, late, late + wait, int(outcome), backend)] * copies)
        at += round(interval * (1 + step))
    return found


@st.composite
def scenes(draw, most=3):
    """One to three streams of one target on one or two nodes, and a watched window."""
    found = []
    for number in range(draw(st.integers(1, most))):
        interval = draw(st.sampled_from([1_000, 10_000, 50_000]))
        node = draw(st.sampled_from(["worker", "worker2"]))
        name = f"s{number}@{node}"
        found.append(Line(name, node, "web", interval, draw(shots(interval))))
    end = max((shot.intended for line in found for shot in line.shots), default=1)
    low = draw(st.sampled_from([0, 0, 0, -70_000, end // 3]))
    high = max(end, low) + draw(st.sampled_from([1, 1, 400, 70_000, -end // 3]))
    return found, low, max(high, low + 1)


@st.composite
def span_trees(draw, most=5):
    """Steps one after another, some with phases."""
    found, at = [], draw(st.integers(-100, 100)) / 1000
    for number in range(draw(st.integers(0, most))):
        end = at + draw(st.integers(0, 300)) / 1000
        name = f"step {number}"
        found.append(Span(name, "step", at, end, hop="h"))
        middle = at + (end - at) * draw(st.sampled_from([0.0, 0.25, 0.5]))
        if draw(st.booleans()):
            found.append(Span(f"{name}: a", "a", at, middle, hop="h", parent=name))
            found.append(Span(f"{name}: b", "b", middle, end, hop="h", parent=name))
        at = end + draw(st.sampled_from([0, 0, 20, 100])) / 1000
    return found


def count_weighings(monkeypatch):
    """A list that grows by the samples of an observer each time that these are weighed."""
    module = sys.modules["upgrade_e2e.judge.views"]
    weighed, lay_tracks = [], module.lay_tracks

    def counted(samples, *rest, **named):
        weighed.append(samples)
        return lay_tracks(samples, *rest, **named)

    monkeypatch.setattr(module, "lay_tracks", counted)
    return weighed
