"""Figures as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.format import NOTHING, duration, moment, share, wall_clock


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, NOTHING),
        (float("inf"), NOTHING),
        (0.0, "0 s"),
        (0.000042, "0.042 ms"),
        (0.00042, "0.42 ms"),
        (0.00123, "1.2 ms"),
        (0.0094, "9.4 ms"),
        (0.0096, "10 ms"),
        (0.0312, "31 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.254, "1.25 s"),
        (-0.5, "-500 ms"),
        (119.9, "119.90 s"),
        (584.6, "9 min 45 s"),
        (119.996, "2 min 0 s"),
        (124.2, "2 min 4 s"),
        (3599.9, "60 min 0 s"),
        (4e-7, "< 0.001 ms"),
    ],
)
def test_a_length_is_shown_in_the_unit_that_fits(seconds, shown):
    assert duration(seconds) == shown


@given(st.floats(1e-6, 1e5))
def test_no_length_is_shown_as_nothing_or_in_exponents(seconds):
    shown = duration(seconds)
    assert "e" not in shown
    assert any(digit in shown for digit in "123456789")


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (None, NOTHING),
        (float("nan"), NOTHING),
        (0.0, "0%"),
        (0.00001, "0.001%"),
        (1e-8, "< 0.0001%"),
        (0.0042, "0.42%"),
        (0.041, "4.1%"),
        (1 / 3, "33.3%"),
        (0.99999, "> 99.9%"),
        (1.0, "100%"),
    ],
)
def test_a_rare_failure_is_not_shown_as_none(ratio, shown):
    assert share(ratio) == shown


def test_moments_are_written_as_explanations_write_them():
    assert moment(512.314) == "512.31 s"
    assert wall_clock(0.0) == "1970-01-01 00:00:00 UTC"
