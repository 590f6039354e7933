"""The node image without Kubernetes: Debian, and kind's files changed where Debian differs."""

import re
from pathlib import Path

from nodeimage import keys
from nodeimage.debian import DebianRoot
from nodeimage.layers import Entry, File, Folder, Link

BASE_FILES = Path("images/base/files")
# The rest of the name is the content key.
BASE_IMAGE = "upgrade-e2e/node-base:"
KIND_MODULE = "sigs.k8s.io/kind"
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "containerd", "runc", "containernetworking-plugins"),
    *("iptables", "nftables", "iproute2", "ethtool", "socat", "conntrack", "ipset", "kmod"),
    *("util-linux", "mount", "hostname", "procps", "libseccomp2", "pigz", "e2fsprogs"),
    *("ca-certificates", "curl", "jq"),
)
UNITS = "usr/lib/systemd/system"
# Debian starts services that make no sense in a node, or that would touch the host.
UNWANTED = (
    f"{UNITS}/sysinit.target.wants/systemd-tmpfiles-setup.service",
    f"{UNITS}/multi-user.target.wants/*",
    f"{UNITS}/local-fs.target.wants/*",
    f"{UNITS}/basic.target.wants/*",
    f"{UNITS}/sockets.target.wants/*udev*",
    f"{UNITS}/sockets.target.wants/*initctl*",
    "etc/systemd/system/*.wants/*",
)
GUARD_UNIT = "service-guard.service"
ENABLED = ("kubelet.service", "containerd.service", "undo-mount-hacks.service", GUARD_UNIT)
EXECUTABLE = ("usr/local/bin/", "kind/bin/")
CONTAINERD_UNIT = "etc/systemd/system/containerd.service"
CONTAINERD_CONFIG = "etc/containerd/config.toml"
FILES = Path(__file__).resolve().parent.parent / "files"
CNI_TEMPLATE = FILES / "cni.template"
CNI_SETTINGS = FILES / "containerd-cni.toml"
GUARD = FILES / GUARD_UNIT


def root(release: str) -> DebianRoot:
    """Debian with all scripts run: systemd and dbus need their accounts and links."""
    return DebianRoot("node", release, PACKAGES, variant="minbase", drop=UNWANTED)


def sandbox_image(kind_folder: Path) -> str:
    """The pause image that the node's containerd is set to, whatever kubeadm wants."""
    config = (kind_folder / BASE_FILES / CONTAINERD_CONFIG).read_text(encoding="utf-8")
    found = re.search(r'sandbox_image = "([^"]+)"', config)
    if found is None:
        raise ValueError("kind's containerd configuration names no sandbox_image any more.")
    return found.group(1)


def key(release: str, kind_version: str) -> str:
    """Changes with the packages, kind's files, ours, and what is done to them."""
    recipe = keys.recipe_key("nodebase", "layers")
    return keys.content_key(
        root(release).key, kind_version, recipe, keys.file_key(CNI_TEMPLATE, CNI_SETTINGS, GUARD)
    )


def entries(kind_folder: Path) -> list[Entry]:
    """What lies over Debian: kind's files out of its module, and ours."""
    return [*_kind_files(kind_folder / BASE_FILES), *_own_entries()]


def _kind_files(files: Path) -> list[Entry]:
    found: list[Entry] = []
    for source in sorted(files.rglob("*")):
        if source.is_file():
            path = source.relative_to(files).as_posix()
            mode = 0o755 if path.startswith(EXECUTABLE) else 0o644
            found.append(File(path, changed(path, source.read_bytes()), mode))
    return found


def changed(path: str, content: bytes) -> bytes:
    """One of kind's files as this base needs it."""
    if path == CONTAINERD_UNIT:
        return _containerd_unit(content.decode()).encode()
    if path == CONTAINERD_CONFIG:
        return _containerd_config(content.decode()).encode()
    return content


def _containerd_unit(text: str) -> str:
    """Debian's path; and nothing that a machine without CAP_SYS_RESOURCE refuses."""
    text = text.replace("/usr/local/bin/containerd", "/usr/bin/containerd")
    return re.sub(r"(?m)^(OOMScoreAdjust|Limit\w+)=.*\n", "", text)


def _containerd_config(text: str) -> str:
    text = text.replace("restrict_oom_score_adj = false", "restrict_oom_score_adj = true")
    return text + CNI_SETTINGS.read_text(encoding="utf-8")


def _own_entries() -> list[Entry]:
    wants = "etc/systemd/system/multi-user.target.wants"
    return [
        *(Link(f"{wants}/{unit}", f"/etc/systemd/system/{unit}") for unit in ENABLED),
        # It would register programs with the host's kernel.
        Link("etc/systemd/system/systemd-binfmt.service", "/dev/null"),
        File("etc/systemd/journald.conf.d/kmsg.conf", b"[Journal]\nReadKMsg=no\n"),
        File("etc/containerd/cni.template", CNI_TEMPLATE.read_bytes()),
        File(f"etc/systemd/system/{GUARD_UNIT}", GUARD.read_bytes()),
        File("etc/machine-id", b""),
        Folder("etc/kubernetes/manifests"),
        Folder("etc/cni/net.d"),
        Link("opt/cni/bin", "/usr/lib/cni"),
    ]
