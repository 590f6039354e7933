"""The files that kind and kubeadm read: cluster configuration and UpgradeConfiguration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from upgrade_e2e.providers.kind.kind_config import API_VERSION
from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = [
    "FAIL_CGROUP_V1_SINCE",
    "FAST_API_SERVER",
    "IGNORED_PREFLIGHT",
    "UPGRADE_API",
    "UPGRADE_KIND",
    "additions",
    "cluster_config",
    "ignored_with",
    "upgrade_config",
]

FAIL_CGROUP_V1_SINCE = MinorVersion(1, 35)
"""From this minor on, the kubelet refuses to run on cgroup v1 unless failCgroupV1 is false
(kubernetes/enhancements KEP-5573)."""

FAST_API_SERVER: Mapping[str, str] = {
    "request-timeout": "5s",
    "shutdown-watch-termination-grace-period": "2s",
}
"""The API server flags of `fast_control_plane`. The kubelet waits for requests that an API server
without etcd lets hang, and for watches that the API server keeps open while it shuts down."""

IGNORED_PREFLIGHT: Mapping[str, str] = {
    "Swap": "nodes are containers and see the swap of the host; kind sets failSwapOn to false",
    "SystemVerification": "it looks for the kernel's configuration, which a container lacks",
    "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables": "the file is the host's",
}
"""Preflight errors of kubeadm that are ignored on kind nodes, each with the reason."""

_KUBEADM = "kubeadm.k8s.io"
UPGRADE_API, UPGRADE_KIND = f"{_KUBEADM}/v1beta4", "UpgradeConfiguration"


def cluster_config(
    image: str, control_planes: int, workers: int, more: Mapping[str, Sequence[Any]]
) -> str:
    """The configuration for `kind create cluster`, as YAML, with `more` keys (see `additions`)."""
    roles = ["control-plane"] * control_planes + ["worker"] * workers
    config: dict[str, Any] = {
        "kind": "Cluster",
        "apiVersion": API_VERSION,
        "nodes": [{"role": role, "image": image} for role in roles],
        **more,
    }
    return yaml.safe_dump(config, sort_keys=False)


def additions(
    *, api_server_flags: Mapping[str, str], allow_cgroup_v1: bool
) -> dict[str, Sequence[Any]]:
    """What choices put into the lists of a cluster's configuration, by the key of the list."""
    more: dict[str, Sequence[Any]] = {}
    if api_server_flags:
        more["kubeadmConfigPatchesJSON6902"] = _flag_patches(api_server_flags)
    if allow_cgroup_v1:
        kubelet = {
            "kind": "KubeletConfiguration",
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "failCgroupV1": False,
        }
        more["kubeadmConfigPatches"] = [yaml.safe_dump(kubelet)]
    return more


def _flag_patches(flags: Mapping[str, str]) -> list[dict[str, str]]:
    """The same flags for both forms; kind applies a patch only where group and version match.

    v1beta3, which kind writes below 1.36, has extraArgs as a map; v1beta4 has a list.
    """
    as_map = [
        {"op": "add", "path": f"/apiServer/extraArgs/{name}", "value": value}
        for name, value in flags.items()
    ]
    as_list = [
        {"op": "add", "path": "/apiServer/extraArgs/-", "value": {"name": name, "value": value}}
        for name, value in flags.items()
    ]
    return [
        {
            "group": _KUBEADM,
            "version": version,
            "kind": "ClusterConfiguration",
            "patch": json.dumps(patch),
        }
        for version, patch in (("v1beta3", as_map), ("v1beta4", as_list))
    ]


def upgrade_config(target: KubeVersion) -> str:
    """A fresh v1beta4 UpgradeConfiguration for one hop, as YAML.

    kind's own /kind/kubeadm.conf is v1beta3 below 1.36 and describes a cluster to be made.
    """
    ignored = list(IGNORED_PREFLIGHT)
    document = {
        "apiVersion": UPGRADE_API,
        "kind": UPGRADE_KIND,
        "apply": {"kubernetesVersion": str(target), "ignorePreflightErrors": ignored},
        "node": {"ignorePreflightErrors": ignored},
        "plan": {"kubernetesVersion": str(target), "ignorePreflightErrors": ignored},
    }
    return yaml.safe_dump(document, sort_keys=False)


def ignored_with(own: Iterable[str]) -> tuple[str, ...]:
    """The user's ignored preflight errors and kind's, each once.

    Kubeadm ignores case in them, and refuses `all` next to other words.
    """
    given = tuple(own)
    if any(word.lower() == "all" for word in given):
        return ("all",)
    known = {word.lower() for word in given}
    return (*given, *(word for word in IGNORED_PREFLIGHT if word.lower() not in known))
