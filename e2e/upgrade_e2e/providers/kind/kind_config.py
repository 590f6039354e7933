"""A kind configuration file of the user's: read once, checked, and counted."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.cluster import Role
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.config_text import API_VERSION, only_document, shown
from upgrade_e2e.providers.kind.host_mounts import host_paths, is_there, require_beside
from upgrade_e2e.providers.kind.host_ports import require_one_node_per_port
from upgrade_e2e.providers.kind.numbering import short_names
from upgrade_e2e.providers.kind.own_patches import require_readable

__all__ = ["API_VERSION", "ConfiguredNode", "KindConfig"]

_DIGEST_CHARACTERS = 12
_LISTS = (
    "nodes",
    "kubeadmConfigPatches",
    "kubeadmConfigPatchesJSON6902",
    "containerdConfigPatches",
    "containerdConfigPatchesJSON6902",
)
_OF_CLUSTER = ("kind", "apiVersion", "name", "networking", "featureGates", "runtimeConfig", *_LISTS)
_NODE_LISTS = (
    "extraMounts",
    "extraPortMappings",
    "kubeadmConfigPatches",
    "kubeadmConfigPatchesJSON6902",
)
_OF_NODE = ("role", "image", "labels", *_NODE_LISTS)


@dataclass(frozen=True)
class ConfiguredNode:
    """One node of a configuration: its role, and the image that it names (empty for none)."""

    role: Role
    image: str = ""


@dataclass(frozen=True)
class KindConfig:
    """A kind configuration as its file had it.

    `text` is one YAML document. `digest` is that of its meaning: comments, the order of keys, the
    cluster's name and the images of nodes do not change it. `name` is the name in the file, empty
    for none. `lacks_network` is whether kind installs no network plugin. `relative_mounts` are the
    host paths of mounts that are relative, `absolute_mounts` those that are not.
    """

    file: Path
    text: str
    nodes: tuple[ConfiguredNode, ...]
    digest: str
    name: str = ""
    lacks_network: bool = False
    relative_mounts: tuple[str, ...] = ()
    absolute_mounts: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path) -> KindConfig:
        """Read and check a file; raises BadInput for one that no pass could begin with."""
        text, document = only_document(file)
        _check_form(file, document)
        nodes = tuple(_nodes(file, document))
        _check_counts(file, nodes)
        networking = document.get("networking") or {}
        require_readable(file, document)
        mounts = tuple(dict.fromkeys(host_paths(document)))
        absolute = tuple(mount for mount in mounts if Path(mount).is_absolute())
        relative = tuple(mount for mount in mounts if mount not in absolute)
        require_beside(file, relative)
        config = cls(
            file=file,
            text=text,
            nodes=nodes,
            digest=_digest(document),
            name=str(document.get("name") or ""),
            lacks_network=bool(networking.get("disableDefaultCNI")),
            relative_mounts=relative,
            absolute_mounts=absolute,
        )
        require_one_node_per_port(
            file, document.get("nodes") or [{}], config.short_names, networking
        )
        return config

    @property
    def control_planes(self) -> int:
        """How many control plane nodes it has."""
        return sum(node.role is Role.CONTROL_PLANE for node in self.nodes)

    @property
    def workers(self) -> int:
        """How many worker nodes it has."""
        return len(self.nodes) - self.control_planes

    @property
    def folder(self) -> Path:
        """Where its relative paths begin."""
        return self.file.parent.absolute()

    @property
    def missing_mounts(self) -> tuple[str, ...]:
        """The absolute host paths of mounts that are not on this machine."""
        return tuple(mount for mount in self.absolute_mounts if not is_there(Path(mount)))

    @property
    def short_names(self) -> tuple[str, ...]:
        """The names of its nodes without that of the cluster."""
        return short_names(node.role.value for node in self.nodes)


def _check_form(file: Path, document: Mapping[str, Any]) -> None:
    """Whether it is a Cluster of the version that is known, with lists where lists must be."""
    if "kindV1Alpha4Cluster" in document:
        raise BadInput(
            f"kind-config {file} is a configuration of ctlptl; give what stands below "
            f"kindV1Alpha4Cluster, with `kind: Cluster` and `apiVersion: {API_VERSION}` above it."
        )
    for key, wanted in (("kind", "Cluster"), ("apiVersion", API_VERSION)):
        if document.get(key) != wanted:
            raise BadInput(
                f"kind-config {file} has {key} {document.get(key)!r}; only `{key}: {wanted}` is "
                f"known; write this line{_older(document)}."
            )
    _check_spelling(file, "", document, _OF_CLUSTER)
    _check_lists(file, "", document, _LISTS)
    if not isinstance(document.get("networking") or {}, dict):
        raise BadInput(
            f"kind-config {file}: networking is no mapping but {shown(document['networking'])}."
        )


def _older(document: Mapping[str, Any]) -> str:
    """What else to change in a configuration for a kind that was before v1alpha4."""
    is_older = "v1alpha3" in str(document.get("apiVersion"))
    return ", and JSON6902 for Json6902 in the names of keys" if is_older else ""


def _check_lists(file: Path, where: str, found: Mapping[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        if not isinstance(found.get(key) or [], list):
            raise BadInput(
                f"kind-config {file}{where}: {key} is no list but {shown(found[key])}; begin each "
                "item with a dash."
            )


def _check_spelling(file: Path, where: str, found: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse a key that is nearly a known one; a newer kind may have others."""
    for key in found:
        near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.8)
        if key not in known and near:
            raise BadInput(
                f"kind-config {file}{where} has the unknown key {key!r}; did you mean {near[0]!r}?"
            )


def _nodes(file: Path, document: Mapping[str, Any]) -> Iterator[ConfiguredNode]:
    """The nodes; as in kind, none means one control plane, and so does a node without a role."""
    roles = {role.value: role for role in Role}
    for number, node in enumerate(document.get("nodes") or [{}], start=1):
        if not isinstance(node, dict):
            raise BadInput(
                f"kind-config {file}: node {number} is no mapping but {shown(node)}; write it "
                "like `- role: worker`."
            )
        _check_spelling(file, f", node {number},", node, _OF_NODE)
        _check_lists(file, f", node {number}", node, _NODE_LISTS)
        role, image = node.get("role") or Role.CONTROL_PLANE.value, node.get("image") or ""
        if not isinstance(role, str) or role not in roles:
            raise BadInput(
                f"kind-config {file}: node {number} has the role {role!r}; it is one of "
                f"{', '.join(roles)}."
            )
        if not isinstance(image, str):
            raise BadInput(f"kind-config {file}: node {number} has the image {image!r}, no name.")
        yield ConfiguredNode(roles[role], image)


def _check_counts(file: Path, nodes: Sequence[ConfiguredNode]) -> None:
    controls = sum(node.role is Role.CONTROL_PLANE for node in nodes)
    if not controls:
        raise BadInput(
            f"kind-config {file} has no control plane; give one of its nodes the role "
            "control-plane."
        )
    if controls % 2 == 0:
        raise BadInput(
            f"kind-config {file} has {controls} control planes, which cannot hold a majority in "
            "etcd while one of them restarts; use 1 or 3."
        )


def _digest(document: Mapping[str, Any]) -> str:
    """A digest of what the file means, without what a pass replaces."""
    nodes = [
        {key: value for key, value in node.items() if key != "image"}
        for node in document.get("nodes") or []
    ]
    kept = {key: value for key, value in document.items() if key not in {"name", "nodes"}}
    meaning = yaml.safe_dump({**kept, "nodes": nodes}, sort_keys=True)
    return hashlib.sha256(meaning.encode()).hexdigest()[:_DIGEST_CHARACTERS]
