"""Discovery: which groups, versions and resources there are, in the old form and aggregated."""

from __future__ import annotations

from typing import Any

from upgrade_e2e.providers.sim.api.resources import Resource, groups
from upgrade_e2e.providers.sim.store import Object
from upgrade_e2e.version import KubeVersion

__all__ = ["api_versions", "discover", "version_info"]

_AGGREGATED = "g=apidiscovery.k8s.io"
_SUB_VERBS = {
    "status": ("get", "patch", "update"),
    "scale": ("get", "patch", "update"),
    "log": ("get",),
    "proxy": ("create", "delete", "get", "patch", "update"),
    "finalize": ("update",),
}
_SUB_KIND = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "binding": ("", "v1", "Binding"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}


def discover(path: str, accept: str) -> tuple[Object, str] | None:
    """The document at a discovery path and its content type; None for any other path."""
    words = path.strip("/").split("/")
    aggregated = _AGGREGATED in accept and len(words) == 1
    if aggregated and words[0] in {"api", "apis"}:
        version = "v2" if "v=v2;" in accept or accept.rstrip().endswith("v=v2") else "v2beta1"
        body = _aggregated(core=words[0] == "api", version=version)
        kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
        return body, kind
    found = _plain(words)
    return (found, "application/json") if found is not None else None


def _plain(words: list[str]) -> Object | None:
    match words:
        case ["api"]:
            return api_versions()
        case ["apis"]:
            return _group_list()
        case ["api", version]:
            return _resource_list("", version)
        case ["apis", group]:
            return _group(group)
        case ["apis", group, version]:
            return _resource_list(group, version)
    return None


def api_versions() -> Object:
    """/api"""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group_list() -> Object:
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group_entry(group, version) for group, version, _ in groups() if group],
    }


def _group_entry(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def _group(group: str) -> Object | None:
    for name, version, _ in groups():
        if name == group and group:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group_entry(group, version)}
    return None


def _resource_list(group: str, version: str) -> Object | None:
    for name, served, members in groups():
        if (name, served) == (group, version):
            return {
                "kind": "APIResourceList",
                # A real server leaves it out for the core group.
                **({"apiVersion": "v1"} if group else {}),
                "groupVersion": f"{group}/{version}" if group else version,
                "resources": [entry for member in members for entry in _entries(member)],
            }
    return None


def _entries(resource: Resource) -> list[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    return [entry, *(_sub_entry(resource, name) for name in resource.subresources)]


def _sub_entry(resource: Resource, name: str) -> Object:
    group, version, kind = _SUB_KIND.get(name, ("", "", resource.kind))
    entry: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": kind,
        "verbs": list(_SUB_VERBS.get(name, ("create",))),
    }
    if version:
        entry.update(group=group, version=version)
    return entry


def _aggregated(*, core: bool, version: str) -> Object:
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": group, "creationTimestamp": None},
                "versions": [
                    {
                        "version": served,
                        "freshness": "Current",
                        "resources": [_aggregated_entry(member) for member in members],
                    }
                ],
            }
            for group, served, members in groups()
            if core == (group == "")
        ],
    }


def _aggregated_entry(resource: Resource) -> Object:
    entry: Object = {
        "resource": resource.plural,
        "responseKind": _kind(resource.group, resource.version, resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [_aggregated_sub(resource, name) for name in resource.subresources]
    return entry


def _aggregated_sub(resource: Resource, name: str) -> Object:
    default = (resource.group, resource.version, resource.kind)
    return {
        "subresource": name,
        "responseKind": _kind(*_SUB_KIND.get(name, default)),
        "verbs": list(_SUB_VERBS.get(name, ("create",))),
    }


def _kind(group: str, version: str, kind: str) -> dict[str, Any]:
    return {"group": group, "version": version, "kind": kind}


def version_info(version: KubeVersion) -> Object:
    """/version, as a server built from that release answers; the build says it is simulated."""
    return {
        "major": str(version.major),
        "minor": str(version.minor),
        "gitVersion": str(version),
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "none",
        "platform": "linux/amd64",
    }
