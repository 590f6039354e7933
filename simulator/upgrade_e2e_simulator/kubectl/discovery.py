"""Discovery: which groups, versions and resources there are.

Kinds that are refused are listed as well, so that kubectl sends them and shows why not.
"""

from __future__ import annotations

from collections.abc import Iterator

from upgrade_e2e_simulator.api.resources import REFUSED, RESOURCES, Resource
from upgrade_e2e_simulator.store import Object

__all__ = ["discover", "groups"]

_VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")
_SUB_VERBS = {
    "eviction": ("create",),
    "log": ("get",),
    "proxy": ("create", "delete", "get", "patch", "update"),
}
_READ_AND_WRITE = ("get", "patch", "update")
_SUB_KIND = {"scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction")}


def groups() -> Iterator[tuple[str, str, list[Resource]]]:
    """Group, version and resources of each API group, in order."""
    grouped: dict[tuple[str, str], list[Resource]] = {}
    for resource in (*RESOURCES, *REFUSED):
        grouped.setdefault((resource.group, resource.version), []).append(resource)
    for (group, version), members in grouped.items():
        yield group, version, members


def discover(path: str) -> Object | None:
    """The document at a discovery path; None for any other path."""
    match path.strip("/").split("/"):
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        case ["apis"]:
            entries = [_group_entry(group, version) for group, version, _ in groups() if group]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": entries}
        case ["api", version]:
            return _resource_list("", version)
        case ["apis", group]:
            return _group(group)
        case ["apis", group, version]:
            return _resource_list(group, version)
    return None


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
        "verbs": list(_VERBS),
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
        "verbs": list(_SUB_VERBS.get(name, _READ_AND_WRITE)),
    }
    if version:
        entry.update(group=group, version=version)
    return entry
