"""The container images that a cluster of one version runs, as kubeadm names them."""

from collections.abc import Mapping
from pathlib import Path

from nodeimage import command, layers
from nodeimage.archive import Image
from nodeimage.debian import DebianRoot
from nodeimage.layers import Entry, File, Folder, Layer
from nodeimage.pins import KubernetesPins, PinsError
from nodeimage.programs import CONTROL_PLANE

NONROOT = "65532:65532"
FLANNEL_IMAGE = "docker.io/flannel/flannel"
IPTABLES = ("iptables", "ip6tables")


def net_root(release: str) -> DebianRoot:
    """What kube-proxy and flannel call: iptables, nft, conntrack, modprobe."""
    packages = ("iptables", "nftables", "conntrack", "kmod", "ipset", "libc-bin", "netbase")
    return DebianRoot("net", release, packages)


def wanted_images(kubeadm: Path, pins: KubernetesPins) -> dict[str, str]:
    """Full image names by short name (`etcd`, `coredns`, `kube-proxy`, ...)."""
    listed = command.run(
        [str(kubeadm), "config", "images", "list", "--kubernetes-version", pins.version]
    )
    return by_short_name(listed.split())


def by_short_name(images: list[str]) -> dict[str, str]:
    """`registry.k8s.io/coredns/coredns:v1` under `coredns`."""
    return {image.rpartition("/")[2].partition(":")[0]: image for image in images}


def check_pins(pins: KubernetesPins, images: Mapping[str, str]) -> None:
    """The programs must be of the versions that their images' tags will claim."""
    claims = {"etcd": pins.etcd, "coredns": pins.coredns, "pause": pins.pause}
    for name, pinned in claims.items():
        tag = images[name].rpartition(":")[2]
        if tag.removeprefix("v").partition("-")[0] != pinned.removeprefix("v"):
            raise PinsError(
                f"Kubernetes {pins.version} wants {images[name]}, but pins.toml has "
                f"{name} = {pinned!r}; change it to the version in that tag."
            )


class ComponentImages:
    """Puts layers together; each is written once into a folder that the caller removes."""

    def __init__(
        self, scratch: Path, programs: Mapping[str, Path], net: Path, sandbox_image: str
    ) -> None:
        self.scratch, self.programs, self.sandbox_image = scratch, programs, sandbox_image
        self.net = layers.existing(net)
        self.net_links = layers.write(scratch / "net-links.tar", _iptables_links())

    def all(self, pins: KubernetesPins, names: Mapping[str, str]) -> list[Image]:
        """Every image of the version."""
        kubernetes = self.programs["kubernetes"]
        plain = [
            self._scratch_image(names[name], {name: kubernetes / name}) for name in CONTROL_PLANE
        ]
        return [
            *plain,
            self._on_net(names["kube-proxy"], {"kube-proxy": kubernetes / "kube-proxy"}),
            self._on_net(
                f"{FLANNEL_IMAGE}:{pins.flannel}",
                {"flanneld": self.programs["flannel"] / "flannel"},
            ),
            self._etcd(names["etcd"]),
            self._coredns(names["coredns"]),
            self._pause(names["pause"]),
        ]

    def _layer(self, name: str, entries: list[Entry]) -> Layer:
        return layers.write(self.scratch / f"{name}.tar", entries)

    def _scratch_image(self, tag: str, programs: Mapping[str, Path]) -> Image:
        base: list[Entry] = [Folder("tmp", 0o1777), *_root_account()]
        binaries = [File(f"usr/local/bin/{name}", path, 0o755) for name, path in programs.items()]
        first = next(iter(programs))
        return Image((tag,), (self._layer(first, [*base, *binaries]),), cmd=(first,))

    def _on_net(self, tag: str, programs: Mapping[str, Path]) -> Image:
        binaries: list[Entry] = [
            File(f"usr/local/bin/{name}", path, 0o755) for name, path in programs.items()
        ]
        first = next(iter(programs))
        layer = self._layer(first, binaries)
        return Image((tag,), (self.net, self.net_links, layer), cmd=(first,))

    def _etcd(self, tag: str) -> Image:
        programs = {
            "etcd": self.programs["etcd"] / "server",
            "etcdctl": self.programs["etcdctl"] / "etcdctl",
            "etcdutl": self.programs["etcdutl"] / "etcdutl",
        }
        return self._scratch_image(tag, programs)

    def _coredns(self, tag: str) -> Image:
        program = File(
            "coredns",
            self.programs["coredns"] / "coredns",
            0o755,
            tuple(layers.NET_BIND_SERVICE.items()),
        )
        layer = self._layer("coredns", [*_root_account(), program])
        return Image((tag,), (layer,), entrypoint=("/coredns",), user=NONROOT)

    def _pause(self, tag: str) -> Image:
        layer = self._layer("pause", [File("pause", self.programs["pause"] / "pause", 0o755)])
        tags = tuple(dict.fromkeys((tag, self.sandbox_image)))
        return Image(tags, (layer,), entrypoint=("/pause",), user="65535:65535")


def _root_account() -> list[Entry]:
    passwd = b"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/:/sbin/nologin\n"
    return [File("etc/passwd", passwd), File("etc/group", b"root:x:0:\nnonroot:x:65532:\n")]


def _iptables_links() -> list[Entry]:
    """Debian chooses between nft and legacy when a package is configured; here that is us."""
    return [
        layers.Link(f"usr/sbin/{name}{suffix}", "xtables-nft-multi")
        for name in IPTABLES
        for suffix in ("", "-save", "-restore")
    ]
