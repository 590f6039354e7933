"""Deleting what was made: complete, repeatable, and the right thing."""

from __future__ import annotations

import stat
import subprocess
import sys

import pytest

from tests.unit.kind.fakes import FakeContainer
from upgrade_e2e.errors import CommandFailed, DeadlinePassed
from upgrade_e2e.observers.objects import LABELS
from upgrade_e2e.providers.kind import remains
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.etcd_alarm import MARK_FILE
from upgrade_e2e.providers.kind.leak_script import SCRIPT_FILE
from upgrade_e2e.providers.kind.remains import (
    CLUSTER,
    CONTAINER,
    FOLDER,
    OURS,
    REUSED_CLUSTER,
    delete_cluster,
    deleters,
    scratch_container,
)
from upgrade_e2e.providers.kind.undoing import UNDO

NODES = [{"role": "control-plane", "image": "i"}, {"role": "worker", "image": "i"}]


def test_only_the_named_cluster_goes(machine):
    machine.make_cluster("mine", NODES)
    machine.make_cluster("other", NODES)
    machine.containers["plain"] = FakeContainer("i")
    delete_cluster(Docker(machine.runner), "mine")
    assert set(machine.containers) == {"other-control-plane", "other-worker", "plain"}


def test_containers_that_appear_while_others_are_deleted_go_too(machine):
    machine.make_cluster("mine", NODES)
    late = FakeContainer("i", "worker", "mine")

    class Late(type(machine)):
        def docker(self, argv):
            done = super().docker(argv)
            if argv[0] == "rm" and "mine-late" not in self.seen:
                self.seen.add("mine-late")
                self.containers["mine-late"] = late
            return done

    machine.__class__ = Late
    machine.seen = set()
    delete_cluster(Docker(machine.runner), "mine")
    assert machine.seen == {"mine-late"}
    assert machine.containers == {}


def test_deleting_what_is_gone_is_fine(machine, tmp_path):
    machine.make_cluster("other", NODES)
    before = dict(machine.containers)
    (tmp_path / "kept").touch()
    known = deleters(machine.runner)
    known[CLUSTER]("gone")
    known[CONTAINER]("gone")
    known[FOLDER](str(tmp_path / "gone"))
    assert machine.containers == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_reused_cluster_is_never_deleted(machine):
    machine.make_cluster("theirs", NODES)
    deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    assert len(machine.containers) == 2


def test_what_a_killed_pass_left_in_a_cluster_that_stays_goes(machine):
    machine.make_cluster("theirs", NODES)
    deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    deleted = machine.ran("kubectl", "delete", "--selector", OURS)
    assert {argv[3] for argv in deleted} == {"theirs-control-plane"}
    kinds = {kind for argv in deleted for kind in argv[argv.index("delete") + 1].split(",")}
    assert {"mutatingwebhookconfigurations", "clusterroles", "namespaces"} <= kinds
    assert all("--wait=false" in argv for argv in deleted)
    leaks = machine.ran("pkill", "KILL", "--full", SCRIPT_FILE)
    assert {argv[3] for argv in leaks} == {"theirs-control-plane", "theirs-worker"}


def test_an_alarm_of_etcd_is_looked_for_after_all_nodes_go_on_and_before_deletions(
    machine,
):
    machine.make_cluster("theirs", NODES)
    deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    calls = [argv for argv in machine.ran("docker", "exec") if "theirs-" in " ".join(argv)]
    (looked,) = [at for at, argv in enumerate(calls) if MARK_FILE in argv[-1]]
    assert "theirs-control-plane" in calls[looked]
    went_on = [at for at, argv in enumerate(calls) if argv[-1] == UNDO[-1]]
    deleted = [at for at, argv in enumerate(calls) if "delete" in argv]
    assert len(went_on) == 2
    assert max(went_on) < looked < min(deleted)


def test_each_control_plane_is_looked_at_with_the_others_at_hand(machine, monkeypatch):
    machine.make_cluster("theirs", [NODES[0], NODES[0], NODES[0], NODES[1]])
    asked = []
    monkeypatch.setattr(remains, "take_back_left", lambda *given: asked.append(given))
    deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    names = [(node.prefix[-1], [one.prefix[-1] for one in others]) for node, others in asked]
    first, second, third = (f"theirs-control-plane{number}" for number in ("", "2", "3"))
    assert names == [
        (first, [second, third]),
        (second, [first, third]),
        (third, [first, second]),
    ]


def test_an_alarm_that_stays_holds_up_no_deletion_and_is_said(machine, monkeypatch):
    def stays(*_):
        raise DeadlinePassed("etcd to take back its alarm did not happen")

    monkeypatch.setattr(remains, "take_back_left", stays)
    machine.make_cluster("theirs", NODES)
    with pytest.raises(DeadlinePassed):
        deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    assert machine.ran("kubectl", "delete", "--selector", OURS)


def test_an_api_server_that_does_not_answer_holds_up_no_sweep(machine):
    machine.make_cluster("theirs", NODES)
    machine.broken["kubectl"] = (1, "The connection to the server was refused")
    deleters(machine.runner)[REUSED_CLUSTER]("theirs")
    assert machine.ran("kubectl")


def test_what_is_ours_has_the_label_of_observers():
    (label,) = LABELS.items()
    assert "=".join(label) == OURS


def test_a_kind_that_still_creates_the_cluster_is_ended(machine, tmp_path):
    kind = tmp_path / "kind"
    kind.symlink_to(sys.executable)
    script = tmp_path / "create"
    script.write_text("import time; time.sleep(600)")
    argv = [str(kind), "create", "cluster", "--name", "mine"]
    other = [str(kind), "create", "cluster", "--name", "other"]
    with (
        subprocess.Popen(argv, cwd=tmp_path) as creating,
        subprocess.Popen(other, cwd=tmp_path) as untouched,
    ):
        try:
            delete_cluster(Docker(machine.runner), "mine")
            assert creating.wait(30) < 0
            assert untouched.poll() is None
        finally:
            creating.kill()
            untouched.kill()


def test_a_scratch_container_is_in_the_ledger_while_it_is_there(machine, ledger):
    docker = Docker(machine.runner)
    with scratch_container(docker, ledger, "kindest/node:v1.34.4") as name:
        assert [(entry.kind, entry.name) for entry in ledger.entries()] == [(CONTAINER, name)]
        assert name in machine.containers
    assert ledger.entries() == ()
    assert machine.containers == {}


def test_the_claim_comes_before_the_container(machine, ledger):
    machine.broken["docker create"] = (1, "no space left")
    with (
        pytest.raises(CommandFailed, match="no space left"),
        scratch_container(Docker(machine.runner), ledger, "kindest/node:v1.34.4"),
    ):
        pytest.fail("there is no container")
    assert ledger.entries() == ()


def test_a_container_that_cannot_be_removed_stays_in_the_ledger(machine, ledger):
    machine.broken["docker rm"] = (1, "Error: daemon is away")
    with (
        pytest.raises(CommandFailed, match="daemon is away"),
        scratch_container(Docker(machine.runner), ledger, "kindest/node:v1.34.4"),
    ):
        pass
    assert [entry.kind for entry in ledger.entries()] == [CONTAINER]


def test_a_folder_goes_with_its_content(machine, tmp_path):
    folder = tmp_path / "stage"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "file").write_text("x")
    (folder / "deep" / "file").chmod(stat.S_IRUSR)
    deleters(machine.runner)[FOLDER](str(folder))
    assert not folder.exists()
