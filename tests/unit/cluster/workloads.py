"""Workloads of kube-system as people have them: kubeadm's, those of Helm, of a CNI, of a mirror."""

from __future__ import annotations

from typing import Any

from tests.unit.cluster.objects import Object, daemon_set, deployment

ANYWHERE = [{"operator": "Exists"}]


def workload(
    made: Object, name: str, image: str, labels: dict[str, str], **template: Any
) -> Object:
    """A workload under another name, with other labels, image and parts of its pod template."""
    container = {"name": template.pop("container", name), "image": image}
    container |= {"command": template.pop("command")} if "command" in template else {}
    return {
        **made,
        "metadata": {**made["metadata"], "name": name, "namespace": "kube-system"},
        "spec": {
            **made["spec"],
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], **template},
            },
        },
    }


def proxy(
    name: str = "kube-proxy",
    image: str = "registry.k8s.io/kube-proxy:v1.33.13",
    **template: Any,
) -> Object:
    """A DaemonSet that is kube-proxy, on two nodes."""
    usual = {"tolerations": ANYWHERE, "nodeSelector": {"kubernetes.io/os": "linux"}}
    label = {"k8s-app": "kube-proxy"} if name == "kube-proxy" else {"app": name}
    return workload(
        daemon_set(), name, image, label, **{"container": "kube-proxy", **usual, **template}
    )


def dns(
    name: str = "coredns",
    image: str = "registry.k8s.io/coredns/coredns:v1.12.0",
    replicas: int = 2,
    **template: Any,
) -> Object:
    """A Deployment that is CoreDNS."""
    label = {"k8s-app": "kube-dns"} if name == "coredns" else {"app": name}
    made = deployment(replicas=replicas)
    return workload(made, name, image, label, **{"container": "coredns", **template})
