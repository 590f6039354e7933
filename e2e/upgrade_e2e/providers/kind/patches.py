"""The folders of kubeadm's patches, which must be on the nodes."""

from __future__ import annotations

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.providers.kind.procedure import UpgradeConfig

__all__ = ["require_patches"]


def require_patches(own: UpgradeConfig, cluster: Cluster) -> None:
    """Refuse, with BadInput, a folder of patches that a node lacks, before the node is upgraded.

    `apply` runs on the first control plane, `node` on every other node.
    """
    first, *others = (*cluster.control_planes, *cluster.workers)
    for command, nodes in (("apply", [first]), ("node", others)):
        folder = own.patches(command)
        for node in nodes if folder else ():
            there = runner_of(node).run("test", "-d", folder, timeout_s=30, check=False)
            if there.returncode != 0:
                raise BadInput(
                    f"{folder} is not on {node.name}, where {command} of {own.file} takes its "
                    "patches from; mount it with extraMounts in --kind-config, or make it with "
                    "--after-create."
                )
