"""Which metrics are compared: by topology, by kind of observer, and by how old the runs are."""

import dataclasses

import pytest

from tests.unit.gate.made import control, observer, record, run, runs
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate import (
    Answer,
    ComparedRuns,
    Figure,
    GateSettings,
    State,
    decide,
    load_margins,
    render_decision,
    run_of,
)
from upgrade_e2e.gate.comparison import compare
from upgrade_e2e.gate.metrics import shown
from upgrade_e2e.gate.settings import default_margins

QUICK = GateSettings(simulations=0)
OLD = {"longest_silence_s": None, "slow_ratio": None, "longest_gap_s": 0.0}
"""What runs of earlier versions lack, and what they have in its place."""


def old_runs(count, **figures):
    """Runs from before silences and slow answers were recorded."""
    return tuple(run({**OLD, **figures}) for _ in range(count))


def new_runs(count, **figures):
    """Runs of today; they have gaps too."""
    return tuple(run({"longest_gap_s": 0.0, **figures}) for _ in range(count))


def compared(candidates, baseline):
    """The metrics that are compared, with what was found."""
    return {row.metric: row.state for row in compare(candidates, baseline, QUICK)}


def notes(candidates, baseline):
    """What is said about metrics that are too new."""
    evidence = ComparedRuns(candidates=candidates, baseline=baseline, controls=(control(),))
    decision = decide(evidence, QUICK)
    return decision, [note for note in decision.notes if "baseline were made before" in note]


def test_runs_of_today_are_compared_by_what_users_feel():
    found = compared(new_runs(5), new_runs(7))
    assert list(found) == ["failure_ratio", "longest_silence_s", "slow_ratio", "p50_s"]
    assert set(found.values()) == {State.NOT_WORSE}
    assert notes(new_runs(5), new_runs(7))[1] == []


def test_an_old_baseline_is_asked_for_gaps_and_what_it_lacks_is_said():
    decision, said = notes(new_runs(5), old_runs(7))
    assert decision.answer is Answer.APPROVE
    metrics = [row.comparison.metric for row in decision.metrics]
    assert metrics == ["failure_ratio", "longest_gap_s", "p50_s"]
    assert len(said) == 2
    assert "longest_gap_s was compared in its place" in said[0]
    assert said[1].startswith("slow_ratio was not compared")


def test_against_an_old_baseline_an_outage_is_still_seen():
    worse = new_runs(5, longest_gap_s=2.05, failure_ratio=0.0067)
    assert decide(ComparedRuns(worse, old_runs(7)), QUICK).answer is Answer.REJECT


def test_as_soon_as_enough_runs_know_a_metric_they_are_asked_alone():
    decision, said = notes(new_runs(5), (*old_runs(9), *new_runs(5)))
    assert decision.answer is Answer.APPROVE
    sizes = {row.comparison.metric: len(row.comparison.baseline) for row in decision.metrics}
    assert sizes == {"failure_ratio": 14, "longest_silence_s": 5, "slow_ratio": 5, "p50_s": 14}
    assert all("compared with the others" in note for note in said)
    worse = new_runs(5, longest_silence_s=2.0)
    assert compared(worse, (*old_runs(9), *new_runs(5)))["longest_silence_s"] is State.WORSE


def test_candidates_that_lack_what_the_baseline_has_are_not_approved():
    found = compared(old_runs(5), new_runs(7))
    assert found["longest_silence_s"] is State.CANNOT_TELL
    assert found["slow_ratio"] is State.CANNOT_TELL
    mixed = (*new_runs(5), *old_runs(1))
    assert compared(mixed, new_runs(7))["longest_silence_s"] is State.CANNOT_TELL


def test_two_old_sides_are_compared_as_before():
    assert list(compared(old_runs(5), old_runs(7))) == ["failure_ratio", "longest_gap_s", "p50_s"]


def api(count, **figures):
    """Runs of a single control plane: away for long, by steps that take it away."""
    values = {"failure_ratio": 0.33, "longest_silence_s": 68.0, "slow_ratio": 0.04}
    values |= {"elsewhere_down_s": 0.0, "p50_s": 0.006, **figures}
    return tuple(run(values, observer="api") for _ in range(count))


def test_a_single_control_plane_is_asked_for_what_its_own_steps_do_not_explain():
    assert list(compared(api(5), api(7))) == ["failure_ratio", "elsewhere_down_s", "p50_s"]
    found = compared(api(5, elsewhere_down_s=2.0), api(7))
    assert found["elsewhere_down_s"] is State.WORSE
    assert found["failure_ratio"] is State.NOT_WORSE


def test_the_time_that_it_is_away_as_a_whole_has_a_margin_of_its_own():
    assert compared(api(5, failure_ratio=0.42), api(7))["failure_ratio"] is State.NOT_WORSE
    assert compared(api(5, failure_ratio=0.44), api(7))["failure_ratio"] is State.WORSE
    web, quiet = (runs([ratio] * 7, "failure_ratio", observer="web-mine") for ratio in (0.015, 0))
    assert compared(web, quiet)["failure_ratio"] is State.WORSE


def test_margins_of_one_kind_hold_for_that_kind_alone(tmp_path):
    file = tmp_path / "margins.toml"
    file.write_text('[web.failure_ratio]\nabsolute = 0.5\nreason = "a reason"\n')
    margins = GateSettings(margins=load_margins(file))
    assert margins.margin("web-mine", "failure_ratio").absolute == 0.5
    assert margins.margin("website", "failure_ratio").absolute == 0.0025
    assert margins.margin("churn", "failure_ratio").absolute == 0.015
    (changed,) = margins.changed
    assert changed.startswith("margin of web.failure_ratio: 0.5 or 20% (default 0.0025 or 20%)")


@pytest.mark.parametrize("table", ["downtime_s", "web.downtime_s", '"a.b.failure_ratios"'])
def test_a_margin_of_what_is_not_compared_is_refused(tmp_path, table):
    file = tmp_path / "margins.toml"
    file.write_text(f"[{table}]\nabsolute = 1.0\n")
    with pytest.raises(BadInput, match="is not compared; the metrics are failure_ratio"):
        load_margins(file)


def test_every_default_says_what_it_is_and_where_it_comes_from():
    for metric, margin in default_margins().items():
        assert margin.meaning, metric
        assert margin.source, metric
        assert margin.absolute > 0, metric


def test_a_rejection_says_in_words_what_is_worse():
    text = render_decision(decide(ComparedRuns(runs([2.0] * 5), runs([0.0] * 7)), QUICK))
    assert (
        "dns longest_silence_s is worse by 2 s (margin 1 s, adjusted p = 0.0013): longest "
        "time in which one client got no answer." in text
    )


def test_slow_answers_are_figures_of_a_run_where_they_were_looked_for():
    (figures,) = [run_of(record(observers=(observer(slow_ratio=0.01, brownout_count=2),))).figures]
    assert Figure("dns", "slow_ratio", 0.01) in figures
    assert Figure("dns", "brownout_count", 2.0) in figures
    before = run_of(record(observers=(observer(slow_s=None, slow_ratio=None),)))
    assert not {"slow_ratio", "brownout_s", "brownout_count"} & {f.metric for f in before.figures}


def test_more_slow_answers_are_worse():
    assert compared(new_runs(5, slow_ratio=0.0067), new_runs(7))["slow_ratio"] is State.WORSE


def test_different_images_of_one_version_are_named():
    one, other = {"v1.34.4": "sha256:aaa"}, {"v1.34.4": "sha256:bbb"}
    new = tuple(dataclasses.replace(made, images=one) for made in runs([0.0] * 5))
    old = tuple(dataclasses.replace(made, images=other) for made in runs([0.0] * 6))
    decision = decide(ComparedRuns(new, (*old, *runs([0.0]))), QUICK)
    (note,) = [note for note in decision.notes if "node images" in note]
    assert note == (
        "the runs used different node images of v1.34.4: sha256:aaa in 5 runs (such as "
        f"{new[0].name}), sha256:bbb in 6 runs (such as {old[0].name})."
    )
    same = decide(ComparedRuns(new, (*new, *runs([0.0]))), QUICK)
    assert not [note for note in same.notes if "node images" in note]


def test_different_machines_are_named():
    new = tuple(dataclasses.replace(made, machine="2 cores, 8 GiB") for made in runs([0.0] * 5))
    old = tuple(dataclasses.replace(made, machine="64 cores, 256 GiB") for made in runs([0.0] * 6))
    unknown = runs([0.0])
    decision = decide(ComparedRuns(new, (*old, *unknown)), QUICK)
    (note,) = [note for note in decision.notes if "machines" in note]
    assert note == (
        "the runs were made on different machines: 2 cores, 8 GiB in 5 runs (such as "
        f"{new[0].name}), 64 cores, 256 GiB in 6 runs (such as {old[0].name})."
    )
    same = decide(ComparedRuns(new, (*new, *unknown)), QUICK)
    assert not [note for note in same.notes if "machines" in note]


def test_the_images_of_a_record_are_those_of_its_versions():
    digests = {"v1.33.13": "sha256:a", "v1.34.4": "sha256:b", "agent": "sha256:c"}
    made = run_of(record(image_digests=digests))
    assert made.images == {"v1.33.13": "sha256:a", "v1.34.4": "sha256:b"}


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("longest_silence_s", 2.0, "2 s"),
        ("p50_s", -0.0031, "-3.1 ms"),
        ("failure_ratio", 0.0067, "0.67%"),
        ("slow_ratio", -0.00001, "-0.001%"),
        ("outage_count", 3.0, "3"),
    ],
)
def test_values_are_shown_in_the_unit_of_their_metric(metric, value, text):
    assert shown(metric, value) == text


def test_members_of_etcd_are_not_compared():
    worse = tuple(run({"failure_ratio": 0.5}, observer="etcd") for _ in range(5))
    usual = tuple(run(observer="etcd") for _ in range(7))
    assert compared(worse, usual) == {}
    assert compared(
        tuple(run({"failure_ratio": 0.5}) for _ in range(5)), tuple(run() for _ in range(7))
    )
