"""The files for kind and kubeadm."""

from __future__ import annotations

import json

import yaml

from upgrade_e2e.providers.kind.config import (
    FAST_API_SERVER,
    IGNORED_PREFLIGHT,
    additions,
    cluster_config,
    upgrade_config,
)
from upgrade_e2e.providers.kind.procedure import UpgradeConfig
from upgrade_e2e.version import KubeVersion


def config(**choices):
    more = additions(**{"api_server_flags": {}, "allow_cgroup_v1": False, **choices})
    return yaml.safe_load(cluster_config("kindest/node:v1", 3, 2, more))


def test_nodes_by_role_with_the_image():
    nodes = config()["nodes"]
    assert [node["role"] for node in nodes] == ["control-plane"] * 3 + ["worker"] * 2
    assert {node["image"] for node in nodes} == {"kindest/node:v1"}


def test_nothing_is_patched_unless_it_is_chosen():
    assert set(config()) == {"kind", "apiVersion", "nodes"}


def test_api_server_flags_fit_both_kubeadm_forms():
    patches = config(api_server_flags=FAST_API_SERVER)["kubeadmConfigPatchesJSON6902"]
    forms = {patch["version"]: json.loads(patch["patch"]) for patch in patches}
    as_map = {op["path"].rpartition("/")[2]: op["value"] for op in forms["v1beta3"]}
    as_list = {op["value"]["name"]: op["value"]["value"] for op in forms["v1beta4"]}
    assert as_map == as_list == dict(FAST_API_SERVER)
    assert {op["path"] for op in forms["v1beta4"]} == {"/apiServer/extraArgs/-"}


def test_cgroup_v1_is_allowed_in_the_kubelets_configuration():
    (patch,) = config(allow_cgroup_v1=True)["kubeadmConfigPatches"]
    assert yaml.safe_load(patch) == {
        "kind": "KubeletConfiguration",
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "failCgroupV1": False,
    }


def test_the_upgrade_configuration_is_fresh_and_names_the_target():
    document = yaml.safe_load(upgrade_config(KubeVersion.parse("v1.34.4")))
    assert document["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    assert document["apply"]["kubernetesVersion"] == "v1.34.4"
    assert document["plan"]["kubernetesVersion"] == "v1.34.4"
    assert document["node"]["ignorePreflightErrors"] == list(IGNORED_PREFLIGHT)
    assert "forceUpgrade" not in document["apply"]


def test_reading_back_ignores_what_the_users_apply_ignores(tmp_path):
    file = tmp_path / "upgrade.yaml"
    own = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "UpgradeConfiguration",
        "apply": {"ignorePreflightErrors": ["CoreDNSMigration"]},
    }
    file.write_text(yaml.safe_dump(own))
    read = yaml.safe_load(UpgradeConfig.read(file).text(KubeVersion.parse("v1.34.4")))
    ignored = read["plan"]["ignorePreflightErrors"]
    assert ignored == ["CoreDNSMigration", *IGNORED_PREFLIGHT]
    assert read["node"]["ignorePreflightErrors"] == list(IGNORED_PREFLIGHT)
