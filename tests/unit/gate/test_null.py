"""The null test and the power table of docs/gate.md, in small: made-up runs, a fixed seed."""

import re
from functools import partial

from benchmarks.gate_power import BEGIN, DOCUMENT, END, NOISY, QUIET, judge_pairs
from upgrade_e2e.gate import Answer

PAIRS = 40
judged = partial(judge_pairs, resamples=999)


def test_without_a_difference_hardly_anything_is_rejected():
    rows = [judged("", new, old, PAIRS) for new, old in ((5, 5), (10, 20))]
    rejected = sum(row.answers.count(Answer.REJECT) for row in rows)
    assert rejected <= 0.05 * PAIRS * len(rows)
    assert rows[1].share(Answer.APPROVE) >= 0.5, "and a gate that never approves is of no use"


def test_one_more_outage_is_detected_with_enough_runs_and_never_approved_with_few():
    five = judged(QUIET, 5, 5, PAIRS // 2)
    assert five.share(Answer.REJECT) >= 0.8
    assert five.share(Answer.APPROVE) == 0
    three = judged(QUIET, 3, 3, PAIRS // 2)
    assert three.share(Answer.INCONCLUSIVE) == 1, "three a side can tell nothing, and say so"
    long_history = judged(QUIET, 3, 20, PAIRS // 4)
    assert long_history.share(Answer.REJECT) >= 0.8


def test_in_a_noisy_observer_it_is_hardly_ever_approved():
    row = judged(NOISY, 10, 10, PAIRS // 2)
    assert row.share(Answer.APPROVE) <= 0.1
    assert row.share(Answer.REJECT) >= 0.15


def test_the_table_in_the_document_keeps_the_promise():
    table = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    null = re.findall(r"^\| none \| \d+ \| \d+ \| ([\d.]+)% ", table, re.MULTILINE)
    assert len(null) == 6
    assert all(float(share) <= 5.0 for share in null)
