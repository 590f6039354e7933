"""Patches of kubeadm's with which no pass could begin are refused before anything is made."""

from __future__ import annotations

import pytest
import yaml

from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind import KindConfig
from upgrade_e2e.providers.kind.fitting_patches import require_fitting
from upgrade_e2e.providers.kind.kind_config import API_VERSION
from upgrade_e2e.version import KubeVersion

OLD, NEW = KubeVersion.parse("v1.34.4"), KubeVersion.parse("v1.36.1")
OF_CLUSTER, OF_JOIN = {"kind": "ClusterConfiguration"}, {"kind": "JoinConfiguration"}
AS_LIST = [{"name": "v", "value": "2"}]


@pytest.fixture
def config(tmp_path):
    """A configuration with one patch, on its worker."""

    def made(patch):
        file = tmp_path / "kind.yaml"
        worker = {"role": "worker", "kubeadmConfigPatches": [yaml.safe_dump(patch)]}
        nodes = [{"role": "control-plane"}, worker]
        document = {"kind": "Cluster", "apiVersion": API_VERSION, "nodes": nodes}
        file.write_text(yaml.safe_dump(document), encoding="utf-8")
        return KindConfig.read(file)

    return made


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        (OF_CLUSTER | {"kubernetesVersion": "v1.30.0"}, "sets kubernetesVersion v1.30.0, and the"),
        (OF_CLUSTER | {"etcd": {"external": {"endpoints": ["a"]}}}, "has an external etcd"),
        (OF_JOIN | {"nodeRegistration": {"name": "mine"}}, "calls its node mine, and kind"),
        (
            OF_JOIN | {"nodeRegistration": {"kubeletExtraArgs": {"hostname-override": "own"}}},
            "calls its node own",
        ),
        (
            OF_JOIN | {"nodeRegistration": {"kubeletExtraArgs": AS_LIST}},
            r"has nodeRegistration.kubeletExtraArgs as a list, .* has a map; write `NAME: VALUE`",
        ),
        (OF_CLUSTER | {"scheduler": {"extraArgs": AS_LIST}}, "has scheduler.extraArgs as a list"),
        (
            OF_CLUSTER | {"etcd": {"local": {"extraArgs": {"unsafe-no-fsync": True}}}},
            "has True for etcd.local.extraArgs.unsafe-no-fsync, which .*; write it in quotes",
        ),
        (OF_JOIN | {"nodeRegistration": {"kubeletExtraArgs": {"v": 4}}}, "has 4 for .*Args.v,"),
    ],
)
def test_what_no_pass_could_begin_with_is_refused(config, patch, said):
    with pytest.raises(BadInput, match=f"kind-config .*: its {patch['kind']} {said}"):
        require_fitting(config(patch), OLD)


@pytest.mark.parametrize(
    ("patch", "version"),
    [
        (OF_CLUSTER | {"kubernetesVersion": "v1.34.4"}, OLD),
        (OF_CLUSTER | {"etcd": {"external": None, "local": {"dataDir": "/tmp/etcd"}}}, OLD),  # noqa: S108 - as people write it
        (OF_CLUSTER | {"scheduler": {"extraArgs": AS_LIST}}, NEW),
        (OF_CLUSTER | {"apiServer": {"extraArgs": {"v": "2", "runtime-config": None}}}, NEW),
        (
            OF_CLUSTER | {"apiVersion": "kubeadm.k8s.io/v1beta2", "kubernetesVersion": "v1.22.0"},
            OLD,
        ),
        (OF_JOIN | {"nodeRegistration": {"taints": []}}, OLD),
        (OF_JOIN | {"nodeRegistration": "left to kind"}, OLD),
        ({"kind": "KubeletConfiguration", "maxPods": 20}, OLD),
    ],
)
def test_what_a_pass_can_begin_with_is_not(config, patch, version):
    require_fitting(config(patch), version)
