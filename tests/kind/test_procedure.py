"""An upgrade by the user's own procedure: patches, skipped addons, drain arguments, step times.

The cluster is made with kubeadm patches, as its owner would make it, and taken over for the pass.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.kind.conftest import MINUTES, NEW, OLD, Ran, Tool, docker

pytestmark = pytest.mark.thorough(part="procedure")

CLUSTER = "e2e-procedure"
CONTROL, WORKER = f"{CLUSTER}-control-plane", f"{CLUSTER}-worker"
API_SERVER_PATCH = """\
apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
  annotations: {corp.test/patched: "yes"}
"""
OWN = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: UpgradeConfiguration
apply:
  ignorePreflightErrors: [CoreDNSUnsupportedPlugins, CoreDNSMigration, CreateJob]
  skipPhases: [addon]
  patches: {directory: /patches}
  certificateRenewal: false
node:
  patches: {directory: /patches}
"""


@pytest.fixture(scope="module")
def patched_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster at the old version whose nodes all have a folder of patches."""
    folder = tmp_path_factory.mktemp("patched")
    patches = folder / "patches"
    patches.mkdir()
    (patches / "kube-apiserver0+strategic.yaml").write_text(API_SERVER_PATCH)
    (patches / "kubeletconfiguration0+merge.yaml").write_text("maxPods: 111\n")
    config = folder / "kind.yaml"
    config.write_text(kind_config(patches))
    kubeconfig = str(folder / "kubeconfig")
    try:
        kind("create", "cluster", "--name", CLUSTER, "--config", str(config),
             "--kubeconfig", kubeconfig, "--wait", "120s")  # fmt: skip
        yield CLUSTER
    finally:
        kind("delete", "cluster", "--name", CLUSTER, "--kubeconfig", kubeconfig)


def kind(*words: str) -> None:
    """Run kind."""
    subprocess.run(["kind", *words], check=True, timeout=5 * MINUTES)


def kind_config(patches: Path) -> str:
    """One control plane and one worker, patched from the beginning."""
    mount = {"hostPath": str(patches), "containerPath": "/patches", "readOnly": True}
    node = {"image": f"kindest/node:{OLD}", "extraMounts": [mount]}
    init = yaml.safe_dump({"kind": "InitConfiguration", "patches": {"directory": "/patches"}})
    nodes = [
        {"role": "control-plane", **node, "kubeadmConfigPatches": [init]},
        {"role": "worker", **node},
    ]
    head = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4"}
    return yaml.safe_dump({**head, "nodes": nodes})


@pytest.fixture(scope="module")
def upgraded(patched_cluster: str, module_tool: Tool) -> Ran:
    """The pass by the user's own procedure."""
    (module_tool.folder / "own.yaml").write_text(OWN)
    ran = module_tool.run(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", patched_cluster, "--workers", "1",
        "--upgrade-config", "own.yaml", "--drain-timeout", "200", "--step-timeout", "1500",
        "--drain-args", "--ignore-daemonsets --delete-emptydir-data --force --grace-period=20",
        "--scenario", "upgrade_path", "--watch-before", "1", "--watch-after", "1",
        within_s=12 * MINUTES,
    )  # fmt: skip
    print(ran.output)
    return ran


def test_a_missing_folder_of_patches_is_refused_before_anything_is_upgraded(
    tool: Tool, patched_cluster: str
):
    (tool.folder / "own.yaml").write_text(OWN.replace("/patches", "/elsewhere"))
    ran = tool.run(
        "run", "--from", OLD, "--to", NEW, "--reuse-cluster", patched_cluster, "--workers", "1",
        "--upgrade-config", "own.yaml", "--scenario", "upgrade_path", within_s=5 * MINUTES,
    )  # fmt: skip
    assert ran.code == 2, ran.output
    said = " ".join(ran.output.split())
    assert f"/elsewhere is not on {CONTROL}, where apply of own.yaml takes its patches" in said


def test_the_upgrade_holds_and_nothing_is_left_to_do(upgraded: Ran):
    assert upgraded.code == 0, upgraded.output
    inventory = upgraded.record()["inventory"]
    assert inventory["nothing_left_to_do"] is True
    names = {part["name"] for part in inventory["components"]}
    assert {"kubelet", "kube-apiserver", "etcd"} <= names


def test_the_patches_are_in_the_new_control_plane_and_kubelets(upgraded: Ran):
    manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
    shown = docker("exec", CONTROL, "cat", manifest)
    assert "corp.test/patched" in shown
    assert f"kube-apiserver:{NEW}" in shown
    for node in (CONTROL, WORKER):
        assert "maxPods: 111" in docker("exec", node, "cat", "/var/lib/kubelet/config.yaml")


def test_the_addons_stay_as_they_were(upgraded: Ran):
    argv = ("exec", CONTROL, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf")
    wanted = ("get", "daemonset", "kube-proxy", "--namespace", "kube-system", "--output", "yaml")
    assert f"kube-proxy:{OLD}" in docker(*argv, *wanted)


def test_every_artifact_names_the_procedure(upgraded: Ran):
    choices = upgraded.record()["choices"]
    assert choices["upgrade-config"].startswith("own.yaml (sha256:")
    assert "apply skips addon" in choices["upgrade-config"]
    assert (choices["drain-timeout"], choices["step-timeout"]) == ("200 s", "1500 s")
    assert "--grace-period=20" in choices["drain-args"]
    assert "upgrade-config: own.yaml" in upgraded.summary()
