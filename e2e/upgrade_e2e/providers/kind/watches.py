"""Whether kubelets and kube-proxies hear of changes again after their API server was away.

A watch that broke is opened again after a back-off of up to 30 s with a jitter of 1.0 (client-go's
reflector), so for up to a minute after the API server is back a node still works on old news: it
starts no new pods, and its kube-proxy sends requests to pods that are gone. A drain in that time
hurts more than it must. So each node is given news, and asked whether it has heard:

- a kubelet by an annotation on a pod of its node, which its own list of pods then shows;
- a kube-proxy by a Service that comes and goes, which its counter of changes then counts.
"""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import TRANSIENT_API_ERRORS, Cluster, Node
from upgrade_e2e.cluster.asking import ask, items
from upgrade_e2e.errors import CommandFailed, DeadlinePassed
from upgrade_e2e.providers.kind.delivery import runner_of
from upgrade_e2e.upgrade import Marks, Step
from upgrade_e2e.wait import Deadline, wait_for

__all__ = ["HEARD_WITHIN_S", "WAIT_FOR_WATCHES", "Deaf", "wait_for_watches", "wait_until_heard"]

WAIT_FOR_WATCHES = "wait-for-watches"
HEARD_WITHIN_S = 90.0
"""Own choice: the longest back-off of a watch (60 s) and half of it again."""
ANNOTATION = "upgrade-e2e/news"
_NAME, _NAMESPACE = "upgrade-e2e-news", "kube-system"
_SERVICES = f"/api/v1/namespaces/{_NAMESPACE}/services"
_ASK_S = 10.0
_METRICS = ("curl", "--silent", "--fail", "--max-time", "5", "http://127.0.0.1:10249/metrics")
_CHANGES = re.compile(r"^kubeproxy_sync_proxy_rules_service_changes_total (\S+)$", re.MULTILINE)
_NOT_FOUND = 404
TRANSIENT: tuple[type[Exception], ...] = (CommandFailed, *TRANSIENT_API_ERRORS)


@dataclass(frozen=True)
class Deaf:
    """The nodes whose kubelet or kube-proxy has not heard; none are left when all have."""

    kubelets: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """All have heard."""
        return not (self.kubelets or self.proxies)

    def __str__(self) -> str:
        parts = [f"the kubelet of {name}" for name in self.kubelets]
        parts += [f"the kube-proxy of {name}" for name in self.proxies]
        return ", ".join(parts) or "nobody"


@dataclass
class _News:
    """Something new for every node, and who has heard of it.

    `counted` has the changes that each node's kube-proxy had counted before; a node without
    metrics that can be read is not asked about its kube-proxy.
    """

    cluster: Cluster
    word: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    counted: dict[str, float] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)

    def spread(self) -> None:
        """Annotate a pod of each node and make the Service."""
        self.counted = {
            node.name: count for node in self.cluster.nodes if (count := _changes(node)) is not None
        }
        pods = items(self.cluster, "/api/v1/pods", HEARD_WITHIN_S)
        for node, pod in pods_to_annotate(pods).items():
            annotate = functools.partial(self._annotate, pod)
            ask(f"an annotation on {pod}", annotate, HEARD_WITHIN_S)
            self.told.add(node)
        ask("a new Service", lambda: self.cluster.api.apply(_service()), HEARD_WITHIN_S)

    def deaf(self) -> Deaf:
        """Who has not heard by now."""
        kubelets = [name for name in sorted(self.told) if not self._kubelet_knows(name)]
        asked = [node for node in self.cluster.nodes if node.name in self.counted]
        proxies = [node.name for node in asked if not self._proxy_counted(node)]
        return Deaf(tuple(kubelets), tuple(proxies))

    def withdraw(self) -> None:
        """Delete the Service; the annotations go with their pods."""
        ask("the Service again", self._delete, HEARD_WITHIN_S)

    def _annotate(self, path: str) -> None:
        self.cluster.api.request(
            "PATCH",
            path,
            body={"metadata": {"annotations": {ANNOTATION: self.word}}},
            content_type="application/merge-patch+json",
            timeout_s=_ASK_S,
        )

    def _kubelet_knows(self, node: str) -> bool:
        shown = self.cluster.api.get_json(f"/api/v1/nodes/{node}/proxy/pods", timeout_s=_ASK_S)
        return any(_news_of(pod) == self.word for pod in shown.get("items") or ())

    def _proxy_counted(self, node: Node) -> bool:
        """Whether it counted a change since; one that was started again has read all there is."""
        count = _changes(node)
        return count is not None and count != self.counted[node.name]

    def _delete(self) -> None:
        try:
            self.cluster.api.request("DELETE", f"{_SERVICES}/{_NAME}", timeout_s=_ASK_S)
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise


def wait_for_watches(step: Step, cluster: Cluster, marks: Marks) -> None:
    """Wait before a drain; a node that stays deaf holds it up no longer, and is named."""
    deaf = wait_until_heard(cluster, min(HEARD_WITHIN_S, step.timeout_s))
    if not deaf.none:
        marks.say(f"{step.name}: {deaf} had not heard from the API server yet.")


def wait_until_heard(cluster: Cluster, within_s: float = HEARD_WITHIN_S) -> Deaf:
    """Wait until every kubelet and kube-proxy has heard of something new; returns who has not.

    That is nobody, unless `within_s` was too short: then the upgrade goes on, as it would without
    this. Raises DeadlinePassed when the API server itself does not answer.
    """
    news = _News(cluster)
    last: list[Deaf] = []

    def deaf() -> Deaf:
        last[:] = [news.deaf()]
        return last[0]

    news.spread()
    try:
        return wait_for(
            "news from the API server on every node",
            deaf,
            lambda seen: seen.none,
            Deadline(within_s, every_s=0.5),
            transient=TRANSIENT,
        )
    except DeadlinePassed:
        if not last:
            raise
        return last[0]
    finally:
        news.withdraw()


def pods_to_annotate(pods: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The address of one running pod per node, by node: of a DaemonSet, ours if there is one.

    A pod of a DaemonSet is there as long as its node is, and a drain leaves it alone.
    """
    chosen: dict[str, str] = {}
    for pod in sorted(pods, key=lambda pod: not _is_ours(pod)):
        meta, node = pod["metadata"], pod["spec"].get("nodeName", "")
        owners = [owner["kind"] for owner in meta.get("ownerReferences") or ()]
        running = (pod.get("status") or {}).get("phase") == "Running"
        if node and running and "DaemonSet" in owners and not meta.get("deletionTimestamp"):
            path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
            chosen.setdefault(node, path)
    return chosen


def _is_ours(pod: Mapping[str, Any]) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return bool(labels.get("app.kubernetes.io/managed-by") == "upgrade-e2e")


def _news_of(pod: Mapping[str, Any]) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(ANNOTATION, ""))


def _changes(node: Node) -> float | None:
    """How many changes of Services the kube-proxy of a node has counted; None if it shows none."""
    done = runner_of(node).run(*_METRICS, timeout_s=15, check=False)
    match = _CHANGES.search(done.stdout) if done.returncode == 0 else None
    return float(match[1]) if match else None


def _service() -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": _NAME,
            "namespace": _NAMESPACE,
            "labels": {"app.kubernetes.io/managed-by": "upgrade-e2e"},
        },
        "spec": {"ports": [{"name": "none", "port": 9, "protocol": "TCP"}]},
    }
