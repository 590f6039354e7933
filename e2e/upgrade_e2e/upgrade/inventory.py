"""What a cluster was found to be made of after the upgrade: facts read back, not expectations."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Component", "Inventory"]


@dataclass(frozen=True)
class Component:
    """One part of the cluster as it was found.

    `name` is `kubelet`, `kube-apiserver`, `etcd`, `coredns`, ...; `found` and `wanted` are
    versions or image tags in the same notation.
    """

    name: str
    node: str
    found: str
    wanted: str

    @property
    def where(self) -> str:
        """`etcd on worker`; only the name of a component that belongs to no node."""
        return f"{self.name} on {self.node}" if self.node else self.name

    @property
    def at_target(self) -> bool:
        """True when what was found is what was wanted."""
        return self.found == self.wanted


@dataclass(frozen=True)
class Inventory:
    """The state read back at the end of an upgrade.

    `stuck_pods` are pods that are neither running nor done, as `namespace/name: reason`.
    `missing_workloads` are those with fewer ready replicas than asked for, as sentences; `appeared`
    are the addons that the upgrade brought and that were not there before, as sentences.
    `nothing_left_to_do` says whether a second run of the upgrade found nothing to change, and
    `old_kubeconfig_works` whether the kubeconfig from before still reaches the API.
    `certificates_expire_in_d` is the shortest time to live of the control planes' certificates,
    in days; None where they cannot be read.
    """

    components: tuple[Component, ...]
    stuck_pods: tuple[str, ...] = ()
    missing_workloads: tuple[str, ...] = ()
    nothing_left_to_do: bool = False
    old_kubeconfig_works: bool = False
    certificates_expire_in_d: float | None = None
    appeared: tuple[str, ...] = ()

    @property
    def behind(self) -> tuple[Component, ...]:
        """The components that are not at the target."""
        return tuple(part for part in self.components if not part.at_target)

    @property
    def complaints(self) -> tuple[str, ...]:
        """What keeps the upgrade from being a success, one sentence per reason."""
        return (*self.unfinished, *self.unsettled, *self.appeared)

    @property
    def may_pass(self) -> tuple[str, ...]:
        """Those complaints that may go away by themselves; what appeared stays."""
        return (*self.unfinished, *self.unsettled)

    @property
    def unfinished(self) -> tuple[str, ...]:
        """What keeps the upgrade itself from being complete, one sentence per reason."""
        left = [f"{part.where} is {part.found}, not {part.wanted}" for part in self.behind]
        if not self.nothing_left_to_do:
            left.append("a second run of the upgrade still finds something to do")
        return tuple(left)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """What a complete upgrade may leave behind for a while, one sentence per item."""
        left = [f"pod {pod}" for pod in self.stuck_pods]
        left += self.missing_workloads
        if not self.old_kubeconfig_works:
            left.append("the kubeconfig from before the upgrade no longer works")
        days = self.certificates_expire_in_d
        if days is not None and days <= 0:
            left.append("a certificate of the control plane has expired")
        return tuple(left)
