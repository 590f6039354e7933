"""Probers in the network of their own node, for what a program publishes only there.

They run in DaemonSets of their own: one on control planes, if something is asked of those alone,
and one on all other nodes, so that each node has one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upgrade_e2e.agent.place import NODE_IP, NODE_NAME
from upgrade_e2e.observers.base import DeployContext, Probe
from upgrade_e2e.observers.link import PodLink
from upgrade_e2e.observers.namespace import namespace_owner
from upgrade_e2e.observers.objects import (
    AGENT_COMMAND,
    LABELS,
    agent_mount,
    agent_volume,
    config_map,
    field_env,
    settled_nodes,
    workload_object,
)
from upgrade_e2e.observers.prober import find_probers, prober_spec

__all__ = [
    "CONTROL_PLANE_PROBER",
    "NODE_PROBER",
    "apply_node_probers",
    "find_node_probers",
    "refused_pods",
]

NODE_PROBER, CONTROL_PLANE_PROBER = "node-prober", "control-plane-prober"
_PORT = 19464
"""Not the probers' own port: in the network of a node more may listen there already."""
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_RBAC = "rbac.authorization.k8s.io"
_REFUSED = re.compile(r"PodSecurity|denied (the )?request")


def apply_node_probers(
    context: DeployContext,
    run: str,
    token: str,
    own_node: Mapping[str, Sequence[Probe]],
    control_plane: Mapping[str, Sequence[Probe]],
) -> tuple[str, ...]:
    """Apply the DaemonSets and what they need; returns their names, none without probes.

    `own_node` are the probes of each observer for every node, `control_plane` those for control
    planes in addition.
    """
    groups = _groups(context, own_node, control_plane)
    if groups:
        for thing in _rights(context):
            context.apply(thing)
    for name, probes in groups.items():
        spec = json.dumps(prober_spec(run, token, probes), indent=1)
        context.apply(config_map(context, f"{name}-spec", {"spec.json": spec}))
        context.apply(_daemon_set(context, name, apart=CONTROL_PLANE_PROBER in groups))
    return tuple(groups)


def find_node_probers(
    context: DeployContext, token: str, names: Iterable[str]
) -> tuple[PodLink, ...]:
    """Links to those that run now. Raises what the API client raises."""
    return tuple(link for name in names for link in find_probers(context, token, name, _PORT))


def refused_pods(context: DeployContext, names: Iterable[str]) -> str:
    """Why the cluster does not let their pods in, with what to do; empty when it does."""
    api = context.cluster.api
    events = api.core.list_namespaced_event(
        context.namespace, field_selector="reason=FailedCreate", _request_timeout=api.timeout
    ).items
    for event in events:
        if event.involved_object.name in names and _REFUSED.search(event.message or ""):
            return (
                f"the pods of {event.involved_object.name} are refused ({event.message}); they "
                "need the network of their node. Allow that in the namespace "
                f"{context.namespace}: give it the label "
                "pod-security.kubernetes.io/enforce=privileged, or exempt it from the policy that "
                "refuses them; or leave out the scenarios that read etcd or the kubelets."
            )
    return ""


def _groups(
    context: DeployContext,
    own_node: Mapping[str, Sequence[Probe]],
    control_plane: Mapping[str, Sequence[Probe]],
) -> dict[str, dict[str, list[Probe]]]:
    """What each DaemonSet is to probe, by its name."""
    everywhere = {name: list(probes) for name, probes in own_node.items()}
    if not control_plane:
        return {NODE_PROBER: everywhere} if everywhere else {}
    names = {**own_node, **control_plane}
    there = {n: [*own_node.get(n, ()), *control_plane.get(n, ())] for n in names}
    groups = {CONTROL_PLANE_PROBER: there}
    if everywhere and context.cluster.workers:
        groups[NODE_PROBER] = everywhere
    return groups


def _account(context: DeployContext) -> str:
    return f"{context.namespace}-{NODE_PROBER}"


def _rights(context: DeployContext) -> tuple[dict[str, Any], ...]:
    """A service account that may read what kubelets publish, and nothing else."""
    name = _account(context)
    account = {"kind": "ServiceAccount", "name": name, "namespace": context.namespace}
    rule = {
        "apiGroups": [""],
        "resources": ["nodes/metrics", "nodes/proxy", "nodes/stats"],
        "verbs": ["get"],
    }
    role = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name}
    mine = {"name": name, "labels": LABELS}
    outside = {**mine, "ownerReferences": [namespace_owner(context)]}
    return (
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {**mine, "namespace": context.namespace},
        },
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": outside,
            "rules": [rule],
        },
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": outside,
            "roleRef": role,
            "subjects": [account],
        },
    )


def _daemon_set(context: DeployContext, name: str, *, apart: bool) -> dict[str, Any]:
    """As that of the probers, in the network of the node.

    With `apart` one of them is for control planes and the other for all other nodes.
    """
    pod: dict[str, Any] = {
        "hostNetwork": True,
        "serviceAccountName": _account(context),
        "priorityClassName": "system-node-critical",
        "terminationGracePeriodSeconds": 3,
        "tolerations": [{"operator": "Exists"}],
        "containers": [_container(context, name)],
        "volumes": [
            agent_volume(),
            {"name": "spec", "configMap": {"name": f"{name}-spec"}},
            {
                "name": "spool",
                "hostPath": {
                    "path": f"/var/lib/upgrade-e2e/{context.namespace}-{name}",
                    "type": "DirectoryOrCreate",
                },
            },
        ],
    }
    if apart:
        there = "Exists" if name == CONTROL_PLANE_PROBER else "DoesNotExist"
        pod["affinity"] = settled_nodes({"key": _CONTROL_PLANE, "operator": there})
    return workload_object(context, "DaemonSet", name, pod)


def _container(context: DeployContext, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": context.images.agent,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            *AGENT_COMMAND,
            "probe",
            "--spec=/spec/spec.json",
            "--spool=/spool",
            f"--listen=[$({NODE_IP})]:{_PORT}",
        ],
        "env": [field_env(NODE_IP, "status.hostIP"), field_env(NODE_NAME, "spec.nodeName")],
        "ports": [{"name": "admin", "containerPort": _PORT, "hostPort": _PORT}],
        "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}},
        "securityContext": {"runAsUser": 0, "capabilities": {"add": ["SYS_NICE"]}},
        "volumeMounts": [
            agent_mount(),
            {"name": "spec", "mountPath": "/spec", "readOnly": True},
            {"name": "spool", "mountPath": "/spool"},
        ],
    }
