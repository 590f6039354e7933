"""A stored snapshot, read back: what is restored, and what stands in the way."""

from __future__ import annotations

import pytest

from tests.unit.backups.made import CANARIES, UID, database, snapshot
from upgrade_e2e.backups import EtcdPrograms, lone_etcd
from upgrade_e2e.backups.lone_etcd import serving, status_of
from upgrade_e2e.backups.reading_back import CLUSTER_KEY, read_back_snapshot
from upgrade_e2e.errors import BadInput, DeadlinePassed, E2eError
from upgrade_e2e.wait import Deadline


def read(place, programs, tmp_path, content, canaries=CANARIES):
    (place.folder / "a.db").write_bytes(content)
    return read_back_snapshot(place, "a.db", programs, tmp_path, canaries)


def test_a_whole_snapshot_is_restored_and_asked(place, programs, tmp_path):
    found = read(place, programs, tmp_path, snapshot(revision=42, writes=(1, 2, 3, 9)))
    assert found.trouble == ""
    assert (found.hash, found.revision, found.keys, found.cluster) == (7, 42, 3, UID)
    assert found.writes == ((1, 3), (9, 9))
    assert found.restore_s > 0
    assert [file.name for file in tmp_path.iterdir()] == ["place"]


def test_no_writes_are_looked_for_without_their_name(place, programs, tmp_path):
    assert read(place, programs, tmp_path, snapshot(writes=(1,)), "").writes == ()


def test_a_file_that_was_cut_is_never_given_to_a_program(place, tmp_path):
    absent = EtcdPrograms(*(tmp_path / "none",) * 3)
    found = read(place, absent, tmp_path, snapshot()[:-5000])
    assert "ends after" in found.trouble
    assert found.restore_s is None


def test_what_etcdutl_refuses_is_the_reason(place, programs, tmp_path):
    content = database({"refuses": "snapshot file integrity check failed"})
    found = read(place, programs, tmp_path, content)
    assert found.trouble == "Error: snapshot file integrity check failed"
    assert found.own_hash is None


def test_of_a_program_that_panics_the_reason_is_kept_and_not_the_stack(place, programs, tmp_path):
    content = database({"refuses": "x\npanic: page 7 already freed\n\ttx_check.go:30 +0xf2"})
    assert read(place, programs, tmp_path, content).trouble == "Error: x"
    content = database({"refuses": "", "panics": "panic: page 7\n\ttx_check.go:30 +0xf2"})
    assert read(place, programs, tmp_path, content).trouble == "panic: page 7"


def test_an_etcd_that_ends_says_its_last_words(place, programs, tmp_path):
    content = database({"revision": 1, "dies": True})
    found = read(place, programs, tmp_path, content)
    assert "panic: it is broken" in found.trouble
    assert found.revision == 1
    assert found.restore_s is None


def test_an_etcd_that_did_not_take_all_of_it_is_not_a_restored_one(place, programs, tmp_path):
    found = read(place, programs, tmp_path, database({"uid": UID, "revision": 9, "serves": 4}))
    assert found.trouble == "the restored etcd is at revision 4, and the snapshot at 9"
    assert found.restore_s is None


def test_an_encrypted_namespace_is_said_to_be_so(place, programs, tmp_path):
    content = database({"uid": "x", "revision": 1, "value": f"k8s:enc:aescbc:v1:k:{UID}"})
    found = read(place, programs, tmp_path, content)
    assert found.encrypted
    assert found.cluster == ""
    assert found.restore_s is not None


def test_a_snapshot_that_is_gone_is_not_found(place, programs, tmp_path):
    found = read_back_snapshot(place, "none.db", programs, tmp_path)
    assert not found.found
    assert "none.db is no longer in" in found.trouble


def test_another_port_is_tried_where_one_was_taken(programs, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_TAKEN", str(tmp_path / "taken"))
    with serving(programs, tmp_path / "data", tmp_path) as etcd:
        etcd.put(CLUSTER_KEY, UID)
        assert UID in etcd.value(CLUSTER_KEY).decode()

    assert (tmp_path / "taken").read_text() == "once"


def health(folder, status, reason):
    (folder / "data").mkdir()
    (folder / "data" / "health").write_text(f"{status}|{reason}")


def test_an_etcd_that_listens_and_has_not_read_its_database_is_waited_for(
    programs, tmp_path, monkeypatch
):
    monkeypatch.setattr(lone_etcd, "_STARTING", Deadline(2.0, every_s=0.05))
    health(tmp_path, "503 Service Unavailable", '{"health":"false","reason":"RAFT NO LEADER"}')
    with (
        pytest.raises(DeadlinePassed, match="not yet healthy"),
        serving(programs, tmp_path / "data", tmp_path),
    ):
        pytest.fail("it serves nothing yet")


def test_an_alarm_that_came_with_the_snapshot_does_not_keep_it_from_being_read(programs, tmp_path):
    health(tmp_path, "503 Service Unavailable", '{"health":"false","reason":"ALARM NOSPACE"}')
    with serving(programs, tmp_path / "data", tmp_path) as etcd:
        etcd.put(CLUSTER_KEY, UID)
        assert UID in etcd.value(CLUSTER_KEY).decode()


def test_a_machine_without_room_says_nothing_about_the_snapshot(place, programs, tmp_path):
    content = database({"refuses": "write /tmp/x: no space left on device"})
    with pytest.raises(BadInput, match=r"no room .*TMPDIR"):
        read(place, programs, tmp_path, content)


def test_nothing_serves_when_the_context_ends(programs, tmp_path):
    with serving(programs, tmp_path / "data", tmp_path):
        assert list(programs.etcd.parent.glob("serves-*"))
    assert not list(programs.etcd.parent.glob("serves-*"))


def test_settings_of_the_user_for_etcd_do_not_reach_the_programs(programs, monkeypatch):
    monkeypatch.setenv("ETCDCTL_ENDPOINTS", "http://prod:2379")
    said = programs.runner.run("env", timeout_s=10).stdout
    assert "ETCDCTL_ENDPOINTS" not in said
    assert "PATH=" in said


def test_a_status_without_numbers_is_refused(programs, tmp_path):
    file = tmp_path / "odd.db"
    file.write_bytes(database({"revision": "many"}))
    with pytest.raises(E2eError, match=r"etcdutl of v3\.5 or newer"):
        status_of(programs, file)


def test_programs_that_are_missing_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="PATH has no program etcd, etcdctl, etcdutl"):
        EtcdPrograms.found()
    file = tmp_path / "etcd"
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    with pytest.raises(BadInput, match="has no program etcdctl, etcdutl"):
        EtcdPrograms.found(tmp_path)
