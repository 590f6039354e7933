"""Readings: columns in, columns out, damage noticed, and the right series found."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.judge.readings import series
from upgrade_e2e.errors import DamagedRecord
from upgrade_e2e.timeline import Readings, Window

ROWS = st.lists(st.tuples(st.integers(0, 2**50), st.floats(allow_nan=False)), max_size=9)
NAMES = st.tuples(st.text(max_size=5), st.sampled_from(["cp", "worker"]), st.text(max_size=3))


@given(st.lists(st.tuples(NAMES, st.dictionaries(st.text(max_size=3), st.text()), ROWS)))
def test_what_is_saved_is_loaded(tmp_path_factory, drawn) -> None:
    path = tmp_path_factory.mktemp("readings") / "etcd.npz"
    readings = Readings(
        tuple(
            series(metric, *sorted(rows), node=node, stream=stream)
            for (metric, node, stream), _, rows in drawn
        )
    )
    readings.save(path)
    loaded = Readings.load(path)
    assert len(loaded) == len(readings)
    for one, other in zip(readings.series, loaded.series, strict=True):
        assert (one.metric, one.node, one.stream) == (other.metric, other.node, other.stream)
        assert one.at_us.tolist() == other.at_us.tolist()
        assert sorted(one.value) == sorted(other.value)


def test_labels_are_saved(tmp_path) -> None:
    Readings((series("m", (1, 2.0), le="0.5", To="é"),)).save(tmp_path / "etcd.npz")
    (loaded,) = Readings.load(tmp_path / "etcd.npz").series
    assert loaded.labels == {"le": "0.5", "To": "é"}


def test_series_are_found_by_metric_node_and_labels() -> None:
    mine = series("m", (1, 1.0), node="e2e-worker2", le="1")
    others = [series("m", (1, 1.0), node="e2e-worker", le="1"), series("n", (1, 1.0))]
    readings = Readings((mine, *others))
    assert readings.of("m", node="worker2") == (mine,)
    assert readings.of("m", node="e2e-worker2", le="1") == (mine,)
    assert readings.of("m", le="1") == (mine, others[0])
    assert readings.of("m", le="2") == ()


def test_a_window_keeps_what_came_inside() -> None:
    cut = series("m", (999_999, 1.0), (1_000_000, 2.0), (2_000_000, 3.0), (2_000_001, 4.0))
    assert cut.within(Window(1.0, 2.0)).value.tolist() == [2.0, 3.0]


@pytest.mark.parametrize("damage", ["torn", "foreign", "newer", "ragged"])
def test_damage_is_noticed(tmp_path, damage) -> None:
    path = tmp_path / "etcd.npz"
    Readings((series("m", (1, 1.0), (2, 2.0)),)).save(path)
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:-30])
    elif damage == "foreign":
        path.write_bytes(b"something else")
    else:
        schema = 99 if damage == "newer" else 1
        meta = np.frombuffer(json.dumps({"schema": schema, "series": []}).encode(), np.uint8)
        lengths = (1, 1, 1) if damage == "newer" else (1, 2, 1)
        kinds = {"series": np.uint32, "at_us": np.int64, "value": np.float64}
        columns = {
            name: np.zeros(length, kind)
            for (name, kind), length in zip(kinds.items(), lengths, strict=True)
        }
        np.savez(path, meta=meta, **columns)
    with pytest.raises(DamagedRecord):
        Readings.load(path)
