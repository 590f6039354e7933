"""The rules that an object must keep to be stored, by kind; each broken rule is a cause."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from upgrade_e2e_simulator.api.resources import Resource
from upgrade_e2e_simulator.api.status import cause
from upgrade_e2e_simulator.store import Object
from upgrade_e2e_simulator.store.selectors import selects

__all__ = ["broken_rules"]

Causes = Iterator[dict[str, str]]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def broken_rules(resource: Resource, new: Object, old: Object | None) -> list[dict[str, str]]:
    """Every rule that `new` breaks, `old` being what it would replace."""
    causes = list(_name_rules(resource, new)) if old is None else []
    rules = _RULES.get(resource.name)
    if rules is not None:
        causes.extend(rules(new, old))
    return causes


def _name_rules(resource: Resource, obj: Object) -> Causes:
    name = str(obj["metadata"].get("name", ""))
    if not name:
        yield _required("metadata.name", "name or generateName is required")
    elif resource.name in {"namespaces", "services"}:
        if len(name) > 63 or not _LABEL.fullmatch(name):
            yield _wrong("metadata.name", name, _LABEL_RULE)
    elif len(name) > 253 or not _SUBDOMAIN.fullmatch(name):
        yield _wrong("metadata.name", name, _SUBDOMAIN_RULE)


def _required(field: str, more: str = "") -> dict[str, str]:
    text = f"Required value: {more}" if more else "Required value"
    return cause(field, text, "FieldValueRequired")


def _wrong(field: str, value: Any, why: str) -> dict[str, str]:
    return cause(field, f"Invalid value: {json.dumps(value)}: {why}")


def _immutable(field: str, new: Object, old: Object | None) -> Causes:
    path = field.split(".")
    if old is not None and _at(new, path) != _at(old, path):
        yield _wrong(field, _at(new, path), "field is immutable")


def _at(obj: Any, path: list[str]) -> Any:
    for word in path:
        obj = (obj or {}).get(word)
    return obj


def _pod_spec(spec: Object, field: str) -> Causes:
    containers = spec.get("containers") or []
    if not containers:
        yield _required(f"{field}.containers")
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    for index, container in enumerate(containers):
        yield from _container(container, f"{field}.containers[{index}]", volumes)


def _container(container: Object, field: str, volumes: set[Any]) -> Causes:
    if not container.get("name"):
        yield _required(f"{field}.name")
    if not container.get("image"):
        yield _required(f"{field}.image")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            where = f"{field}.volumeMounts[{index}].name"
            yield cause(where, f'Not found: "{mount.get("name")}"', "FieldValueNotFound")


_MUTABLE_IN_POD = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _pod(new: Object, old: Object | None) -> Causes:
    yield from _pod_spec(new["spec"], "spec")
    if old is not None and _fixed_part(new["spec"]) != _fixed_part(old["spec"]):
        why = f"Forbidden: pod updates may not change fields other than {_MUTABLE_IN_POD}"
        yield cause("spec", why, "FieldValueForbidden")


def _fixed_part(spec: Object) -> Object:
    fixed = {
        key: value
        for key, value in spec.items()
        if key not in {"activeDeadlineSeconds", "tolerations"}
    }
    for kind in ("containers", "initContainers"):
        fixed[kind] = [{**container, "image": ""} for container in spec.get(kind) or ()]
    return fixed


def _workload(new: Object, old: Object | None) -> Causes:
    spec = new["spec"]
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not spec.get("selector"):
        yield _required("spec.selector")
    elif not selects(spec["selector"], labels):
        why = "`selector` does not match template `labels`"
        yield _wrong("spec.template.metadata.labels", labels, why)
    yield from _immutable("spec.selector", new, old)
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec")
    replicas = spec.get("replicas", 0)
    if isinstance(replicas, int) and replicas < 0:
        yield _wrong("spec.replicas", replicas, "must be greater than or equal to 0")


def _service(new: Object, old: Object | None) -> Causes:
    spec = new["spec"]
    headless = spec.get("clusterIP") == "None"
    if spec["type"] == "ExternalName":
        return
    if not spec.get("ports") and not headless:
        yield _required("spec.ports")
    if old is not None and old["spec"].get("clusterIP") != spec.get("clusterIP"):
        yield _wrong("spec.clusterIP", spec.get("clusterIP"), "field is immutable")
    names = [port.get("name", "") for port in spec.get("ports") or ()]
    if len(names) > 1 and "" in names:
        yield _required(f"spec.ports[{names.index('')}].name")


def _config(new: Object, old: Object | None) -> Causes:
    if old is not None and old.get("immutable") and new.get("data") != old.get("data"):
        why = "Forbidden: field is immutable when `immutable` is set"
        yield cause("data", why, "FieldValueForbidden")


def _budget(new: Object, _: Object | None) -> Causes:
    spec = new.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield _wrong("spec", {}, "minAvailable and maxUnavailable cannot be both set")


_RULES: Mapping[str, Callable[[Object, Object | None], Causes]] = {
    "pods": _pod,
    "deployments.apps": _workload,
    "replicasets.apps": _workload,
    "daemonsets.apps": _workload,
    "services": _service,
    "configmaps": _config,
    "secrets": _config,
    "poddisruptionbudgets.policy": _budget,
}
