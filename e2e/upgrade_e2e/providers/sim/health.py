"""Waiting until parts of the cluster are as they should be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.providers.sim.asking import TRANSIENT, condition, full_name
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["Health"]

T = TypeVar("T")
_APPS = "/apis/apps/v1/namespaces/kube-system"
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
            return found["status"]["nodeInfo"]["kubeletVersion"], condition(found, "Ready")

        what = f"{node} Ready at exactly {version}"
        self._wait(what, look, lambda seen: seen == (version, True), within_s)

    def static_pod_ready(self, short: str, component: str, image: str, within_s: float) -> None:
        """Wait until the API shows a Ready static pod of this image."""
        name = f"{component}-{full_name(self.cluster, short)}"
        path = f"/api/v1/namespaces/kube-system/pods/{name}"

        def look() -> tuple[str, bool]:
            pod = self.cluster.api.get_json(path)
            return pod["spec"]["containers"][0]["image"], condition(pod, "Ready")

        what = f"{component} on {short} ready at {image}"
        self._wait(what, look, lambda seen: seen == (image, True), within_s)

    def addons_rolled(self, images: Mapping[str, str], within_s: float) -> None:
        """Wait until CoreDNS and kube-proxy run `images` everywhere."""
        wanted = ((images["coredns"], True), (images["kube-proxy"], True))
        self._wait(
            "CoreDNS and kube-proxy rolled to their images",
            lambda: (self._coredns(), self._kube_proxy()),
            lambda seen: seen == wanted,
            within_s,
        )

    def whole(self, within_s: float) -> None:
        """Wait until all nodes are Ready and the addons are whole, at whatever version."""
        self._wait(
            "all nodes Ready, CoreDNS and kube-proxy whole",
            lambda: (self._nodes_ready(), self._coredns()[1], self._kube_proxy()[1]),
            all,
            within_s,
        )

    def check(self, within_s: float) -> None:
        """Between nodes: all Ready, one kube-proxy ready on each."""
        self._wait(
            "all nodes Ready and one kube-proxy ready on each",
            lambda: (self._nodes_ready(), self._kube_proxy()[1]),
            all,
            within_s,
        )

    def _wait(
        self, what: str, look: Callable[[], T], ready: Callable[[T], bool], within_s: float
    ) -> None:
        def observe() -> T:
            self.require_alive()
            return look()

        wait_for(what, observe, ready, Deadline(within_s, _POLL_S), transient=TRANSIENT)

    def _nodes_ready(self) -> bool:
        found = self.cluster.api.get_json("/api/v1/nodes")["items"]
        ready = all(condition(node, "Ready") for node in found)
        return len(found) == len(self.cluster.nodes) and ready

    def _coredns(self) -> tuple[str, bool]:
        found = self.cluster.api.get_json(f"{_APPS}/deployments/coredns")
        status, wanted = found["status"], found["spec"]["replicas"]
        keys = ("replicas", "updatedReplicas", "availableReplicas")
        whole = all(status.get(key, 0) == wanted for key in keys)
        return _image(found), _observed(found) and whole

    def _kube_proxy(self) -> tuple[str, bool]:
        found = self.cluster.api.get_json(f"{_APPS}/daemonsets/kube-proxy")
        keys = ("desiredNumberScheduled", "updatedNumberScheduled", "numberReady")
        counts = [found["status"].get(key, 0) for key in keys]
        whole = counts == [len(self.cluster.nodes)] * len(keys)
        return _image(found), _observed(found) and whole


def _image(workload: Mapping[str, Any]) -> str:
    return str(workload["spec"]["template"]["spec"]["containers"][0]["image"])


def _observed(workload: Mapping[str, Any]) -> bool:
    seen = workload["status"].get("observedGeneration", 0)
    return bool(seen >= workload["metadata"]["generation"])
