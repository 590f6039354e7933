"""KindProvider on the fake machine: creating, refusing, keeping, deleting."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path as FilePath

import pytest

from tests.unit.kind.fakes import FakeImage, node, stored
from upgrade_e2e.errors import BadInput, ClusterNotMade
from upgrade_e2e.providers.base import Provider
from upgrade_e2e.providers.kind import KindConfig, KindProvider
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


@pytest.fixture
def theirs(tmp_path):
    """A configuration of the user's: one worker is older, and something is mounted."""
    file = tmp_path / "theirs" / "kind.yaml"
    file.parent.mkdir()
    file.write_text(
        "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nname: mine\n"
        "nodes:\n- {role: worker, image: 'kindest/node:v1.32.5', labels: {tier: x}}\n"
        "- {role: control-plane, image: ''}\n- {role: worker}\n"
    )
    return KindConfig.read(file)


def test_their_configuration_is_made_as_it_is_from_its_folder(
    make, machine, answering, marks, theirs
):
    machine.images["kindest/node:v1.32.5"] = FakeImage.of("v1.32.5", coredns="v1.11.3")
    provider = make(kind_config=theirs)
    provider.create(provider.plan(PATH), marks)
    images = [node["image"] for node in machine.kind_config["nodes"]]
    assert images == ["kindest/node:v1.32.5", "kindest/node:v1.33.13", "kindest/node:v1.33.13"]
    assert machine.kind_config["nodes"][0]["labels"] == {"tier": "x"}
    (create,) = machine.ran("kind", "create")
    assert create[create.index("--name") + 1] == "dev"
    assert machine.folders[create] == theirs.folder
    provider.close()


def test_a_node_that_begins_older_gets_the_images_of_the_others(
    make, machine, answering, marks, theirs, monkeypatch
):
    monkeypatch.setattr("upgrade_e2e.providers.kind.health.wait_until_whole", lambda *_: None)
    machine.images["kindest/node:v1.32.5"] = FakeImage.of("v1.32.5", coredns="v1.11.3")
    provider = make(kind_config=theirs)
    plan = provider.plan(PATH)
    cluster = provider.create(plan, marks)
    inside = machine.containers["dev-worker"].inside
    assert "registry.k8s.io/kube-proxy:v1.33.13" in inside
    assert "registry.k8s.io/kube-apiserver:v1.33.13" not in inside
    provider.perform(plan.prepare[1], cluster)
    provider.close()


def test_the_image_of_an_older_node_must_be_there_too(make, machine, ledger, marks, theirs):
    provider = make(kind_config=theirs)
    with pytest.raises(BadInput, match=r"the image kindest/node:v1\.32\.5 is not on this machine"):
        provider.create(provider.plan(PATH), marks)
    assert ledger.entries() == ()


def test_a_pulled_image_of_an_older_node_is_looked_into_before_nodes_are_made(
    make, machine, ledger, marks, theirs
):
    machine.registry["kindest/node:v1.32.5"] = FakeImage.of("v1.29.0")
    provider = make(kind_config=theirs)
    with pytest.raises(BadInput, match=r"was given for v1\.32\.5 but holds v1\.29\.0"):
        provider.create(provider.plan(PATH), marks)
    assert not machine.ran("kind", "create")
    assert ledger.entries() == ()


def test_what_kind_does_not_accept_is_refused_with_its_words(make, machine, ledger, marks, theirs):
    machine.images["kindest/node:v1.32.5"] = FakeImage.of("v1.32.5")
    machine.broken["kind create"] = (1, "ERROR: failed to create cluster: invalid kubeProxyMode: x")
    provider = make(kind_config=theirs)
    with pytest.raises(BadInput, match=r"kind does not accept .*invalid kubeProxyMode: x"):
        provider.create(provider.plan(PATH), marks)
    machine.broken["kind create"] = (1, "Ensuring node image ...\nERROR: port is already allocated")
    with pytest.raises(ClusterNotMade, match="port is already allocated"):
        provider.create(provider.plan(PATH), marks)
    assert ledger.entries() == ()


def test_the_command_after_creation_comes_before_nodes_are_waited_for(
    make, machine, answering, marks, settings
):
    provider = make(after_create=("install-network", "--all"))
    provider.create(provider.plan(PATH), marks)
    phases = [span.kind for span in marks.take(Span("create", "create", 0, 1))]
    assert phases == ["preflight", "kind-create", "after-create", "nodes-ready"]
    assert machine.ran("install-network", "--all")
    kept = (settings.workdir / "steps" / "after-create.log").read_text()
    assert f"KUBECONFIG={provider.kubeconfig} UPGRADE_E2E_CLUSTER=dev" in kept
    provider.close()


def test_a_command_after_creation_that_fails_ends_the_creation(
    make, machine, ledger, answering, marks
):
    machine.broken["install-network"] = (7, "no such network")
    provider = make(after_create=("install-network",))
    with pytest.raises(ClusterNotMade, match=r"exited with 7: install-network\nno such network"):
        provider.create(provider.plan(PATH), marks)
    assert ledger.entries() == ()
    assert machine.containers == {}


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
    monkeypatch.setattr("upgrade_e2e.providers.kind.pass_entries.deleters", lambda _: known)
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


def test_a_cluster_with_an_older_kubelet_is_taken_over(
    make, machine, answering, marks, monkeypatch
):
    monkeypatch.setattr("upgrade_e2e.providers.kind.health.wait_until_whole", lambda *_: None)
    machine.make_cluster("mine", NODES)
    # An image that its workers run, and that the pass must not count on.
    machine.containers["mine-worker"].inside = {"registry.k8s.io/pause:3.9": "sha256:old"}
    nodes = [node("mine-control-plane"), node("mine-worker", "v1.31.2"), node("mine-worker2")]
    answering.answers["/api/v1/nodes"] = {"items": nodes}
    provider = make(cluster_name="", reuse_cluster="mine")
    plan = provider.plan(PATH)
    cluster = provider.create(plan, marks)
    assert "registry.k8s.io/pause:3.10" in machine.containers["mine-worker"].inside
    provider.perform(plan.prepare[1], cluster)
    provider.close()


def test_an_api_server_at_another_version_is_refused(make, machine, answering, marks):
    machine.make_cluster("mine", NODES)
    names = ("mine-control-plane", "mine-worker", "mine-worker2")
    answering.answers["/api/v1/nodes"] = {"items": [node(name) for name in names]}
    answering.answers["/version"] = {"gitVersion": "v1.32.2"}
    provider = make(cluster_name="", reuse_cluster="mine")
    with pytest.raises(
        BadInput, match=r"API server of cluster mine is at v1\.32\.2, not at v1\.33"
    ):
        provider.create(provider.plan(PATH), marks)


@pytest.mark.parametrize(
    ("choices", "version", "said"),
    [
        ({"workers": 1}, "v1.33.13", "say --control-planes 1 --workers 2"),
        ({}, "v1.30.2", r"mine-worker begins with a kubelet of v1\.30\.2, 4 minor versions older"),
        ({}, "v1.34.4", r"kubelet of v1\.34\.4, which is newer than the API server \(v1\.33\.13\)"),
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


def test_a_cluster_whose_etcd_takes_no_writes_is_refused(make, machine, ledger, answering, marks):
    machine.make_cluster("mine", NODES)
    names = ("mine-control-plane", "mine-worker", "mine-worker2")
    answering.answers["/api/v1/nodes"] = {"items": [node(name) for name in names]}
    machine.containers["mine-control-plane"].files["health"] = '{"reason":"ALARM NOSPACE"}'
    provider = make(cluster_name="", reuse_cluster="mine")
    with pytest.raises(BadInput, match="etcd of cluster mine has raised the alarm NOSPACE"):
        provider.create(provider.plan(PATH), marks)
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


def test_what_is_missing_is_pulled_and_the_cluster_is_made_before_the_target_is_here(
    make, machine, answering, marks
):
    for name in ("kindest/node:v1.33.13", "kindest/node:v1.34.4", "python:3.11-slim"):
        machine.registry[name] = machine.images.pop(name)
    held = machine.held["kindest/node:v1.34.4"] = threading.Event()
    provider = make(preload_images=("python:3.11-slim",))
    plan = provider.plan(PATH)
    cluster = provider.create(plan, marks)
    assert "kindest/node:v1.34.4" not in machine.images
    assert marks.status == {"kindest/node:v1.34.4": "pulled 100 of 400 MB"}
    held.set()
    provider._bring_up.staging.wait_until_delivered(PATH.versions[1])
    assert cluster.nodes
    assert marks.status == {}
    step = Span("create", "create", 0, 1)
    assert sorted(s.name for s in marks.take(step) if s.kind == "pull" and not s.parent) == [
        "pull kindest/node:v1.33.13",
        "pull kindest/node:v1.34.4",
        "pull python:3.11-slim",
    ]
    assert {role: used.name for role, used in marks.images.items()} == {
        "v1.33.13": "kindest/node:v1.33.13",
        "v1.34.4": "kindest/node:v1.34.4",
        "python:3.11-slim": "python:3.11-slim",
    }
    provider.close()


def test_a_target_that_the_registry_does_not_have_is_refused_before_the_cluster_is_made(
    make, machine, ledger, marks
):
    del machine.images["kindest/node:v1.34.4"]
    provider = make()
    with pytest.raises(BadInput, match=r"v1\.34\.4 is not on this machine .* has no such image"):
        provider.create(provider.plan(PATH), marks)
    assert not machine.ran("kind", "create")
    assert ledger.entries() == ()


def test_closing_breaks_off_what_is_being_pulled(make, machine, answering, marks, ledger):
    machine.registry["kindest/node:v1.34.4"] = machine.images.pop("kindest/node:v1.34.4")
    machine.held["kindest/node:v1.34.4"] = threading.Event()
    provider = make()
    provider.create(provider.plan(PATH), marks)
    provider.close()
    assert marks.status == {}
    assert "kindest/node:v1.34.4" not in machine.images
    assert machine.containers == {}
    assert ledger.entries() == ()


def test_the_load_balancer_of_several_control_planes_is_pulled_too(make, machine, answering, marks):
    balancer = "docker.io/envoyproxy/envoy:v1.36.2"
    machine.registry[balancer] = machine.images.pop(balancer)
    names = ("dev-control-plane", "dev-control-plane2", "dev-control-plane3", "dev-worker")
    answering.answers["/api/v1/nodes"] = {"items": [node(name) for name in names]}
    provider = make(control_planes=3, workers=1)
    provider.create(provider.plan(PATH), marks)
    assert marks.images["load-balancer"].name == balancer
    provider.close()


def test_a_kind_whose_load_balancer_is_not_known_is_said(make, machine, answering):
    said = []
    machine.broken["kind version"] = (0, "kind v0.99.0 go1.30 linux/amd64")
    names = ("dev-control-plane", "dev-control-plane2", "dev-control-plane3", "dev-worker")
    answering.answers["/api/v1/nodes"] = {"items": [node(name) for name in names]}
    provider = make(control_planes=3, workers=1)
    provider.create(provider.plan(PATH), Marks(Origin(), said.append))
    assert any("v0.99.0" in sentence for sentence in said)
    provider.close()
