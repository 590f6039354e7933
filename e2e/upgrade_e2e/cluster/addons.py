"""CoreDNS and kube-proxy as this cluster has them, under whichever name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.cluster.image_names import ImageName
from upgrade_e2e.cluster.rollout import Rollout

__all__ = ["Addon", "find_addons", "read_addons", "selects"]

_APPS = "/apis/apps/v1/namespaces/kube-system"
_OWN = {
    "kube-proxy": ("DaemonSet", "kube-proxy"),
    "coredns": ("Deployment", "coredns"),
}
_OS = "kubernetes.io/os"


@dataclass(frozen=True)
class Addon:
    """A workload of kube-system that is CoreDNS or kube-proxy.

    `component` is `coredns` or `kube-proxy`. `image` is that of the container `container`, which
    runs it. `selector` is the workload's LabelSelector. `everywhere` says that each node must have
    a pod of it: it is a DaemonSet that neither chooses among nodes nor minds a taint.
    """

    component: str
    kind: str
    name: str
    image: str
    container: str
    selector: Mapping[str, Any]
    everywhere: bool
    rollout: Rollout

    @property
    def workload(self) -> str:
        """`DaemonSet kube-proxy`."""
        return f"{self.kind} {self.name}"

    @property
    def is_kubeadms(self) -> bool:
        """Whether it is the workload that kubeadm writes, unless its configuration forbids it."""
        return _OWN[self.component] == (self.kind, self.name)

    @property
    def is_well(self) -> bool:
        """Whether it serves: kubeadm's own is rolled completely, one of another name is ready.

        How others roll theirs, such as pod by pod when they delete them, is their choice.
        """
        seen = self.rollout
        return seen.is_whole if self.is_kubeadms else seen.ready >= seen.wanted

    def pods_among(self, pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Those of the pods that are of this workload."""
        return [pod for pod in pods if selects(self.selector, pod["metadata"].get("labels") or {})]


def read_addons(cluster: Cluster) -> tuple[Addon, ...]:
    """The addons of the cluster, read once; raises one of TRANSIENT_API_ERRORS."""
    api = cluster.api
    return find_addons(
        api.get_json(f"{_APPS}/daemonsets")["items"],
        api.get_json(f"{_APPS}/deployments")["items"],
    )


def find_addons(
    daemon_sets: Iterable[Mapping[str, Any]], deployments: Iterable[Mapping[str, Any]]
) -> tuple[Addon, ...]:
    """The addons among these workloads: kube-proxy first, each kind sorted by name.

    A workload is one when kubeadm calls it so, or when a container of it runs the program or an
    image of that name: `rancher/hardened-coredns` is CoreDNS too.
    """
    shown = [("DaemonSet", one) for one in daemon_sets] + [
        ("Deployment", one) for one in deployments
    ]
    found = [addon for kind, one in shown for addon in _addons_of(kind, one)]
    order = tuple(_OWN)
    return tuple(sorted(found, key=lambda one: (order.index(one.component), one.kind, one.name)))


def _addons_of(kind: str, workload: Mapping[str, Any]) -> Iterator[Addon]:
    name = workload["metadata"]["name"]
    template = workload["spec"]["template"]["spec"]
    containers = template["containers"]
    for component, own in _OWN.items():
        named = containers[:1] if own == (kind, name) else []
        running = [one for one in containers if _runs(one, component)] or named
        if running:
            rollout = Rollout.of_daemon_set if kind == "DaemonSet" else Rollout.of_deployment
            yield Addon(
                component=component,
                kind=kind,
                name=name,
                image=running[0]["image"],
                container=running[0].get("name", ""),
                selector=workload["spec"].get("selector") or {},
                everywhere=kind == "DaemonSet" and _fits_every_node(template),
                rollout=rollout(workload),
            )


def _runs(container: Mapping[str, Any], component: str) -> bool:
    base = ImageName.parse(container["image"]).base
    program = str(next(iter(container.get("command") or ()), "")).rpartition("/")[2]
    return base == component or base.endswith(f"-{component}") or program == component


def _fits_every_node(template: Mapping[str, Any]) -> bool:
    """Whether pods of this template may be on every node; every node here runs Linux."""
    wanted = template.get("nodeSelector") or {}
    others = {key: value for key, value in wanted.items() if (key, value) != (_OS, "linux")}
    chosen = bool(others) or bool((template.get("affinity") or {}).get("nodeAffinity"))
    tolerations = template.get("tolerations") or ()
    return not chosen and any(
        one.get("operator") == "Exists" and not one.get("key") and not one.get("effect")
        for one in tolerations
    )


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector selects these labels; an empty one selects nothing here."""
    equal: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions: Sequence[Mapping[str, Any]] = selector.get("matchExpressions") or ()
    return (
        bool(equal or expressions)
        and all(labels.get(key) == value for key, value in equal.items())
        and all(_holds(expression, labels) for expression in expressions)
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:  # DoesNotExist: the API server accepts no other
            return value is None
