"""KindProvider on the fake machine: creating, refusing, keeping, deleting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path as FilePath

import pytest

from tests.unit.kind.fakes import node, stored
from upgrade_e2e.errors import BadInput, ClusterNotMade
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.providers.kind import KindProvider
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade import Marks, Path, Step
from upgrade_e2e.version import KubeVersion

PATH = Path(tuple(map(KubeVersion.parse, ("v1.33.13", "v1.34.4"))))
NODES = [
    {"role": "control-plane", "image": "kindest/node:v1.33.13"},
    *({"role": "worker", "image": "kindest/node:v1.33.13"} for _ in range(2)),
]


@pytest.fixture
def marks():
    return Marks(Origin())


@pytest.fixture
def answering(api):
    """An API server of a healthy cluster `dev`."""
    names = ("dev-control-plane", "dev-worker", "dev-worker2")
    api.answers["/api/v1/nodes"] = {"items": [node(name) for name in names]}
    api.answers["/version"] = {"gitVersion": "v1.33.13"}
    api.answers["/api/v1/namespaces/kube-system/configmaps/kubeadm-config"] = stored()
    return api


@pytest.fixture
def make(settings, machine):
    def made(**choices):
        chosen = replace(settings, **{"cluster_name": "dev", **choices})
        return KindProvider(chosen, machine.runner)

    return made


def test_it_is_a_provider(make):
    provider: Provider = make()
    assert provider.capabilities.name == "kind"
    assert not provider.capabilities.simulated


def test_planning_touches_nothing(make, machine, settings):
    make().plan(PATH)
    assert machine.commands == []
    assert not settings.workdir.exists()


def test_a_cluster_is_made_and_deleted_without_a_trace(make, machine, ledger, answering, marks):
    provider = make(preload_images=("python:3.11-slim",))
    cluster = provider.create(provider.plan(PATH), marks)
    assert [n.name for n in cluster.control_planes] == ["dev-control-plane"]
    assert [n.name for n in cluster.workers] == ["dev-worker", "dev-worker2"]
    assert cluster.kubeconfig == provider.kubeconfig
    assert provider.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert provider.old_kubeconfig.read_text() == provider.kubeconfig.read_text()
    span = Span("create", "create", 0, 1)
    assert [s.kind for s in marks.take(span)] == [
        "preflight",
        "kind-create",
        "nodes-ready",
        "preload",
    ]
    assert {entry.kind for entry in ledger.entries()} >= {"kind-cluster", "folder"}
    provider.close()
    assert machine.containers == {}
    assert ledger.entries() == ()
    assert not list(provider.settings.workdir.glob("stage-*"))
    provider.close()


def test_the_load_balancer_is_not_a_node(make, answering, marks):
    numbered = ("dev-control-plane", "dev-control-plane2", "dev-control-plane3", "dev-worker")
    answering.answers["/api/v1/nodes"] = {"items": [node(name) for name in numbered]}
    provider = make(control_planes=3, workers=1)
    cluster = provider.create(provider.plan(PATH), marks)
    assert len(cluster.control_planes) == 3
    assert len(cluster.nodes) == 4
    provider.close()


def test_every_kind_command_has_a_kubeconfig_of_its_own(make, machine, answering, marks):
    provider = make()
    provider.create(provider.plan(PATH), marks)
    provider.close()
    (create,) = machine.ran("kind", "create")
    assert create[create.index("--kubeconfig") + 1] == str(provider.kubeconfig)


def test_a_name_is_made_up_and_differs(settings, machine):
    plain = replace(settings, cluster_name="")
    first, second = (KindProvider(plain, machine.runner) for _ in range(2))
    assert first.name != second.name
    assert first.name.startswith("upgrade-e2e-")


@pytest.mark.parametrize(
    ("broken", "failure", "said"),
    [
        ("kind version", (127, "cannot be started"), "kind cannot be run; install it"),
        ("docker info", (1, "Cannot connect to the Docker daemon"), "docker cannot be used"),
    ],
)
def test_a_missing_tool_is_refused_with_the_fix(
    make, machine, ledger, marks, broken, failure, said
):
    machine.broken[broken] = failure
    provider = make()
    with pytest.raises(BadInput, match=said):
        provider.create(provider.plan(PATH), marks)
    assert ledger.entries() == ()
    assert machine.containers == {}


def test_a_full_disk_is_refused(make, machine, ledger, marks, monkeypatch, tmp_path):
    machine.root = tmp_path
    usage = type("Usage", (), {"free": 3 * 2**30})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    provider = make()
    with pytest.raises(BadInput, match=r"has 3\.0 GiB free and this pass needs about 7"):
        provider.create(provider.plan(PATH), marks)
    assert ledger.entries() == ()


def test_a_name_that_is_taken_is_refused_and_untouched(make, machine, ledger, marks):
    machine.make_cluster("dev", NODES)
    provider = make()
    with pytest.raises(BadInput, match="there is a kind cluster 'dev' already"):
        provider.create(provider.plan(PATH), marks)
    provider.close()
    assert len(machine.containers) == 3
    assert ledger.entries() == ()


def test_a_name_that_is_taken_meanwhile_is_untouched(make, machine, ledger, marks):
    said = 'ERROR: node(s) already exist for a cluster with the name "dev"'
    machine.broken["kind create"] = (1, said)
    provider = make()
    require = machine.docker

    def taken_meanwhile(argv):
        done = require(argv)
        if argv[0] == "ps" and not machine.ran("kind", "create") and done == (0, ""):
            machine.make_cluster("dev", NODES)
        return done

    machine.docker = taken_meanwhile
    with pytest.raises(BadInput, match="somebody else made a kind cluster 'dev'"):
        provider.create(provider.plan(PATH), marks)
    assert len([c for c in machine.containers.values() if c.cluster == "dev"]) == 3
    assert ledger.entries() == ()


def test_a_second_pass_for_the_same_cluster_is_refused(make, machine, answering, marks):
    first, second = make(), make()
    first.create(first.plan(PATH), marks)
    with pytest.raises(BadInput, match="'dev' is in use by process"):
        second.create(second.plan(PATH), marks)
    assert len(machine.containers) >= 3
    second.close()
    assert len([c for c in machine.containers.values() if c.cluster == "dev"]) == 3
    first.close()
    assert machine.containers == {}


def test_a_failed_creation_keeps_its_logs_and_nothing_else(make, machine, ledger, marks, settings):
    machine.broken["kind create"] = (1, "ERROR: failed to init node with kubeadm")
    provider = make()
    with pytest.raises(ClusterNotMade, match="failed to init node") as caught:
        provider.create(provider.plan(PATH), marks)
    assert str(settings.workdir / "logs") in str(caught.value)
    assert list((settings.workdir / "logs").iterdir())
    assert ledger.entries() == ()
    assert machine.containers == {}


def test_ctrl_c_during_creation_leaves_nothing(make, machine, ledger, marks, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        machine.make_cluster("dev", NODES[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr("upgrade_e2e.providers.kind.creation.kind_create", interrupted)
    provider = make()
    with pytest.raises(KeyboardInterrupt):
        provider.create(provider.plan(PATH), marks)
    assert ledger.entries() == ()
    assert machine.containers == {}


def test_a_kept_cluster_is_no_longer_in_the_ledger(make, machine, ledger, answering, marks):
    provider = make()
    provider.create(provider.plan(PATH), marks)
    provider.close(keep=True)
    assert ledger.entries() == ()
    provider.close()
    assert len(machine.containers) == 3
    assert not list(provider.settings.workdir.glob("stage-*"))


def test_what_cannot_be_deleted_stays_in_the_ledger(
    make, machine, ledger, answering, marks, monkeypatch
):
    provider = make()
    provider.create(provider.plan(PATH), marks)
    known = {
        "folder": lambda _: None,
        "kind-cluster": lambda _: (_ for _ in ()).throw(ClusterNotMade("docker is away")),
    }
    monkeypatch.setattr("upgrade_e2e.providers.kind.provider.deleters", lambda _: known)
    with pytest.raises(ClusterNotMade, match="docker is away"):
        provider.close()
    assert [entry.kind for entry in ledger.entries()] == ["kind-cluster"]
    monkeypatch.undo()
    provider.close()
    assert ledger.entries() == ()


def test_an_existing_cluster_is_taken_over_and_never_deleted(
    make, machine, ledger, answering, marks, monkeypatch
):
    monkeypatch.setattr("upgrade_e2e.providers.kind.health.wait_until_whole", lambda *_: None)
    machine.make_cluster("mine", NODES)
    names = ("mine-control-plane", "mine-worker", "mine-worker2")
    answering.answers["/api/v1/nodes"] = {"items": [node(name) for name in names]}
    provider = make(cluster_name="", reuse_cluster="mine")
    cluster = provider.create(provider.plan(PATH), marks)
    assert cluster.name == "mine"
    assert machine.ran("kind", "create") == []
    provider.close()
    assert len(machine.containers) == 3
    assert ledger.entries() == ()


@pytest.mark.parametrize(
    ("choices", "version", "said"),
    [
        ({"workers": 1}, "v1.33.13", "say --control-planes 1 --workers 2"),
        ({}, "v1.32.2", r"is at v1\.32\.2, v1\.33\.13, not wholly at v1\.33\.13"),
        ({"reuse_cluster": "absent"}, "v1.33.13", "there is no kind cluster 'absent'"),
    ],
)
def test_a_cluster_that_does_not_fit_is_refused(
    make, machine, ledger, answering, marks, choices, version, said
):
    machine.make_cluster("mine", NODES)
    nodes = [node("mine-control-plane"), node("mine-worker", version), node("mine-worker2")]
    answering.answers["/api/v1/nodes"] = {"items": nodes}
    provider = make(**{"cluster_name": "", "reuse_cluster": "mine", **choices})
    with pytest.raises(BadInput, match=said):
        provider.create(provider.plan(PATH), marks)
    assert len(machine.containers) == 3
    assert ledger.entries() == ()


def test_a_cluster_that_lets_nobody_in_is_left_as_it_is(make, machine, ledger, answering, marks):
    machine.make_cluster("mine", NODES)
    answering.answers["/api/v1/nodes"] = (401, {})
    provider = make(cluster_name="", reuse_cluster="mine")
    with pytest.raises(ClusterNotMade, match="401"):
        provider.create(provider.plan(PATH), marks)
    assert len(machine.containers) == 3
    assert ledger.entries() == ()


def test_a_stopped_cluster_is_refused(make, machine, marks):
    machine.make_cluster("mine", NODES)
    machine.containers["mine-worker"].running = False
    provider = make(cluster_name="", reuse_cluster="mine")
    with pytest.raises(BadInput, match="docker start mine-worker"):
        provider.create(provider.plan(PATH), marks)


def test_an_unknown_step_is_refused(make, answering, marks):
    provider = make()
    cluster = provider.create(provider.plan(PATH), marks)
    with pytest.raises(BadInput, match="no step 'lunch'"):
        provider.perform(Step("lunch", 1), cluster)
    provider.close()


def test_logs_are_exported_where_they_are_wanted(make, answering, marks, tmp_path):
    provider = make()
    cluster = provider.create(provider.plan(PATH), marks)
    into = tmp_path / "logs"
    provider.perform(Step("export-logs", 60, params={"into": str(into)}), cluster)
    assert [file.name for file in into.iterdir()] == ["kind-version.txt"]
    provider.close()


def test_a_stage_step_delivers_and_frees_the_disk(make, machine, answering, marks, monkeypatch):
    monkeypatch.setattr("upgrade_e2e.providers.kind.health.wait_until_whole", lambda *_: None)
    provider = make()
    plan = provider.plan(PATH)
    cluster = provider.create(plan, marks)
    provider.perform(plan.prepare[1], cluster)
    staged = machine.containers["dev-worker2"].files
    assert "/kind/upgrade/v1.34.4/kubeadm" in staged
    folder = FilePath(next(iter(provider.settings.workdir.glob("stage-*"))))
    assert list(folder.iterdir()) == []
    provider.close()
