"""Backups during a pass: writes and snapshots meanwhile, restores when watching has ended."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.backups import made
from tests.unit.backups.made import OTHER_UID, UID, snapshot
from tests.unit.observers.fake_api import FakeApi, fake_cluster
from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.command import Completed
from upgrade_e2e.errors import BadInput, CommandFailed, E2eError, FaultNotPlanted
from upgrade_e2e.observers import (
    BackupPlace,
    DeployContext,
    EtcdBackup,
    Images,
    KeepsBackups,
    Observation,
    Parts,
    PodChurn,
    alter,
    place_in_use,
    plant_in_backups,
    read_backup_place,
)
from upgrade_e2e.observers.backup_task import BackupTask
from upgrade_e2e.timeline import Origin, Outcome, SamplesBuilder, Window
from upgrade_e2e.upgrade import Fault
from upgrade_e2e.wait import Deadline, wait_for

MAPS = "/api/v1/namespaces/upgrade-e2e/configmaps"
SOON = Deadline(60.0, every_s=0.02)
EVERY = EtcdBackup(every_s=0.1, writes_hz=100.0)


@dataclass
class ControlPlane:
    """Plays etcd on a node: a snapshot holds the ConfigMaps that the API has at that moment."""

    api: FakeApi
    programs: Path
    uid: str = UID
    away: bool = False
    calls: list[str] = field(default_factory=list)
    saved: bytes = b""
    revision: int = 0

    def run(self, *argv, timeout_s, check=True, stdout_file=None, **_):
        line = " ".join(argv)
        self.calls.append(line)
        if argv[0] == "cat" and argv[1].endswith("etcd.yaml"):
            manifest = {"spec": {"containers": [{"image": "registry.k8s.io/etcd:3.6.5-0"}]}}
            return Completed(line, 0, json.dumps(manifest), "", 0.0)
        if argv[0] == "test" and not (self.programs / Path(argv[-1]).name).is_file():
            raise CommandFailed(line, 1, "", timeout_s)
        if "snapshot" in argv:
            self._save(line, timeout_s)
        if stdout_file is not None:
            program = self.programs / Path(argv[1]).name
            stdout_file.write_bytes(program.read_bytes() if program.is_file() else self.saved)
        return Completed(line, 0, "", "", 0.0)

    def _save(self, line, timeout_s):
        if self.away:
            raise CommandFailed(line, 1, "Error: context deadline exceeded", timeout_s)
        names = [path.rpartition("/")[2] for path in tuple(self.api.objects) if MAPS in path]
        numbers = [int(name.rpartition("-")[2]) for name in names if name.startswith("backup-")]
        self.revision += 1
        self.saved = snapshot(self.uid, self.revision, tuple(numbers))


@pytest.fixture
def api() -> FakeApi:
    """An API whose cluster is UID."""
    found = FakeApi()
    found.put("/api/v1/namespaces/kube-system", {"metadata": {"name": "kube-system"}})
    found.objects["/api/v1/namespaces/kube-system"]["metadata"]["uid"] = UID
    return found


@pytest.fixture
def plane(api, tmp_path, monkeypatch) -> ControlPlane:
    """A control plane whose image has programs that read such snapshots."""
    monkeypatch.setattr("secrets.token_hex", lambda count: "1")
    made.programs(tmp_path / "programs")
    return ControlPlane(api, tmp_path / "programs")


@pytest.fixture
def context(api, plane, tmp_path) -> Iterator[DeployContext]:
    """A cluster with that control plane."""
    with fake_cluster(api, tmp_path) as cluster:
        first, *others = cluster.nodes
        nodes = (Node(first.name, first.role, plane), *others)
        reached = Cluster(cluster.name, cluster.kubeconfig, nodes)
        yield DeployContext(reached, Images(), tmp_path / "work", Origin())


def deployed(context: DeployContext, observer: EtcdBackup = EVERY) -> BackupTask:
    (task,) = observer.deploy(context).background_tasks
    assert isinstance(task, BackupTask)
    return task


def watched(task: BackupTask, snapshots: int = 3) -> BackupTask:
    """Let it work until it has so many snapshots, then end it."""
    task.start()
    try:
        await_snapshots(task, snapshots)
    finally:
        task.stop()
    return task


def await_snapshots(task: BackupTask, count: int) -> None:
    wait_for("snapshots", lambda: len(task.schedule.taken), lambda found: found >= count, SOON)


def collected(task: BackupTask):
    """Its samples, which reads every snapshot back, and its log."""
    builder = SamplesBuilder()
    task.samples(builder, Window(0.0, 1e6))
    return builder.build(), task.backups()


def test_every_snapshot_is_restored_and_has_what_was_written_before_it(context, plane):
    task = watched(deployed(context))
    assert task.missing() == ""
    samples, log = collected(task)
    assert log.trouble == ""
    assert log.cluster == UID
    assert len(log.snapshots) >= 4, "one more is taken when watching ends"
    assert {stream.name for stream in samples.streams} == {"snapshot@cp"}
    assert set(samples.outcome) == {Outcome.OK}
    assert log.snapshots[-1].read.writes[0][0] == 1
    assert log.writes[0].revision > 0
    assert all(one.read.restore_s > 0 for one in log.snapshots)
    assert [span.kind for span in task.spans()].count("restore") == len(log.snapshots)
    assert task.broken() == ""


def test_whole_snapshots_are_deleted_from_the_folder_of_the_pass_and_stay_in_ones_own(
    context, tmp_path
):
    task = watched(deployed(context))
    collected(task)
    assert task.location.files() == ()
    own = watched(deployed(context, dataclasses.replace(EVERY, into=str(tmp_path / "mine"))))
    _, log = collected(own)
    assert len(own.location.files()) == len(log.snapshots)


def test_nothing_of_it_stays_on_the_node(context, plane):
    task = watched(deployed(context))
    task.stop()
    assert [call for call in plane.calls if call.startswith("rm -rf")] == [
        "rm -rf /var/lib/upgrade-e2e-backup-backup-1"
    ]


def test_two_observers_do_not_share_a_folder_on_the_node(context, plane, monkeypatch):
    names = iter("abcdefgh")
    monkeypatch.setattr("secrets.token_hex", lambda count: next(names))
    for label in ("backup", "backup-mine"):
        watched(deployed(context, dataclasses.replace(EVERY, label=label)), 1)
    saved = {call.split()[-1] for call in plane.calls if "snapshot save" in call}
    removed = {call.split()[-1] for call in plane.calls if call.startswith("rm -rf")}
    assert len(saved) == 2
    assert {file.rpartition("/")[0] for file in saved} == removed


def test_nothing_stays_on_the_node_where_it_cannot_be_made_ready(context, plane):
    (plane.programs / "etcdctl").unlink()
    with pytest.raises(E2eError, match="has no etcdctl"):
        EVERY.deploy(context)
    assert plane.calls[-1] == "rm -rf /var/lib/upgrade-e2e-backup-backup-1"


def test_no_copy_of_a_snapshot_stays_where_it_could_not_be_stored(context, tmp_path):
    (tmp_path / "mine").write_text("a file, and no folder")
    task = deployed(context, dataclasses.replace(EVERY, into=str(tmp_path / "mine")))
    task.start()
    wait_for("a failure", lambda: task.schedule.taken, bool, SOON)
    task.stop()
    assert "does not take" in task.schedule.taken[0].error
    assert not list(task.schedule.scratch.glob("*.db"))


def test_a_snapshot_that_fails_is_kept_with_its_reason_and_the_next_one_is_taken(context, plane):
    task = deployed(context)
    task.start()
    await_snapshots(task, 1)
    plane.away = True
    failed = wait_for(
        "a failure", lambda: [one for one in task.schedule.taken if one.error], bool, SOON
    )
    assert "last one failed" in task.status_line()
    plane.away = False
    await_snapshots(task, len(task.schedule.taken) + 2)
    task.stop()
    samples, log = collected(task)
    assert failed[0].error == "cp: Error: context deadline exceeded"
    assert failed[0].read is None
    assert len(samples) == sum(not one.error for one in log.snapshots)


def test_it_waits_for_the_first_snapshot_and_says_why(context, plane):
    plane.away = True
    task = deployed(context)
    task.start()
    words = wait_for("a reason", task.missing, lambda said: "no snapshot" in said, SOON)
    assert "context deadline exceeded" in wait_for(
        "the error", task.missing, lambda said: "deadline" in said, SOON
    )
    assert words
    task.stop()


def test_writes_that_the_api_does_not_take_are_not_acknowledged(context, api):
    task = deployed(context)
    task.start()
    await_snapshots(task, 1)
    api.status = 503
    wait_for(
        "a write without an answer",
        lambda: [one for one in task.writer.writes if one.acknowledged_s is None],
        bool,
        SOON,
    )
    api.status = 200
    await_snapshots(task, len(task.schedule.taken) + 2)
    task.stop()
    samples, _ = collected(task)
    assert set(samples.outcome) == {Outcome.OK}


def test_a_cluster_without_a_way_onto_its_control_planes_has_no_backups(context):
    bare = tuple(Node(node.name, node.role) for node in context.cluster.nodes)
    without = Cluster("sim", context.cluster.kubeconfig, bare)
    assert EVERY.deploy(dataclasses.replace(context, cluster=without)).background_tasks == ()


def test_programs_that_cannot_be_taken_out_are_the_trouble(context, plane):
    task = watched(deployed(context))
    (plane.programs / "etcdutl").unlink()
    samples, log = collected(task)
    assert "etcdutl" in log.trouble
    assert len(samples) == 0
    assert {one.read for one in log.snapshots} == {None}


def test_snapshots_go_where_the_options_of_the_pass_say_and_stay_there(context, tmp_path):
    named = dataclasses.replace(context, backup_place=BackupPlace(str(tmp_path / "named")))
    task = watched(deployed(named), 1)
    _, log = collected(task)
    stored = {file.name for file in (tmp_path / "named").iterdir()}
    assert stored == {one.name for one in log.snapshots}
    assert log.location == str(tmp_path / "named")


def test_an_observer_with_a_place_of_its_own_keeps_it(context, tmp_path):
    named = dataclasses.replace(context, backup_place=BackupPlace(str(tmp_path / "named")))
    task = deployed(named, dataclasses.replace(EVERY, into=str(tmp_path / "mine")))
    assert task.location.shown == str(tmp_path / "mine")


def test_a_place_that_nothing_is_stored_in_is_said():
    place = BackupPlace("s3://backups/x")
    assert place_in_use(BackupPlace(), (), simulated=False) == (False, "")
    assert place_in_use(place, (EVERY,), simulated=False) == (True, "")
    own = dataclasses.replace(EVERY, into="mine")
    for observers in ((), (PodChurn(),), (own,)):
        used, said = place_in_use(place, observers, simulated=False)
        assert not used
        assert "Nothing is stored in s3://backups/x (--backup-into)" in said
        assert "--scenario backup_is_restorable" in said
    assert "no etcd" in place_in_use(place, (EVERY,), simulated=True)[1]


@pytest.mark.parametrize(
    ("into", "endpoint", "words"),
    [
        ("gs://x/y", "", "--backup-into is 'gs://x/y'.*write a folder, or s3://BUCKET/PREFIX"),
        ("s3://", "", "names no bucket"),
        ("backups", "https://s3.example.org", "--s3-endpoint is .*means nothing to the folder"),
        ("", "https://s3.example.org", "add --backup-into s3://BUCKET/PREFIX"),
        ("s3://b/x", "s3.example.org", "--s3-endpoint is 's3.example.org': .*is no address"),
        ("s3://b/x", "http://h:99999", "--s3-endpoint is 'http://h:99999': .*is no address"),
    ],
)
def test_options_that_name_no_place_are_refused(into, endpoint, words):
    with pytest.raises(BadInput, match=words):
        read_backup_place(into, endpoint)


def test_a_place_of_ones_own_in_s3_needs_boto3_from_the_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(BadInput, match=r"EtcdBackup.into is 's3://b/x'.*upgrade-e2e\[s3\]"):
        EtcdBackup(into="s3://b/x")


def test_credentials_in_options_are_refused_and_not_repeated():
    for into, endpoint in (
        ("s3://key:hush@bucket/x", ""),
        ("s3://bucket/x", "https://key:hush@s3.example.org"),
        ("backups", "https://key:hush@s3.example.org"),
        ("https://key:hush@s3.example.org", ""),
    ):
        with pytest.raises(BadInput, match="AWS_SECRET_ACCESS_KEY") as refused:
            read_backup_place(into, endpoint)
        assert "hush" not in str(refused.value)


def test_programs_of_ones_own_are_used(context, plane, tmp_path):
    own = dataclasses.replace(EVERY, etcd_programs=str(tmp_path / "programs"))
    _, log = collected(watched(deployed(context, own)))
    assert log.trouble == ""
    assert not [call for call in plane.calls if "etcdutl" in call]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"every_s": 0}, "EtcdBackup.every_s"),
        ({"writes_hz": 0}, "EtcdBackup.writes_hz"),
        ({"timeout_s": 0}, "EtcdBackup.timeout_s"),
        ({"label": "My"}, "EtcdBackup.label"),
        ({"into": "gs://x/y"}, "s3://BUCKET/PREFIX"),
        ({"s3_endpoint": "http://x"}, "s3://BUCKET/PREFIX"),
        ({"etcd_programs": "/none"}, "has no program"),
    ],
)
def test_a_value_that_cannot_work_is_refused(change, words):
    with pytest.raises(BadInput, match=words):
        EtcdBackup(**change)


@pytest.mark.parametrize("verdict", ["truncated", "flipped", "stale", "foreign"])
def test_a_planted_fault_is_found_in_the_snapshot_that_came_next(context, tmp_path, verdict):
    task = deployed(context)
    assert isinstance(task, KeepsBackups)
    task.start()
    await_snapshots(task, 2)
    plant_in_backups(Fault(f"backup-{verdict}"), [task], tmp_path)
    after_s = context.origin.now_s()
    await_snapshots(task, len(task.schedule.taken) + 2)
    task.stop()
    samples, log = collected(task)
    bad = [i for i, outcome in enumerate(samples.outcome) if outcome != Outcome.OK]
    assert len(bad) == 1
    assert samples.outcome[bad[0]] == Outcome.BAD_ANSWER
    assert samples.backends[samples.backend[bad[0]]].endswith(f".db, {verdict}")
    (kept,) = task.location.files()
    (changed,) = [one for one in log.snapshots if one.name == kept.name]
    assert changed.end_s < after_s
    assert changed.sha256 != changed.read.sha256


def test_what_others_store_in_the_same_place_is_never_changed(context, tmp_path):
    mine = tmp_path / "mine"
    task = deployed(context, dataclasses.replace(EVERY, every_s=0.5, into=str(mine)))
    task.start()
    await_snapshots(task, 1)
    other = threading.Timer(0.05, lambda: (mine / "0000.db").write_bytes(b"theirs"))
    other.start()
    plant_in_backups(Fault("backup-truncated"), [task], tmp_path)
    other.join()
    task.stop()
    assert (mine / "0000.db").read_bytes() == b"theirs"
    assert len([one for one in collected(task)[1].snapshots if one.read.size < one.size]) == 1


def test_a_fault_of_backups_needs_an_observer_of_backups(tmp_path):
    with pytest.raises(BadInput, match="select one that does, such as the scenario backup_is"):
        alter((), [Fault("backup-stale")])
    assert alter((EVERY,), [Fault("backup-stale")]) == (EVERY,)
    with pytest.raises(FaultNotPlanted, match="no snapshots are taken"):
        plant_in_backups(Fault("backup-stale"), [], tmp_path)


def test_what_is_stored_is_what_etcd_gave(context, plane, tmp_path):
    own = dataclasses.replace(EVERY, into=str(tmp_path / "mine"))
    task = watched(deployed(context, own), 1)
    for one in task.schedule.taken:
        content = (tmp_path / "mine" / one.name).read_bytes()
        assert (one.size, one.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert one.name.startswith("backup-1-")
    assert OTHER_UID.encode() not in content


def test_an_observation_hands_over_what_its_observers_kept(context):
    task = watched(deployed(context), 1)
    observation = Observation(context.cluster, [EVERY], Images(), Origin(), context.workdir)
    assert observation.backups() == {}
    observation._parts["backup"] = Parts(background_tasks=(task,))
    assert observation.keepers == {"backup": task}
    assert observation.backups() == {"backup": task.backups()}
