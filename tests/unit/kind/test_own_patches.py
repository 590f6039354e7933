"""Patches of kubeadm's configuration that kind leaves out are named."""

from __future__ import annotations

import pytest

from upgrade_e2e.providers.kind.own_patches import idle_patches
from upgrade_e2e.version import KubeVersion

OLD, NEW = KubeVersion.parse("v1.33.7"), KubeVersion.parse("v1.36.1")


def merged(*apis, kind="ClusterConfiguration"):
    """A configuration with patches for these API versions."""
    texts = (f"- |\n  kind: {kind}\n" + (f"  apiVersion: {api}\n" if api else "") for api in apis)
    return "kind: Cluster\nkubeadmConfigPatches:\n" + "".join(texts)


def json_patch(api, under=""):
    """A configuration with a JSON patch for this API version."""
    items = f"[{{group: kubeadm.k8s.io, version: {api}, kind: ClusterConfiguration, patch: '[]'}}]"
    key = f"kubeadmConfigPatchesJSON6902: {items}"
    return f"nodes: [{{role: control-plane, {key}}}]\n" if under else f"{key}\n"


@pytest.mark.parametrize(
    ("text", "version", "wanted"),
    [
        (merged("kubeadm.k8s.io/v1beta2"), OLD, "v1beta3"),
        (merged("kubeadm.k8s.io/v1beta4"), OLD, "v1beta3"),
        (merged("kubeadm.k8s.io/v1beta3"), NEW, "v1beta4"),
        (json_patch("v1beta2"), OLD, "v1beta3"),
        (json_patch("v1beta3", under="node"), NEW, "v1beta4"),
    ],
)
def test_a_patch_for_another_version_of_the_api_is_named(text, version, wanted):
    (said,) = idle_patches(text, version)
    assert said.startswith("ClusterConfiguration of kubeadm.k8s.io/v1beta")
    assert said.endswith(f"kind writes kubeadm.k8s.io/{wanted} for {version}")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("kind: Cluster\n", OLD),
        (merged(""), OLD),
        (merged("kubeadm.k8s.io/v1beta3"), OLD),
        (merged("kubeadm.k8s.io/v1beta3", "kubeadm.k8s.io/v1beta4"), NEW),
        (merged("kubelet.config.k8s.io/v1beta1", kind="KubeletConfiguration"), OLD),
        (json_patch("v1beta3"), OLD),
        ("kubeadmConfigPatches: ['[']\n", OLD),
    ],
)
def test_a_patch_that_fits_or_has_another_that_fits_is_not(text, version):
    assert idle_patches(text, version) == ()
