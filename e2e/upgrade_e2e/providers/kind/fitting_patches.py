"""What patches of kubeadm's configuration may not change, as a pass could not go on with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upgrade_e2e.cluster.kubeadm_config import argument_values
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.kind_config import KindConfig
from upgrade_e2e.providers.kind.own_patches import merge_patches, written_api
from upgrade_e2e.version import KubeVersion

__all__ = ["require_fitting"]

_ARGUMENTS = ("extraArgs", "kubeletExtraArgs")
_COMPONENTS = ("apiServer", "controllerManager", "scheduler")


def require_fitting(config: KindConfig, version: KubeVersion) -> None:
    """Refuse, with BadInput, patches with which no pass could begin at `version`.

    Patches for another version of kubeadm's API are left out by kind, and so they are here.
    """
    for patch in _applied(config.text, version):
        if problem := next(_problems(patch, version), ""):
            raise BadInput(f"kind-config {config.file}: its {patch['kind']} {problem}")


def _applied(text: str, version: KubeVersion) -> Iterator[Mapping[str, Any]]:
    """The merge patches that kind applies to what it writes for kubeadm."""
    for patch in merge_patches(text):
        api = str(patch.get("apiVersion") or "")
        if patch.get("kind") and api in {"", written_api(version)}:
            yield patch


def _problems(patch: Mapping[str, Any], version: KubeVersion) -> Iterator[str]:
    if patch["kind"] == "ClusterConfiguration":
        yield from _of_cluster(patch, version)
    elif patch["kind"] in {"InitConfiguration", "JoinConfiguration"}:
        yield from _of_node(_mapping(patch, "nodeRegistration"), version)


def _of_cluster(patch: Mapping[str, Any], version: KubeVersion) -> Iterator[str]:
    named = patch.get("kubernetesVersion")
    if named and str(named).removeprefix("v") != str(version).removeprefix("v"):
        yield (
            f"sets kubernetesVersion {named}, and the pass begins at {version}: kubeadm would make "
            "a control plane that is not that of the node image; leave it out."
        )
    if _mapping(patch, "etcd").get("external"):
        yield (
            "has an external etcd, and a pass looks after the members of a local one, on each "
            "control plane; leave etcd.external out."
        )
    yield from _of_arguments(_mapping(_mapping(patch, "etcd"), "local"), "etcd.local", version)
    for component in _COMPONENTS:
        yield from _of_arguments(_mapping(patch, component), component, version)


def _of_node(registration: Mapping[str, Any], version: KubeVersion) -> Iterator[str]:
    flagged = argument_values(registration, "hostname-override", "kubeletExtraArgs")
    if name := registration.get("name") or next(flagged, ""):
        yield (
            f"calls its node {name}, and kind and this tool know nodes by the names of their "
            "containers; leave the name out."
        )
    yield from _of_arguments(registration, "nodeRegistration", version)


def _of_arguments(within: Mapping[str, Any], where: str, version: KubeVersion) -> Iterator[str]:
    """A list of arguments for a version of the API that has a map; kind converts a map itself.

    A value that is no text, kubeadm does not read in either form.
    """
    for key in _ARGUMENTS:
        for name, value in _mapping(within, key).items():
            if isinstance(value, bool | int | float):
                yield (
                    f"has {value!r} for {where}.{key}.{name}, which is no text to kubeadm; write "
                    "it in quotes."
                )
        if isinstance(within.get(key), list) and written_api(version).endswith("v1beta3"):
            yield (
                f"has {where}.{key} as a list, and kubeadm's v1beta3, which kind writes for "
                f"{version}, has a map; write `NAME: VALUE` in place of name and value."
            )


def _mapping(of: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A part of a patch; empty where it is none that could be looked into."""
    found = of.get(key)
    return found if isinstance(found, Mapping) else {}
