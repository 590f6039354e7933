"""Sets of stretches of time, against loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.judge.windows import Windows

from . import reference
from .made import PATIENT

pairs = st.lists(st.tuples(st.integers(-20, 60), st.integers(-20, 60)), max_size=12)


def windows(found):
    return Windows.of([start for start, _ in found], [end for _, end in found])


def real(found):
    return [(start, end) for start, end in found if end > start]


@PATIENT
@given(pairs)
def test_stretches_are_sorted_and_apart(found):
    made = windows(found)
    assert (made.end_us > made.start_us).all()
    assert (made.start_us[1:] > made.end_us[:-1]).all()
    assert made.total_us == reference.length(real(found))


@PATIENT
@given(pairs)
def test_contains(found):
    times = np.arange(-25, 65)
    held = windows(found).contains(times)
    assert held.tolist() == [reference.holds(found, time) for time in times]


@PATIENT
@given(pairs, pairs)
def test_overlap(found, asked):
    asked = real(asked)
    starts = np.array([start for start, _ in asked], np.int64)
    ends = np.array([end for _, end in asked], np.int64)
    expected = [reference.overlap(start, end, real(found)) for start, end in asked]
    assert windows(found).overlap_us(starts, ends).tolist() == expected


@PATIENT
@given(pairs, pairs)
def test_set_algebra(one, two):
    a, b = windows(one), windows(two)
    assert a.within(b).total_us == reference.length(real(one), real(two))
    assert a.minus(b).total_us == reference.length(real(one), outside=real(two))
    assert Windows.union([a, b]).total_us == reference.length(real(one) + real(two))


@PATIENT
@given(pairs, st.integers(-20, 60), st.integers(-20, 60))
def test_clip(found, low, high):
    assert windows(found).clip(low, high).total_us == reference.overlap(low, high, real(found))


def test_no_time_at_all():
    none = Windows.none()
    assert len(none) == 0
    assert none.total_us == 0
    assert none.as_tuple() == ()
    assert not none.contains(np.array([0])).any()
