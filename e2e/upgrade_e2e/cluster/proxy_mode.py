"""How kube-proxy of a cluster works: pure functions over its DaemonSet and its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

__all__ = ["USUAL_MODE", "ProxyConfig", "kube_proxies", "proxy_config", "proxy_flag"]

USUAL_MODE = "iptables"
"""What kube-proxy does on Linux when its configuration names no mode."""
_NAME = "kube-proxy"
_OWN = ("kube-system", _NAME)
_WANTED = "desiredNumberScheduled"


@dataclass(frozen=True)
class ProxyConfig:
    """Where the configuration of a kube-proxy is: a ConfigMap's namespace, name and key."""

    namespace: str
    name: str
    key: str


def kube_proxies(daemon_sets: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The DaemonSets that run kube-proxy, whatever they are called.

    One that wants no node has been switched off: people do so by its node selector.
    """
    running = [one for one in daemon_sets if _proxy_containers(one)]
    return [one for one in running if (one.get("status") or {}).get(_WANTED) != 0]


def proxy_flag(daemon_set: Mapping[str, Any]) -> str:
    """The mode that kube-proxy's command line names; empty where it names none."""
    return _flag(daemon_set, "proxy-mode")


def proxy_config(daemon_set: Mapping[str, Any]) -> ProxyConfig | None:
    """Where the file of `--config` comes from; None without one, or when no ConfigMap has it."""
    path = _flag(daemon_set, "config")
    if not path:
        return None
    folder, key = str(PurePosixPath(path).parent), PurePosixPath(path).name
    mounts = {
        mount["mountPath"].rstrip("/"): mount["name"]
        for container in _containers(daemon_set)
        for mount in container.get("volumeMounts") or ()
    }
    volumes = daemon_set["spec"]["template"]["spec"].get("volumes") or ()
    maps = {volume["name"]: volume["configMap"] for volume in volumes if "configMap" in volume}
    source = maps.get(mounts.get(folder, ""))
    if source is None:
        return None
    keys = {item["path"]: item["key"] for item in source.get("items") or ()}
    return ProxyConfig(daemon_set["metadata"]["namespace"], source["name"], keys.get(key, key))


def _containers(daemon_set: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return daemon_set["spec"]["template"]["spec"].get("containers") or []


def _proxy_containers(daemon_set: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those that run kube-proxy; the first one of the DaemonSet that kubeadm calls so."""
    containers = _containers(daemon_set)
    running = [one for one in containers if _is_proxy(one)]
    meta = daemon_set["metadata"]
    own = (meta.get("namespace"), meta["name"]) == _OWN
    return running or (containers[:1] if own else [])


def _is_proxy(container: Mapping[str, Any]) -> bool:
    """By its program, or by the name of its image without repository, tag and digest.

    `rancher/hardened-kube-proxy` is one too.
    """
    image = str(container.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]
    program = PurePosixPath((container.get("command") or [""])[0]).name
    return _NAME in (program, image) or image.endswith(f"-{_NAME}")


def _flag(daemon_set: Mapping[str, Any], name: str) -> str:
    """The value of `--NAME=VALUE` or `--NAME VALUE` of the container that is kube-proxy."""
    for container in _proxy_containers(daemon_set):
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        for value in _values(words, f"--{name}"):
            return value
    return ""


def _values(words: list[str], flag: str) -> Iterator[str]:
    for place, word in enumerate(words):
        if word.startswith(f"{flag}="):
            yield word.partition("=")[2]
        elif word == flag and place + 1 < len(words):
            yield words[place + 1]
