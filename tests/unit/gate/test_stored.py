"""What the gate and the history take out of stored runs, of this schema and of earlier ones."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest

from tests.stored import SCHEMA_1
from tests.unit.gate.made import record, write
from upgrade_e2e.gate import Answer, decide, gather, read_runs, run_folders
from upgrade_e2e.gate.history import History
from upgrade_e2e.report import load_record, save_record

BROKEN = {
    "faults": ["coredns-replicas=1"],
    "verdict": "FAIL",
    "scenarios": [
        {
            "name": "test_lookups_keep_answering",
            "claim": "Lookups of in-cluster names are answered.",
            "verdict": "FAIL",
            "observers": ["dns"],
        }
    ],
}
"""What a planted fault changes in a record."""


def copies(folder, count, **changes):
    """So many passes of schema 1, each with its own id and time."""
    for number in range(count):
        place = folder / f"run-{number}"
        place.mkdir(parents=True)
        document = json.loads((SCHEMA_1 / "ha" / "run.json").read_text()) | changes
        document["run_id"] = f"{folder.name}-{number}"
        document["started_unix_s"] += hash_of(folder.name) + number
        (place / "run.json").write_text(json.dumps(document))
    return folder


def hash_of(name):
    """A number of seconds for a folder, so that two of them hold different passes."""
    return 1000.0 * sum(name.encode())


def test_five_passes_of_schema_1_are_decided_upon(tmp_path):
    new, old = copies(tmp_path / "new", 5), copies(tmp_path / "old", 6)
    control = copies(tmp_path / "control", 1, **BROKEN)
    evidence = gather([new], baseline=[old], controls=[control])
    assert not evidence.damaged
    assert (len(evidence.candidates), len(evidence.baseline)) == (5, 6), evidence.notes
    decision = decide(evidence)
    assert decision.answer is Answer.APPROVE, decision.reasons


def of_today(folder, count):
    """As `copies`, but as a pass of today records them: with silences and slow answers."""
    copies(folder, count)
    for place in sorted(folder.iterdir()):
        old = load_record(place)
        observers = tuple(
            dataclasses.replace(seen, slow_s=0.5, slow_ratio=0.0, longest_silence_s=0.0)
            for seen in old.observers
        )
        (place / "run.json").unlink()
        save_record(dataclasses.replace(old, observers=observers, schema_version=2), place)
    return folder


def test_passes_of_today_are_decided_upon_with_a_baseline_of_schema_1(tmp_path):
    new, old = of_today(tmp_path / "new", 5), copies(tmp_path / "old", 6)
    control = copies(tmp_path / "control", 1, **BROKEN)
    with History.writing(tmp_path / "history.sqlite") as history:
        history.add(read_runs([old, control]).runs)
    for known in ({"baseline": [old], "controls": [control]}, {"history": history.path}):
        decision = decide(gather([new], **known))
        assert decision.answer is Answer.APPROVE, decision.checks
        metrics = {row.comparison.metric for row in decision.metrics}
        assert metrics == {"failure_ratio", "longest_gap_s", "p50_s"}
        assert any("longest_gap_s was compared in its place" in note for note in decision.notes)


def test_passes_of_both_schemas_stand_side_by_side(tmp_path):
    copies(tmp_path, 1)
    write(tmp_path, record())
    found = read_runs([tmp_path])
    assert (len(found.runs), found.damaged) == (2, [])


@pytest.mark.parametrize("name", ["simulated", "ha", "broken-off"])
def test_a_run_of_schema_1_goes_into_a_history_and_comes_back(tmp_path, name):
    (run,) = read_runs([SCHEMA_1 / name]).runs
    with History.writing(tmp_path / "history.sqlite") as history:
        assert history.add([run]).new == 1
        (stored,) = history.runs()
    assert (stored.run_id, stored.verdict, stored.nodes) == (run.run_id, run.verdict, run.nodes)
    assert stored.figures


def rejudged(folder, **changes):
    """A pass, and a new judgement of it next to it."""
    made = record()
    write(folder, made)
    place = folder / made.run_id / "rejudged-1"
    place.mkdir()
    save_record(record(run_id=made.run_id, rejudged_unix_s=1.8e9, **changes), place)
    return folder / made.run_id, place


def test_a_pass_that_was_judged_again_counts_once(tmp_path):
    place, again = rejudged(tmp_path)
    assert run_folders(tmp_path) == run_folders(place) == [place]
    assert run_folders(again) == [again]
    assert len(read_runs([tmp_path]).runs) == len(read_runs([again]).runs) == 1


def test_a_pass_and_its_new_judgement_are_not_two_runs(tmp_path):
    place, again = rejudged(tmp_path, duration_s=1.0)
    found = read_runs([place, again])
    assert len(found.runs) == 1
    assert "new judgement" in found.damaged[0]


def test_a_killed_pass_next_to_a_whole_one_is_still_noticed(tmp_path):
    place, _ = rejudged(tmp_path)
    shutil.copytree(SCHEMA_1 / "simulated" / "samples", tmp_path / "killed" / "samples")
    assert run_folders(tmp_path) == sorted([place, tmp_path / "killed"])
