"""Which pods the API server asks the webhook about, and how."""

from __future__ import annotations

import base64
from typing import Any

from upgrade_e2e.observers.base import DeployContext
from upgrade_e2e.observers.deployments.trust import Trust
from upgrade_e2e.observers.namespace import namespace_owner
from upgrade_e2e.observers.objects import labels

__all__ = ["COMPONENT", "HTTPS", "WEBHOOK", "wanted_by", "webhook_configuration"]

COMPONENT = "app.kubernetes.io/component"
WEBHOOK = "webhook"
HTTPS = 443
"""The port of the webhook's Service."""
_WANTED = "upgrade-e2e/credential"
"""The label of pods that a webhook is called for: its value is the label of the observer."""
_REVIEW_S = 5
"""Half of the API server's default: a webhook that hangs must not hold up each pod for longer."""


def wanted_by(label: str) -> dict[str, str]:
    """The label of pods that the webhook of this observer is called for."""
    return {_WANTED: label}


def webhook_configuration(context: DeployContext, label: str, trust: Trust) -> dict[str, Any]:
    """The configuration by which the API server asks the webhook about pods that want a credential.

    It is in no namespace, so that nothing would delete it along with ours. Therefore the namespace
    owns it.
    """
    name = f"{label}-{WEBHOOK}"
    asked = {"name": name, "namespace": context.namespace, "port": HTTPS, "path": "/mutate"}
    pods = {
        "operations": ["CREATE"],
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["pods"],
        "scope": "Namespaced",
    }
    hook = {
        "name": f"{label}.{context.namespace}.internal",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
        "timeoutSeconds": _REVIEW_S,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": context.namespace}},
        "objectSelector": {"matchLabels": wanted_by(label)},
        "rules": [pods],
        "clientConfig": {
            "service": asked,
            "caBundle": base64.b64encode(trust.authority.encode()).decode(),
        },
    }
    meta = {
        "name": f"{context.namespace}-{label}",
        "labels": {**labels(name), COMPONENT: WEBHOOK},
        "ownerReferences": [namespace_owner(context)],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": meta,
        "webhooks": [hook],
    }
