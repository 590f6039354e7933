"""A ratio in a claim rests on enough samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrade_e2e.errors import Inconclusive
from upgrade_e2e.judge.ratio import Ratio


@pytest.mark.parametrize("failures", [0, 1, 99])
def test_too_few_samples_prove_nothing_either_way(failures):
    with pytest.raises(Inconclusive, match=r"99 samples are too few .* 1%: that takes 100 or more"):
        _ = Ratio(failures, 99) <= 0.01


def test_never_can_be_broken_by_the_first_sample():
    assert not Ratio(1, 1) <= 0
    assert Ratio(0, 1) <= 0


@given(st.integers(1, 10_000), st.data())
def test_with_enough_samples_it_is_the_number(count, data):
    failures = data.draw(st.integers(0, count))
    limit = data.draw(st.floats(1.001 / count, 2.0))
    assert (Ratio(failures, count) <= limit) == (failures / count <= limit)
    assert (Ratio(failures, count) < limit) == (failures / count < limit)
