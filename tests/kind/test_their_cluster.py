"""A kind configuration of the user's on real nodes: everything in it is there once they are made.

One cluster has what most configurations have, and one worker that begins at an older version. It is
made and staged, and not upgraded.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kind.conftest import NEW, OLD, docker, require
from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.kind.provider import KindProvider
from upgrade_e2e.run.providers import make_provider
from upgrade_e2e.run.request import settings_of, values_of
from upgrade_e2e.timeline import Origin, Span
from upgrade_e2e.upgrade import Marks, resolve

pytestmark = pytest.mark.thorough(part="their-cluster")

NEWEST = "v1.35.4"
NODE_PORT = 30080
AUDIT = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n"
CONFIG = f"""\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
name: not-this-one
networking: {{kubeProxyMode: nftables}}
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
kubeadmConfigPatches:
- |
  kind: KubeletConfiguration
  apiVersion: kubelet.config.k8s.io/v1beta1
  podPidsLimit: 4321
nodes:
- role: control-plane
  extraPortMappings:
  - {{containerPort: {NODE_PORT}, hostPort: HOST_PORT, listenAddress: "127.0.0.1"}}
  extraMounts:
  - {{hostPath: ./audit.yaml, containerPath: /etc/kubernetes/audit/audit.yaml, readOnly: true}}
  kubeadmConfigPatches:
  - |
    kind: InitConfiguration
    nodeRegistration:
      kubeletExtraArgs:
        node-labels: "ingress-ready=true"
  - |
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
        audit-policy-file: /etc/kubernetes/audit/audit.yaml
        audit-log-path: /var/log/kubernetes/audit.log
      extraVolumes:
      - {{name: policy, hostPath: /etc/kubernetes/audit, mountPath: /etc/kubernetes/audit,
         readOnly: true, pathType: DirectoryOrCreate}}
      - {{name: log, hostPath: /var/log/kubernetes, mountPath: /var/log/kubernetes,
         pathType: DirectoryOrCreate}}
- role: worker
  labels: {{tier: frontend, answer: yes}}
  extraMounts:
  - {{hostPath: ./data, containerPath: /data, readOnly: true}}
- role: worker
  image: kindest/node:{OLD}
  kubeadmConfigPatches:
  - |
    kind: JoinConfiguration
    nodeRegistration:
      taints: [{{key: dedicated, value: gpu, effect: NoSchedule}}]
"""
AFTER_CREATE = (
    'test -s "$KUBECONFIG" && pwd && docker exec "$UPGRADE_E2E_CLUSTER-control-plane" '
    "kubectl --kubeconfig /etc/kubernetes/admin.conf create namespace made-by-hand"
)


@dataclass(frozen=True)
class Made:
    """The cluster, the phases of its making, and where things are."""

    provider: KindProvider
    cluster: Cluster
    phases: list[str]
    folder: Path
    host_port: int

    def node(self, short: str) -> dict:
        """A Node as the API shows it."""
        return self.cluster.api.get_json(f"/api/v1/nodes/{self.cluster.name}-{short}")

    def inside(self, short: str, *command: str) -> str:
        """What a command in a node printed."""
        return docker("exec", f"{self.cluster.name}-{short}", *command)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """The cluster, made and staged from a folder that is not the current one."""
    require(OLD, NEW, NEWEST)
    folder = tmp_path_factory.mktemp("theirs")
    with socket.create_server(("127.0.0.1", 0)) as free:
        host_port = free.getsockname()[1]
    (folder / "kind.yaml").write_text(CONFIG.replace("HOST_PORT", str(host_port)))
    (folder / "audit.yaml").write_text(AUDIT)
    (folder / "data").mkdir()
    (folder / "data" / "here").write_text("mounted")
    command = {"kind-config": folder / "kind.yaml", "after-create": ("sh", "-c", AFTER_CREATE)}
    settings = settings_of(values_of({"provider": "kind", **command}, folder))
    provider = make_provider(settings, folder / "work")
    assert isinstance(provider, KindProvider)
    plan, marks = provider.plan(resolve([NEW, NEWEST], [])), Marks(Origin())
    with contextlib.ExitStack() as undo:
        undo.callback(provider.close)
        cluster = provider.create(plan, marks)
        phases = [span.kind for span in marks.take(Span("create", "create", 0, 1))]
        for step in plan.prepare[1:]:
            provider.perform(step, cluster)
        yield Made(provider, cluster, phases, folder, host_port)


def test_the_name_is_one_of_the_pass(made: Made):
    assert made.cluster.name.startswith("upgrade-e2e-")
    names = {node.name.removeprefix(made.cluster.name) for node in made.cluster.nodes}
    assert names == {"-control-plane", "-worker", "-worker2"}


def test_nodes_are_at_the_version_of_the_path_but_for_the_older_one(made: Made):
    found = {
        short: made.node(short)["status"]["nodeInfo"]["kubeletVersion"]
        for short in ("control-plane", "worker", "worker2")
    }
    assert found == {"control-plane": NEW, "worker": NEW, "worker2": OLD}


def test_the_older_node_has_the_images_of_the_others(made: Made):
    images = made.inside("worker2", "ctr", "--namespace=k8s.io", "images", "list", "--quiet")
    assert f"registry.k8s.io/kube-proxy:{NEW}" in images.split()
    assert f"registry.k8s.io/kube-proxy:{NEWEST}" in images.split()
    assert f"registry.k8s.io/kube-apiserver:{NEW}" not in images.split()


def test_labels_and_taints_are_as_written(made: Made):
    assert made.node("control-plane")["metadata"]["labels"]["ingress-ready"] == "true"
    labels = made.node("worker")["metadata"]["labels"]
    assert (labels["tier"], labels["answer"]) == ("frontend", "yes")
    taint = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
    assert taint in made.node("worker2")["spec"]["taints"]


def test_the_flags_of_the_api_server_are_there_and_its_mount_is_read(made: Made):
    name = f"kube-apiserver-{made.cluster.name}-control-plane"
    pod = made.cluster.api.get_json(f"/api/v1/namespaces/kube-system/pods/{name}")
    flags = pod["spec"]["containers"][0]["command"]
    assert "--audit-policy-file=/etc/kubernetes/audit/audit.yaml" in flags
    entry = made.inside("control-plane", "head", "-n", "1", "/var/log/kubernetes/audit.log")
    assert json.loads(entry)["level"] == "Metadata"


def test_mounts_are_those_next_to_the_file(made: Made):
    assert made.inside("worker", "cat", "/data/here") == "mounted"


def test_the_configuration_of_containerd_is_patched(made: Made):
    assert "/etc/containerd/certs.d" in made.inside("worker", "cat", "/etc/containerd/config.toml")


def test_their_patches_stand_next_to_those_of_the_pass(made: Made):
    config = made.inside("control-plane", "cat", "/var/lib/kubelet/config.yaml")
    assert "podPidsLimit: 4321" in config
    choices = made.provider.plan(resolve([NEW, NEWEST], [])).choices
    assert ("failCgroupV1: false" in config) is ("fail-cgroup-v1" in choices)


def test_the_mode_of_kube_proxy_is_theirs(made: Made):
    found = made.cluster.api.get_json("/api/v1/namespaces/kube-system/configmaps/kube-proxy")
    assert "mode: nftables" in found["data"]["config.conf"]


def test_the_mapped_port_leads_into_the_node(made: Made):
    listen = f"TCP-LISTEN:{NODE_PORT},reuseaddr,fork"
    name = f"{made.cluster.name}-control-plane"
    docker("exec", "--detach", name, "socat", listen, "SYSTEM:echo from-the-node")
    listening = f"until ss -ltn | grep -q :{NODE_PORT}; do sleep 0.1; done"
    made.inside("control-plane", "timeout", "30", "sh", "-c", listening)
    with socket.create_connection(("127.0.0.1", made.host_port), timeout=30) as connection:
        assert connection.makefile().readline() == "from-the-node\n"


def test_the_command_ran_before_nodes_were_waited_for(made: Made):
    assert made.phases.index("after-create") == made.phases.index("kind-create") + 1
    assert made.phases.index("nodes-ready") == made.phases.index("after-create") + 1
    assert made.cluster.api.get_json("/api/v1/namespaces/made-by-hand")["status"]["phase"]
    kept = (made.folder / "work" / "steps" / "after-create.log").read_text()
    assert str(Path.cwd()) in kept
    assert "namespace/made-by-hand created" in kept
