"""A ValidatingAdmissionPolicy of our own, so that every cluster has a guard rail to watch.

It acts only in our namespace, and there only on objects that have our label. Policy and binding
belong to the namespace and are deleted with it, though they are no part of it.
"""

from __future__ import annotations

import json
from typing import Any

from upgrade_e2e.cluster import Cluster
from upgrade_e2e.cluster.asking import get_if_there
from upgrade_e2e.observers.base import NAMESPACE, DeployContext
from upgrade_e2e.observers.dry_run import DryRun
from upgrade_e2e.observers.guard_pairs import GuardPair
from upgrade_e2e.observers.namespace import namespace_owner
from upgrade_e2e.observers.objects import LABELS

__all__ = [
    "BINDINGS",
    "apply_own_policy",
    "control_create",
    "label_of",
    "own_create",
    "own_pair",
    "serves_policies",
]

_GROUP = "admissionregistration.k8s.io/v1"
_POLICIES = "validatingadmissionpolicies"
BINDINGS = f"/apis/{_GROUP}/validatingadmissionpolicybindings"
_PREFIX = "upgrade-e2e-"
_GUARDED = "upgrade-e2e/guarded-by"
_WORDS = "an object of upgrade-e2e that no upgrade may let through"


def serves_policies(cluster: Cluster) -> bool:
    """Whether the cluster has ValidatingAdmissionPolicy as v1, which is so from Kubernetes 1.30."""
    served = get_if_there(cluster, f"/apis/{_GROUP}").get("resources", ())
    return any(one["name"] == _POLICIES for one in served)


def apply_own_policy(context: DeployContext, label: str) -> None:
    """Apply the policy and its binding, named after `label`."""
    owner = namespace_owner(context)
    meta = {"name": _name(label), "labels": LABELS, "ownerReferences": [owner]}
    context.apply(_policy(context, meta, label))
    binding = {"policyName": _name(label), "validationActions": ["Deny"]}
    context.apply(_object("ValidatingAdmissionPolicyBinding", meta, binding))


def own_pair(label: str) -> GuardPair:
    """The objects that the policy forbids and allows."""
    about = f"ValidatingAdmissionPolicy {_name(label)}"
    return GuardPair("", about, _config_map(label, "no"), _config_map(label, "yes"), _WORDS)


def control_create(label: str) -> DryRun:
    """A create that neither policies nor webhooks see.

    The API server shows objects of admission control itself to neither of them, so that nobody is
    locked out, and does not wait for them with these.
    """
    name = f"{_name(label)}-control"
    spec = {"policyName": name, "validationActions": ["Deny"]}
    meta = {"name": name, "labels": LABELS}
    return DryRun(BINDINGS, _object("ValidatingAdmissionPolicyBinding", meta, spec))


def own_create(label: str) -> DryRun:
    """The create that the policy forbids, in the namespace in which it acts."""
    manifest = json.loads(own_pair(label).forbidden)
    return DryRun(f"/api/v1/namespaces/{NAMESPACE}/configmaps", manifest)


def label_of(name: str) -> str:
    """The label after which a policy of this name, or its binding, was named."""
    return name.removeprefix(_PREFIX)


def _name(label: str) -> str:
    return f"{_PREFIX}{label}"


def _policy(context: DeployContext, meta: dict[str, Any], label: str) -> dict[str, Any]:
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["configmaps"],
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": {
                "matchLabels": {"kubernetes.io/metadata.name": context.namespace}
            },
            "objectSelector": {"matchLabels": {_GUARDED: label}},
            "resourceRules": [rule],
        },
        "validations": [
            {"expression": "object.data.admit == 'yes'", "message": _WORDS, "reason": "Forbidden"}
        ],
    }
    return _object("ValidatingAdmissionPolicy", meta, spec)


def _object(kind: str, meta: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": _GROUP, "kind": kind, "metadata": meta, "spec": spec}


def _config_map(label: str, admit: str) -> str:
    name = f"{_name(label)}-{'allowed' if admit == 'yes' else 'forbidden'}"
    meta = {"name": name, "labels": {**LABELS, _GUARDED: label}}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"admit": admit}}
    return json.dumps(manifest)
