"""When streams have their slots: spread within an observer, shared between observers."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.agent.schedule import GRID_NS, phases_ns

MS = 1_000_000
NODE = [
    ("web", 20 * MS),
    ("web", 20 * MS),
    ("edge", 50 * MS),
    *(("dns", interval * MS) for interval in (20, 100, 100, 100, 50)),
]
"""The streams of a node at the rates of scenarios/."""
STREAMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 200 * MS)), max_size=12)


def slots(streams: list[tuple[str, int]], for_ns: int) -> list[tuple[int, str]]:
    """All slots of these streams, from the first one on."""
    phases = phases_ns(streams)
    return [
        (at, f"{observer}{index}")
        for index, ((observer, interval), phase) in enumerate(zip(streams, phases, strict=True))
        for at in range(phase, for_ns, interval)
    ]


@given(streams=STREAMS)
def test_a_phase_lies_within_the_interval(streams: list[tuple[str, int]]) -> None:
    for (_, interval), phase in zip(streams, phases_ns(streams), strict=True):
        assert 0 <= phase <= max(interval, 1)


@given(interval=st.integers(MS, 500 * MS), count=st.integers(1, 10))
def test_streams_of_one_observer_are_spread(interval: int, count: int) -> None:
    """No two at once; as far apart as they can be, to half a step of the grid at each end."""
    phases = [phase % interval for phase in phases_ns([("web", interval)] * count)]
    assert len(set(phases)) == count
    ordered = [*sorted(phases), min(phases) + interval]
    gaps = [late - early for early, late in itertools.pairwise(ordered)]
    assert max(gaps) <= interval / count + GRID_NS + 1


def test_slow_streams_begin_soon_and_not_together():
    assert phases_ns([("resources", 10_000 * MS)] * 4) == [0, 250 * MS, 500 * MS, 750 * MS]


def test_one_wake_up_serves_streams_of_several_observers() -> None:
    """A node has 220 slots a second, at 100 moments."""
    times = Counter(at for at, _ in slots(NODE, 1000 * MS))
    assert sum(times.values()) == pytest.approx(220, abs=5)
    assert len(times) <= 100


def test_a_rate_that_does_not_fit_the_grid_is_kept() -> None:
    streams = [("a", 33_333_333), ("b", 1 * MS), ("b", 1 * MS)]
    assert phases_ns(streams) == [0, 0, MS // 2]
