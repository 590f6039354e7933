"""What kubeadm's own configuration, which it keeps in the cluster, says about the cluster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from upgrade_e2e.cluster.asking import config_map
from upgrade_e2e.cluster.handle import Cluster
from upgrade_e2e.errors import E2eError

__all__ = [
    "CLUSTER_CONFIGURATION",
    "KUBEADM_CONFIG_MAP",
    "argument_values",
    "config_digest",
    "dns_domain",
    "feature_gates",
    "parse_mapping",
    "read_kubeadm_config",
    "service_ranges",
]

KUBEADM_CONFIG_MAP = "kubeadm-config"
CLUSTER_CONFIGURATION = "ClusterConfiguration"


_COMPONENTS = ("apiServer", "controllerManager", "scheduler")
_NAMES = ("kubernetesVersion", "clusterName", "controlPlaneEndpoint")
"""Fields that say which cluster this is, or at what version, and not what kind of cluster."""


def read_kubeadm_config(cluster: Cluster) -> dict[str, Any]:
    """The ClusterConfiguration by which kubeadm made the cluster; empty where there is none.

    Raises DeadlinePassed while the API server does not answer, and E2eError for one that is not
    a YAML mapping.
    """
    text = config_map(cluster, KUBEADM_CONFIG_MAP).get(CLUSTER_CONFIGURATION, "")
    source = f"{CLUSTER_CONFIGURATION} in ConfigMap kube-system/{KUBEADM_CONFIG_MAP}"
    return parse_mapping(text, source)


def parse_mapping(text: str, source: str) -> dict[str, Any]:
    """The YAML mapping in `text`, empty for an empty text.

    Raises E2eError, naming `source`, for what is not YAML or not a mapping.
    """
    try:
        found = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise E2eError(f"{source} is not YAML ({said}); correct it in the cluster.") from error
    if not isinstance(found, dict):
        raise E2eError(f"{source} is not a mapping of fields; correct it in the cluster.")
    return found


def service_ranges(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The ranges of Service addresses, the primary one first; empty where it names none."""
    text = str(_networking(config).get("serviceSubnet") or "")
    return tuple(part.strip() for part in text.split(",") if part.strip())


def dns_domain(config: Mapping[str, Any]) -> str:
    """The cluster's DNS domain; empty where the configuration names none."""
    return str(_networking(config).get("dnsDomain") or "").rstrip(".")


def feature_gates(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The feature gates that the control plane's programs are given, as `NAME=true`, sorted."""
    gates = {
        gate.strip()
        for component in _COMPONENTS
        for value in argument_values(config.get(component) or {}, "feature-gates")
        for gate in value.split(",")
    }
    return tuple(sorted(gates - {""}))


def config_digest(config: Mapping[str, Any]) -> str:
    """A digest of the configuration without its version and the cluster's own name.

    Two clusters that were made in the same way have the same one. Empty for an empty configuration.
    """
    if not config:
        return ""
    kept = {key: value for key, value in config.items() if key not in _NAMES}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), default=str)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _networking(config: Mapping[str, Any]) -> Mapping[str, Any]:
    return config.get("networking") or {}


def argument_values(of: Mapping[str, Any], name: str, key: str = "extraArgs") -> Iterator[str]:
    """The values of one flag: in a map up to v1beta3, in a list from v1beta4 on.

    What is neither has none, and a value that is null is empty.
    """
    given = of.get(key) or {}
    if isinstance(given, Mapping):
        given = [{"name": name, "value": given[name]}] if name in given else []
    named = (one for one in given if isinstance(one, Mapping) and one.get("name") == name)
    values = (one.get("value") for one in named) if isinstance(given, list) else ()
    yield from ("" if value is None else str(value) for value in values)
