"""Ways to be told yes that is not deserved; each must end in another answer, and say why."""

import dataclasses
import itertools

import pytest

from tests.unit.gate.made import many, observer, planted, record
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate import Answer, GateSettings, decide, gather, render_decision
from upgrade_e2e.judge import Limit, Verdict
from upgrade_e2e.report import ScenarioResult, save_record

QUICK = GateSettings(simulations=0)
BROKEN = ScenarioResult("test_dns", "Lookups.", Verdict.FAIL, "", ("dns",))
OTHER = ScenarioResult("test_web", "Requests.", Verdict.PASS, "", ("web",))


def limit(key, value, default):
    """A limit that the user changed."""
    return Limit(key, value, default, "source", "because")


@pytest.fixture
def ask(tmp_path):
    """Decides on records that were saved as runs are."""
    asked = itertools.count()

    def saved(side, records):
        for number, made in enumerate(records):
            place = side / str(number)
            place.mkdir(parents=True)
            save_record(made, place)
        return [side] if records else []

    def decided(new, old=None, controls=None):
        folder = tmp_path / str(next(asked))
        evidence = gather(
            saved(folder / "new", new),
            baseline=saved(folder / "old", many(6) if old is None else old),
            controls=saved(folder / "control", [planted()] if controls is None else controls),
        )
        return decide(evidence, QUICK)

    return decided


def refuted(decision, told):
    """It is no yes, and the reason is there to be read."""
    assert decision.answer is Answer.INCONCLUSIVE
    assert told in render_decision(decision)


def test_what_is_attacked_would_be_a_yes(ask):
    assert ask(many(5)).answer is Answer.APPROVE


def test_five_copies_of_one_run_are_one_run(ask):
    decision = ask([record()] * 5)
    refuted(decision, "4 more runs of the candidate")
    assert len(decision.candidates) == 1
    assert sum("it counts once" in note for note in decision.notes) == 4


def test_copies_under_other_ids_are_told_by_when_they_began(ask):
    one = record()
    copies = [dataclasses.replace(one, run_id=f"{number:032x}") for number in range(5)]
    decision = ask(copies)
    refuted(decision, "other content")
    assert len(decision.candidates) == 1


def test_a_failed_run_that_was_touched_up_is_found_beside_the_original(ask):
    one = record(verdict=Verdict.FAIL, scenarios=(BROKEN,))
    better = dataclasses.replace(one, verdict=Verdict.PASS, scenarios=record().scenarios)
    decision = ask([better, one, *(record() for _ in range(4))])
    refuted(decision, "was changed after the pass")


def test_a_copy_cannot_stand_on_both_sides(ask):
    one = record()
    with pytest.raises(BadInput, match="both candidate and baseline"):
        ask([one], old=[dataclasses.replace(one, run_id="0" * 32)])


@pytest.mark.parametrize("side", ["candidate", "baseline", "control"])
def test_a_rehearsal_among_real_runs_is_refused(ask, side):
    rehearsal = {"provider": "sim", "simulated": True}
    new = many(5)
    old = many(6)
    controls = [planted()]
    if side == "candidate":
        new.append(record(**rehearsal))
    elif side == "baseline":
        old.append(record(**rehearsal))
    else:
        controls = [planted(**rehearsal)]
    with pytest.raises(BadInput, match="SIMULATED"):
        ask(new, old, controls)


def test_rehearsals_alone_are_no_yes(ask):
    rehearsal = {"provider": "sim", "simulated": True}
    decision = ask(
        many(9, **rehearsal),
        many(9, **rehearsal),
        [planted(**rehearsal)],
    )
    refuted(decision, "SIMULATED")
    assert any("--provider kind" in step for step in decision.next)


def test_what_to_do_next_keeps_the_limits_that_runs_are_compared_under(ask):
    own = {"limits_changed": (limit("dns.p99_s", 0.5, 0.1),)}
    decision = ask(many(1, **own), [], [])
    assert any("--provider kind --limits FILE" in step for step in decision.next)
    plain = ask(many(1), [], [])
    assert not any("--limits" in step for step in plain.next)


def test_a_control_with_other_settings_is_refused(ask):
    choices = {"fault coredns-replicas": "1", "fast-control-plane": "on"}
    with pytest.raises(BadInput, match="setting fast-control-plane"):
        ask(many(5), controls=[planted(choices=choices)])


def test_a_control_under_stricter_limits_proves_nothing(ask):
    strict = (limit("dns.p99_s", 0.001, 0.1),)
    decision = ask(many(5), controls=[planted(limits_changed=strict)])
    refuted(decision, "held to other limits")


def test_a_control_that_only_broke_the_upgrade_proves_nothing(ask):
    unwatched = ScenarioResult("test_versions", "All there.", Verdict.FAIL, "", ())
    held = ScenarioResult("test_dns", "Lookups.", Verdict.PASS, "", ("dns",))
    decision = ask(many(5), controls=[planted(scenarios=(unwatched, held))])
    refuted(decision, "did not notice coredns-replicas=1")


def test_a_control_of_a_claim_that_the_candidates_skip_proves_nothing(ask):
    skipped = ScenarioResult("test_dns", "Lookups.", Verdict.SKIP, "", ("dns",))
    new = [record(scenarios=(skipped, OTHER)) for _ in range(5)]
    old = [record(scenarios=(skipped, OTHER)) for _ in range(6)]
    refuted(ask(new, old), "test_dns. But none of those scenarios was judged in the candidate runs")


def test_a_control_that_probed_faster_proves_nothing(ask):
    fast = planted(observers=(observer(samples=400_000),))
    decision = ask(many(5), controls=[fast])
    refuted(decision, "dns took 100 samples a second, 1e+03 in the control")


def test_probing_slower_than_the_baseline_is_no_yes(ask):
    slow = [record(observers=(observer(samples=4_000),)) for _ in range(5)]
    refuted(ask(slow), "dns took 10 samples a second, 100 in the baseline")


def test_nightly_passes_can_be_a_yes_and_fewer_snapshots_than_before_are_none(ask):
    nightly = {"profile": "nightly"}
    backups = ScenarioResult("test_backups", "Snapshots.", Verdict.PASS, "", ("backup",))
    planted_too = planted(choices={"fault coredns-replicas": "1", **nightly})

    def passes(count, snapshots):
        seen = (observer(), observer("backup", samples=snapshots))
        both = (*record().scenarios, backups)
        return many(count, choices=nightly, observers=seen, scenarios=both)

    assert ask(passes(5, 24), passes(6, 24), [planted_too]).answer is Answer.APPROVE
    refuted(ask(passes(5, 10), passes(6, 24), [planted_too]), "backup took 0.025 samples a second")
    refuted(ask(passes(5, 1), passes(6, 1), [planted_too]), "backup has 1 of the 2 snapshots")


def test_claims_that_are_left_out_are_missed(ask):
    both = (ScenarioResult("test_dns", "Lookups.", Verdict.PASS, "", ("dns",)), OTHER)
    old = [record(scenarios=both) for _ in range(6)]
    refuted(ask(many(5), old), "the baseline was judged by test_web")


def test_a_run_that_was_held_to_looser_limits_than_the_others_is_no_evidence(ask):
    loose = record(limits_changed=(limit("dns.p99_s", 9.0, 0.1),))
    decision = ask([loose, *(record() for _ in range(5))])
    refuted(decision, "held to different limits: dns.p99_s = 0.5 and 9")


@pytest.mark.parametrize("side", ["candidate", "baseline"])
def test_slow_answers_that_were_counted_otherwise_are_no_evidence(ask, side):
    """With slow.dns_s = 5 an answer after 4 s is not slow, so that there are fewer slow ones."""
    later = {"limits_changed": (limit("slow.dns_s", 5.0, 0.5),)}
    new, old = (later, {}) if side == "candidate" else ({}, later)
    decision = ask(many(5, **new), many(6, **old), [planted(**new)])
    refuted(decision, "slow.dns_s")


def test_slow_answers_that_both_sides_counted_alike_are_compared(ask):
    later = {"limits_changed": (limit("slow.dns_s", 5.0, 0.5),)}
    decision = ask(many(5, **later), many(6, **later), [planted(**later)])
    assert decision.answer is Answer.APPROVE


@pytest.mark.parametrize(
    ("changed", "seen", "told"),
    [
        (limit("instrument.blind_share", 1.0, 0.1), {"blind_share": 0.9}, "did not see 90%"),
        (limit("instrument.min_samples", 0, 100), {"samples": 3}, "3 samples that count"),
        (limit("instrument.late_s", 60.0, 0.01), {}, "where its probers were blind"),
        (limit("instrument.quiet_s", 900.0, 30.0), {}, "where its probers were blind"),
        (limit("instrument.asleep_share", 1.0, 0.25), {}, "where its probers were blind"),
    ],
    ids=lambda value: getattr(value, "key", ""),
)
def test_limits_of_the_instrument_cannot_make_a_blind_run_see(ask, changed, seen, told):
    same = {"limits_changed": (changed,), "observers": (observer(**seen),)}
    decision = ask(
        many(5, **same),
        many(6, **same),
        [planted(**same)],
    )
    refuted(decision, told)


def test_a_verdict_that_its_claims_do_not_bear_out_is_not_believed(ask):
    decision = ask([*many(4), record(scenarios=(BROKEN,))])
    assert decision.answer is Answer.REJECT
    refuted(ask([*many(4), record(scenarios=())]), "is INCONCLUSIVE")


def test_a_baseline_that_hid_its_blindness_is_no_baseline(ask):
    late = limit("instrument.late_s", 60.0, 0.01)
    refuted(ask(many(5), many(6, limits_changed=(late,))), "left out of the baseline")


def test_an_observer_that_the_candidates_do_without_is_missed(ask):
    two = (observer(), observer("web"))
    old = [record(observers=two) for _ in range(6)]
    refuted(ask(many(5), old), "web p50_s was not measured in the candidate")


def test_figures_that_are_missing_in_one_run_are_missed(ask):
    new = many(5)
    new[3] = record(observers=(observer(p50_s=None),))
    refuted(ask(new), "dns p50_s is missing in 1 of the runs")


def test_a_figure_that_is_no_number_never_passes(ask):
    new = many(5)
    new[3] = record(observers=(observer(longest_silence_s=float("nan")),))
    assert ask(new).answer is Answer.INCONCLUSIVE
