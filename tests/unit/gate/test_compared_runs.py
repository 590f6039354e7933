"""Run directories as people have them: half written, of another schema, of another path."""

import dataclasses
import json
import sqlite3

import pytest

from tests.unit.gate.made import many, observer, planted, record
from upgrade_e2e.cluster.facts import ClusterFacts
from upgrade_e2e.errors import BadInput
from upgrade_e2e.gate import (
    Answer,
    GateSettings,
    decide,
    gather,
    keep_runs,
    render_decision,
    run_of,
)
from upgrade_e2e.gate.history import History
from upgrade_e2e.judge import Limit, Verdict
from upgrade_e2e.report import load_record, save_record
from upgrade_e2e.timeline import Span
from upgrade_e2e.upgrade import Component, Inventory

QUICK = GateSettings(simulations=0)


@pytest.fixture
def place(tmp_path):
    """Writes records into folders of their own and returns these."""

    def write(*records, under="runs"):
        folders = []
        for made in records:
            folder = tmp_path / under / made.run_id[:8]
            folder.mkdir(parents=True)
            save_record(made, folder)
            folders.append(folder)
        return folders

    return write


def test_folders_of_folders_become_a_decision(place):
    place(*many(5), under="new")
    place(*many(6), under="old")
    (control,) = place(planted(), under="control")
    new, old = control.parent.parent / "new", control.parent.parent / "old"
    evidence = gather([new], baseline=[old], controls=[control])
    assert decide(evidence, QUICK).answer is Answer.APPROVE
    assert (len(evidence.candidates), len(evidence.baseline), len(evidence.controls)) == (5, 6, 1)


def test_a_planted_run_among_the_candidates_is_a_control(place):
    evidence = gather(place(*many(2), planted()))
    assert (len(evidence.candidates), len(evidence.controls)) == (2, 1)


def test_a_run_given_twice_counts_once(place):
    folders = place(*many(2))
    assert len(gather([*folders, folders[0]]).candidates) == 2


def test_a_half_written_run_is_not_lost(place):
    folders = place(*many(5))
    (folders[2] / "run.json").write_text((folders[2] / "run.json").read_text()[:200])
    decision = decide(gather(folders), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert len(decision.candidates) == 4
    assert str(folders[2]) in render_decision(decision)


@pytest.mark.parametrize("left", ["samples", "work"])
def test_a_run_killed_before_its_record_is_found_by_its_leftovers(place, left):
    folders = place(*many(2))
    killed = folders[0].parent / "killed"
    (killed / left).mkdir(parents=True)
    evidence = gather([folders[0].parent])
    assert (len(evidence.candidates), len(evidence.damaged)) == (2, 1)
    assert "not a finished run" in evidence.damaged[0]


def test_paths_of_one_invocation_are_found_in_their_folders(tmp_path):
    for number, made in enumerate(many(2)):
        (tmp_path / "nightly" / str(number) / "v1.33.13-v1.34.4" / "work").mkdir(parents=True)
        save_record(made, tmp_path / "nightly" / str(number) / "v1.33.13-v1.34.4")
    (tmp_path / "nightly" / "2" / "v1.33.13-v1.34.4" / "work").mkdir(parents=True)
    evidence = gather([tmp_path / "nightly"])
    assert (len(evidence.candidates), len(evidence.damaged)) == (2, 1)


def test_another_schema_version_is_inconclusive(place):
    folders = place(*many(1))
    document = json.loads((folders[0] / "run.json").read_text())
    (folders[0] / "run.json").write_text(json.dumps({**document, "schema_version": 99}))
    decision = decide(gather(folders), QUICK)
    assert (decision.answer, decision.exit_code) == (Answer.INCONCLUSIVE, 3)
    assert "schema version 99" in render_decision(decision)


def test_an_empty_folder_is_inconclusive_and_a_missing_one_bad_input(tmp_path):
    assert decide(gather([tmp_path]), QUICK).answer is Answer.INCONCLUSIVE
    with pytest.raises(BadInput, match="is not a directory"):
        gather([tmp_path / "none"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"path": ("v1.32.2", "v1.33.13")}, "path: v1.33.13 -> v1.34.4 and v1.32.2 -> v1.33.13"),
        ({"provider": "attached"}, "provider: kind and attached"),
        ({"simulated": True}, "provider: kind and kind .SIMULATED."),
        ({"choices": {"fast-control-plane": "on"}}, "setting fast-control-plane: not set and on"),
        ({"choices": {"watch-before": "180 s"}}, "setting watch-before: not set and 180 s"),
        ({"choices": {"watch-after": "240 s"}}, "setting watch-after: not set and 240 s"),
    ],
)
def test_mixed_runs_are_refused_wherever_they_stand(place, changes, said):
    one, other = place(record(), record(**changes))
    with pytest.raises(BadInput, match=said):
        gather([one, other])
    with pytest.raises(BadInput, match=said):
        gather([one], baseline=[other])


def test_clusters_of_different_size_are_refused(place):
    def sized(workers):
        parts = [
            Component("kube-apiserver", "cp", "v1", "v1"),
            Component("kubelet", "cp", "v1", "v1"),
        ]
        parts += [Component("kubelet", f"w{i}", "v1", "v1") for i in range(workers)]
        return record(inventory=Inventory(tuple(parts)))

    assert run_of(sized(2)).nodes == "1 control plane(s), 2 worker(s)"
    with pytest.raises(BadInput, match="nodes"):
        gather(place(sized(2), sized(3)))
    assert len(gather(place(sized(2), record(), under="unknown")).candidates) == 2


def test_a_node_that_joined_in_the_pass_is_not_one_of_those_that_were_upgraded(place):
    """So runs are compared with those of before, in which none joined."""
    nodes = ("e2e-control-plane", "e2e-worker")
    parts = [Component("kube-apiserver", nodes[0], "v1", "v1")]
    parts += [Component("kubelet", node, "v1", "v1") for node in nodes]
    before = record(inventory=Inventory(tuple(parts)))
    joined = [*parts, Component("kubelet", "e2e-worker2", "v1", "v1")]
    span = Span("join-node worker2", "join-node", 390.0, 396.0, node="worker2")
    taint = Span("taint a:b worker2", "taint", 391.0, 392.0, node="worker2")
    taken = Span("snapshot a.db", "snapshot", 380.0, 380.2, node="control-plane")
    now = record(inventory=Inventory(tuple(joined)), spans=(span, taint, taken))
    assert run_of(now).nodes == run_of(before).nodes == "1 control plane(s), 1 worker(s)"
    assert len(gather(place(before, now)).candidates) == 2
    figures = {figure.metric for figure in run_of(now).figures if figure.observer == "pass"}
    assert "join-node_s" in figures
    assert not {"taint_s", "snapshot_s"} & set(figures)


def test_whether_a_node_joined_is_no_setting_by_which_runs_differ(place):
    without = record(choices={"no-join-node": "no node joins when the upgrade is done"})
    assert len(gather(place(record(), without)).candidates) == 2


FACTS = ClusterFacts(proxy="iptables", cni="kindnet", config_digest="sha256:1")
IPV6 = dataclasses.replace(FACTS, families=("ipv6",))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (IPV6, "differ in families: ipv4 and ipv6"),
        (dataclasses.replace(FACTS, families=("ipv4", "ipv6")), "families: ipv4 and ipv4, ipv6"),
        (dataclasses.replace(FACTS, dns_domain="shop.test"), "dns domain: cluster.local and shop"),
        (dataclasses.replace(FACTS, proxy="nftables"), "proxy: iptables and nftables"),
        (dataclasses.replace(FACTS, cni="calico"), "cni: kindnet and calico"),
        (dataclasses.replace(FACTS, feature_gates=("A=true",)), "feature gates: none and A=true"),
        (dataclasses.replace(FACTS, config_digest="sha256:2"), "digest: sha256:1 and sha256:2"),
    ],
)
def test_clusters_of_different_kinds_are_refused_with_the_fact(place, facts, said):
    with pytest.raises(BadInput, match=said):
        gather(place(record(facts=FACTS), record(facts=facts)))


def test_a_fact_that_could_not_be_read_is_not_compared(place):
    unread = dataclasses.replace(FACTS, cni="")
    assert len(gather(place(record(facts=FACTS), record(facts=unread))).candidates) == 2


def test_clusters_are_not_compared_by_their_names(place):
    named = [{"reuse-cluster": "dev"}, {"reuse-cluster": "prod"}, {}]
    runs = [record(facts=FACTS, choices=choices) for choices in named]
    assert len(gather(place(*runs)).candidates) == 3
    with pytest.raises(BadInput, match="families"):
        gather(place(runs[0], record(facts=IPV6, choices={"reuse-cluster": "dev"}), under="same"))


def test_of_a_cluster_that_is_reused_the_making_is_not_compared(place):
    made = {"kind-config": "a.yaml", "kind-config-digest": "1", "after-create": "sh cni"}
    one, other = record(facts=FACTS, choices=made), record(facts=FACTS)
    with pytest.raises(BadInput, match="setting after-create: sh cni and not set"):
        gather(place(one, other, under="made"))
    reused = record(facts=FACTS, choices={"reuse-cluster": "dev"})
    assert len(gather(place(one, reused)).candidates) == 2


def test_a_configuration_is_compared_by_its_digest_and_not_by_its_file(place):
    def of(file, digest):
        return record(facts=FACTS, choices={"kind-config": file, "kind-config-digest": digest})

    assert len(gather(place(of("a.yaml", "1"), of("b/a.yaml", "1"))).candidates) == 2
    with pytest.raises(BadInput, match="setting kind-config-digest: 1 and 2"):
        gather(place(of("a.yaml", "1"), of("a.yaml", "2"), under="other"))


def test_runs_from_before_facts_were_recorded_can_still_be_compared(place):
    evidence = gather(place(record(facts=FACTS)), baseline=place(*many(3), under="old"))
    assert len(evidence.baseline) == 3


def test_a_reused_cluster_of_which_nothing_is_known_is_no_baseline(place):
    old = many(2, choices={"reuse-cluster": "dev"})
    new = record(facts=FACTS, choices={"reuse-cluster": "dev"})
    evidence = gather(place(new), baseline=place(*old, under="old"))
    assert evidence.baseline == ()
    assert "left no facts that it could be compared by" in evidence.notes[0]


def test_runs_on_other_kinds_of_clusters_are_left_in_the_history(place, tmp_path):
    keep_runs(place(*many(2, facts=FACTS), record(facts=IPV6), under="old"), tmp_path / "h.db")
    evidence = gather(place(record(facts=FACTS)), history=tmp_path / "h.db")
    assert len(evidence.baseline) == 2
    assert "1 of 3 runs" in evidence.notes[0]
    assert "families ipv6, not ipv4" in evidence.notes[0]


PREPARED = {"after-create": "kubectl scale deployment coredns"}


def test_clusters_that_were_prepared_otherwise_can_be_worse_but_are_never_as_good(place):
    old = place(*many(6), under="old")
    controls = place(planted(), under="control")
    same = gather(place(*many(5, choices=PREPARED)), baseline=old, controls=controls)
    decision = decide(same, QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert "prepared differently (setting after-create: kubectl scale" in render_decision(decision)
    slow = (observer(longest_silence_s=5.0, failure_ratio=0.02),)
    worse = place(*many(5, choices=PREPARED, observers=slow), under="worse")
    decision = decide(gather(worse, baseline=old, controls=controls), QUICK)
    assert decision.answer is Answer.REJECT
    assert "dns longest_silence_s is worse by 5" in render_decision(decision)


def test_candidates_that_were_prepared_differently_are_refused(place):
    with pytest.raises(BadInput, match="setting after-create: not set and kubectl scale"):
        gather(place(record(), record(choices=PREPARED)))


def test_the_history_gives_runs_prepared_alike_before_others(place, tmp_path):
    file = tmp_path / "h.db"
    keep_runs(place(*many(6), under="plain"), file)
    assert len(gather(place(record(choices=PREPARED)), history=file).baseline) == 6
    keep_runs(place(*many(2, choices=PREPARED), under="alike"), file)
    evidence = gather(place(record(choices=PREPARED), under="again"), history=file)
    assert len(evidence.baseline) == 2
    assert any("6 of 8 runs" in note for note in evidence.notes)


def test_a_run_on_both_sides_is_refused(place):
    (folder,) = place(record())
    with pytest.raises(BadInput, match="both candidate and baseline"):
        gather([folder], baseline=[folder])


def test_a_control_without_a_fault_is_refused(place):
    one, other = place(record(), record())
    with pytest.raises(BadInput, match="nothing was planted"):
        gather([one], controls=[other])


def test_only_seeing_passed_runs_are_a_baseline(place):
    fine = record()
    failed = record(verdict=Verdict.FAIL)
    blind = record(observers=(observer(blind_share=0.4),))
    evidence = gather(place(record()), baseline=place(fine, failed, blind, under="old"))
    assert [run.run_id for run in evidence.baseline] == [fine.run_id]
    assert len(evidence.notes) == 2


def test_a_control_held_to_other_limits_is_left_out(place):
    loose = Limit("dns.p99_s", 9.0, 0.1, "source", "reason")
    evidence = gather(place(record(), planted(limits_changed=(loose,))))
    assert evidence.controls == ()
    assert "other limits" in evidence.notes[0]


def test_the_history_gives_baseline_and_newest_control(place, tmp_path):
    file = tmp_path / "history.sqlite"
    folders = place(record())
    known = [run_of(made) for made in many(40)]
    strangers = [run_of(made) for made in many(3, path=("v1.32.2", "v1.33.13"))]
    others = [run_of(made) for made in many(2, choices={"fast-control-plane": "on"})]
    controls = [run_of(planted()), run_of(planted())]
    again = [run_of(load_record(folders[0]))]
    with History.writing(file) as history:
        history.add([*known, *strangers, *others, *controls, *again])
    evidence = gather(folders, history=file)
    assert [run.run_id for run in evidence.baseline] == [run.run_id for run in known[-30:]]
    assert [run.run_id for run in evidence.controls] == [controls[-1].run_id]
    assert any("2 of 44 runs" in note and "fast-control-plane" in note for note in evidence.notes)


def test_a_baseline_that_is_given_beats_the_history(place, tmp_path):
    file = tmp_path / "history.sqlite"
    with History.writing(file) as history:
        history.add([run_of(made) for made in many(9)])
    old = place(*many(2), under="old")
    assert len(gather(place(record()), baseline=old, history=file).baseline) == 2


def test_what_was_given_and_cannot_be_read_is_not_replaced_from_the_history(place, tmp_path):
    file = tmp_path / "history.sqlite"
    with History.writing(file) as history:
        history.add([run_of(made) for made in [*many(9), planted()]])
    (old,), (control,) = place(record(), under="old"), place(planted(), under="control")
    for folder in (old, control):
        (folder / "run.json").write_text("{")
    evidence = gather(place(record()), baseline=[old], controls=[control], history=file)
    assert (evidence.baseline, evidence.controls) == ((), ())
    assert sum("left out of the" in note for note in evidence.notes) == 2


def test_a_missing_history_is_bad_input(place, tmp_path):
    with pytest.raises(BadInput, match="there is no history"):
        gather(place(record()), history=tmp_path / "none.sqlite")


def test_a_corrupt_history_is_inconclusive_and_left_as_it_is(place, tmp_path):
    file = tmp_path / "history.sqlite"
    file.write_bytes(b"not a database " * 100)
    before = file.read_bytes()
    decision = decide(gather(place(*many(5)), history=file), QUICK)
    assert decision.answer is Answer.INCONCLUSIVE
    assert "is corrupt" in render_decision(decision)
    assert file.read_bytes() == before


def test_a_locked_history_is_inconclusive(place, tmp_path):
    file = tmp_path / "history.sqlite"
    with History.writing(file) as history:
        history.add([run_of(record())])
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        decision = decide(gather(place(*many(5)), history=file, history_timeout_s=0.05), QUICK)
    finally:
        holder.close()
    assert decision.answer is Answer.INCONCLUSIVE
    assert "held by another process" in render_decision(decision)


def test_runs_are_kept_and_damaged_ones_told(place, tmp_path):
    folders = place(*many(3))
    (folders[1] / "run.json").write_text("{")
    file = tmp_path / "history.sqlite"
    kept = keep_runs([folders[0].parent], file)
    assert (kept.added.new, kept.added.known, len(kept.damaged)) == (2, 0, 1)
    assert "left out" in kept.render()
    assert str(folders[1]) in kept.render()
    assert keep_runs([folders[0]], file).render() == "0 new, 1 known already."


def test_a_file_among_folders_of_runs_is_told_and_the_runs_are_kept(place, tmp_path):
    """As a shell gives them for `runs/*`."""
    folders = place(*many(2))
    notes = folders[0].parent / "notes.txt"
    notes.write_text("quiet machine")
    kept = keep_runs([*folders, notes], tmp_path / "history.sqlite")
    assert (kept.added.new, len(kept.damaged)) == (2, 1)
    assert f"left out: {notes} is not a directory" in kept.render()


def test_files_alone_are_no_runs_and_make_no_history(tmp_path):
    notes, file = tmp_path / "notes.txt", tmp_path / "history.sqlite"
    notes.write_text("quiet machine")
    for given in ([notes], [notes, tmp_path / "nowhere"]):
        with pytest.raises(BadInput, match="is not a directory"):
            keep_runs(given, file)
    assert not file.exists()


def test_a_record_keeps_its_figures():
    made = run_of(
        dataclasses.replace(record(), observers=(observer(p99_s=2.0, censored=True, p50_s=None),))
    )
    assert made.figure("dns", "p99_s").censored
    assert made.figure("dns", "p50_s") is None
    assert made.figure("pass", "drain_s").value == 12.5
    assert made.figure("pass", "duration_s").value == 400.0
    assert made.observers == ("dns",)


def test_a_history_goes_on_where_a_step_has_a_new_name():
    spans = (Span("watch-before", "watch-before", 0.0, 3.0), Span("settle", "settle", 9.0, 14.0))
    made = run_of(dataclasses.replace(record(), spans=spans))
    assert made.figure("pass", "baseline_s").value == 3.0
    assert made.figure("pass", "settle_s").value == 5.0


def test_waiting_for_a_registry_counts_for_no_step_and_not_for_the_pass():
    spans = (
        Span("create", "create", 0.0, 100.0),
        Span("create: pull", "pull", 10.0, 70.0, parent="create"),
        Span("create: kind-create", "kind-create", 70.0, 100.0, parent="create"),
        Span("pull kindest/node:v1.34.4", "pull", 10.0, 90.0),
        Span("drain worker", "drain", 110.0, 122.5, node="worker"),
    )
    run = run_of(record(spans=spans))
    figures = {figure.metric: figure.value for figure in run.figures if figure.observer == "pass"}
    assert figures == {"duration_s": 340.0, "create_s": 40.0, "drain_s": 12.5}
