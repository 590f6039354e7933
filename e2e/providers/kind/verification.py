"""Success is a state that is read back: the step `verify`."""

from __future__ import annotations

from e2e.cluster import TRANSIENT_API_ERRORS, Cluster
from e2e.errors import CommandFailed, DeadlinePassed
from e2e.providers.kind.inspection import Target, inspect
from e2e.upgrade import Inventory
from e2e.wait import Deadline, wait_for

__all__ = ["complaints", "verify"]


def verify(cluster: Cluster, target: Target, within_s: float) -> None:
    """Wait until nothing is left to complain of; raises DeadlinePassed with the complaints."""
    wait_for(
        f"every part of the cluster at {target.version}",
        lambda: complaints(inspect(cluster, target)),
        lambda left: not left,
        Deadline(within_s, every_s=2.0),
        transient=(CommandFailed, DeadlinePassed, *TRANSIENT_API_ERRORS),
    )


def complaints(found: Inventory) -> tuple[str, ...]:
    """What keeps the upgrade from being a success, a sentence each."""
    left = [f"{p.name} on {p.node} is {p.found}, not {p.wanted}" for p in found.behind]
    left += [f"pod {pod}" for pod in found.stuck_pods]
    left += found.missing_workloads
    if not found.nothing_left_to_do:
        left.append("kubeadm still finds something to upgrade")
    if not found.old_kubeconfig_works:
        left.append("the kubeconfig from before the upgrade no longer works")
    days = found.certificates_expire_in_d
    if days is not None and days <= 0:
        left.append("a certificate of the control plane has expired")
    return tuple(left)
