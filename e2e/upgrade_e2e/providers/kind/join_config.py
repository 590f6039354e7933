"""The JoinConfiguration of one more worker, made of that by which kind joined the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from upgrade_e2e.cluster.handle import JOINED_LABEL
from upgrade_e2e.errors import E2eError

__all__ = ["JOIN_CONFIG", "KubeadmConf"]

JOIN_CONFIG = "/kind/kubeadm.conf"
"""Where kind puts the configuration of kubeadm on a node, for init and for join."""
_API, _KIND = "kubeadm.k8s.io/v1beta4", "JoinConfiguration"
_SOCKET = "unix:///run/containerd/containerd.sock"


@dataclass(frozen=True)
class KubeadmConf:
    """The part of a node's file that is about joining."""

    join: Mapping[str, Any]

    @classmethod
    def read(cls, text: str, node: str) -> KubeadmConf:
        """Read the file of `node`; raises E2eError where it has no such part."""
        try:
            documents = [one for one in yaml.safe_load_all(text) if isinstance(one, Mapping)]
        except yaml.YAMLError as error:
            raise E2eError(
                f"{JOIN_CONFIG} on {node} is not YAML ({error}); leave the new node out with "
                "--no-join-node."
            ) from error
        found = next((one for one in documents if one.get("kind") == _KIND), None)
        if found is None:
            raise E2eError(
                f"{JOIN_CONFIG} on {node} has no {_KIND}, from which that of a new node is made; "
                "leave the new node out with --no-join-node."
            )
        return cls(found)

    @property
    def node_ip(self) -> str:
        """The addresses that the node's kubelet was given, with commas between them."""
        return self._arguments.get("node-ip", "")

    def for_worker(self, name: str, node_ip: str, token: str) -> str:
        """The configuration by which a worker joins, as YAML.

        It has the taints, labels and other arguments of the kubelet that the node of this file has,
        and a label that shows that it joined later. What the KubeletConfiguration allows, such as
        cgroup v1, it gets from the cluster, as every node that joins does.
        """
        token_part = {**self._discovery, "token": token, "unsafeSkipCAVerification": True}
        registration: dict[str, Any] = {
            "criSocket": self._registration.get("criSocket") or _SOCKET,
            "kubeletExtraArgs": [
                {"name": key, "value": value} for key, value in self._changed(name, node_ip).items()
            ],
        }
        if "controlPlane" not in self.join and self._registration.get("taints") is not None:
            registration["taints"] = self._registration["taints"]
        document = {
            "apiVersion": _API,
            "kind": _KIND,
            "discovery": {"bootstrapToken": token_part},
            "nodeRegistration": registration,
            # It looks for the kernel's configuration, which a container lacks, as kind knows.
            "skipPhases": ["preflight"],
        }
        return yaml.safe_dump(document, sort_keys=False)

    @property
    def _registration(self) -> Mapping[str, Any]:
        return self.join.get("nodeRegistration") or {}

    @property
    def _discovery(self) -> Mapping[str, Any]:
        return (self.join.get("discovery") or {}).get("bootstrapToken") or {}

    @property
    def _arguments(self) -> dict[str, str]:
        """The kubelet's arguments: v1beta3 has them as a map, v1beta4 as a list."""
        given = self._registration.get("kubeletExtraArgs") or {}
        if isinstance(given, Mapping):
            return {str(key): str(value) for key, value in given.items()}
        return {str(one["name"]): str(one["value"]) for one in given}

    def _changed(self, name: str, node_ip: str) -> dict[str, str]:
        arguments = self._arguments
        labels = [arguments.get("node-labels", ""), f"{JOINED_LABEL}=true"]
        arguments["node-labels"] = ",".join(filter(None, labels))
        if node_ip:
            arguments["node-ip"] = node_ip
        if "provider-id" in arguments:
            arguments["provider-id"] = f"{arguments['provider-id'].rpartition('/')[0]}/{name}"
        return arguments
