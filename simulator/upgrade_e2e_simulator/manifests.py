"""What kubeadm puts into a cluster: static pods, CoreDNS, kube-proxy, their Services and config."""

from __future__ import annotations

from typing import Any

from upgrade_e2e_simulator.network import ClusterNetwork
from upgrade_e2e_simulator.release import ReleaseImages
from upgrade_e2e_simulator.store import Object

__all__ = ["STATIC_PODS", "addons", "static_pod"]

STATIC_PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""In the order in which kubeadm replaces them."""
_SYSTEM = "kube-system"
_DNS_PORT = 1053
"""Where CoreDNS listens: above 1023, so that no privilege is needed. Clients ask port 53."""
_COREFILE = """\
.:1053 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    cache 30
    loop
    reload
    loadbalance
}
"""


def static_pod(component: str, images: ReleaseImages) -> Object:
    """The manifest of one static pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": component,
            "labels": {"component": component, "tier": "control-plane"},
        },
        "spec": {
            "hostNetwork": True,
            "priorityClassName": "system-node-critical",
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [
                {"name": component, "image": images.image(component), "command": [component]}
            ],
        },
    }


def addons(network: ClusterNetwork, images: ReleaseImages) -> list[tuple[str, Object]]:
    """Resource name and object of everything that is applied once the API serves."""
    return [
        ("services", _api_service(network)),
        ("endpointslices.discovery.k8s.io", _api_slice(network)),
        *(("serviceaccounts", _named(name)) for name in ("coredns", "kube-proxy")),
        ("configmaps", {**_named("coredns"), "data": {"Corefile": _COREFILE}}),
        ("configmaps", _kubeadm_config(network, images)),
        ("services", _dns_service(network)),
        ("deployments.apps", coredns(images)),
        ("daemonsets.apps", kube_proxy(images)),
    ]


def _named(name: str, namespace: str = _SYSTEM, **labels: str) -> Object:
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}}


def _api_service(network: ClusterNetwork) -> Object:
    labels = {"component": "apiserver", "provider": "kubernetes"}
    return {
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
        "spec": {
            "clusterIP": network.api_address,
            "ports": [{"name": "https", "port": 443, "targetPort": 6443}],
        },
    }


def _api_slice(network: ClusterNetwork) -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [
            {
                "addresses": [network.node(0)],
                "conditions": {"ready": True, "serving": True, "terminating": False},
            }
        ],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
    }


def _dns_service(network: ClusterNetwork) -> Object:
    labels = {
        "k8s-app": "kube-dns",
        "kubernetes.io/cluster-service": "true",
        "kubernetes.io/name": "CoreDNS",
    }
    return {
        "metadata": {"name": "kube-dns", "namespace": _SYSTEM, "labels": labels},
        "spec": {
            "clusterIP": network.dns_address,
            "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": _DNS_PORT},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": _DNS_PORT},
                {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
            ],
        },
    }


def coredns(images: ReleaseImages) -> Object:
    """The Deployment of the cluster DNS, with the settings that matter for a rollout."""
    labels = {"k8s-app": "kube-dns"}
    volume = {"name": "config-volume", "configMap": {"name": "coredns"}}
    pod: Object = {
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "tolerations": [
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
        ],
        "affinity": {"podAntiAffinity": _apart(labels)},
        "containers": [_coredns_container(images)],
        "volumes": [volume],
    }
    return {
        "metadata": {"name": "coredns", "namespace": _SYSTEM, "labels": labels},
        "spec": {
            "replicas": 2,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _apart(labels: dict[str, str]) -> Object:
    term = {
        "labelSelector": {"matchLabels": labels},
        "topologyKey": "kubernetes.io/hostname",
    }
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"preferredDuringSchedulingIgnoredDuringExecution": preferred}


def _coredns_container(images: ReleaseImages) -> Object:
    return {
        "name": "coredns",
        "image": images.image("coredns"),
        "args": ["-conf", "/etc/coredns/Corefile"],
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
        "ports": [
            {"name": "dns", "containerPort": _DNS_PORT, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": _DNS_PORT, "protocol": "TCP"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": 8080},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }


def kube_proxy(images: ReleaseImages) -> Object:
    """The DaemonSet of the service proxy."""
    labels = {"k8s-app": "kube-proxy"}
    pod: dict[str, Any] = {
        "hostNetwork": True,
        "priorityClassName": "system-node-critical",
        "serviceAccountName": "kube-proxy",
        "tolerations": [{"operator": "Exists"}],
        "containers": [
            {
                "name": "kube-proxy",
                "image": images.image("kube-proxy"),
                "securityContext": {"privileged": True},
            }
        ],
    }
    return {
        "metadata": {"name": "kube-proxy", "namespace": _SYSTEM, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _kubeadm_config(network: ClusterNetwork, images: ReleaseImages) -> Object:
    text = (
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
        f"kubernetesVersion: {images.version}\n"
        f"networking:\n  dnsDomain: cluster.local\n  serviceSubnet: {network.services}\n"
    )
    return {**_named("kubeadm-config"), "data": {"ClusterConfiguration": text}}
