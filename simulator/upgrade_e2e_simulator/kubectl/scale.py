"""The scale of Deployments and ReplicaSets (kubectl scale)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from upgrade_e2e_simulator.api.exchange import json_response, read_object
from upgrade_e2e_simulator.api.extras import PatchFormat
from upgrade_e2e_simulator.api.patching import Patch
from upgrade_e2e_simulator.api.registry import Registry
from upgrade_e2e_simulator.api.routes import Route
from upgrade_e2e_simulator.api.status import bad_request, method_not_allowed
from upgrade_e2e_simulator.api.writing import is_dry_run
from upgrade_e2e_simulator.store import Object, name_of

__all__ = ["Scales"]


@dataclass(frozen=True)
class Scales:
    """Answers requests to the subresource `scale`."""

    registry: Registry
    formats: Mapping[str, PatchFormat]

    async def answer(self, request: web.BaseRequest, route: Route) -> web.StreamResponse:
        """GET, PUT and PATCH."""
        if request.method == "GET":
            found = self.registry.get(route.resource, route.namespace, route.name)
            return json_response(_scale_of(found))
        if request.method == "PUT":
            body = await read_object(request)
            return self._rescaled(request, route, lambda _: body)
        if request.method == "PATCH":
            patch = await Patch.read(request, self.formats)
            return self._rescaled(request, route, patch.changed)
        raise method_not_allowed()

    def _rescaled(
        self, request: web.BaseRequest, route: Route, changed: Callable[[Object], Object]
    ) -> web.Response:
        def resized(live: Object) -> Object:
            scale = changed(_scale_of(live))
            replicas = (scale.get("spec") or {}).get("replicas", 0)
            if not isinstance(replicas, int):
                raise bad_request("spec.replicas must be a whole number")
            wanted = (scale.get("metadata") or {}).get("resourceVersion")
            meta = {**live["metadata"], "resourceVersion": wanted or ""}
            return {**live, "metadata": meta, "spec": {**live["spec"], "replicas": replicas}}

        obj = self.registry.change(
            route.resource, route.namespace, route.name, resized, dry_run=is_dry_run(request)
        )
        return json_response(_scale_of(obj))


def _scale_of(obj: Object) -> Object:
    meta = obj["metadata"]
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {}
    kept = ("namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": name_of(obj), **{key: meta[key] for key in kept}},
        "spec": {"replicas": obj["spec"].get("replicas", 0)},
        "status": {
            "replicas": obj["status"].get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }
