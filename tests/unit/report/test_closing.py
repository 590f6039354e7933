"""The last lines on a terminal: each reason once, in lines that fit."""

from __future__ import annotations

from pathlib import Path

from tests.unit.report.test_headlines import BLIND, BROKEN, ETCD, SKIPS, made, unjudged
from upgrade_e2e.judge import Verdict
from upgrade_e2e.report import NOT_JUDGED, closing_lines


def said(run):
    """The closing lines of a pass, as one text."""
    lines = closing_lines(Path("artifacts"), run)
    assert all(len(line) <= 80 for line in lines)
    return " ".join(" ".join(lines).split())


def test_an_interrupted_pass_says_once_how_many_were_not_judged():
    many = [unjudged(f"test_{number}", NOT_JUDGED) for number in range(34)]
    text = said(made(*many, verdict=Verdict.INCONCLUSIVE, reason="interrupted by SIGINT"))
    assert "34 claims were not judged: the run ended before that." in text
    assert "test_1" not in text
    assert "INCONCLUSIVE test" not in text


def test_a_reason_that_several_share_is_said_once():
    same = [unjudged(name, "dns was blind: it was dark.") for name in ("test_a", "test_b")]
    text = said(made(BROKEN, *same, BLIND[1]))
    assert "INCONCLUSIVE test_a, test_b: dns was blind: it was dark." in text
    assert "INCONCLUSIVE test_b: web was blind" in text


def test_a_pass_in_which_all_was_skipped_names_the_reasons():
    cannot = "Cannot tell: no scenario was judged."
    text = said(made(*SKIPS, verdict=Verdict.INCONCLUSIVE, reason=cannot))
    assert f"All 12 were skipped: {ETCD} (7)," in text
    assert "fix what kept the pass" not in text.lower()


def test_a_planted_fault_is_named_after_the_headline():
    text = said(made(BROKEN, faults=("no-prestop",)))
    assert "Broken: test_x. Planted: no-prestop. 1 claim broke." in text
    assert "--limits" not in text
