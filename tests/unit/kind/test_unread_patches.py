"""Patches that are applied on a node that does not read them are named."""

from __future__ import annotations

import pytest
import yaml

from upgrade_e2e.providers.kind.unread_patches import patches_without_reader

LABELS = {"nodeRegistration": {"kubeletExtraArgs": {"node-labels": "a=b"}}}

OF_SCHEDULER = {"group": "kubeadm.k8s.io", "version": "v1beta3", "kind": "Scheduler", "patch": ""}


def patch(kind, **more):
    return yaml.safe_dump({**({"kind": kind} if kind else {}), **more})


def config(control=(), worker=(), cluster=(), **networking):
    nodes = [
        {"role": role, "kubeadmConfigPatches": list(patches)}
        for role, patches in (("control-plane", control), ("worker", worker))
    ]
    made = {"nodes": nodes, "kubeadmConfigPatches": list(cluster), "networking": networking}
    return yaml.safe_dump(made)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            config(worker=[patch("InitConfiguration", **LABELS)]),
            "InitConfiguration of worker (it joins, by its JoinConfiguration)",
        ),
        (
            config(control=[patch("JoinConfiguration", **LABELS)]),
            "JoinConfiguration of control-plane (it is initialized, by its InitConfiguration)",
        ),
        (
            config(worker=[patch("KubeletConfiguration", maxPods=20)]),
            "KubeletConfiguration of worker (kubeadm reads that of control-plane for all nodes)",
        ),
        (
            config(cluster=[patch("KubeSchedulerConfiguration", parallelism=4)]),
            "KubeSchedulerConfiguration (kind writes ClusterConfiguration, KubeletConfiguration, "
            "KubeProxyConfiguration, InitConfiguration, JoinConfiguration and no other)",
        ),
        (
            config(cluster=[patch("KubeProxyConfiguration", mode="ipvs")], kubeProxyMode="none"),
            "KubeProxyConfiguration (kubeProxyMode is none)",
        ),
        (
            config(cluster=[patch("KubeletConfiguration", apiVersion="kubelet.config.k8s.io/v1")]),
            "KubeletConfiguration of kubelet.config.k8s.io/v1 (kind writes that of "
            "kubelet.config.k8s.io/v1beta1)",
        ),
        (
            config(cluster=[patch("ClusterConfiguration", apiVersion="kubeadm/v1beta3")]),
            "ClusterConfiguration of kubeadm/v1beta3 (kind writes that of kubeadm.k8s.io)",
        ),
        (
            yaml.safe_dump({"kubeadmConfigPatchesJSON6902": [OF_SCHEDULER]}),
            "Scheduler (kind writes ClusterConfiguration, KubeletConfiguration, "
            "KubeProxyConfiguration, InitConfiguration, JoinConfiguration and no other)",
        ),
        (
            config(cluster=[patch("", apiServer={})]),
            "a patch without `kind` (kind applies each to the document of its kind)",
        ),
    ],
)
def test_a_patch_that_no_node_reads_is_named_with_the_reason(text, said):
    assert patches_without_reader(text) == (said,)


BOTH = [patch("InitConfiguration", **LABELS), patch("JoinConfiguration", **LABELS)]
PROXY_API = "kubeproxy.config.k8s.io/v1alpha1"
PROXY = [patch("KubeProxyConfiguration", metricsBindAddress="0.0.0.0")]  # noqa: S104 - as written


@pytest.mark.parametrize(
    "text",
    [
        "kind: Cluster\n",
        config(control=[BOTH[0]], worker=[BOTH[1]]),
        config(control=BOTH, worker=BOTH),
        config(cluster=BOTH),
        config(control=PROXY, worker=PROXY),
        config(cluster=PROXY, worker=PROXY),
        config(cluster=[patch("KubeProxyConfiguration", apiVersion=PROXY_API)]),
        config(cluster=[patch("ClusterConfiguration", apiVersion="kubeadm.k8s.io/v1beta2")]),
        config(control=["["]),
    ],
)
def test_a_patch_that_is_read_on_one_node_may_be_on_others_too(text):
    assert patches_without_reader(text) == ()
