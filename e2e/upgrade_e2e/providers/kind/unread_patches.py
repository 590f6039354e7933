"""Patches of kubeadm's configuration that are applied, and that no node reads.

kind writes the same five documents onto every node. kubeadm initializes the first control plane,
and reads there all but the JoinConfiguration; every other node joins, by its JoinConfiguration
alone: what is for the whole cluster comes from the first control plane.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from upgrade_e2e.cluster import Role
from upgrade_e2e.providers.kind.numbering import short_names
from upgrade_e2e.providers.kind.own_patches import KUBEADM_GROUP, mappings_in, merge_patches_of

__all__ = ["patches_of", "patches_without_reader"]

_INIT, _JOIN, _PROXY = "InitConfiguration", "JoinConfiguration", "KubeProxyConfiguration"
_OF_CLUSTER = ("ClusterConfiguration", "KubeletConfiguration", _PROXY)
_WRITTEN = (*_OF_CLUSTER, _INIT, _JOIN)
_APIS = {
    "KubeletConfiguration": "kubelet.config.k8s.io/v1beta1",
    _PROXY: "kubeproxy.config.k8s.io/v1alpha1",
}
"""What kind writes for components; for kubeadm's own documents see `written_api`."""
_FIRST = Role.CONTROL_PLANE.value


def patches_without_reader(text: str) -> Sequence[str]:
    """The patches that no node reads, each with the reason.

    `text` is a kind configuration that has been checked. A patch for the wrong nodes counts only
    where the right one is missing: many files give all nodes the same list.
    """
    config = next(mappings_in(text), {})
    return tuple(dict.fromkeys((*_unknown(config), *_misplaced(config))))


def patches_of(config: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The merge patches of each node alone, by its short name, in their order."""
    nodes = config.get("nodes") or [{}]
    names = short_names(node.get("role") or _FIRST for node in nodes)
    for name, node in zip(names, nodes, strict=True):
        yield name, list(merge_patches_of(node))


def _unknown(config: Mapping[str, Any]) -> Iterator[str]:
    """Those for a document that kind does not write."""
    networking = config.get("networking") or {}
    without_proxy = networking.get("kubeProxyMode") == "none"
    for kind, api in _targets(config):
        wanted = _APIS.get(kind, KUBEADM_GROUP)
        if not kind:
            yield "a patch without `kind` (kind applies each to the document of its kind)"
        elif kind not in _WRITTEN:
            yield f"{kind} (kind writes {', '.join(_WRITTEN)} and no other)"
        elif kind == _PROXY and without_proxy:
            yield f"{kind} (kubeProxyMode is none)"
        elif api and api != wanted and api.partition("/")[0] != wanted:
            yield f"{kind} of {api} (kind writes that of {wanted})"


def _targets(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and API version of what each patch is for; empty where it does not say."""
    for of in (config, *(config.get("nodes") or ())):
        for patch in merge_patches_of(of):
            yield str(patch.get("kind") or ""), str(patch.get("apiVersion") or "")
        for patch in of.get("kubeadmConfigPatchesJSON6902") or ():
            if isinstance(patch, Mapping):
                api = f"{patch.get('group')}/{patch.get('version')}"
                yield str(patch.get("kind") or ""), api


def _misplaced(config: Mapping[str, Any]) -> Iterator[str]:
    of_nodes = dict(patches_of(config))
    read = [*merge_patches_of(config), *of_nodes.get(_FIRST, ())]
    for name, patches in of_nodes.items():
        right, wrong = (_INIT, _JOIN) if name == _FIRST else (_JOIN, _INIT)
        kinds = [patch.get("kind") for patch in patches]
        if wrong in kinds and right not in kinds:
            how = "is initialized" if name == _FIRST else "joins"
            yield f"{wrong} of {name} (it {how}, by its {right})"
        for patch in patches if name != _FIRST else ():
            kind = patch.get("kind")
            if kind in _OF_CLUSTER and patch not in read:
                yield f"{kind} of {name} (kubeadm reads that of {_FIRST} for all nodes)"
