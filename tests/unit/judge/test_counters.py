"""Counters of programs that are replaced while they count."""

from __future__ import annotations

import pytest

from tests.unit.judge.used import read
from upgrade_e2e.judge.counters import counted_since, worst_share


@pytest.mark.parametrize(
    ("values", "start_s", "counted"),
    [
        ([3, 3, 5], 0.0, 2),
        ([3, 3, 5], -1.0, 5),
        ([0, 0, 0], -1.0, 0),
        ([4, 1, 2], 0.0, 2),
        ([], 0.0, 0),
    ],
)
def test_a_counter_that_came_later_counts_as_a_whole(values, start_s, counted):
    assert counted_since(read("c", values), round(start_s * 1e6)) == counted


def share_of(part, whole, over_s=300.0, least=100.0):
    """The worst share of two counters that are read every 10 s."""
    return worst_share(read("p", part), read("w", whole), over_s, least)


def test_the_share_of_a_short_pass_is_that_of_the_whole():
    assert share_of([0, 25, 50], [0, 100, 200]) == 0.25


def test_the_worst_stretch_counts_and_not_the_whole():
    part = [*([0] * 30), *range(0, 310, 10)]
    whole = [100 * number for number in range(61)]
    assert share_of(part, whole) == pytest.approx(0.1)


def test_a_shorter_peak_counts_with_its_share_of_the_stretch():
    whole = [100 * number for number in range(61)]
    part = [*([0] * 30), *([300] * 31)]
    assert share_of(part, whole) == pytest.approx(0.1)
    assert share_of(part, whole, over_s=30) == pytest.approx(1.0)


def test_a_restart_in_between_loses_nothing():
    assert share_of([0, 50, 10, 20], [0, 100, 20, 40]) == pytest.approx(0.5)


@pytest.mark.parametrize(("part", "whole"), [([], []), ([1], [2]), ([0, 9], [0, 10])])
def test_next_to_nothing_has_no_share(part, whole):
    assert share_of(part, whole) is None
