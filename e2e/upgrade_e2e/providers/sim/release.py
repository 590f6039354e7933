"""The images of a simulated release, as the simulator runs them (its own release.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from upgrade_e2e.version import KubeVersion

__all__ = ["STATIC_PODS", "ReleaseImages", "images_of"]

STATIC_PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
"""In the order in which kubeadm replaces them."""

_REGISTRY = "registry.k8s.io"

_BY_MINOR: Mapping[int, tuple[str, str, str]] = {
    31: ("3.5.24-0", "v1.11.3", "3.10"),
    32: ("3.5.24-0", "v1.11.3", "3.10"),
    33: ("3.5.24-0", "v1.12.0", "3.10"),
    34: ("3.6.5-0", "v1.12.1", "3.10.1"),
    35: ("3.6.6-0", "v1.13.1", "3.10.1"),
}
"""Minor of v1 -> tags of etcd, CoreDNS and pause; other minors get the nearest known ones."""


@dataclass(frozen=True)
class ReleaseImages:
    """The tags of everything that an upgrade replaces."""

    version: KubeVersion
    etcd: str
    coredns: str
    pause: str

    def tag(self, component: str) -> str:
        """The tag of `kube-proxy`, `etcd`, `coredns`, ..."""
        special = {"etcd": self.etcd, "coredns": self.coredns, "pause": self.pause}
        return special.get(component, str(self.version))

    def image(self, component: str) -> str:
        """The whole image name."""
        path = "coredns/coredns" if component == "coredns" else component
        return f"{_REGISTRY}/{path}:{self.tag(component)}"


def images_of(version: KubeVersion) -> ReleaseImages:
    """The images of a release."""
    minor = min(max(version.minor, min(_BY_MINOR)), max(_BY_MINOR))
    return ReleaseImages(version, *_BY_MINOR[minor])
