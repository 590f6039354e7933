"""Growth over cycles: slopes that a few odd readings do not move, and none from too few."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.judge.used import MIB, memory
from upgrade_e2e.judge.growth import FEWEST_CYCLES, Growth, Slope, bursts, per_cycle, slope_of

EVERY_S = 10.0
SETTLING = 8
"""Cycles in the first minute, and the two after that."""


def begins(count: int) -> np.ndarray:
    """So many cycles, one every ten seconds."""
    return np.arange(count) * EVERY_S


def slope(mib, count=None):
    """The slope of a kubelet that is read in the middle of each cycle."""
    count = len(mib) if count is None else count
    return slope_of(memory(mib, from_s=5.0), begins(count + 1))


def test_events_close_together_are_one_burst():
    at_s = [20.3, 0.0, 0.2, 0.4, 10.0, 10.1, 20.0]
    assert bursts(at_s, 1.5).tolist() == [0.0, 10.0, 20.0]
    assert bursts([], 1.5).tolist() == []


def test_a_cycle_has_the_least_that_was_read_in_it():
    series = memory([5, 3, 4, 9, 8], every_s=4.0)
    assert per_cycle(series, [0.0, 10.0, 20.0, 30.0]) == [3 * MIB, 8 * MIB]


def test_a_steady_leak_has_its_slope():
    found = slope([50.0 + number for number in range(30)])
    assert found.per_cycle == pytest.approx(MIB)
    assert found.at_least == pytest.approx(found.at_most) == pytest.approx(MIB)
    assert found.cycles == 30 - SETTLING


def test_memory_that_goes_up_and_down_has_none():
    rng = np.random.default_rng(1)
    found = slope(60 + rng.normal(0, 2, 40))
    assert found.at_least < 0 < found.at_most


def test_a_few_odd_readings_do_not_move_it():
    mib = [60.0] * 40
    mib[15] = mib[30] = 500.0
    assert slope(mib).per_cycle == 0


def test_the_first_minute_does_not_count():
    mib = [*range(SETTLING), *([50.0] * 20)]
    assert slope(mib).per_cycle == 0


@pytest.mark.parametrize(("count", "known"), [(FEWEST_CYCLES - 1, False), (FEWEST_CYCLES, True)])
def test_fewer_than_ten_cycles_have_no_slope(count, known):
    assert (slope([50.0] * (SETTLING + count)) is not None) is known


def test_cycles_without_a_reading_do_not_count():
    series = memory([50.0] * 5, from_s=85.0)
    assert slope_of(series, begins(40)) is None
    assert slope_of(series, np.array([])) is None


def grown(before: float, after: float) -> Growth:
    """A growth whose slopes are certain, in MiB."""
    one, other = (Slope(mib * MIB, mib * MIB, mib * MIB, 20) for mib in (before, after))
    return Growth("e2e-worker", one, other)


@pytest.mark.parametrize(
    ("before", "after", "more"), [(0, 2, 2), (2, 2, 0), (-1, 2, 2), (1, 3, 2), (0, -1, -1)]
)
def test_what_the_old_version_grew_is_taken_off(before, after, more):
    assert grown(before, after).more_mib == more


def test_growth_that_is_not_known_is_none_and_says_so():
    unknown = Growth("e2e-worker", None, Slope(MIB, MIB, MIB, 10))
    assert not unknown.is_known
    assert unknown.more_mib == 0
    assert "before too few cycles, after +1.00 MiB a cycle" in str(unknown)
