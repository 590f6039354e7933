"""A node that joins: its container, its configuration, its images, and that it goes again."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.kind.fakes import node, pod
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import E2eError, FaultNotPlanted
from upgrade_e2e.providers.kind import joining as module
from upgrade_e2e.providers.kind.creation import handle
from upgrade_e2e.providers.kind.docker import Docker
from upgrade_e2e.providers.kind.join_config import JOIN_CONFIG, KubeadmConf
from upgrade_e2e.providers.kind.joining import Joining
from upgrade_e2e.providers.kind.journal import Journal
from upgrade_e2e.providers.kind.network_faults import HELD, NetworkFaults
from upgrade_e2e.providers.kind.node_container import addresses_like, run_arguments
from upgrade_e2e.providers.kind.pass_entries import PassEntries
from upgrade_e2e.providers.kind.remains import CLUSTER, JOINED_NODE, REUSED_CLUSTER, deleters
from upgrade_e2e.providers.kind.takeout import SavedImage
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade import Marks, Step

IMAGE = "kindest/node:v1.34.4"
STEP = Step("join-node", 300.0, node="worker2", hop="a->b", params={"version": "v1.34.4"})
CONF = """\
kind: InitConfiguration
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: JoinConfiguration
nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  kubeletExtraArgs:
    node-ip: 172.18.0.3
    node-labels: tier=front
    provider-id: kind://docker/dev/dev-worker
  taints: [{key: dedicated, value: gpu, effect: NoSchedule}]
discovery:
  bootstrapToken:
    apiServerEndpoint: dev-control-plane:6443
    token: old.token
    unsafeSkipCAVerification: true
"""
PODS = "/api/v1/pods?fieldSelector=spec.nodeName%3Ddev-worker"


@pytest.fixture
def cluster(machine, api, tmp_path) -> Cluster:
    """A cluster of one control plane and one worker, at the target's version."""
    machine.make_cluster("dev", [{"role": r, "image": IMAGE} for r in ("control-plane", "worker")])
    for container in machine.containers.values():
        container.files[JOIN_CONFIG] = CONF
    api.answers["/api/v1/nodes/dev-worker2"] = node("dev-worker2", "v1.34.4")
    api.answers[PODS] = {"items": []}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(api.kubeconfig())
    return handle(Docker(machine.runner), "dev", kubeconfig)


@pytest.fixture
def entries(machine, ledger) -> PassEntries:
    return PassEntries(ledger, machine.runner)


@pytest.fixture
def joining(machine, entries, tmp_path) -> Joining:
    folder = tmp_path / "stage"
    folder.mkdir()
    docker, journal = Docker(machine.runner), Journal(tmp_path / "steps")
    return Joining(docker, entries, journal, folder, NetworkFaults())


@pytest.fixture
def marks() -> Marks:
    return Marks(Origin())


def test_a_worker_of_the_targets_image_joins_and_is_one_of_the_nodes(
    joining, cluster, machine, marks
):
    joining.join(STEP, cluster, IMAGE, (), marks)
    assert machine.joined == ["dev-worker2"]
    assert machine.containers["dev-worker2"].image == IMAGE
    assert [one.name for one in cluster.workers] == ["dev-worker", "dev-worker2"]
    assert [one.name for one in cluster.upgraded_workers] == ["dev-worker"]
    assert cluster.node("dev-worker2").joined
    phases = [span.kind for span in marks.take(Span("join-node", "join-node", 0, 1))]
    assert phases == ["container", "images", "join", "ready"]
    kept = (joining.journal.folder / "a-b-join-node-worker2.log").read_text()
    assert kept.strip()


def test_it_is_in_the_ledger_before_it_is_there(joining, cluster, machine, ledger, marks):
    machine.broken["docker run"] = (125, "no space left on device")
    with pytest.raises(E2eError, match="no space left"):
        joining.join(STEP, cluster, IMAGE, (), marks)
    assert [(one.kind, one.name) for one in ledger.entries()] == [(JOINED_NODE, "dev-worker2")]
    assert len(cluster.nodes) == 2


def test_its_configuration_is_that_of_a_worker_with_a_new_token(joining, cluster, machine, marks):
    joining.join(STEP, cluster, IMAGE, (), marks)
    read = yaml.safe_load(machine.containers["dev-worker2"].files[JOIN_CONFIG])
    assert (read["apiVersion"], read["kind"]) == ("kubeadm.k8s.io/v1beta4", "JoinConfiguration")
    assert read["discovery"]["bootstrapToken"] == {
        "apiServerEndpoint": "dev-control-plane:6443",
        "token": "abcdef.0123456789abcdef",
        "unsafeSkipCAVerification": True,
    }
    registration = read["nodeRegistration"]
    assert {one["name"]: one["value"] for one in registration["kubeletExtraArgs"]} == {
        "node-ip": "172.18.0.9",
        "node-labels": "tier=front,upgrade-e2e/joined=true",
        "provider-id": "kind://docker/dev/dev-worker2",
    }
    assert registration["taints"] == [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]
    assert read["skipPhases"] == ["preflight"]


def test_the_token_is_gone_once_it_has_joined(joining, cluster, machine, marks):
    joining.join(STEP, cluster, IMAGE, (), marks)
    (deleted,) = machine.ran("token", "delete")
    assert deleted[-1] == "abcdef"
    joined = next(i for i, argv in enumerate(machine.commands) if "join" in argv)
    assert joined < machine.commands.index(deleted)


def test_the_token_is_gone_where_kubeadm_refused(joining, cluster, machine, marks):
    machine.broken["kubeadm join"] = (1, "error execution phase kubelet-start")
    with pytest.raises(E2eError):
        joining.join(STEP, cluster, IMAGE, (), marks)
    assert len(machine.ran("token", "delete")) == 1


def test_what_pods_of_the_pass_need_is_there_before_it_joins(
    joining, cluster, machine, tmp_path, marks
):
    archive = tmp_path / "preload-0.tar"
    archive.write_text("python:3.11-slim")
    joining.join(STEP, cluster, IMAGE, (SavedImage(archive),), marks)
    assert "python:3.11-slim" in machine.containers["dev-worker2"].inside
    commands = [" ".join(argv) for argv in machine.commands]
    imported = next(i for i, one in enumerate(commands) if "images import" in one)
    assert imported < next(i for i, one in enumerate(commands) if "kubeadm join" in one)


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
def test_images_of_daemon_sets_that_it_lacks_come_from_a_worker(
    joining, cluster, machine, api, marks, kind
):
    worker = machine.containers["dev-worker"]
    worker.inside = {**machine.images[IMAGE].inside, "docker.io/library/agent:dev": "sha256:1"}
    mine, other = pod("agent", image="agent:dev"), pod("plain", image="other:1")
    mine["metadata"]["ownerReferences"] = [{"kind": "DaemonSet"}]
    mine["spec"][kind] = [{"name": "agent", "image": "agent:dev"}]
    other["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet"}]
    other["spec"]["containers"] = [{"name": "plain", "image": "other:1"}]
    api.answers[PODS] = {"items": [mine, other]}
    joining.join(STEP, cluster, IMAGE, (), marks)
    assert "docker.io/library/agent:dev" in machine.containers["dev-worker2"].inside
    assert not list(joining.folder.iterdir())


def test_a_name_that_is_taken_is_left_alone(joining, cluster, machine, ledger, marks):
    taken = Step("join-node", 300.0, node="worker", params=STEP.params)
    with pytest.raises(E2eError, match="has a container dev-worker already"):
        joining.join(taken, cluster, IMAGE, (), marks)
    assert ledger.entries() == ()
    assert len(machine.containers) == 2


def test_a_kubeadm_that_refuses_is_told_with_its_words(joining, cluster, machine, marks):
    machine.broken["kubeadm join"] = (1, "error execution phase kubelet-start")
    with pytest.raises(E2eError, match="error execution phase kubelet-start"):
        joining.join(STEP, cluster, IMAGE, (), marks)


def test_kube_proxy_is_held_where_that_was_planted(joining, cluster, machine, marks, monkeypatch):
    step = Step("plant", 60, params={"fault": "late-kube-proxy", "value": "20s"})
    assert joining.faults.plant(step, cluster)
    monkeypatch.setattr(module, "HELD_S", 0.3)
    with pytest.raises(FaultNotPlanted, match="never started on dev-worker2"):
        joining.join(STEP, cluster, IMAGE, (), marks)
    (held,) = [argv for argv in machine.commands if "--detach" in argv and "sh" in argv]
    assert held[-1] == "20"
    del machine.containers["dev-worker2"]
    cluster.nodes = cluster.nodes[:2]
    joining.entries.delete_all(lambda: None)

    def run_and_hold(arguments):
        done = type(machine).run_node(machine, arguments)
        machine.containers["dev-worker2"].files[HELD] = ""
        return done

    machine.run_node = run_and_hold
    joining.join(STEP, cluster, IMAGE, (), marks)


def test_it_leaves_the_cluster_and_its_container_goes(joining, cluster, machine, ledger, marks):
    joining.join(STEP, cluster, IMAGE, (), marks)
    joining.entries.delete_all(lambda: None)
    assert machine.joined == []
    assert set(machine.containers) == {"dev-control-plane", "dev-worker"}
    assert ledger.entries() == ()


def test_a_cluster_that_is_kept_keeps_it(joining, cluster, machine, ledger, marks):
    joining.entries.claim(CLUSTER, "dev")
    joining.join(STEP, cluster, IMAGE, (), marks)
    joining.entries.disown_cluster()
    joining.entries.delete_all(lambda: None)
    assert "dev-worker2" in machine.containers
    assert ledger.entries() == ()


def test_a_cluster_of_the_users_never_keeps_it(joining, cluster, machine, ledger, marks):
    joining.entries.claim(REUSED_CLUSTER, "dev")
    joining.join(STEP, cluster, IMAGE, (), marks)
    joining.entries.disown_cluster()
    joining.entries.delete_all(lambda: None)
    assert set(machine.containers) == {"dev-control-plane", "dev-worker"}
    assert machine.joined == []
    assert ledger.entries() == ()


def test_a_cluster_that_does_not_let_it_go_has_it_in_the_ledger(
    joining, cluster, machine, ledger, marks
):
    joining.join(STEP, cluster, IMAGE, (), marks)
    machine.broken["kubectl"] = (1, "The connection to the server was refused")
    with pytest.raises(E2eError, match=r"does not let its node dev-worker2 go.* was refused"):
        joining.entries.delete_all(lambda: None)
    assert [(one.kind, one.name) for one in ledger.entries()] == [(JOINED_NODE, "dev-worker2")]
    machine.containers["dev-control-plane"].running = False
    joining.entries.delete_all(lambda: None)
    assert "dev-worker2" not in machine.containers


def test_deleting_one_that_is_gone_is_fine(machine):
    machine.make_cluster("other", [{"role": "worker", "image": IMAGE}])
    deleters(machine.runner)[JOINED_NODE]("dev-worker2")
    assert set(machine.containers) == {"other-worker"}


def test_the_arguments_are_kinds_own_without_ports_and_without_what_the_image_has(cluster, machine):
    shown = Docker(machine.runner).inspect("dev-control-plane")
    argv = run_arguments(shown, "dev-worker2", IMAGE)
    assert argv[-1] == IMAGE
    said = " ".join(argv)
    for part in (
        "--detach", "--hostname dev-worker2", "--name dev-worker2", "--net kind", "--privileged",
        "--label io.x-k8s.kind.cluster=dev", "--label io.x-k8s.kind.role=worker",
        "--restart=on-failure:1", "--init=false", "--cgroupns=private",
        "--security-opt seccomp=unconfined", "--security-opt apparmor=unconfined",
        "--tmpfs /run", "--tmpfs /tmp", "--volume /var",
        "--volume /lib/modules:/lib/modules:ro", "--env container=docker",
    ):  # fmt: skip
        assert part in said, part
    for absent in ("6443", "KUBECONFIG", "PATH=", "stand-in", "label=disable"):
        assert absent not in said, absent


@pytest.mark.parametrize(
    ("bind", "kept"),
    [
        ("/data/worker:/var/lib/kubelet:rshared", False),
        ("/data/worker:/var/lib:rw", False),
        ("/data/worker:/etc/kubernetes", False),
        ("/home/me/.docker/config.json:/var/lib/kubelet/config.json:ro", True),
        ("/data/images:/var/lib/images", True),
        ("/dev/null:/var/run/nvidia-container-devices/all", True),
    ],
)
def test_a_mount_that_holds_the_state_of_another_node_is_left_out(machine, cluster, bind, kept):
    shown = Docker(machine.runner).inspect("dev-worker")
    shown["HostConfig"]["Binds"].append(bind)
    assert (bind in run_arguments(shown, "dev-worker2", IMAGE)) is kept


@pytest.mark.parametrize(
    ("like", "expected"),
    [
        ("172.18.0.3", "172.18.0.9"),
        ("fc00::3", "fc00::9"),
        ("172.18.0.3,fc00::3", "172.18.0.9,fc00::9"),
        ("fc00::3,172.18.0.3", "fc00::9,172.18.0.9"),
    ],
)
def test_its_addresses_are_of_the_families_of_the_others(cluster, machine, like, expected):
    shown = Docker(machine.runner).inspect("dev-worker")
    assert addresses_like(shown, like) == expected


def test_a_family_without_an_address_is_an_error(cluster, machine):
    shown = Docker(machine.runner).inspect("dev-worker")
    shown["NetworkSettings"]["Networks"]["kind"]["GlobalIPv6Address"] = ""
    with pytest.raises(E2eError, match="dev-worker got no IPv6 address"):
        addresses_like(shown, "fc00::3")


def test_arguments_as_a_list_are_read_and_taints_of_a_control_plane_are_not_its():
    conf = KubeadmConf.read(
        "kind: JoinConfiguration\ncontrolPlane: {}\nnodeRegistration:\n"
        "  taints: [{key: control, effect: NoSchedule}]\n"
        "  kubeletExtraArgs: [{name: node-ip, value: fc00::3}]\n",
        "dev-control-plane",
    )
    assert conf.node_ip == "fc00::3"
    made = yaml.safe_load(conf.for_worker("dev-worker", "fc00::4", "t.t"))
    assert "taints" not in made["nodeRegistration"]
    assert {"name": "node-ip", "value": "fc00::4"} in made["nodeRegistration"]["kubeletExtraArgs"]


@pytest.mark.parametrize("text", ["", "kind: InitConfiguration", "- a list"])
def test_a_file_without_a_join_configuration_is_an_error_with_the_way_out(text):
    with pytest.raises(E2eError, match=r"on n has no JoinConfiguration.* --no-join-node"):
        KubeadmConf.read(text, "n")


def test_a_file_that_is_no_yaml_is_an_error():
    with pytest.raises(E2eError, match="on n is not YAML"):
        KubeadmConf.read("a: [", "n")
