"""Creating an object as a dry run: where, and what the API server says to it.

Admission goes its whole way with a dry run, and nothing is stored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from upgrade_e2e.cluster import Api, Cluster
from upgrade_e2e.cluster.asking import get_if_there
from upgrade_e2e.errors import E2eError

__all__ = ["CREATED", "REFUSED", "DryRun", "as_in_json", "place"]

CREATED = (200, 201, 202)
"""Statuses of an answer that the object would be created."""
REFUSED = (400, 401, 403, 409, 413, 422)
"""Statuses that policies refuse with: webhooks choose theirs, a ValidatingAdmissionPolicy one of
401, 403, 413 and 422 (its default)."""


@dataclass(frozen=True)
class DryRun:
    """A create of one object that is never stored; `path` is where the API takes it."""

    path: str
    manifest: dict[str, Any]

    @property
    def body(self) -> str:
        """The manifest as JSON."""
        return json.dumps(self.manifest)

    def ask(self, api: Api) -> tuple[int, str]:
        """The status and the message of the API server's answer.

        Raises urllib3 errors for a broken connection.
        """
        try:
            api.request("POST", self.path, body=self.manifest, query=[("dryRun", "All")])
        except ApiException as error:
            return int(error.status or 0), _message(error.body)
        return CREATED[1], ""


def place(cluster: Cluster, manifest: dict[str, Any], namespace: str) -> DryRun:
    """Where the cluster takes an object, in `namespace` unless its manifest names another.

    Raises E2eError for a kind that the cluster does not serve, and as `asking.ask`.
    """
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    served = get_if_there(cluster, root).get("resources", ())
    found = [one for one in served if one["kind"] == kind and "/" not in one["name"]]
    if not found:
        raise E2eError(
            f"the cluster serves no {kind} of {api_version}; see `kubectl api-resources`, and give "
            "a manifest of a kind that is there before the upgrade."
        )
    if not found[0]["namespaced"]:
        return DryRun(f"{root}/{found[0]['name']}", manifest)
    meta = {"namespace": namespace, **manifest["metadata"]}
    path = f"{root}/namespaces/{meta['namespace']}/{found[0]['name']}"
    return DryRun(path, {**manifest, "metadata": meta})


def as_in_json(words: str) -> str:
    """A text as it stands inside of the API server's JSON, which also escapes <, > and &."""
    text = json.dumps(words, ensure_ascii=False)[1:-1]
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _message(body: str | None) -> str:
    """The message of a Status, or the body where it is none."""
    try:
        return str(json.loads(body or "")["message"])
    except (ValueError, KeyError, TypeError):
        return body or ""
