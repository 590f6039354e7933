"""A container's environment and command line, made out of its spec."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.store import Object, labels_of, namespace_of

__all__ = ["MissingReference", "command_line", "environment"]

_REFERENCE = re.compile(r"\$(\$|\(([^)\s]+)\))")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class MissingReference(LookupError):
    """A ConfigMap, Secret or key that a container needs does not exist (yet)."""


def environment(client: Client, pod: Object, container: Object, address: str) -> dict[str, str]:
    """Every variable: services first, then envFrom, then env. Raises MissingReference."""
    found = {"PATH": _PATH, "HOSTNAME": pod["metadata"]["name"], "HOME": "/root"}
    found.update(_services(client, pod))
    for source in container.get("envFrom") or ():
        found.update(_all_of(client, pod, source))
    for item in container.get("env") or ():
        if (source := item.get("valueFrom")) is None:
            found[item["name"]] = expand(str(item.get("value") or ""), found)
        else:
            value = _referred(client, pod, source, address)
            if value is not None:
                found[item["name"]] = value
    return found


def _services(client: Client, pod: Object) -> Iterator[tuple[str, str]]:
    api = client.cached("services", "default", "kubernetes")
    spaces = [namespace_of(pod)] if pod["spec"].get("enableServiceLinks", True) else []
    services = [service for space in spaces for service in client.all_cached("services", space)]
    for service in [*services, *([api] if api else [])]:
        address = service["spec"].get("clusterIP") or "None"
        if address == "None":
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        yield f"{name}_SERVICE_HOST", address
        yield f"{name}_SERVICE_PORT", str(service["spec"]["ports"][0]["port"])


def _all_of(client: Client, pod: Object, source: Object) -> dict[str, str]:
    prefix = source.get("prefix") or ""
    kind = "configmaps" if "configMapRef" in source else "secrets"
    reference = source.get("configMapRef") or source["secretRef"]
    data = data_of(client, kind, namespace_of(pod), reference)
    return {prefix + key: value.decode(errors="replace") for key, value in data.items()}


def data_of(client: Client, kind: str, namespace: str, reference: Object) -> dict[str, bytes]:
    """The data of a ConfigMap or Secret; empty when it is optional and not there."""
    obj = client.cached(kind, namespace, reference["name"])
    if obj is None:
        if reference.get("optional"):
            return {}
        raise MissingReference(f'{kind.rstrip("s")} "{reference["name"]}" not found')
    coded = (obj.get("data") or {}) if kind == "secrets" else (obj.get("binaryData") or {})
    found = {key: base64.b64decode(value) for key, value in coded.items()}
    if kind == "configmaps":
        found.update({key: value.encode() for key, value in (obj.get("data") or {}).items()})
    return found


def _referred(client: Client, pod: Object, source: Object, address: str) -> str | None:
    if field := source.get("fieldRef"):
        return field_of(pod, field["fieldPath"], address)
    for kind, key in (("configmaps", "configMapKeyRef"), ("secrets", "secretKeyRef")):
        if reference := source.get(key):
            data = data_of(client, kind, namespace_of(pod), reference)
            if reference["key"] in data:
                return data[reference["key"]].decode(errors="replace")
            if reference.get("optional"):
                return None
            raise MissingReference(f"couldn't find key {reference['key']} in {reference['name']}")
    return ""


def field_of(pod: Object, path: str, address: str) -> str:
    """A field of the pod, as the downward API names them."""
    if path in {"status.podIP", "status.podIPs"}:
        return address
    if path.startswith("metadata.") and path.endswith("']"):
        section, key = path.removeprefix("metadata.").rstrip("']").split("['")
        values = labels_of(pod) if section == "labels" else pod["metadata"].get(section) or {}
        return str(values.get(key, ""))
    value: object = pod
    for word in path.split("."):
        value = value.get(word, "") if isinstance(value, dict) else ""
    return str(value)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` by its value, `$$` by `$`; what is not known stays as it is."""

    def value(match: re.Match[str]) -> str:
        if match[1] == "$":
            return "$"
        return variables.get(match[2], match[0])

    return _REFERENCE.sub(value, text)


def command_line(container: Object, variables: Mapping[str, str]) -> list[str]:
    """Command and args."""
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    return [expand(str(word), variables) for word in words]
