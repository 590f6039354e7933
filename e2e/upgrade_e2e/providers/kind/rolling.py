"""CoreDNS and kube-proxy in an upgrade: as they were before it, and until they are rolled."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.addons import Addon, read_addons
from upgrade_e2e.cluster.asking import ask
from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.errors import Blocked
from upgrade_e2e.providers.kind.configuration import target_images
from upgrade_e2e.providers.kind.health import roll_addons
from upgrade_e2e.providers.kind.kubeadm_output import KeptCoreDns
from upgrade_e2e.upgrade.expected import appeared_addons, rolled_addons, sentences_about

__all__ = ["AddonsBefore", "Rolling", "roll"]


@dataclass
class AddonsBefore:
    """The addons of a cluster as they were when its upgrade began, read once."""

    _found: tuple[Addon, ...] | None = None

    def of(self, cluster: Cluster) -> tuple[Addon, ...]:
        """What was found; the first call reads it, which must come before anything is upgraded."""
        if self._found is None:
            self._found = ask("CoreDNS and kube-proxy", lambda: read_addons(cluster))
        return self._found


@dataclass(frozen=True)
class Rolling:
    """What is known before the addons are waited for.

    `left_alone` are components that the user's procedure skips; `kept` is what kubeadm has said.
    """

    before: tuple[Addon, ...]
    left_alone: Collection[str]
    kept: KeptCoreDns


def roll(
    cluster: Cluster, version: str, known: Rolling, write: Callable[[str], None], within_s: float
) -> None:
    """Wait until the addons that kubeadm rolls in this cluster run their new images everywhere.

    `write` gets a line about each addon, and about each that appeared. Raises Blocked at once when
    kubeadm kept CoreDNS, as it does when its Corefile cannot be migrated and the user ignores that
    error.
    """
    wanted = target_images(cluster, version)
    images = {name: image for name, image in wanted.items() if name not in known.left_alone}
    rolled = rolled_addons(known.before, images)
    now = ask("CoreDNS and kube-proxy", lambda: read_addons(cluster))
    for line in (*sentences_about(known.before, rolled), *appeared_addons(known.before, now)):
        write(line)
    kept = [one.image for one in now if one.is_kubeadms and one.component == "coredns"]
    if known.kept.why and kept and "coredns" in rolled:
        raise Blocked(_kept(kept[0], rolled["coredns"], known.kept.why))
    roll_addons(cluster, rolled, within_s)


def _kept(found: str, wanted: str, why: str) -> str:
    versions = [ImageName.parse(image).version for image in (found, wanted)]
    return (
        f"CoreDNS was kept at {versions[0]}, not rolled to {versions[1]}, because kubeadm did not "
        f"migrate its Corefile: {why}. Change the Corefile, or skip the phase addon/coredns and "
        "upgrade CoreDNS yourself."
    )
