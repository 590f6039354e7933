"""`backup check`: what it finds in a place, in words, as JSON and as an exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from tests.unit.backups import made
from tests.unit.backups.made import OTHER_UID, UID, database, snapshot
from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.backups import CheckSettings, SnapshotVerdict, check_location
from upgrade_e2e.cli import main
from upgrade_e2e.errors import BadInput
from upgrade_e2e.wait import Deadline, wait_for

NOW_S = 1_800_000_000.0
HOUR_S = 3600.0


def put(place, name, content, age_s, now_s=NOW_S):
    (place.folder / name).write_bytes(content)
    os.utime(place.folder / name, (now_s - age_s, now_s - age_s))


def check(place, programs, **settings):
    return check_location(place, programs, CheckSettings(**settings), NOW_S)


def two(place, newer=None):
    put(place, "old.db", snapshot(revision=100), 12 * HOUR_S)
    put(place, "new.db", snapshot(revision=200) if newer is None else newer, HOUR_S)


def test_two_good_snapshots_are_well(place, programs):
    two(place)
    put(place, "notes.txt", b"not a snapshot", 0)
    found = check(place, programs)
    assert found.problems == found.unknown == ()
    assert [one.file.name for one in found.snapshots] == ["new.db", "old.db"]
    assert [one.read.revision for one in found.snapshots] == [200, 100]
    assert found.snapshots[0].age_s == HOUR_S
    assert found.count == 2


@pytest.mark.parametrize(
    ("newer", "verdict"),
    [
        (snapshot()[:-4000], "truncated"),
        (b"\1" + snapshot()[1:], "flipped"),
        (snapshot(revision=100), "stale"),
        (snapshot(uid=OTHER_UID, revision=200), "foreign"),
        (database({"refuses": "it is broken"}), "unreadable"),
        (b"", "truncated"),
    ],
)
def test_a_newest_snapshot_that_is_worth_nothing_is_a_problem(place, programs, newer, verdict):
    two(place, newer)
    found = check(place, programs)
    assert found.snapshots[0].verdict == SnapshotVerdict(verdict)
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"new.db is {verdict}: ")


def test_a_newest_snapshot_that_is_too_old_is_stale(place, programs):
    put(place, "only.db", snapshot(), 25 * HOUR_S)
    assert "25 h old (at most 24 h)" in check(place, programs).problems[0]
    assert check(place, programs, max_age_s=26 * HOUR_S).problems == ()


def test_only_the_newest_ones_are_looked_at(place, programs):
    put(place, "damaged.db", snapshot()[:-4000], 24 * HOUR_S)
    two(place)
    assert check(place, programs).problems == ()
    assert len(check(place, programs, newest=3).problems) == 1


def test_a_size_that_jumps_is_a_problem(place, programs):
    two(place, newer=snapshot(revision=200, pages=20))
    found = check(place, programs)
    assert [one.verdict for one in found.snapshots] == [SnapshotVerdict.WHOLE] * 2
    assert "more than 2 times apart" in found.problems[0]
    assert check(place, programs, size_factor=4.0).problems == ()


def test_the_cluster_that_is_asked_for_must_be_that_of_every_snapshot(place, programs):
    two(place)
    assert check(place, programs, cluster=UID).problems == ()
    assert len(check(place, programs, cluster=OTHER_UID).problems) == 2


def test_what_is_encrypted_cannot_be_told_from_another_cluster(place, programs):
    content = database({"uid": "x", "revision": 9, "value": "k8s:enc:aescbc:v1:key"})
    put(place, "only.db", content, 0)
    found = check(place, programs, cluster=UID)
    assert found.problems == ()
    assert "is not known whether it is of the cluster" in found.unknown[0]
    assert check(place, programs).unknown == ()


def test_a_date_in_the_future_is_no_age(place, programs):
    put(place, "only.db", snapshot(), -2 * HOUR_S)
    found = check(place, programs)
    assert found.problems == ()
    assert "only.db is dated 2 h in the future" in found.unknown[0]


def test_an_empty_place_is_a_problem_that_says_what_is_there(place, programs):
    put(place, "dump.tar", b"x", 0)
    found = check(place, programs)
    assert "no snapshot with a name like *.db; it has 1 other files" in found.problems[0]
    assert check(place, programs, pattern="*.tar").count == 1


@pytest.mark.parametrize("change", [{"newest": 0}, {"max_age_s": 0.0}, {"size_factor": 0.5}])
def test_settings_that_make_no_sense_are_refused(change):
    with pytest.raises(BadInput):
        CheckSettings(**change)


def run(place, programs, *words):
    folder = str(programs.etcd.parent)
    argv = ["backup", "check", str(place.folder), "--etcd-programs", folder, *words]
    return CliRunner().invoke(main, argv)


def test_a_place_that_is_not_there_is_said_before_programs_that_are_missing(tmp_path):
    argv = ["backup", "check", str(tmp_path / "nowhere"), "--etcd-programs", str(tmp_path)]
    done = CliRunner().invoke(main, argv)
    assert done.exit_code == 2
    assert "nowhere cannot be read (No such file or directory)" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gs://bucket"], "LOCATION is 'gs://bucket': 'gs://bucket' is no place for snapshots"),
        (["s3://a b/x"], "LOCATION is 's3://a b/x': its bucket has characters"),
        (["s3://me:word@host"], "LOCATION is a text with an @: its bucket has characters"),
        (["s3://b", "--s3-endpoint", "here"], "--s3-endpoint is 'here': 'here' is no address"),
        (["s3://b", "--s3-endpoint", "http://me:word@host"], "--s3-endpoint is a text with an @: "),
        (
            ["folder", "--s3-endpoint", "http://host"],
            "--s3-endpoint is 'http://host': an S3 endpoint",
        ),
    ],
)
def test_a_refused_place_is_named_by_its_word_of_the_command(words, said):
    done = CliRunner().invoke(main, ["backup", "check", *words])
    assert done.exit_code == 2
    assert done.output.startswith(f"upgrade-e2e: {said}")
    assert "word" not in done.output


def test_the_command_says_in_sentences_that_all_is_well(place, programs):
    put(place, "a.db", snapshot(), 60, now_s=time.time())
    done = run(place, programs)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == f"{place.folder} has 1 snapshot; looked at: the newest 1."
    assert lines[1].startswith("a.db (")
    assert "is whole: Restored in" in lines[1]
    assert lines[-1] == "All is well."


def test_the_command_ends_with_1_and_says_each_problem_once(place, programs):
    put(place, "a.db", snapshot()[:-4000], 60, now_s=time.time())
    done = run(place, programs)
    assert done.exit_code == 1
    assert done.stdout.count("truncated") == 1
    assert done.stdout.splitlines()[-1] == "The backups are not what they should be."


def test_the_command_prints_json_for_programs(place, programs):
    put(place, "a.db", snapshot(revision=5), 60, now_s=time.time())
    put(place, "b.db", snapshot(revision=5), 30, now_s=time.time())
    done = run(place, programs, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert not found["ok"]
    assert [(row["name"], row["verdict"]) for row in found["snapshots"]] == [
        ("b.db", "stale"),
        ("a.db", "whole"),
    ]
    assert found["snapshots"][1]["revision"] == 5
    assert found["snapshots"][1]["cluster"] == UID
    assert len(found["problems"]) == 1


def test_the_command_cannot_tell_where_values_are_encrypted(place, programs):
    content = database({"uid": "x", "revision": 9, "value": "k8s:enc:aescbc:v1:key"})
    put(place, "a.db", content, 60, now_s=time.time())
    assert run(place, programs, "--cluster", UID).exit_code == 3


def test_the_command_asks_the_cluster_who_it_is(place, programs, tmp_path):
    put(place, "a.db", snapshot(), 60, now_s=time.time())
    api = FakeApi()
    with fake_cluster(api, tmp_path) as cluster:
        made = api.put("/api/v1/namespaces/kube-system", {"metadata": {"name": "kube-system"}})
        asked = ("--kubeconfig", str(cluster.kubeconfig))
        assert run(place, programs, *asked).exit_code == 1
        made["metadata"]["uid"] = UID
        assert run(place, programs, *asked).exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--newest", "0"), "give 1 or more"),
        (("--s3-endpoint", "http://127.0.0.1:1"), "means nothing to the folder"),
        (("--kubeconfig", "none"), "kubeconfig"),
        (("--cluster", "x", "--kubeconfig", "none"), "leave out one"),
    ],
)
def test_bad_input_ends_with_2(place, programs, words, said):
    done = run(place, programs, *words)
    assert done.exit_code == 2
    assert said in done.output


def test_a_job_that_is_ended_leaves_no_etcd_and_no_copy_behind(place, tmp_path):
    slow = made.programs(tmp_path / "slow")
    slow.etcdctl.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    put(place, "a.db", snapshot(), 60, now_s=time.time())
    folder = tmp_path / "temporary"
    folder.mkdir()
    argv = [sys.executable, "-m", "upgrade_e2e.cli", "backup", "check", place.folder]
    command = subprocess.Popen(
        [*argv, "--etcd-programs", slow.etcd.parent], env={**os.environ, "TMPDIR": str(folder)}
    )
    try:
        serves = wait_for(
            "an etcd", lambda: [*slow.etcd.parent.glob("serves-*")], bool, Deadline(60, every_s=0.1)
        )
        command.terminate()
        assert command.wait(30) == 130
    finally:
        command.kill()
    assert not any(file.exists() for file in serves)
    assert not list(folder.iterdir())


def test_a_place_that_is_not_there_ends_with_2(place, programs):
    place.folder.rmdir()
    done = run(place, programs)
    assert done.exit_code == 2
    assert "cannot be read" in done.output
