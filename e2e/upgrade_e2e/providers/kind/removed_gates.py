"""Feature gates of a cluster that the target does not take any more, found before it is upgraded.

A program of Kubernetes that is given a gate which it does not know ends at once: the control plane
would not come back, or a kubelet would not. The kubelet knows the gates of all of them, and says so
before it does anything else.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from upgrade_e2e.cluster import Cluster, Node
from upgrade_e2e.cluster.asking import config_map
from upgrade_e2e.cluster.kubeadm_config import feature_gates, parse_mapping, read_kubeadm_config
from upgrade_e2e.command import Runner
from upgrade_e2e.errors import BadInput
from upgrade_e2e.providers.kind.delivery import runner_of, staged_file
from upgrade_e2e.version import KubeVersion

__all__ = ["OLD_KUBELET", "gates_of", "gates_refused", "require_known_gates", "written_gates"]

_OF_CONFIG_MAPS = {"kubelet-config": "kubelet", "kube-proxy": "config.conf"}
_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
OLD_KUBELET = "/usr/bin/kubelet"
_NO_FILE = "/nonexistent"
"""A configuration that is not there ends a kubelet that has accepted its gates."""
_REFUSED = re.compile(r'failed to set feature gates from [^:]+: (?P<why>.+?)"?\s*$', re.MULTILINE)


def require_known_gates(cluster: Cluster, version: KubeVersion) -> None:
    """Refuse, with BadInput, gates that the programs of `version` do not take.

    Only those count that the kubelet that runs now takes: it does not know a few that belong to one
    component alone.
    """
    gates = gates_of(cluster)
    inside = runner_of(cluster.control_planes[0])
    refused = gates_refused(inside, staged_file(version, "kubelet"), gates)
    unknown = gates_refused(inside, OLD_KUBELET, refused)
    gone = {gate: why for gate, why in refused.items() if gate not in unknown}
    if gone:
        named = "; ".join(
            f"{gate} ({why}; it is set in {gates[gate]})" for gate, why in gone.items()
        )
        raise BadInput(
            f"{version} does not take these feature gates of the cluster, so its programs would "
            f"not start: {named}. Take them out before an upgrade to {version}: in a kind "
            "configuration from featureGates, and from the patches of kubeadm."
        )


def gates_of(cluster: Cluster) -> dict[str, str]:
    """The gates of the cluster, as `NAME=true`, each with the place where it is set."""
    found = dict.fromkeys(feature_gates(read_kubeadm_config(cluster)), "kubeadm-config")
    for name, key in _OF_CONFIG_MAPS.items():
        text = config_map(cluster, name).get(key, "")
        config = parse_mapping(text, f"{key} in ConfigMap kube-system/{name}")
        for gate in written_gates(config):
            found.setdefault(gate, f"ConfigMap {name}")
    for node in cluster.nodes:
        for gate in _of_flags(node):
            found.setdefault(gate, f"the kubelet's flags on {node.name}")
    return found


def gates_refused(inside: Runner, kubelet: str, gates: Iterable[str]) -> dict[str, str]:
    """The gates, as `NAME=true`, that a kubelet does not take, each with its reason."""
    asked = list(gates)
    if not asked or not _refusal(inside, kubelet, asked):
        return {}
    refused = {gate: _refusal(inside, kubelet, [gate]) for gate in asked}
    return {gate: why for gate, why in refused.items() if why}


def written_gates(config: Mapping[str, Any]) -> Iterator[str]:
    """The gates under `featureGates`, as `NAME=true`; none where that is no mapping."""
    gates = config.get("featureGates")
    if isinstance(gates, Mapping):
        yield from (f"{name}={str(value).lower()}" for name, value in gates.items())


def _of_flags(node: Node) -> Iterator[str]:
    """The gates in the flags that kubeadm wrote for the kubelet of a node."""
    said = runner_of(node).run("cat", _FLAGS, timeout_s=30, check=False).stdout
    for word in shlex.split(said.partition("=")[2].strip().strip("\"'")):
        name, _, value = word.partition("=")
        if name == "--feature-gates":
            yield from filter(None, value.split(","))


def _refusal(inside: Runner, kubelet: str, gates: Iterable[str]) -> str:
    """What a kubelet has against gates; empty where it takes them all."""
    argv = (kubelet, f"--feature-gates={','.join(gates)}", f"--config={_NO_FILE}")
    said = inside.run(*argv, timeout_s=60, check=False)
    match = _REFUSED.search(f"{said.stderr}\n{said.stdout}")
    return match["why"] if match else ""
