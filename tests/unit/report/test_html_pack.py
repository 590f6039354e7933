"""Packing: exact where it matters, as fine as the budget allows elsewhere."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.synthetic import Shape, make_timeline
from upgrade_e2e.report.html.pack import EXACT, Packed, pack_samples, varints
from upgrade_e2e.timeline import Outcome, Samples, SamplesBuilder, Stream

LATE_US = 10_000


@dataclass(frozen=True)
class Unpacked:
    """One stream, read back from the bytes by the rules that pack.py states."""

    columns: dict[str, list[int]]
    exact: dict[str, list[bool]]


def numbers(data: bytes) -> list[int]:
    """Varints, one byte after the other."""
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            found.append(value)
            value = shift = 0
    return found


def unpack(packed: Packed, observer: str, place: int) -> Unpacked:
    """The stream at `place` of an observer."""
    blob = zlib.decompress(packed.data)
    stream = packed.streams[observer][place]
    raw = {
        name: blob[offset : offset + length] for name, (offset, length) in stream["columns"].items()
    }
    columns = {name: list(raw[name]) for name in ("outcome", "doubt")}
    columns |= {name: numbers(raw[name]) for name in ("code", "backend")}
    columns["intended"] = times(numbers(raw["intended"]))
    exact = {}
    for name in ("lateness", "latency"):
        rest = iter(numbers(raw[f"{name}_exact"]))
        exact[name] = [level == EXACT for level in raw[name]]
        columns[name] = [
            next(rest)
            if level == EXACT
            else round(2 ** ((level + stream["first"][name]) / packed.steps) - 1)
            for level in raw[name]
        ]
        assert next(rest, None) is None
    return Unpacked(columns, exact)


def times(turns: list[int]) -> list[int]:
    """Zigzagged second differences, summed up twice."""
    found, step, time = [], 0, 0
    for place, turn in enumerate(turns):
        signed = -(turn + 1) // 2 if turn % 2 else turn // 2
        step = signed if place < 2 else step + signed
        time += step
        found.append(time)
    return found


def no_doubts(samples: dict[str, Samples]) -> dict[str, np.ndarray]:
    """Every sample counts."""
    return {name: np.zeros(len(seen), np.uint8) for name, seen in samples.items()}


def one_stream(rows: list[tuple[int, int, int, int, int, int]]) -> Samples:
    """Samples of one stream; a row is intended, lateness, latency, outcome, code, backend."""
    builder = SamplesBuilder()
    stream = builder.add_stream(Stream("new@n", "n", "t", 0.01, 2.0))
    for name in ("a", "b"):
        builder.backend(name)
    names = ("intended_us", "lateness_us", "latency_us", "outcome", "code", "backend")
    columns = dict(zip(names, np.array(rows, np.int64).reshape(-1, 6).T, strict=True))
    builder.add_columns(stream, columns)
    return builder.build()


@given(st.lists(st.integers(0, 2**53)))
def test_numbers_of_any_size_are_read_back(values):
    assert numbers(varints(np.array(values, np.uint64))) == values


ROWS = st.lists(
    st.tuples(
        st.integers(-(10**9), 10**11),
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**32 - 1),
        st.sampled_from([int(outcome) for outcome in Outcome]),
        st.integers(0, 65535),
        st.integers(0, 2),
    )
)


@given(ROWS)
def test_a_small_run_is_exact_to_the_microsecond(rows):
    samples = one_stream(rows)
    packed = pack_samples({"x": samples}, no_doubts({"x": samples}), LATE_US)
    got = unpack(packed, "x", 0).columns
    assert packed.error == 0
    assert got["intended"] == samples.intended_us.tolist()
    assert got["lateness"] == samples.lateness_us.tolist()
    assert got["latency"] == samples.latency_us.tolist()
    assert got["outcome"] == samples.outcome.tolist()
    assert got["code"] == samples.code.tolist()
    assert got["backend"] == samples.backend.tolist()


@given(ROWS, st.integers(0, 3))
def test_over_budget_only_ordinary_good_answers_lose_precision(rows, doubt):
    samples = one_stream(rows)
    doubts = {"x": np.full(len(samples), doubt % 2, np.uint8)}
    packed = pack_samples({"x": samples}, doubts, LATE_US, budget=0)
    got = unpack(packed, "x", 0)
    odd = (samples.outcome != Outcome.OK) | (samples.lateness_us > LATE_US) | (doubts["x"] > 0)
    for name in ("lateness", "latency"):
        wanted = getattr(samples, f"{name}_us")
        for place, value in enumerate(got.columns[name]):
            true = int(wanted[place])
            if odd[place] or got.exact[name][place]:
                assert value == true
            else:
                assert value == pytest.approx(true, rel=packed.error * 1.001, abs=1)
    assert got.columns["intended"] == samples.intended_us.tolist()


def test_the_slowest_answers_stay_exact_over_budget():
    samples = make_timeline(Shape(20, 50)).samples["dns"]
    packed = pack_samples({"dns": samples}, no_doubts({"dns": samples}), LATE_US, budget=0)
    stream = samples.of_stream(samples.streams[0].name)
    got = unpack(packed, "dns", 0)
    slowest = stream.latency_us >= np.quantile(stream.latency_us, 0.995)
    assert slowest.any()
    assert np.array_equal(np.array(got.columns["latency"])[slowest], stream.latency_us[slowest])
    assert not all(got.exact["latency"])


def test_the_finest_scale_within_the_budget_is_taken():
    samples = dict(make_timeline(Shape(60, 50)).samples)
    doubts = no_doubts(samples)
    exact = pack_samples(samples, doubts, LATE_US)
    tight = pack_samples(samples, doubts, LATE_US, budget=len(exact.data) * 3 // 4)
    tighter = pack_samples(samples, doubts, LATE_US, budget=0)
    assert exact.steps == 0
    assert len(tight.data) <= len(exact.data) * 3 // 4
    assert tight.steps > tighter.steps > 0
    assert 0 < tight.error < tighter.error < 0.05


def test_streams_are_kept_apart_and_in_order():
    samples = make_timeline(Shape(10, 20)).samples["web"]
    shuffled = samples.where(np.random.default_rng(1).permutation(len(samples)))
    packed = pack_samples({"web": shuffled}, no_doubts({"web": shuffled}), LATE_US)
    for place, stream in enumerate(samples.streams):
        wanted = samples.of_stream(stream.name)
        assert unpack(packed, "web", place).columns["intended"] == wanted.intended_us.tolist()


def test_a_regular_clock_costs_next_to_nothing():
    rows = [(1_000_000 + place * 10_000, 0, 500, 0, 200, 0) for place in range(20_000)]
    samples = one_stream(rows)
    packed = pack_samples({"x": samples}, no_doubts({"x": samples}), LATE_US)
    assert len(packed.data) < 1000
