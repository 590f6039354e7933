"""The conditions of an approval, one by one, and what is said when one does not hold."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.gate.made import control, run, runs
from upgrade_e2e.gate import (
    Answer,
    ComparedRuns,
    GateSettings,
    ScenarioVerdict,
    decide,
    decision_json,
    render_decision,
)
from upgrade_e2e.gate.decision import combine_answers
from upgrade_e2e.gate.sight import sight_problems
from upgrade_e2e.judge import Verdict

QUICK = GateSettings(simulations=100)


def evidence(**changes):
    """ComparedRuns that approves."""
    parts = {
        "candidates": runs([0.0] * 5),
        "baseline": runs([0.0] * 8),
        "controls": (control(),),
    }
    return ComparedRuns(**{**parts, **changes})


def answers(decision):
    """The answer of each check."""
    return {check.name: check.answer for check in decision.checks}


def test_all_conditions_approve():
    decision = decide(evidence(), QUICK)
    assert decision.answer is Answer.APPROVE
    assert decision.exit_code == 0
    assert decision.next == ()
    assert set(answers(decision)) == {"evidence", "budgets", "sight", "baseline", "control"}


def test_a_broken_claim_rejects_and_names_the_run():
    broken = run(verdict=Verdict.FAIL, reason="Broken: test_dns.")
    decision = decide(evidence(candidates=(*runs([0.0] * 5), broken)), QUICK)
    assert (decision.answer, decision.exit_code) == (Answer.REJECT, 1)
    text = render_decision(decision)
    assert text.startswith("# REJECT: v1.33.13 -> v1.34.4 on kind")
    assert f"run {broken.name} is FAIL: Broken: test_dns." in text


@pytest.mark.parametrize("verdict", [Verdict.INCONCLUSIVE, Verdict.SKIP])
def test_a_run_that_judged_nothing_is_inconclusive(verdict):
    decision = decide(evidence(candidates=(*runs([0.0] * 5), run(verdict=verdict))), QUICK)
    assert (decision.answer, decision.exit_code) == (Answer.INCONCLUSIVE, 3)
    assert any("upgrade-e2e run --path v1.33.13,v1.34.4" in step for step in decision.next)


def test_worse_than_the_baseline_rejects_with_the_numbers():
    decision = decide(evidence(candidates=runs([2.0] * 5), baseline=runs([0.0] * 8)), QUICK)
    assert decision.answer is Answer.REJECT
    assert answers(decision)["budgets"] is Answer.APPROVE
    why = next(check.why for check in decision.checks if check.name == "baseline")
    assert any("dns longest_silence_s is worse by 2 s (margin 1 s" in sentence for sentence in why)


def test_without_a_baseline_it_cannot_tell_and_says_how_to_get_one():
    decision = decide(evidence(baseline=()), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert any("5 more runs for the baseline" in step for step in decision.next)
    assert not any("the same observers" in step for step in decision.next)


def test_two_runs_ask_for_three_more():
    decision = decide(evidence(candidates=runs([0.0] * 2)), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert any(step.startswith("3 more runs of the candidate") for step in decision.next)
    assert "would have seen" in render_decision(decision)


def test_noise_asks_for_as_many_runs_as_it_needs():
    new, old = [0.0, 2.2, 1.0, 2.5, 0.5], [0.5, 2.5, 0.0, 1.5, 1.0, 2.0, 0.7, 1.8]
    decision = decide(evidence(candidates=runs(new), baseline=runs(old)), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert any("more runs of the candidate" in step for step in decision.next)
    assert not any("too noisy" in step for step in decision.next)


def test_hopeless_noise_is_called_so():
    new, old = [0.0, 9.0, 1.0, 9.0, 2.0], [1.0, 9.0, 0.0, 8.0, 2.0, 7.0]
    decision = decide(evidence(candidates=runs(new), baseline=runs(old)), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert any(
        "dns longest_silence_s is too noisy for its margin" in step for step in decision.next
    )


def test_without_a_control_it_is_inconclusive_and_says_how_to_make_one():
    decision = decide(evidence(controls=()), QUICK)
    assert answers(decision)["control"] is Answer.INCONCLUSIVE
    assert any("--fault" in step for step in decision.next)


def test_a_control_that_missed_its_outage_is_inconclusive():
    missed = control(verdict=Verdict.PASS, claims=(ScenarioVerdict("test_dns", Verdict.PASS),))
    decision = decide(evidence(controls=(missed, control())), QUICK)
    assert answers(decision)["control"] is Answer.INCONCLUSIVE
    assert "did not notice coredns-replicas=1" in render_decision(decision)


def test_a_control_noticed_only_by_a_scenario_without_probers_does_not_count():
    unwatched = control(claims=(ScenarioVerdict("test_dns", Verdict.FAIL, watched=False),))
    assert answers(decide(evidence(controls=(unwatched,)), QUICK))["control"] is Answer.INCONCLUSIVE


def test_a_control_of_a_scenario_that_the_candidates_never_ran_does_not_count():
    other = control(claims=(ScenarioVerdict("test_web", Verdict.FAIL),))
    assert answers(decide(evidence(controls=(other,)), QUICK))["control"] is Answer.INCONCLUSIVE


def test_claims_that_no_control_has_proven_are_named():
    claims = (ScenarioVerdict("test_dns", Verdict.PASS), ScenarioVerdict("test_web", Verdict.PASS))
    decision = decide(evidence(candidates=runs([0.0] * 5, claims=claims)), QUICK)
    assert answers(decision)["control"] is Answer.APPROVE
    assert "No planted outage has proven yet: test_web." in render_decision(decision)


@pytest.mark.parametrize(
    "figures", [{"blind_share": 0.11}, {"blind_share": None}, {"samples": 99.0}, {"samples": None}]
)
def test_a_blind_run_is_inconclusive(figures):
    decision = decide(evidence(candidates=(*runs([0.0] * 5), run(figures))), QUICK)
    assert answers(decision)["sight"] is Answer.INCONCLUSIVE


@pytest.mark.parametrize(
    ("observer", "figures", "step"),
    [
        ("dns", {"blind_share": 0.11}, "more CPU or a lower rate"),
        ("dns", {"samples": 99.0}, "probe faster"),
        ("backup", {"samples": 1.0}, "take snapshots more often"),
    ],
)
def test_the_advice_fits_what_was_not_seen(observer, figures, step):
    decision = decide(evidence(candidates=(*runs([0.0] * 5), run(figures, observer))), QUICK)
    sight = next(check for check in decision.checks if check.name == "sight")
    assert [step in advice for advice in sight.next] == [True]


def test_nothing_watched_is_no_lack_of_cpu():
    bare = dataclasses.replace(run(), figures=())
    (sight,) = (c for c in decide(evidence(candidates=(bare,)), QUICK).checks if c.name == "sight")
    assert ["choose a scenario" in step for step in sight.next] == [True]


@pytest.mark.parametrize(
    ("observer", "samples", "enough"),
    [
        ("backup", 24.0, True),
        ("backup-mine", 2.0, True),
        ("backup", 1.0, False),
        ("backup", None, False),
        ("deployments", 24.0, False),
    ],
)
def test_snapshots_are_few_by_their_schedule_and_other_samples_are_not(observer, samples, enough):
    """A nightly pass of 770 s has 24 snapshots, and must be fit to be approved."""
    seen = run({"samples": samples}, observer)
    assert bool(sight_problems(seen)) is not enough


def test_the_blind_share_is_held_to_the_limit_of_the_run():
    loose = {"instrument.blind_share": 0.2}
    blind = runs([0.2] * 5, "blind_share", limits=loose)
    decision = decide(evidence(candidates=blind), QUICK)
    assert answers(decision)["sight"] is Answer.APPROVE
    assert any("instrument.blind_share = 0.2" in note for note in decision.notes)
    blinder = runs([0.21] * 5, "blind_share", limits=loose)
    assert answers(decide(evidence(candidates=blinder), QUICK))["sight"] is Answer.INCONCLUSIVE


def test_nothing_watched_is_never_approved():
    bare = tuple(dataclasses.replace(run(), figures=()) for _ in range(5))
    decision = decide(evidence(candidates=bare), QUICK)
    assert answers(decision)["sight"] is Answer.INCONCLUSIVE
    assert decision.answer is Answer.INCONCLUSIVE


def test_runs_with_different_scenarios_are_inconclusive():
    fewer = run(claims=())
    decision = decide(evidence(candidates=(*runs([0.0] * 5), fewer)), QUICK)
    assert answers(decision)["evidence"] is Answer.INCONCLUSIVE
    assert "not every run was asked about test_dns" in render_decision(decision)


def test_a_damaged_run_is_told_and_inconclusive():
    decision = decide(evidence(damaged=("artifacts/3 is not a finished run.",)), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert "artifacts/3 is not a finished run." in render_decision(decision)


def test_no_run_at_all_is_inconclusive():
    decision = decide(ComparedRuns(candidates=()), QUICK)
    assert (decision.answer, decision.exit_code) == (Answer.INCONCLUSIVE, 3)
    render_decision(decision)


def test_what_would_be_approved_is_not_when_it_was_simulated():
    decision = decide(evidence(candidates=runs([0.0] * 5, simulated=True)), QUICK)
    assert (decision.answer, decision.exit_code) == (Answer.INCONCLUSIVE, 3)
    assert [check.name for check in decision.checks if check.answer is not Answer.APPROVE] == [
        "evidence"
    ]
    assert any("real clusters" in step for step in decision.next)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.booleans(), min_size=1, max_size=7).filter(any),
    st.lists(st.floats(0, 3), min_size=7, max_size=7),
    st.sampled_from(list(Verdict)),
)
def test_a_simulated_run_never_helps_to_approve(simulated, values, verdict):
    candidates = tuple(
        run({"longest_silence_s": value}, simulated=flag, verdict=verdict)
        for value, flag in zip(values, simulated, strict=False)
    )
    decision = decide(evidence(candidates=candidates), QUICK)
    assert decision.answer is not Answer.APPROVE
    assert "SIMULATED" in render_decision(decision)


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(Answer))))
def test_no_outweighs_cannot_tell_outweighs_yes(found):
    combined = combine_answers(found)
    assert (combined is Answer.REJECT) == (Answer.REJECT in found)
    assert (combined is Answer.APPROVE) == (set(found) == {Answer.APPROVE})


def test_a_rare_event_is_told_by_the_number_of_runs():
    decision = decide(evidence(), QUICK)
    assert any("fewer than 45% of all passes" in note for note in decision.notes)


def test_json_is_whole_and_says_the_answer():
    decision = decide(evidence(candidates=runs([2.0] * 5)), QUICK)
    document = json.loads(decision_json(decision))
    assert (document["answer"], document["exit_code"]) == ("REJECT", 1)
    assert len(document["metrics"]) == 4
    assert document["checks"][0]["name"] == "evidence"
