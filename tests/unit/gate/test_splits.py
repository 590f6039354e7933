"""Splits of passes that are alike, as benchmarks/gate_splits.py judges them."""

from benchmarks.gate_splits import judge_splits, splits
from tests.unit.gate.made import runs
from upgrade_e2e.gate import Answer


def test_every_split_is_made_once():
    made = runs([0.0] * 7)
    found = list(splits(made, 5, 400))
    assert len(found) == 21
    assert len({frozenset(run.run_id for run in new) for new, _ in found}) == 21
    for new, old in found:
        assert {*map(id, new)} | {*map(id, old)} == {*map(id, made)}
        assert len(new) == 5


def test_of_many_splits_a_part_is_drawn_by_a_seed():
    made = runs([0.0] * 14)
    first, again = (list(splits(made, 5, 30)) for _ in range(2))
    assert len(first) == 30
    assert first == again


def test_equal_passes_are_approved_and_an_odd_one_stands_in_the_way():
    assert judge_splits(runs([0.1] * 12), most=9)[0] == {Answer.APPROVE: 9}
    answers, in_the_way = judge_splits(runs([0.1] * 11 + [9.0]), most=30)
    assert answers[Answer.APPROVE] < 30
    assert set(in_the_way) == {"dns longest_silence_s"}
