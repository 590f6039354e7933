"""Kubernetes versions in lines of kind configs, Terraform and YAML values.

Line by line, since a diff has only parts of a file. A key that says what it is
(`kubernetes_version`) counts as it is; one that does not (`version`, `tag`, `default`) counts
only where its block says so: the nearest line it is indented under, or a line next to it. A
Kubernetes version has major 1 and a minor of 16 or more, which separates it from versions of
charts and Terraform providers next to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Line", "Sighting", "find_versions"]

OLDEST_MINOR = 16
_ONE_STEP = 2

_VERSION = r"v?1\.(?P<minor>\d+)(?:\.\d+)?(?:[-+][0-9A-Za-z.+-]+)?"
_PAIR = re.compile(
    rf"""(?<![\w.$-])["']?(?P<key>[A-Za-z_][\w./-]*)["']?\s*[:=]\s*["']?(?P<version>{_VERSION})\.?"""
    r"""["']?(?=\s*(?:[,}\]]|$))"""
)
_IMAGE = re.compile(rf"kindest/node:(?P<version>{_VERSION})(?=$|[\s\"'@,}}\]])")
_KEY = re.compile(r"""^[\s-]*["']?(?P<key>[A-Za-z_][\w./-]*)["']?\s*[:=]""")
_COMMENT = re.compile(r"(^|\s)(#|//).*$")

_OWN_WORD = re.compile(
    r"(kubernetes|k8s|kube|kubelet|kubeadm|cluster|controlplane|master|node|nodepool|orchestrator"
    r"|eks|gke|aks|rke2|k3s)version(prefix)?$"
)
_VAGUE_KEYS = {"version", "versionprefix", "tag", "default", "releaseversion", "minversion"}
_PARENT = re.compile(
    r"""^(kubernetes|k8s|kube|kubelet|cluster|controlplane|eks|gke|aks|kindnode|nodeimage)$"""
)
_BLOCK = re.compile(
    r"""resource\s+"(aws_eks_|google_container_|azurerm_kubernetes_|azurerm_kubernetes_"""
    r"""|digitalocean_kubernetes_|scaleway_k8s_|linode_lke_|vultr_kubernetes|ovh_cloud_project_kube"""
    r"""|exoscale_sks_|oci_containerengine_|ibm_container_|kind_cluster|rancher2_cluster)"""
)
_VARIABLE = re.compile(r"""variable\s+"([^"]+)\"""")
_NEIGHBOUR = re.compile(
    r"""(source\s*=\s*"[^"]*\b(eks|aks|gke|kubernetes-engine)\b[^"]*")|(repository:.*kindest/node)"""
)


@dataclass(frozen=True)
class Line:
    """One line of one side of a diff; `both` are its numbers on both sides, None if changed."""

    number: int
    text: str
    both: tuple[int, int] | None = None


@dataclass(frozen=True)
class Sighting:
    """A version in a line, the key it stands under, and the keys above, outermost first."""

    line: Line
    where: tuple[str, ...]
    key: str
    version: str


def find_versions(lines: Sequence[Line], heading: str, keys: Sequence[str]) -> Iterator[Sighting]:
    """The versions in the lines of one side of a hunk.

    `heading` is what diff wrote behind the second @@: the line of the block that the hunk is in.
    `keys` are more keys that hold a Kubernetes version, named by the user.
    """
    wanted = {_plain(key) for key in keys}
    for index, line in enumerate(lines):
        above = _above(lines, index, heading)
        where = tuple(name for text in above if (name := _name(text)))
        for key, version, is_image in _versions(line.text):
            known = is_image or _plain(key) in wanted or bool(_OWN_WORD.search(_plain(key)))
            if known or (_plain(key) in _VAGUE_KEYS and _block_says_so(lines, index, above)):
                yield Sighting(line, where, key, version)


def _versions(text: str) -> Iterator[tuple[str, str, bool]]:
    bare = _COMMENT.sub("", text)
    found = _KEY.match(bare)
    for match in _IMAGE.finditer(bare):
        if int(match["minor"]) >= OLDEST_MINOR:
            yield (found["key"] if found else "image"), match["version"], True
    for match in _PAIR.finditer(bare):
        if int(match["minor"]) >= OLDEST_MINOR:
            yield match["key"], match["version"], False


def _block_says_so(lines: Sequence[Line], index: int, above: Sequence[str]) -> bool:
    nearest = above[-1] if above else ""
    if _BLOCK.search(nearest) or _PARENT.match(_plain(_name(nearest))):
        return True
    variable = _VARIABLE.search(nearest)
    if variable is not None and _OWN_WORD.search(_plain(variable[1])):
        return True
    inline = lines[index].text
    return any(_NEIGHBOUR.search(text) for text in (inline, *_neighbours(lines, index)))


def _above(lines: Sequence[Line], index: int, heading: str) -> list[str]:
    """The lines that this one is indented under, outermost first."""
    found: list[str] = []
    depth = _indent(lines[index].text)
    for line in reversed(lines[:index]):
        if _bare(line.text) and _indent(line.text) < depth:
            depth = _indent(line.text)
            found.append(line.text)
    if heading and 0 < depth <= _ONE_STEP:
        # Deeper down, the line that diff names is not the nearest one that is indented under.
        found.append(heading)
    return found[::-1]


def _neighbours(lines: Sequence[Line], index: int) -> Iterator[str]:
    """The lines of the same block."""
    depth = _indent(lines[index].text)
    for side in (reversed(lines[:index]), lines[index + 1 :]):
        for line in side:
            if not _bare(line.text):
                continue
            if _indent(line.text) < depth:
                break
            if _indent(line.text) == depth:
                yield line.text


def _indent(text: str) -> int:
    """How far the first word stands from the margin; the dash of a YAML list is not a word."""
    return len(text) - len(re.sub(r"^[\s]*(-\s+)*", "", text.expandtabs(4)))


def _bare(text: str) -> str:
    return _COMMENT.sub("", text).strip(" \t\r\n}])")


def _name(text: str) -> str:
    """What a block is called: its YAML key, or all words of its HCL header."""
    if "{" in text:
        return " ".join(re.findall(r'[^\s"{=]+', text.split("{", maxsplit=1)[0]))
    found = _KEY.match(text)
    return found["key"] if found else ""


def _plain(key: str) -> str:
    return re.sub(r"[_-]", "", key.rsplit(".", 1)[-1]).lower()
