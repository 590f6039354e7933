"""The first sentences about a pass, and what to do: nothing that has no answer is passed over."""

from __future__ import annotations

import re

import pytest

from tests.synthetic import Shape, make_run
from tests.unit.report.test_record import record
from upgrade_e2e.judge import Limits, Verdict, Views
from upgrade_e2e.report import NOT_JUDGED, ScenarioResult, advice, headline, planted
from upgrade_e2e.report.html import render_page
from upgrade_e2e.report.html.drawn import Drawn

UNSEEN = "did not see {} of the pass (at most 10%, instrument.blind_share); lower the rate."
BROKEN = ScenarioResult("test_x", "x holds", Verdict.FAIL, "x: p95 is 6 s and may be at most 5 s")


def unjudged(name, why, traceback=""):
    """A claim that has no answer."""
    return ScenarioResult(name, "y holds", Verdict.INCONCLUSIVE, why, (), traceback)


def skipped(name, why):
    """A claim that was not made."""
    return ScenarioResult(name, "z holds", Verdict.SKIP, why)


def made(*scenarios, **changes):
    """A pass of which these claims were made, without planted faults or failed steps."""
    return record(scenarios=scenarios, **{"faults": (), "failed_step": None, **changes})


BLIND = (
    unjudged("test_a", f"dns was blind: its probers {UNSEEN.format('9.5%')}"),
    unjudged("test_b", f"web was blind: its probers {UNSEEN.format('21%')}"),
)
ETCD = "a simulated cluster has no etcd"
SKIPS = (
    *(skipped(f"test_etcd{number}", ETCD) for number in range(7)),
    *(skipped(f"test_api{number}", "one control plane: it is away; needs 3") for number in (1, 2)),
    skipped("test_node", "a simulated node has no kubelet"),
    skipped("test_cni", "no network"),
    skipped("test_hook", "no webhook"),
)


def test_a_broken_pass_says_what_could_not_be_judged_and_why():
    assert headline(made(BROKEN, *BLIND)) == (
        "Broken: test_x. 2 more could not be judged: the probers were blind for up to 21% of the "
        "pass, usually because the machine was too busy."
    )
    assert headline(made(BROKEN)) == "Broken: test_x."


def test_several_reasons_are_told_apart():
    others = (
        unjudged("test_d", "there are 9 latencies, which are too few; probe faster."),
        unjudged("test_e", "the scenario itself is broken: NameError: y", "Traceback"),
    )
    assert headline(made(BROKEN, BLIND[1], *others)).endswith(
        "3 more could not be judged: the probers were blind for up to 21% of the pass, usually "
        "because the machine was too busy (1); the scenario itself is broken (1); there are 9 "
        "latencies, which are too few (1)."
    )


def test_a_prober_that_broke_was_not_held_up_by_the_machine():
    broke = unjudged("test_a", "dns was blind: its thread broke; what it saw is not known.")
    assert headline(made(BROKEN, broke)).endswith("judged: the probers were blind.")
    assert "more cores" not in advice(made(BROKEN, broke))


def test_what_was_skipped_is_counted_by_reason():
    held = [ScenarioResult(f"test_{number}", "x", Verdict.PASS) for number in range(14)]
    assert headline(made(*held, *SKIPS, verdict=Verdict.PASS)) == (
        "14 claims hold, 12 were skipped: a simulated cluster has no etcd (7), one control plane: "
        "it is away (2), a simulated node has no kubelet (1), 2 more for other reasons."
    )
    whole = made(held[0], verdict=Verdict.PASS, reason="The one claim that could be judged holds.")
    assert headline(whole) == whole.reason


def test_a_pass_in_which_all_was_skipped_names_the_reasons():
    cannot = "Cannot tell: no scenario was judged."
    run = made(*SKIPS[:9], verdict=Verdict.INCONCLUSIVE, reason=cannot)
    assert headline(run) == (
        f"{cannot} All 9 were skipped: a simulated cluster has no etcd (7), one control plane: "
        "it is away (2)."
    )
    assert "choose scenarios that this cluster has something for" in advice(run)
    assert "kept the pass from" not in advice(run)


def test_an_interrupted_pass_counts_what_was_not_judged():
    many = [unjudged(f"test_{number}", NOT_JUDGED) for number in range(34)]
    run = made(*many, verdict=Verdict.INCONCLUSIVE, reason="interrupted by SIGINT")
    assert headline(run) == (
        "interrupted by SIGINT. 34 claims were not judged: the run ended before that."
    )
    assert advice(run).endswith("Fix what kept the pass from being judged, and run again.")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_blind_probers_are_what_to_do_something_about_first(verdict):
    claims = (BROKEN, *BLIND) if verdict is Verdict.FAIL else BLIND
    said = advice(made(*claims, verdict=verdict))
    first = said.removeprefix("Nothing is proved either way. ")
    assert first.startswith(
        "To judge the 2 for which the probers were blind, judge fewer scenarios at once "
        "(--scenario), or give the machine more cores."
    )
    assert ("--limits" in said) is (verdict is Verdict.FAIL)


@pytest.mark.parametrize("others", [(), (BROKEN,)])
def test_a_broken_scenario_needs_no_new_pass(others):
    broken = unjudged("test_e", "the scenario itself is broken: AttributeError: y", "Traceback")
    verdict = Verdict.FAIL if others else Verdict.INCONCLUSIVE
    assert "`upgrade-e2e rejudge FOLDER --scenario FILE`" in advice(
        made(broken, *others, verdict=verdict)
    )
    assert "rejudge" not in advice(made(*BLIND, *others, verdict=verdict))


def test_the_page_does_not_send_its_reader_to_the_page():
    assert "report.html" in advice(made(BROKEN))
    assert "report.html" not in advice(made(BROKEN), on_page=True)
    assert "the timeline below" in advice(made(BROKEN), on_page=True)


def test_a_planted_fault_is_named_and_is_nothing_to_be_fixed():
    run = made(BROKEN, BROKEN, *BLIND, faults=("no-prestop", "dns-drop=1"))
    assert planted(run) == "Planted: no-prestop, dns-drop=1. 2 claims broke."
    assert "can be used as `--control` of the gate" in advice(run)
    assert "--limits" not in advice(run)
    assert planted(made(BROKEN)) == ""


def test_a_planted_fault_that_nothing_noticed_is_no_control():
    run = made(
        ScenarioResult("test_a", "x", Verdict.PASS), verdict=Verdict.PASS, faults=("slow-cni=5s",)
    )
    assert planted(run) == "Planted: slow-cni=5s. No claim broke."
    assert "is no `--control` of the gate" in advice(run)


def test_the_page_says_the_same():
    _, timeline = make_run(Shape(30, 10))
    run = made(BROKEN, *BLIND, faults=("no-prestop",))
    html = render_page(run, Drawn(Views(timeline, Limits.default())))
    text = " ".join(re.sub("<wbr>|\u200b", "", re.sub(r"<(?!wbr)[^>]*>", " ", html)).split())
    for sentence in (headline(run), planted(run), advice(run, on_page=True)):
        assert sentence in text
