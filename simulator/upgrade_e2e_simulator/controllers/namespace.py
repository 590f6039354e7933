"""Namespaces: what each new one gets, and emptying those that are being deleted."""

from __future__ import annotations

from collections.abc import Iterable

from upgrade_e2e_simulator.api.client import Client
from upgrade_e2e_simulator.api.resources import RESOURCES
from upgrade_e2e_simulator.controllers.controller import Controller, Place
from upgrade_e2e_simulator.store import Change

__all__ = ["NamespaceController"]

_ROOT_CA = "kube-root-ca.crt"
_LOOK_AGAIN_S = 0.1


class NamespaceController(Controller):
    """The default ServiceAccount, the CA's ConfigMap, and the end of a namespace."""

    watches = ("namespaces", "serviceaccounts", "configmaps")
    resyncs = "namespaces"

    def __init__(self, client: Client, authority: str) -> None:
        super().__init__(client)
        self._authority = authority

    def places(self, change: Change) -> Iterable[Place]:
        """The namespace, or the one that one of its two standing objects was taken from."""
        if change.key.resource == "namespaces":
            return [("", change.key.name)]
        standing = change.key.name in {"default", _ROOT_CA}
        return [("", change.key.namespace)] if change.gone and standing else []

    async def reconcile(self, namespace: str, name: str) -> None:
        """See Controller."""
        space = self.client.cached("namespaces", namespace, name)
        if space is None:
            return
        if "deletionTimestamp" in space["metadata"]:
            await self._empty(name)
            return
        if self.client.cached("serviceaccounts", name, "default") is None:
            meta = {"name": "default", "namespace": name}
            await self.client.create("serviceaccounts", {"metadata": meta})
        if self.client.cached("configmaps", name, _ROOT_CA) is None:
            meta = {"name": _ROOT_CA, "namespace": name}
            data = {"ca.crt": self._authority}
            await self.client.create("configmaps", {"metadata": meta, "data": data})

    async def _empty(self, name: str) -> None:
        left = 0
        for resource in RESOURCES:
            if resource.namespaced:
                for obj in list(self.client.all_cached(resource.name, name)):
                    left += 1
                    if "deletionTimestamp" not in obj["metadata"]:
                        await self.client.delete(resource.name, obj)
        if left:
            self.enqueue_after(("", name), _LOOK_AGAIN_S)
            return
        await self.client.finalize_namespace(name)
