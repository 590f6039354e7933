"""Samples: columns in, columns out, and damage noticed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import BadInput, DamagedRecord
from upgrade_e2e.timeline import Connection, Outcome, Samples, SamplesBuilder, Stream

STREAM = Stream("new@worker", "worker", "http://web", 0.01, 2.0, Connection.NEW, 0.002)
rows = st.lists(
    st.tuples(
        st.integers(0, 2**50),
        st.integers(0, 2**32 - 1),
        st.sampled_from(Outcome),
        st.sampled_from(["", "web-1", "web-2"]),
    ),
    max_size=30,
)


def build(entries, stream=STREAM):
    builder = SamplesBuilder()
    index = builder.add_stream(stream)
    for intended, latency, outcome, backend in entries:
        builder.add(
            index, intended_us=intended, latency_us=latency, outcome=outcome, backend=backend
        )
    return builder.build()


@given(entries=rows, broken=st.text(max_size=20))
def test_what_is_saved_is_loaded(tmp_path_factory, entries, broken):
    path = tmp_path_factory.mktemp("samples") / "web.npz"
    samples = dataclasses.replace(build(entries), broken=broken)
    samples.save(path)
    loaded = Samples.load(path)
    assert loaded.broken == broken
    assert loaded.streams == samples.streams
    assert loaded.backends == samples.backends
    for column in (
        "stream",
        "intended_us",
        "lateness_us",
        "latency_us",
        "outcome",
        "code",
        "backend",
    ):
        np.testing.assert_array_equal(getattr(loaded, column), getattr(samples, column))
    assert not list(path.parent.glob("*.part"))


@given(entries=rows)
def test_samples_are_sorted_by_intended_time(entries):
    samples = build(entries)
    assert list(samples.intended_us) == sorted(entry[0] for entry in entries)
    assert (samples.done_s >= samples.intended_us / 1e6).all()


@given(data=st.data())
def test_a_torn_file_is_damage_and_nothing_else(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("samples") / "web.npz"
    build([(1, 2, Outcome.OK, "web-1"), (3, 4, Outcome.REFUSED, "")]).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(DamagedRecord, match=r"web\.npz"):
        Samples.load(path)


def test_a_stream_that_does_not_exist():
    with pytest.raises(KeyError):
        build([]).of_stream("old@nowhere")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_labels_go_both_ways(outcome):
    assert Outcome.from_label(outcome.label) is outcome


def test_an_unknown_label_is_other():
    assert Outcome.from_label("exploded") is Outcome.OTHER


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"missing/web\.npz cannot be written"):
        Samples.empty().save(tmp_path / "missing" / "web.npz")
