"""Kubernetes versions in values, in the forms in which people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = [
    "OLDEST_MINOR",
    "Mention",
    "holds_version",
    "mention_in",
    "mentions_inside",
    "mentions_named",
]

OLDEST_MINOR = 16
"""Below this, 1.x is the version of something else."""
_NEWEST_MINOR = 62
"""Above this too: with three minors a year Kubernetes gets there after 2034."""

_SUFFIX = r"(?:[-+_][0-9A-Za-z.+_*-]+)?"
_VERSION = rf"v?1\.(?P<minor>\d{{2}})(?:\.(?P<patch>\d+)|\.x|\.\*)?(?P<suffix>{_SUFFIX})\.?"
_PLAIN = re.compile(rf"{_VERSION}(?:@sha256:\w*)?")
_IMAGE = re.compile(
    rf"(?:docker://|oci://|docker-image://)?(?P<image>[\w.\-]+(?::\d+)?(?:/[\w.\-]+)*):"
    rf"{_VERSION}(?:@sha256:\w*)?"
)
# Where versions stand in longer words: programs of a release, channels and releases of k3s and
# rke2, the `1.33/stable` of a snap, images of nodes, and constants of nixpkgs and the AWS CDK.
_NAME = r"(?i:kubernetes|k8s|kube|eks|gke|aks|oke|k3s|rke2|k0s)"
_FORMS = (
    re.compile(rf"{_NAME}-v?1\.(?P<minor>\d{{2}})(?:\.(?P<patch>\d+))?"),
    re.compile(r"https?://\S*/release/v1\.(?P<minor>\d{2})\.(?P<patch>\d+)/.*"),
    re.compile(r"https?://dl\.k8s\.io/v1\.(?P<minor>\d{2})\.(?P<patch>\d+)/\S*"),
    re.compile(
        r"\S*/v1\.(?P<minor>\d{2})\.(?P<patch>\d+)(?:[+-]|%2B)(?:k3s|rke2r|k0s\.)\d+(?:/\S*)?"
    ),
    re.compile(r"https?://pkgs\.k8s\.io/core:/stable:/v1\.(?P<minor>\d{2})/\S*"),
    re.compile(r"(?:https?://\S*/release/|ci/)?(?:stable|latest)-1\.(?P<minor>\d{2})(?:\.txt)?"),
    re.compile(r"https?://\S*/channels/v?1\.(?P<minor>\d{2})"),
    re.compile(r"v?1\.(?P<minor>\d{2})(?:-\w+)?/(?:stable|candidate|beta|edge)\b\S*"),
    re.compile(r"\S*/eks/optimized-ami/1\.(?P<minor>\d{2})/\S*"),
    re.compile(r"\S*/ubuntu/eks/[\d.]+/1\.(?P<minor>\d{2})/\S*"),
    re.compile(r"\S*EKS_Optimized-1\.(?P<minor>\d{2})\b\S*"),
    re.compile(r"\S*\bubuntu-eks/k8s_1\.(?P<minor>\d{2})/\S*"),
    re.compile(r"\S*\baws-k8s-1\.(?P<minor>\d{2})(?![\d.])\S*"),
    re.compile(r"amazon-eks-node-(?:al2023-\w+-\w+-)?1\.(?P<minor>\d{2})[-\w.*]*"),
    re.compile(
        r"(?>\S*(?:-kube-v|kwok/cluster:[^\s:]*-k8s\.v|-k3sv)"
        r"1\.(?P<minor>\d{2})\.(?P<patch>\d+)(?P<suffix>[-+][\w.+\-]*)?)"
    ),
    re.compile(r"[\w.]*\b(?:k3s|rke2|kubernetes)_1_(?P<minor>\d{2})"),
    re.compile(r"[\w.]*KubernetesVersion[._]V1_(?P<minor>\d{2})(?:_(?P<patch>\d+))?(?:\(\))?"),
    re.compile(r"[\w.]*KubernetesVersion\.of\(\W?v?1\.(?P<minor>\d{2})(?:\.(?P<patch>\d+))?\W?\)"),
)
# Between quotes, or what a shell takes for a variable that is not set.
_BEGINS = r"""(?:(?<=["'`])|(?<=:-)|(?<=:=))"""
_INSIDE = re.compile(rf"""{_BEGINS}{_VERSION}(?=["'`}}])""")
_IMAGE_INSIDE = re.compile(rf"""{_BEGINS}{_IMAGE.pattern}(?=["'`}}\s])""")
_CONSTANT_INSIDE = re.compile(r"\bKubernetesVersion[._]V1_(?P<minor>\d{2})(?:_(?P<patch>\d+))?\b")
_NEWEST_INSIDE = re.compile(
    rf"""(?:/release/|{_BEGINS})(?:stable|latest)-1\.(?P<minor>\d{{2}})(?=\.txt|["'`}}])"""
)
# Right behind the name of Kubernetes, as `OKE-1.33.1` or `kube_version: v1.33.5`, and not in a
# sentence as `Kubernetes 1.33`. The tag of a module's source is a version of the module.
_NAMED = re.compile(
    rf"(?<![A-Za-z0-9])(?<!ref=){_NAME}(?:[-_]|[-_]?(?i:version)[\"']?[:=] ?[\"']?)"
    r"v?1\.(?P<minor>\d{2})(?:\.(?P<patch>\d+))?(?![\d.]*\d)"
)
_HOLDS = re.compile(r"(?<![\d.])v?1\.\d{2}(?![\d])|[V_]1_\d{2}")


@dataclass(frozen=True)
class Mention:
    """A version in a value.

    `version` is that of the release (`v1.34.3`, or the minor `v1.34`), without what a vendor
    appended; `written` as it is written; `image` the repository that it is a tag of, else empty.
    """

    version: str
    written: str
    image: str = ""

    @property
    def is_minor(self) -> bool:
        """Whether only the minor is said."""
        return self.version.count(".") == 1

    @property
    def minor(self) -> MinorVersion:
        """The minor release."""
        return MinorVersion.parse(".".join(self.version.split(".")[:2]))

    def __lt__(self, other: Mention) -> bool:
        if self.is_minor or other.is_minor:
            return self.minor < other.minor
        return KubeVersion.parse(self.version) < KubeVersion.parse(other.version)


def holds_version(text: str) -> bool:
    """Whether something like 1.33 is in a text; quick, for large ones."""
    return _HOLDS.search(text) is not None


def mention_in(value: str) -> Mention | None:
    """The one version that a value holds; None where there is none, or more than one.

    `~> 1.33` and `>=1.33` are no versions but constraints.
    """
    text = value.strip()
    for form in (_PLAIN, _IMAGE, *_FORMS):
        if match := form.fullmatch(text):
            return _mention(match, text)
    inside = set(mentions_inside(text))
    return inside.pop() if len(inside) == 1 else None


def mentions_inside(text: str) -> list[Mention]:
    """The versions, images and constants that an expression holds, kind by kind, in order."""
    if re.match(r"[<>=~^!]", text):
        return []
    forms = (_INSIDE, _IMAGE_INSIDE, _CONSTANT_INSIDE, _NEWEST_INSIDE)
    found = (_mention(match, match[0]) for form in forms for match in form.finditer(text))
    return [one for one in found if one is not None]


def mentions_named(text: str) -> list[Mention]:
    """The versions in a longer text that the name of Kubernetes stands right before."""
    found = (_mention(match, match[0]) for match in _NAMED.finditer(text))
    return [one for one in found if one is not None]


def _mention(match: re.Match[str], written: str) -> Mention | None:
    groups = match.groupdict()
    if not OLDEST_MINOR <= int(groups["minor"]) <= _NEWEST_MINOR:
        return None
    version = f"v1.{groups['minor']}"
    if patch := groups.get("patch"):
        pre = re.match(r"-(?:alpha|beta|rc)(?:\.\d+)*", groups.get("suffix") or "")
        version += f".{int(patch)}{pre[0] if pre else ''}"
    return Mention(version, written, groups.get("image") or "")
