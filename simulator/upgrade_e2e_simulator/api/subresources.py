"""The subresources that are not parts of the object: binding, eviction, scale, token, finalize."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from upgrade_e2e.providers.sim.api.credentials import Identity, Tokens
from upgrade_e2e.providers.sim.api.eviction import evict
from upgrade_e2e.providers.sim.api.registry import Registry
from upgrade_e2e.providers.sim.api.resources import Resource, resource_named
from upgrade_e2e.providers.sim.api.routes import Route
from upgrade_e2e.providers.sim.api.status import (
    StatusError,
    bad_request,
    conflict,
    method_not_allowed,
)
from upgrade_e2e.providers.sim.api.times import now
from upgrade_e2e.providers.sim.store import Object, name_of

__all__ = ["Subresources", "bind", "finalize"]

_PODS = resource_named("pods")
_NAMESPACES = resource_named("namespaces")
_TOKEN_LIFE_S = 3600


@dataclass
class Subresources:
    """Answers requests to subresources, and reviews, which are answered and forgotten."""

    registry: Registry
    tokens: Tokens

    def create(self, route: Route, body: Any) -> Object:
        """POST to a subresource."""
        namespace, name = route.namespace, route.name
        match route.subresource:
            case "eviction":
                return evict(self.registry, namespace, name, body)
            case "binding":
                return bind(self.registry, namespace, name, str(body["target"]["name"]))
            case "token":
                return self._token(route, body)
        raise method_not_allowed()

    def _token(self, route: Route, body: Any) -> Object:
        self.registry.get(route.resource, route.namespace, route.name)
        wanted = ((body or {}).get("spec") or {}).get("expirationSeconds") or _TOKEN_LIFE_S
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": route.name, "namespace": route.namespace},
            "spec": {"expirationSeconds": wanted, "audiences": []},
            "status": {
                "token": self.tokens.issue(route.namespace, route.name),
                "expirationTimestamp": now(wanted),
            },
        }

    def scale(self, route: Route) -> Object:
        """GET of a scale."""
        return _scale_of(self.registry.get(route.resource, route.namespace, route.name))

    def rescale(
        self, route: Route, changed: Callable[[Object], Object], *, dry_run: bool
    ) -> Object:
        """PUT or PATCH of a scale; `changed` makes the new scale of the old one."""

        def resized(live: Object) -> Object:
            scale = changed(_scale_of(live))
            replicas = (scale.get("spec") or {}).get("replicas", 0)
            if not isinstance(replicas, int):
                raise bad_request("spec.replicas must be a whole number")
            wanted = (scale.get("metadata") or {}).get("resourceVersion")
            meta = {**live["metadata"], "resourceVersion": wanted or ""}
            return {**live, "metadata": meta, "spec": {**live["spec"], "replicas": replicas}}

        return _scale_of(
            self.registry.change(
                route.resource, route.namespace, route.name, resized, dry_run=dry_run
            )
        )

    def review(self, resource: Resource, body: Object, identity: Identity) -> Object:
        """Who am I, and may I: all who are known may do everything."""
        if resource.kind == "SelfSubjectReview":
            user = {"username": identity.user, "groups": list(identity.groups)}
            return {**body, "status": {"userInfo": user}}
        if resource.kind == "SelfSubjectAccessReview":
            return {**body, "status": {"allowed": True}}
        if resource.kind == "Binding":
            meta = body["metadata"]
            return bind(self.registry, meta["namespace"], meta["name"], body["target"]["name"])
        raise StatusError(405, "MethodNotAllowed", "the server does not allow this method")


def bind(registry: Registry, namespace: str, pod: str, node: str) -> Object:
    """Give a pod to a node, as the scheduler does. 404, 409 when it has one."""
    live = registry.get(_PODS, namespace, pod)
    if live["spec"].get("nodeName"):
        why = f"pod {pod} is already assigned to node {live['spec']['nodeName']!r}"
        raise conflict(_PODS, pod, why)
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now(),
    }
    others = [
        item for item in live["status"].get("conditions") or () if item["type"] != "PodScheduled"
    ]
    bound = {
        **live,
        "spec": {**live["spec"], "nodeName": node},
        "status": {**live["status"], "conditions": [*others, scheduled]},
    }
    registry.put(_PODS, live, bound)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}


def finalize(registry: Registry, name: str, finalizers: list[str]) -> Object:
    """Set a namespace's finalizers; without any left it goes."""
    live = registry.get(_NAMESPACES, "", name)
    spec = {**live["spec"], "finalizers": finalizers}
    return registry.put(_NAMESPACES, live, {**live, "spec": spec})


def _scale_of(obj: Object) -> Object:
    meta = obj["metadata"]
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": name_of(obj),
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
            "creationTimestamp": meta["creationTimestamp"],
        },
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {
            "replicas": obj["status"].get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }
