"""Kind configurations as people have them, given to the installed command: taken or refused."""

from __future__ import annotations

import pytest

from tests.acceptance.command import said, tool
from upgrade_e2e.providers.kind import what_is_missing

PATH = ("plan", "--from", "v1.33.7", "--to", "v1.34.3", "--kind-config")
HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"
TWO_WORKERS = "1 control plane(s), 2 worker(s)"
THREE = "nodes: [{role: control-plane}, {role: worker}, {role: worker}]\n"

TAKEN = {
    "a single node": (
        "networking: {kubeProxyMode: nftables}\nnodes: [{role: control-plane}]\n",
        ("1 control plane(s), 0 worker(s)", "single-node: ", "no drain"),
    ),
    "nothing but the head": ("", ("1 control plane(s), 0 worker(s)", "single-node: ")),
    "several families, own network": (
        "networking: {ipFamily: dual, disableDefaultCNI: true, dnsSearch: [],\n"
        '  podSubnet: "10.42.0.0/16,fd00:42::/56"}\n' + THREE + "kubeadmConfigPatches:\n"
        "- |\n  kind: KubeProxyConfiguration\n  mode: ipvs\n",
        (TWO_WORKERS, "network-plugin: none", "--after-create"),
    ),
    "ipv6": (
        'networking: {ipFamily: ipv6, podSubnet: "fd00:42::/56"}\n' + THREE,
        (TWO_WORKERS,),
    ),
    "no kube-proxy": (
        "networking: {kubeProxyMode: none}\n" + THREE,
        (TWO_WORKERS,),
    ),
    "ports, mounts, registry, taint": (
        "containerdConfigPatches:\n- |-\n"
        '  [plugins."io.containerd.grpc.v1.cri".registry]\n    config_path = "/etc/certs"\n'
        "nodes:\n- role: control-plane\n  extraPortMappings:\n"
        "  - {containerPort: 80, hostPort: 18080, protocol: TCP}\n"
        "- {role: worker, extraMounts: [{hostPath: ./data, containerPath: /data}]}\n"
        "- role: worker\n  kubeadmConfigPatches:\n  - |\n    kind: JoinConfiguration\n"
        "    nodeRegistration: {taints: [{key: only, value: batch, effect: NoSchedule}]}\n",
        (TWO_WORKERS, "mount ./data is taken from the folder of kind.yaml"),
    ),
    "feature gates and runtime configuration": (
        'featureGates: {SomeGate: true}\nruntimeConfig: {"api/beta": "true"}\n' + THREE,
        (TWO_WORKERS,),
    ),
    "flags of the API server": (
        THREE + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n"
        "  apiServer: {extraArgs: {enable-admission-plugins: AlwaysPullImages}}\n",
        (TWO_WORKERS,),
    ),
    "images of a mirror": (
        THREE + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n"
        "  imageRepository: mirror.example/k8s\n",
        (TWO_WORKERS,),
    ),
    "zones on three control planes": (
        "nodes:\n- {role: control-plane, labels: {zone: a}}\n"
        "- {role: control-plane, labels: {zone: b}}\n"
        "- {role: control-plane, labels: {zone: c}}\n- {role: worker, labels: {zone: a}}\n",
        ("3 control plane(s), 1 worker(s)", "kubeadm-node control-plane3", "drain worker"),
    ),
    "images of another version": (
        "name: dev\nnodes: [{role: control-plane, image: 'kindest/node:v1.31.0'},\n"
        "  {role: worker, image: 'kindest/node:v1.31.0'}]\n",
        ("in place of kindest/node:v1.31.0", "its name 'dev' is not used"),
    ),
    "images by digest": (
        f"nodes: [{{role: control-plane, image: 'kindest/node:v1.33.1@sha256:{'a' * 64}'}},\n"
        f"  {{role: worker, image: 'kindest/node:v1.33.1@sha256:{'a' * 64}'}}]\n",
        ("its nodes get kindest/node", "in place of kindest/node:v1.33.1@sha256:aaa"),
    ),
    "one port in two protocols": (
        "nodes: [{role: control-plane, extraPortMappings: [{containerPort: 53, hostPort: 18053},\n"
        "  {containerPort: 53, hostPort: 18053, protocol: UDP}]}]\n",
        ("1 control plane(s), 0 worker(s)",),
    ),
    "an anchor and a merge key": (
        "nodes:\n- role: control-plane\n- &w {role: worker, labels: {zone: a}}\n- *w\n"
        "- <<: *w\n  labels: {zone: b}\n",
        ("1 control plane(s), 3 worker(s)",),
    ),
    "patches of the other kind": (
        THREE + "kubeadmConfigPatchesJSON6902:\n- group: kubeadm.k8s.io\n  version: v1beta3\n"
        "  kind: ClusterConfiguration\n  patch: |\n    - op: add\n      path: /apiServer/a\n"
        "      value: api.example\n",
        (TWO_WORKERS,),
    ),
    "patches for an older kubeadm": (
        THREE + "kubeadmConfigPatches:\n- |\n  kind: ClusterConfiguration\n"
        "  apiVersion: kubeadm.k8s.io/v1beta2\n  apiServer: {}\n",
        ("idle-patches: kind leaves out ClusterConfiguration of kubeadm.k8s.io/v1beta2",),
    ),
    "an older worker": (
        "nodes: [{role: control-plane}, {role: worker, image: 'kindest/node:v1.32.8'}]\n",
        ("older-kubelets: worker v1.32.8", "worker keeps kindest/node:v1.32.8"),
    ),
}
REFUSED = {
    "two control planes": (
        HEAD + "nodes: [{role: control-plane}, {role: control-plane}, {role: worker}]\n",
        "2 control planes, which cannot hold a majority in etcd",
    ),
    "no control plane": (HEAD + "nodes: [{role: worker}]\n", "has no control plane"),
    "an unknown role": (HEAD + "nodes: [{role: etcd}]\n", "has the role 'etcd'"),
    "a worker that is too old": (
        HEAD + "nodes: [{role: control-plane}, {role: worker, image: 'x/node:v1.29.1'}]\n",
        "5 minor versions older than v1.34.3",
    ),
    "a worker that is too new": (
        HEAD + "nodes: [{role: control-plane}, {role: worker, image: 'x/node:v1.35.1'}]\n",
        "newer than the API server",
    ),
    "nothing": ("", "is empty"),
    "two clusters": (HEAD + "---\n" + HEAD, "has 2 documents"),
    "something else": ("apiVersion: v1\nkind: Pod\n", "has kind 'Pod'"),
    "nonsense": ("{", "is not YAML"),
    "tabs": (HEAD + "nodes:\n\t- role: worker\n", "indent with spaces"),
    "five control planes": (
        HEAD + "nodes: [{}, {}, {}, {}, {}]\n",
        "5 control planes are not a shape that is tested; use 1 or 3",
    ),
    "a load balancer": (
        HEAD + "nodes: [{role: control-plane}, {role: external-load-balancer}]\n",
        "has the role 'external-load-balancer'; it is one of",
    ),
    "one port for two nodes": (
        HEAD + "nodes:\n- role: control-plane\n"
        "- {role: worker, extraPortMappings: [{containerPort: 80, hostPort: 18080}]}\n"
        "- {role: worker, extraPortMappings: [{containerPort: 80, hostPort: 18080}]}\n",
        "port 18080/TCP of this machine to worker and again to worker2; choose another hostPort",
    ),
    "a list that is none": (
        HEAD + "nodes: [{role: control-plane, extraMounts: 3}]\n",
        "extraMounts is no list but 3",
    ),
    "an old version of kind": (
        "kind: Cluster\napiVersion: kind.sigs.k8s.io/v1alpha3\n",
        "only `apiVersion: kind.x-k8s.io/v1alpha4` is known",
    ),
    "a configuration of ctlptl": (
        "kind: Cluster\napiVersion: ctlptl.dev/v1alpha1\nkindV1Alpha4Cluster: {}\n",
        "is a configuration of ctlptl; give what stands below kindV1Alpha4Cluster",
    ),
    "the port of the API server": (
        HEAD + "networking: {apiServerPort: 18080}\n"
        "nodes: [{extraPortMappings: [{containerPort: 80, hostPort: 18080}]}]\n",
        "to the API server (apiServerPort) and again to control-plane",
    ),
    "a template": (HEAD + "nodes:\n{{- if .Values.ha }}\n- {}\n{{- end }}\n", "fill in templates"),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_configuration_is_taken_as_it_is(tmp_path, kind):
    text, words = TAKEN[kind]
    (tmp_path / "kind.yaml").write_text(HEAD + text)
    done = tool(*PATH, "kind.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("kind-config: kind.yaml: ", "kind-config-digest: ", *words):
        assert word in said(done)
    assert [file.name for file in tmp_path.iterdir()] == ["kind.yaml"]


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_work_is_refused_with_the_reason(tmp_path, kind):
    text, words = REFUSED[kind]
    (tmp_path / "kind.yaml").write_text(text)
    done = tool(*PATH, "kind.yaml", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert words in said(done)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "somethingNew: 1\n", "field somethingNew not found"),
        (HEAD + "networking: {ipFamily: ipv5}\n", ": invalid ipFamily: ipv5; correct it"),
        (HEAD + "nodes: [{}]\nnodes: [{}]\n", 'mapping key "nodes" already defined'),
    ],
)
def test_what_kind_would_refuse_is_refused_by_the_plan_in_its_words(tmp_path, text, words):
    if missing := what_is_missing():
        pytest.skip(f"{missing}, and kind is asked here")
    (tmp_path / "kind.yaml").write_text(text)
    done = tool(*PATH, "kind.yaml", "--provider", "kind", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert "kind does not accept kind-config kind.yaml: " in said(done)
    assert words in said(done)


def test_json_is_taken_whatever_it_is_indented_with(tmp_path):
    (tmp_path / "kind.json").write_text(
        '{\n\t"kind": "Cluster",\n\t"apiVersion": "kind.x-k8s.io/v1alpha4",\n'
        '\t"nodes": [{"role": "control-plane"}, {"role": "worker"}, {"role": "worker"}]\n}\n'
    )
    done = tool(*PATH, "kind.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert TWO_WORKERS in said(done)


def test_a_command_that_cannot_be_started_is_refused(tmp_path):
    (tmp_path / "kind.yaml").write_text(HEAD + THREE)
    done = tool(*PATH, "kind.yaml", "--after-create", "./install.sh", cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert "after-create cannot start './install.sh'" in said(done)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--workers", "1"), "workers is 1, and kind-config kind.yaml has 2"),
        (("--control-planes", "3"), "control-planes is 3, and kind-config kind.yaml has 1"),
        (("--provider", "sim"), "is not made by kind"),
        (("--reuse-cluster", "dev"), "the cluster dev is made already"),
    ],
)
def test_options_that_contradict_the_file_are_refused(tmp_path, options, words):
    (tmp_path / "kind.yaml").write_text(HEAD + THREE)
    done = tool(*PATH, "kind.yaml", *options, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert words in said(done)


def test_the_command_after_creation_is_shown_with_its_files(tmp_path):
    (tmp_path / "kind.yaml").write_text(HEAD + "networking: {disableDefaultCNI: true}\n" + THREE)
    (tmp_path / "cni.yaml").write_text("a: 1\n")
    command = "sh -c 'kubectl apply -f - < cni.yaml' cni.yaml"
    done = tool(*PATH, "kind.yaml", "--after-create", command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"after-create: {command} (sha256 of cni.yaml: " in said(done)
    assert "network-plugin" not in said(done)


def test_the_command_after_creation_does_not_go_with_a_cluster_that_is_there(tmp_path):
    words = ("--reuse-cluster", "dev", "--after-create", "true", "--provider", "kind")
    done = tool("plan", "--from", "v1.33.7", "--to", "v1.34.3", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "run that command by hand before" in said(done)
