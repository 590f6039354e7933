"""Which Go programs a Kubernetes version needs, and how each is built."""

from nodeimage.gobuild import GoProgram
from nodeimage.pins import KubernetesPins

NODE_COMMANDS = ("kubeadm", "kubectl", "kubelet")
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
COMMANDS = (*CONTROL_PLANE, "kube-proxy", *NODE_COMMANDS)
VERSION_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
# A fixed date keeps the same inputs giving the same programs.
BUILD_DATE = "1970-01-01T00:00:00Z"


def kubernetes(version: str) -> GoProgram:
    """All commands of one Kubernetes release."""
    return GoProgram(
        name=f"kubernetes-{version}",
        module="k8s.io/kubernetes",
        version=version,
        packages=tuple(f"k8s.io/kubernetes/cmd/{name}" for name in COMMANDS),
        ldflags=("-s", "-w", *_version_flags(version)),
        staged=True,
    )


def etcd(version: str) -> GoProgram:
    """The etcd server; the program is called `server` like its package."""
    return _plain("etcd", "go.etcd.io/etcd/server/v3", version)


def etcdctl(version: str) -> GoProgram:
    """The etcd client."""
    return _plain("etcdctl", "go.etcd.io/etcd/etcdctl/v3", version)


def etcdutl(version: str) -> GoProgram:
    """The tool for etcd's files."""
    return _plain("etcdutl", "go.etcd.io/etcd/etcdutl/v3", version)


def coredns(version: str) -> GoProgram:
    """CoreDNS with its default plugins."""
    return _plain("coredns", "github.com/coredns/coredns", version)


def flannel(version: str) -> GoProgram:
    """Flannel's daemon; part of it is C."""
    return GoProgram(
        name=f"flannel-{version}",
        module="github.com/flannel-io/flannel",
        version=version,
        packages=("github.com/flannel-io/flannel",),
        cgo=True,
    )


def all_of(pins: KubernetesPins) -> list[GoProgram]:
    """Every program of a node image, the one that takes longest first."""
    return [
        kubernetes(pins.version),
        coredns(pins.coredns),
        flannel(pins.flannel),
        etcd(pins.etcd),
        etcdctl(pins.etcdctl),
        etcdutl(pins.etcdutl),
    ]


def _plain(name: str, module: str, version: str) -> GoProgram:
    return GoProgram(f"{name}-{version}", module, version, (module,))


def _version_flags(version: str) -> list[str]:
    major, minor, _ = version.removeprefix("v").split(".")
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": BUILD_DATE,
    }
    return [
        f"-X={package}.{name}={value}"
        for package in VERSION_PACKAGES
        for name, value in values.items()
    ]
