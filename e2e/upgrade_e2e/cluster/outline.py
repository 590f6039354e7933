"""The outline of a cluster that a kubeconfig points to: its version and its nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upgrade_e2e.cluster.api import TRANSIENT_API_ERRORS, Api, current_context
from upgrade_e2e.cluster.nodes import kubelet_version
from upgrade_e2e.errors import BadInput
from upgrade_e2e.version import KubeVersion

__all__ = ["ClusterOutline", "outline_of", "read_outline"]

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_ASK_S = 10.0


@dataclass(frozen=True)
class ClusterOutline:
    """What can be seen of a cluster from outside.

    `api` is the version of its API server, `kubelets` are those of its nodes. A managed cluster
    shows no `control_planes`. `context` is the name of the kubeconfig's context.
    """

    context: str

    api: KubeVersion
    kubelets: frozenset[KubeVersion]
    control_planes: int
    workers: int

    @property
    def kind_cluster(self) -> str:
        """The name of the kind cluster that this is; empty if it is none."""
        name = self.context.removeprefix("kind-")
        return "" if name == self.context else name


def read_outline(kubeconfig: Path) -> ClusterOutline:
    """Ask the cluster of the kubeconfig's current context; changes nothing.

    Raises BadInput when it does not answer.
    """
    api, context = Api.from_kubeconfig(kubeconfig), current_context(kubeconfig)
    try:
        version = api.get_json("/version", timeout_s=_ASK_S)
        nodes = api.get_json("/api/v1/nodes", timeout_s=_ASK_S)["items"]
    except TRANSIENT_API_ERRORS as error:
        raise BadInput(
            f"the cluster of {kubeconfig} does not answer ({type(error).__name__}); see whether "
            "`kubectl get nodes` does."
        ) from error
    return outline_of(context, version["gitVersion"], nodes)


def outline_of(
    context: str, git_version: str, nodes: Iterable[Mapping[str, Any]]
) -> ClusterOutline:
    """The outline that these answers of an API server make."""
    shown = list(nodes)
    controls = sum(_CONTROL_PLANE in (node["metadata"].get("labels") or {}) for node in shown)
    return ClusterOutline(
        context=context,
        api=KubeVersion.parse(git_version),
        kubelets=frozenset(KubeVersion.parse(kubelet_version(node)) for node in shown),
        control_planes=controls,
        workers=len(shown) - controls,
    )
