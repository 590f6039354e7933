"""Waiting until parts of the cluster are as they should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.nodes import (
    NodeHealth,
    is_node_ready,
    kubelet_version,
    node_health,
    node_of,
)
from upgrade_e2e.cluster.pods import is_ready
from upgrade_e2e.cluster.rollout import Rollout, addon_rollouts, are_at
from upgrade_e2e.providers.sim.asking import TRANSIENT
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Health"]

T = TypeVar("T")
_POLL_S = 0.1


@dataclass(frozen=True)
class Health:
    """Waits for one cluster; `require_alive` raises when there is no simulator any more."""

    cluster: Cluster
    require_alive: Callable[[], None]

    def node_ready(self, node: str, version: str, within_s: float) -> None:
        """Wait until a node is Ready at exactly this version."""

        def look() -> tuple[str, bool]:
            found = self.cluster.api.get_json(f"/api/v1/nodes/{node}")
            return kubelet_version(found), is_node_ready(found)

        what = f"{node} Ready at exactly {version}"
        self._wait(what, look, lambda seen: seen == (version, True), within_s)

    def static_pod_ready(self, short: str, component: str, image: str, within_s: float) -> None:
        """Wait until the API shows a Ready static pod of this image."""
        name = f"{component}-{node_of(self.cluster, short).name}"
        path = f"/api/v1/namespaces/kube-system/pods/{name}"

        def look() -> tuple[str, bool]:
            pod = self.cluster.api.get_json(path)
            return pod["spec"]["containers"][0]["image"], is_ready(pod)

        what = f"{component} on {short} ready at {image}"
        self._wait(what, look, lambda seen: seen == (image, True), within_s)

    def addons_rolled(self, images: Mapping[str, str], within_s: float) -> None:
        """Wait until CoreDNS and kube-proxy run `images` everywhere."""
        self._wait(
            "CoreDNS and kube-proxy rolled to their images",
            lambda: addon_rollouts(self.cluster),
            lambda seen: are_at(seen, images),
            within_s,
        )

    def whole(self, within_s: float) -> None:
        """Wait until all nodes are Ready and the addons are whole, at whatever version."""

        def look() -> tuple[NodeHealth, dict[str, Rollout]]:
            return node_health(self.cluster), addon_rollouts(self.cluster)

        self._wait(
            "all nodes Ready, CoreDNS and kube-proxy whole",
            look,
            lambda seen: seen[0].is_good and all(one.is_whole for one in seen[1].values()),
            within_s,
        )

    def check(self, within_s: float) -> None:
        """Between nodes: all Ready, one kube-proxy ready on each."""
        self._wait(
            "all nodes Ready and one kube-proxy ready on each",
            lambda: node_health(self.cluster),
            lambda seen: seen.is_good,
            within_s,
        )

    def _wait(
        self, what: str, look: Callable[[], T], ready: Callable[[T], bool], within_s: float
    ) -> None:
        def observe() -> T:
            self.require_alive()
            return look()

        wait_for(what, observe, ready, Deadline(within_s, _POLL_S), transient=TRANSIENT)
