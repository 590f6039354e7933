"""The patches in a kind configuration of the user's: whether they can be read, and are applied."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from upgrade_e2e.errors import BadInput
from upgrade_e2e.version import KubeVersion, MinorVersion

__all__ = [
    "IDLE_PATCHES",
    "KUBEADM_GROUP",
    "idle_patches",
    "lists_in",
    "mappings_in",
    "merge_patches",
    "merge_patches_of",
    "require_readable",
    "written_api",
]

IDLE_PATCHES = "idle-patches"
KUBEADM_GROUP = "kubeadm.k8s.io"
_BETA4_SINCE = MinorVersion(1, 36)
"""From this minor on, kind writes kubeadm's configuration as v1beta4, below it as v1beta3
(kind v0.33, pkg/cluster/internal/kubeadm/config.go)."""


def require_readable(file: Path, document: Mapping[str, Any]) -> None:
    """Refuse, with BadInput, a patch that cannot be read; kind reads them once nodes are there."""
    for of in (document, *(document.get("nodes") or ())):
        for patch in of.get("kubeadmConfigPatches") or ():
            _require_yaml(file, "kubeadmConfigPatches", patch)
        for patch in of.get("kubeadmConfigPatchesJSON6902") or ():
            text = patch.get("patch") if isinstance(patch, Mapping) else None
            _require_yaml(file, "kubeadmConfigPatchesJSON6902", text)
    for patch in document.get("containerdConfigPatches") or ():
        try:
            tomllib.loads(patch if isinstance(patch, str) else "")
        except tomllib.TOMLDecodeError as error:
            raise _unreadable(file, "containerdConfigPatches", "TOML", error) from error


def _require_yaml(file: Path, key: str, patch: object) -> None:
    try:
        list(yaml.safe_load_all(patch if isinstance(patch, str) else ""))
    except yaml.YAMLError as error:
        raise _unreadable(file, key, "YAML", error) from error


def _unreadable(file: Path, key: str, form: str, error: Exception) -> BadInput:
    said = " ".join(str(error).split())
    return BadInput(f"kind-config {file} has {key} that are not {form}: {said}; correct the patch.")


def written_api(version: KubeVersion) -> str:
    """The version of kubeadm's API in which kind writes a configuration for a version."""
    beta = "v1beta4" if version.minor_version >= _BETA4_SINCE else "v1beta3"
    return f"{KUBEADM_GROUP}/{beta}"


def idle_patches(text: str, version: KubeVersion) -> Sequence[str]:
    """The patches of kubeadm's configuration that kind leaves out, each by kind and API version.

    kind applies a patch only to a document of its own kind and API version, and says nothing of one
    that fits none. Where a kind has another patch that fits, the rest is for other versions.
    `text` is a configuration that has been checked, `version` that of the cluster that it makes.
    """
    wanted = written_api(version)
    found: dict[str, set[str]] = {}
    for config in mappings_in(text):
        for of in (config, *(config.get("nodes") or ())):
            for kind, api in _targets(of):
                found.setdefault(kind, set()).add(api)
    return tuple(
        f"{kind} of {api}, and kind writes {wanted} for {version}"
        for kind, apis in found.items()
        if not apis & {wanted, ""}
        for api in sorted(apis)
    )


def _targets(of: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and API version of what patches of kubeadm's are for; the version is empty for any."""
    for patch in merge_patches_of(of):
        api = str(patch.get("apiVersion") or "")
        if not api or api.startswith(KUBEADM_GROUP):
            yield str(patch.get("kind")), api
    for patch in of.get("kubeadmConfigPatchesJSON6902") or ():
        if isinstance(patch, Mapping) and patch.get("group") == KUBEADM_GROUP:
            yield str(patch.get("kind")), f"{KUBEADM_GROUP}/{patch.get('version')}"


def merge_patches(text: str) -> Iterator[Mapping[str, Any]]:
    """The merge patches of kubeadm's configuration in a whole configuration that was checked."""
    for config in mappings_in(text):
        for of in (config, *(config.get("nodes") or ())):
            yield from merge_patches_of(of)


def merge_patches_of(of: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Those for all nodes, of a configuration, or those of one of its nodes, in their order."""
    for text in of.get("kubeadmConfigPatches") or ():
        yield from mappings_in(text)


def mappings_in(text: object) -> Iterator[Mapping[str, Any]]:
    """The documents of a text that are mappings; none of one that cannot be read."""
    yield from (document for document in _documents(text) if isinstance(document, Mapping))


def lists_in(text: object) -> Iterator[list[Any]]:
    """The documents of a text that are lists, as of a JSON patch; none of one that is no YAML."""
    yield from (document for document in _documents(text) if isinstance(document, list))


def _documents(text: object) -> list[Any]:
    try:
        return list(yaml.safe_load_all(text)) if isinstance(text, str) else []
    except yaml.YAMLError:
        return []
